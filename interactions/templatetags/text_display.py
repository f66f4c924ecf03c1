"""Template filters for what people and platforms write."""

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString

from interactions import display
from interactions.display import shown_inline, shown_text

register = template.Library()
TYPED = ("text", "textarea")


@register.filter
def lines(text: str) -> str:
    """The text as a page shows it, in elements whose style keeps lines."""
    return shown_text(text)


@register.filter
def beginning(text: str) -> str:
    """What is shown of a long text before all of it is asked for; empty for a short one."""
    return display.beginning(text)


@register.filter
def inline(text: str) -> str:
    """The text as a page shows it within a sentence of its own, in a `bdi`."""
    return shown_inline(text)


@register.filter
def labelled(error: str, field: BoundField) -> str:
    """The error with the field's label where it begins with the name that the API gives to the field."""
    rest = error.removeprefix(f"{field.name} ")
    return error if rest == error else f"{field.label} {rest}"


@register.filter
def typed(field: BoundField) -> SafeString:
    """The form's field, with the hidden value that it began with if it has one; words take the direction of what is typed."""
    shown = field.as_widget(attrs={"dir": "auto"} if field.widget_type in TYPED else {})
    return shown + field.as_hidden(only_initial=True) if field.field.show_hidden_initial else shown
