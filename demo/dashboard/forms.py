"""What a user may choose when switching demo mode on, and later as its schedule."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.db import models

from accounts.models import Platform
from demo import simulator
from demo.account_settings import SETTINGS
from demo.exceptions import InvalidOption
from demo.lifecycle.names import brand_name, product_names
from demo.models import DemoAccount

Name = TypeVar("Name")
_LINE_BREAKS = re.compile("\r\n?|\n")  # of a text area; others stand in a name, and are refused with it
LANGUAGE_NAMES = {"en": "English", "es": "Español"}


class EnableForm(forms.Form):
    """Every field may be left out: then the account keeps what it has; another niche or language brings a new brand.

    A brand that is there and empty asks for an invented one.
    """

    niche = forms.ChoiceField(
        required=False, choices=[(niche, niche.capitalize()) for niche in simulator.NICHES]
    )
    language = forms.ChoiceField(
        required=False, choices=[(code, LANGUAGE_NAMES.get(code, code)) for code in simulator.LANGUAGES]
    )
    brand = forms.CharField(required=False, help_text="The company's name; empty: an invented one.")
    products = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Names to be spoken of, one in a line; empty: the niche's own.",
    )
    platforms = forms.MultipleChoiceField(
        required=False, choices=Platform.choices, widget=forms.CheckboxSelectMultiple
    )
    rhythm = forms.ChoiceField(
        required=False, choices=SETTINGS["rhythm"].kind.options, widget=forms.RadioSelect
    )

    @classmethod
    def of(cls, account: DemoAccount) -> "EnableForm":
        """The form as the account stands."""
        chosen = {name: getattr(account, name) for name in ("niche", "language", "platforms", "rhythm")}
        return cls(initial=chosen | {"products": "\n".join(account.products)})

    def clean_brand(self) -> str:
        given = self.cleaned_data["brand"]
        return _as_error(lambda: brand_name(given)) if given else ""

    def clean_products(self) -> list[str]:
        lines = _LINE_BREAKS.split(self.cleaned_data["products"])
        return _as_error(lambda: product_names(line for line in lines if line.strip()))

    def clean(self) -> dict[str, Any]:
        by_the_page = "niche" in self.data  # which always sends it; of boxes that are all empty nothing comes
        if by_the_page and self.cleaned_data.get("platforms") == []:
            self.add_error("platforms", "Choose at least one platform.")
        return self.cleaned_data

    @property
    def options(self) -> dict[str, Any]:
        """What `lifecycle.enable` is to be asked for: what was chosen, and the names that were sent, empty or not."""
        names = ("brand", "products")
        chosen = {name: value for name, value in self.cleaned_data.items() if value and name not in names}
        return chosen | {name: self.cleaned_data[name] for name in names if name in self.data}


def _as_error(read: Callable[[], Name]) -> Name:
    """What is read; a sentence beside the field where it cannot be taken."""
    try:
        return read()
    except InvalidOption as error:
        raise forms.ValidationError(str(error)) from error


def field_of(column: models.Field, **options: Any) -> forms.Field:
    """The form's field of an account's column; whatever is wrong with a number is answered with its range."""
    if not isinstance(column, models.PositiveSmallIntegerField):
        return column.formfield(**options)
    low, high = (validator.limit_value for validator in column.validators)
    sentence = f"{column.verbose_name} must be from {low} to {high}, in whole numbers."
    wrong = dict.fromkeys(("required", "invalid", "min_value", "max_value"), sentence)
    return column.formfield(min_value=low, max_value=high, error_messages=wrong, **options)


class SettingsForm(forms.ModelForm):
    """The schedule of one account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():  # what another tab has changed meanwhile is not changed back
            field.show_hidden_initial = not self.is_bound or f"initial-{name}" in self.data

    class Meta:
        model = DemoAccount
        fields = tuple(SETTINGS)
        formfield_callback = field_of
        widgets = {
            "time_zone": forms.TextInput(
                attrs={
                    "list": "time-zones",
                    "autocomplete": "off",
                    "autocapitalize": "off",
                    "spellcheck": "false",
                }
            ),
            "rhythm": forms.RadioSelect,
        }

    @property
    def changes(self) -> dict[str, Any]:
        """What is asked to be other than it was."""
        return {name: self.cleaned_data[name] for name in self.changed_data}
