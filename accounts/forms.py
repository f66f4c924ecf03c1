"""The form of a user's preferences, and what forms of stored rows have in common; called by the pages of settings."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.preferences import PREFERENCES

# A text field that suggests the zones of the page's <datalist id="time-zones">.
TIME_ZONE_INPUT = forms.TextInput(
    attrs={"list": "time-zones", "autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
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
        widgets = {"time_zone": TIME_ZONE_INPUT}
        error_messages = {
            "theme": dict.fromkeys(("required", "invalid_choice"), _("Choose a theme of the list.")),
            "density": dict.fromkeys(("required", "invalid_choice"), _("Choose a density of the list.")),
            "time_zone": {"max_length": _("Choose a time zone of the list, such as Europe/Berlin.")},
        }

    def store(self) -> None:
        """Write the changed columns and no others: the password may have been changed meanwhile."""
        self.instance.save(update_fields=self.changed_data)
