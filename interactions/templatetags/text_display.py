"""Template filters for texts and names that platforms send and people type; used by the pages of all apps."""

import zlib

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString

from interactions import display

register = template.Library()
TEXT_WIDGETS = ("text", "textarea")


@register.filter
def display_text(text: str) -> str:
    """Return the text for an element whose style keeps line breaks."""
    return display.display_text(text)


@register.filter
def text_version(text: str) -> str:
    """Return a short text that changes with the text."""
    return format(zlib.crc32(text.encode()), "08x")


@register.filter
def preview(text: str) -> str:
    """Return the first lines of a long text; "" for a short one."""
    return display.preview(text)


@register.filter
def inline(text: str) -> str:
    """Return the text on one line, for a `bdi` element."""
    return display.display_inline(text)


@register.filter
def with_label(error: str, field: BoundField) -> str:
    """Return the error with the field's label in place of its API name at the beginning, if it begins with that."""
    rest = error.removeprefix(f"{field.name} ")
    return error if rest == error else f"{field.label} {rest}"


@register.filter
def styled(field: BoundField, style: str = "input") -> SafeString:
    """Return the field's HTML with the CSS class, and its hidden initial value if it has one.

    Text fields take their direction from the text. They have no maximum length, as browsers cut a longer text silently;
    the form refuses it with a sentence.
    """
    attrs = {"class": style, "maxlength": False} | (
        {"dir": "auto"} if field.widget_type in TEXT_WIDGETS else {}
    )
    return field.as_widget(attrs=attrs) + hidden_initial(field)


@register.filter
def hidden_initial(field: BoundField) -> SafeString:
    """Return the hidden field with the initial value, by which a form sees what was changed; "" if it has none."""
    return field.as_hidden(only_initial=True) if field.field.show_hidden_initial else SafeString()
