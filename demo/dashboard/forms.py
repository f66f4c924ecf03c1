"""The forms of the dashboard and the page Settings: the options of enabling a demo, and its settings."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django import forms
from django.db import models
from django.forms.boundfield import BoundField, BoundWidget
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.declarations import check_table
from accounts.forms import TIME_ZONE_INPUT, ChangesForm
from accounts.models import Platform
from demo import simulator
from demo.account_settings import ENABLING_SETTINGS, SETTINGS
from demo.dashboard.schedule import cleanup_times, default_posting_time
from demo.exceptions import InvalidOption
from demo.models import DemoAccount
from demo.names import brand_name, product_names
from demo.windows import RESTORABLE_DAYS

Name = TypeVar("Name")
_LINE_BREAKS = re.compile(
    "\r\n?|\n"
)  # those that a text area sends; any other is part of a name, and is refused
NAME_FIELDS = ("brand", "products")
CHOICES = ("niche", "language", "platforms")


NICHE_LABELS = {
    "coffee": _("Coffee"),
    "fashion": _("Fashion"),
    "fitness": _("Fitness"),
    "games": _("Games"),
    "restaurant": _("Restaurant"),
    "skincare": _("Skincare"),
    "software": _("Software"),
    "travel": _("Travel"),
}
check_table("NICHE_LABELS in demo/dashboard/forms.py", NICHE_LABELS, simulator.NICHES)


class EnableForm(forms.Form):
    """Every field is optional: an option left out keeps the account's value; another niche or language makes a new brand.

    An empty brand asks for an invented one.
    """

    niche = forms.ChoiceField(
        required=False,
        choices=list(NICHE_LABELS.items()),
        widget=forms.RadioSelect,
        label=_("What is the brand about?"),
    )
    language = forms.ChoiceField(
        required=False,
        choices=simulator.language_choices,
        label=_("Language"),
        help_text=_("In which people write."),
    )
    brand = forms.CharField(
        required=False, label=_("Brand"), help_text=_("The company's name; empty: an invented one.")
    )
    products = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        label=_("Products"),
        help_text=_("Product names to be mentioned, one per line; empty: the niche's own."),
    )
    platforms = forms.MultipleChoiceField(
        required=False,
        choices=Platform.choices,
        widget=forms.CheckboxSelectMultiple,
        label=_("Where is it?"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """With the settings that may be chosen at enabling. A checkbox has a hidden field, which says that it was shown."""
        super().__init__(*args, **kwargs)
        for name in ENABLING_SETTINGS:
            self.fields[name] = form_field(DemoAccount._meta.get_field(name), required=False)
            self.fields[name].show_hidden_initial = isinstance(self.fields[name], forms.BooleanField)

    @classmethod
    def of(cls, account: DemoAccount) -> "EnableForm":
        """The form with the account's present options."""
        chosen = {name: getattr(account, name) for name in (*CHOICES, *ENABLING_SETTINGS)}
        return cls(initial=chosen | {"products": "\n".join(account.products)})

    def clean_brand(self) -> str:
        brand = self.cleaned_data["brand"]
        return _validated(lambda: brand_name(brand)) if brand else ""

    def clean_products(self) -> list[str]:
        lines = _LINE_BREAKS.split(self.cleaned_data["products"])
        return _validated(lambda: product_names(line for line in lines if line.strip()))

    def clean(self) -> dict[str, Any]:
        """The page always sends `niche`; of checkboxes that are all empty a browser sends nothing."""
        if "niche" in self.data and self.cleaned_data.get("platforms") == []:
            self.add_error("platforms", _("Choose at least one platform."))
        niche, language = self.cleaned_data.get("niche"), self.cleaned_data.get("language")
        if niche and language and niche not in (niches := simulator.niches(language)):
            label = dict(simulator.language_choices())[language]
            names = ", ".join(str(NICHE_LABELS[one]) for one in niches)
            sentence = _("In %(language)s, choose %(niches)s.") % {"language": label, "niches": names}
            self.add_error("niche", sentence)
        return self.cleaned_data

    @property
    def niches(self) -> list[tuple[BoundWidget, str]]:
        """The radio button of each niche, and the codes of the languages that have words for it."""
        codes = {code: simulator.niches(code) for code in simulator.LANGUAGES}
        return [
            (option, " ".join(code for code, niches in codes.items() if option.data["value"] in niches))
            for option in self["niche"]
        ]

    @property
    def options(self) -> dict[str, Any]:
        """The options for `transitions.enable`: those chosen, and names and checkboxes that were sent, empty or not."""
        return {name: value for name, value in self.cleaned_data.items() if self._is_chosen(name, value)}

    def _is_chosen(self, name: str, value: Any) -> bool:
        if name in NAME_FIELDS or value is False:
            return name in self.data or self.add_initial_prefix(name) in self.data
        return value not in ("", None, [])


def _validated(read: Callable[[], Name]) -> Name:
    """The result of `read`; an InvalidOption becomes the field's error."""
    try:
        return read()
    except InvalidOption as error:
        raise forms.ValidationError(str(error)) from error


def form_field(column: models.Field, **options: Any) -> forms.Field:
    """The form field of an account's column; every error of a number names its range."""
    if column.choices:
        return column.formfield(widget=forms.RadioSelect, **options)
    if not isinstance(column, models.PositiveSmallIntegerField):
        return column.formfield(**options)
    low, high = (validator.limit_value for validator in column.validators)
    sentence = format_lazy(
        _("{label} must be from {low} to {high}, in whole numbers."),
        label=column.verbose_name,
        low=low,
        high=high,
    )
    errors = dict.fromkeys(("required", "invalid", "min_value", "max_value"), sentence)
    return column.formfield(min_value=low, max_value=high, error_messages=errors, **options)


# The settings by the headings under which the page shows them.
GROUPS: Mapping[Promise, tuple[str, ...]] = {
    _("How much arrives"): ("content_per_day", "comments_per_window", "messages_per_window", "viral_spikes"),
    _("When it arrives"): ("rhythm", "posting_hour", "time_zone"),
    _("How long it is kept"): ("retention_days",),
}
check_table(
    "GROUPS in demo/dashboard/forms.py", [name for group in GROUPS.values() for name in group], SETTINGS
)


class SettingsForm(ChangesForm):
    """The settings of one account. Labels, ranges and help texts are the columns', which have them from SETTINGS."""

    class Meta:
        model = DemoAccount
        fields = tuple(SETTINGS)
        formfield_callback = form_field
        widgets = {"time_zone": TIME_ZONE_INPUT}

    @property
    def groups(self) -> list[tuple[Promise, list[BoundField]]]:
        """The headings, with the fields below them."""
        return [(heading, [self[name] for name in names]) for heading, names in GROUPS.items()]

    def show_times(self, now: datetime) -> None:
        """Write the times in the help texts in the user's zone; those of the columns are in UTC."""
        self.fields["posting_hour"].help_text = _(
            "The hour of the day's first post, 0 to 23, where the audience lives. Empty: %(clock)s in your time zone."
        ) % {"clock": default_posting_time(now)}
        self.fields["retention_days"].help_text = _(
            "Older data expires %(times)s; an operator can restore it for %(days)d days."
        ) % {"times": cleanup_times(now), "days": RESTORABLE_DAYS}
