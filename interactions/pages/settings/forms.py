"""The forms of the sections Profiles, Saved replies and Inbox rules. The models and the API have the same limits.

Called by the views of these sections.
"""

from typing import Any

from django import forms
from django.utils.translation import get_language_info, gettext_lazy
from django.utils.translation import gettext as _

from accounts.forms import NameField, required
from accounts.models import Platform, Profile, User
from interactions.models import (
    LABEL_LENGTH,
    MAX_REPLY_NAME,
    MAX_REPLY_TEXT,
    MAX_RULE_VALUE,
    InboxRule,
    SavedReply,
)
from interactions.moderation.languages import LANGUAGES
from interactions.moderation.matching import Rule
from interactions.moderation.rule_errors import rule_errors
from interactions.saved_replies import InvalidSavedReply, check


class ProfileForm(forms.ModelForm):
    """A live profile to be connected. The checks of ids, handles and names are the model's."""

    platform = forms.ChoiceField(
        choices=Platform.choices,
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid_choice"), gettext_lazy("Choose the platform.")),
    )

    class Meta:
        model = Profile
        fields = ["platform", "platform_id", "handle", "display_name"]
        labels = {
            "platform_id": gettext_lazy("Id on the platform"),
            "handle": gettext_lazy("Handle"),
            "display_name": gettext_lazy("Name"),
        }
        help_texts = {
            "handle": gettext_lazy("As people write it, such as acme."),
            "display_name": gettext_lazy(
                "Saved replies write it where you insert “Your profile’s name”. May be empty."
            ),
        }
        error_messages = {
            "platform_id": required(gettext_lazy("Enter the id that the platform gave the profile.")),
            "handle": required(gettext_lazy("Enter the handle of the profile.")),
        }

    @property
    def values(self) -> dict[str, str]:
        """The values as they are stored, names normalized."""
        return {name: getattr(self.instance, name) for name in self._meta.fields}


class SeenForm(forms.Form):
    """A form that sends along which version of its row the page showed, so that no other tab's change is lost unseen."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def check_unchanged(self, row: SavedReply | InboxRule) -> bool:
        """Whether the page showed the row as it is. Else adds an error, and sent again the form replaces the row."""
        if self.cleaned_data["seen"] == row.updated_at.isoformat():
            return True
        self.refuse_change(row)
        return False

    def refuse_change(self, row: SavedReply | InboxRule) -> None:
        """Add the error that the row was changed; the form then sends along the version of `row`."""
        self.add_error(
            None,
            _(
                "It was changed elsewhere meanwhile. Send it again to replace that, or load the page to see it."
            ),
        )
        self.data = self.data.copy()
        self.data["seen"] = row.updated_at.isoformat()


class LineBreaksField(forms.CharField):
    """A text of several lines, with the line breaks that the API stores; browsers send others."""

    def to_python(self, value: Any) -> str:
        return super().to_python(value.replace("\r\n", "\n") if isinstance(value, str) else value)


class SavedReplyForm(SeenForm):
    """A saved reply."""

    name = NameField(
        gettext_lazy("The name"),
        MAX_REPLY_NAME,
        label=gettext_lazy("Name"),
        error_messages=required(gettext_lazy("Give it a name, by which you find it when you answer.")),
    )
    text = LineBreaksField(
        max_length=MAX_REPLY_TEXT,
        label=gettext_lazy("Text"),
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages=required(gettext_lazy("Write the text that it sends.")),
    )

    @classmethod
    def initial_of(cls, row: SavedReply) -> dict[str, str]:
        return {"name": row.name, "text": row.text, "seen": row.updated_at.isoformat()}

    @property
    def values(self) -> dict[str, str]:
        """The columns of the saved reply."""
        return {name: self.cleaned_data[name] for name in ("name", "text")}

    def clean_text(self) -> str:
        text = self.cleaned_data["text"]
        try:
            check(text)
        except InvalidSavedReply as error:
            raise forms.ValidationError(str(error)) from error
        return text


def language_choices() -> list[tuple[str, str]]:
    """The languages that a rule can tell, by their names in the user's language."""
    return sorted(((code, language_name(code)) for code in LANGUAGES), key=lambda one: one[1])


def language_name(code: str) -> str:
    """The name of the language in the user's language, or in English."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return _(LANGUAGES[code])


RULE_VALUES = ("profile", "condition", "value", "action", "label")


class ProfileChoice(forms.ModelChoiceField):
    """One of the user's profiles; empty: all of them."""

    def label_from_instance(self, profile: Profile) -> str:
        return f"{profile.get_platform_display()} · @{profile.handle}"


class RuleForm(SeenForm):
    """An inbox rule. Of `value` and `language` only the one counts that the condition compares; the page shows only that one."""

    profile = ProfileChoice(
        Profile.objects.none(),
        required=False,
        label=gettext_lazy("Profile"),
        empty_label=gettext_lazy("All profiles"),
        error_messages={"invalid_choice": gettext_lazy("Choose one of your profiles.")},
    )
    condition = forms.ChoiceField(choices=InboxRule.Condition.choices, label=gettext_lazy("Condition"))
    value = forms.CharField(
        max_length=MAX_RULE_VALUE, required=False, label=gettext_lazy("Words, handle or id")
    )
    language = forms.ChoiceField(choices=language_choices, required=False, label=gettext_lazy("Language"))
    action = forms.ChoiceField(choices=InboxRule.Action.choices, label=gettext_lazy("Action"))
    label = NameField(gettext_lazy("The label"), LABEL_LENGTH, required=False, label=gettext_lazy("Label"))

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["profile"].queryset = Profile.objects.owned_by(owner)

    @classmethod
    def initial_of(cls, row: InboxRule) -> dict[str, Any]:
        initial = {name: getattr(row, name) for name in RULE_VALUES} | {"seen": row.updated_at.isoformat()}
        if row.condition == InboxRule.Condition.LANGUAGE:
            initial |= {"language": row.value, "value": ""}
        return initial

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if values.get("condition") == InboxRule.Condition.LANGUAGE:
            values["value"] = values.get("language", "")
        if values.get("action") != InboxRule.Action.LABEL:
            values["label"] = ""
            self._errors.pop("label", None)  # the page does not show it
        names = ("condition", "value", "action", "label")
        if all(name in values for name in names):
            for name, sentence in rule_errors(*(values[name] for name in names)).items():
                is_language = name == "value" and values["condition"] == InboxRule.Condition.LANGUAGE
                self.add_error("language" if is_language else name, sentence)
        return values

    @property
    def values(self) -> dict[str, Any]:
        """The columns of the rule."""
        return {name: self.cleaned_data[name] for name in RULE_VALUES}

    @property
    def rule(self) -> Rule:
        """The rule, ready to be compared."""
        values = self.values
        profile = values.pop("profile")
        return Rule(**values, profile_id=profile and profile.pk)
