"""The form of a user's preferences, and what forms of stored rows have in common; called by the pages of settings."""

from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import MAX_TOKEN_NAME, User
from accounts.names import UnreadableName, normalize_name
from accounts.preferences import PREFERENCES

# A text field that suggests the zones of the page's <datalist id="time-zones">.
TIME_ZONE_INPUT = forms.TextInput(
    attrs={"list": "time-zones", "autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
)


def sent_data(request: HttpRequest) -> QueryDict | None:
    """Return what a form was sent with; None when the page only shows it. An empty body is sent, so it gets the form's errors."""
    return request.POST if request.method == "POST" else None


def required(sentence: str) -> dict[str, str]:
    """Return the error messages of a field that must have a value."""
    return {"required": sentence}


class NameField(forms.CharField):
    """A name in one line. `subject` begins the sentence of an error, such as "The name"."""

    def __init__(self, subject: str, length: int, **options: Any) -> None:
        super().__init__(**options)
        self.subject, self.length = subject, length

    def clean(self, value: Any) -> str:
        name = super().clean(value)
        try:
            return normalize_name(name, self.length) if name else ""
        except UnreadableName as error:
            raise forms.ValidationError(f"{self.subject} {error}") from error


class TokenForm(forms.Form):
    """The name of a new API token."""

    name = NameField(
        _("The name"),
        MAX_TOKEN_NAME,
        label=_("Name"),
        help_text=_("What uses the token, such as Weekly report."),
        error_messages=required(_("Give the token a name, so that you can tell later what uses it.")),
    )


class ChangesForm(forms.ModelForm):
    """A form of one row that changes only what its user changed, so that a change made meanwhile in another tab stays.

    It sends along the values that the page was loaded with. A form that was sent without them is compared with the row.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.show_hidden_initial = not self.is_bound or f"initial-{name}" in self.data

    @property
    def changes(self) -> dict[str, Any]:
        """The values that differ from those that the page was loaded with."""
        return {name: self.cleaned_data[name] for name in self.changed_data}


class PreferencesForm(ChangesForm):
    """How the user's pages look, and what an answer does with its thread. Call `store` to save."""

    class Meta:
        model = User
        fields = PREFERENCES
        widgets = {"theme": forms.RadioSelect, "density": forms.RadioSelect, "time_zone": TIME_ZONE_INPUT}
        error_messages = {
            "theme": dict.fromkeys(("required", "invalid_choice"), _("Choose a theme of the list.")),
            "density": dict.fromkeys(("required", "invalid_choice"), _("Choose a density of the list.")),
            "time_zone": {"max_length": _("Choose a time zone of the list, such as Europe/Berlin.")},
        }

    def store(self) -> None:
        """Write the changed columns and no others: the password may have been changed meanwhile."""
        self.instance.save(update_fields=self.changed_data)
