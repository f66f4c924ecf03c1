"""Builds the columns and constraints of the account's settings from `demo.account_settings.SETTINGS`."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext, gettext_lazy

from accounts.declarations import FilledText, check_contains, check_table
from accounts.time_zones import validate_time_zone
from accounts.zone_names import TIME_ZONE_LENGTH
from demo.account_settings import SETTING_TYPES, SETTINGS, Choice, Flag, Number, TimeZone


def range_validators(low: int, high: int) -> list:
    """Validators that accept `low` to `high`, both included."""
    return [MinValueValidator(low), MaxValueValidator(high)]


def setting_column(name: str) -> models.Field:
    """The model field of the setting `name`. Raises IncompleteTable when SETTINGS does not have it.

    Its default is also the database's, so that processes of the release before, which do not know it, can insert rows.
    """
    check_contains("SETTINGS in demo/account_settings.py", SETTINGS, [name])
    setting = SETTINGS[name]
    options = {"verbose_name": _translated(setting.label), "help_text": _translated(setting.help)}
    if setting.default is not None:
        options["default"] = options["db_default"] = setting.default
    return _COLUMNS[type(setting.value_type)](setting.value_type, options)


def _translated(text: str) -> Promise | str:
    """The text in the reader's language; "" stays, for which gettext has the header of its catalog."""
    if isinstance(text, FilledText):
        return _fill_translation(text.template, text.values)
    return gettext_lazy(text) if text else ""


_fill_translation = lazy(lambda template, values: gettext(template) % values, str)


def _number_column(number: Number, options: dict[str, Any]) -> models.Field:
    options["validators"] = range_validators(number.min, number.max)
    return models.PositiveSmallIntegerField(null=number.may_be_empty, blank=number.may_be_empty, **options)


def _choice_column(choice: Choice, options: dict[str, Any]) -> models.Field:
    length = max(map(len, choice.values))
    return models.CharField(
        max_length=length,
        choices=[(value, _translated(label)) for value, label in choice.options],
        **options,
    )


def _flag_column(_: Flag, options: dict[str, Any]) -> models.Field:
    return models.BooleanField(**options)


def _time_zone_column(_: TimeZone, options: dict[str, Any]) -> models.Field:
    return models.CharField(max_length=TIME_ZONE_LENGTH, validators=[validate_time_zone], **options)


_COLUMNS = {
    Number: _number_column,
    Choice: _choice_column,
    Flag: _flag_column,
    TimeZone: _time_zone_column,
}
check_table("_COLUMNS in demo/models/setting_columns.py", [type.__name__ for type in _COLUMNS], SETTING_TYPES)


def numbers_in_range() -> Q:
    """The condition that every number is in its range. The column type already rejects negative numbers."""
    numbers = {
        name: setting.value_type
        for name, setting in SETTINGS.items()
        if isinstance(setting.value_type, Number)
    }
    required = {name: kind for name, kind in numbers.items() if not kind.may_be_empty}
    condition = Q(*(_in_range(name, kind) for name, kind in sorted(required.items())))
    for name in sorted(numbers.keys() - required.keys()):
        condition &= Q(**{name: None}) | Q(_in_range(name, numbers[name]))
    return condition


def _in_range(name: str, kind: Number) -> tuple[str, object]:
    return (f"{name}__range", (kind.min, kind.max)) if kind.min else (f"{name}__lte", kind.max)


def choices_are_known() -> list[models.CheckConstraint]:
    """One check constraint for each setting with a list of options."""
    choices = {
        name: setting.value_type
        for name, setting in SETTINGS.items()
        if isinstance(setting.value_type, Choice)
    }
    return [
        models.CheckConstraint(
            condition=Q(**{f"{name}__in": list(kind.values)}), name=f"demo_{name}_is_known"
        )
        for name, kind in choices.items()
    ]
