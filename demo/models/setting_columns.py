"""Builds the columns and constraints of the account's settings from `demo.account_settings.SETTINGS`."""

from functools import cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from demo.account_settings import SETTINGS, Choice, Flag, Number, TimeZone

TIME_ZONE_LENGTH = 64


@cache
def time_zones() -> set[str]:
    """The IANA names, without `localtime` (depends on the machine) and `Factory` (a placeholder)."""
    return available_timezones() - {"localtime", "Factory"}


def similar_time_zone(name: str) -> str:
    """The time zone that equals `name` when case is ignored, or the text "a name such as Europe/Berlin"."""
    similar = (zone for zone in time_zones() if zone.casefold() == name.casefold())
    return next(similar, "a name such as Europe/Berlin")


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless `name` is an IANA time zone; the message suggests one."""
    if name not in time_zones():
        raise ValidationError(f"{name} is not an IANA time zone; use {similar_time_zone(name)}.")


def range_validators(low: int, high: int) -> list:
    """Validators that accept `low` to `high`, both included."""
    return [MinValueValidator(low), MaxValueValidator(high)]


def setting_column(name: str) -> models.Field:
    """The model field of the setting `name`, a key of SETTINGS.

    Its default is also the database's, so that processes of the release before, which do not know it, can insert rows.
    """
    setting = SETTINGS[name]
    options = {"verbose_name": setting.label, "help_text": setting.help}
    if setting.default is not None:
        options["default"] = options["db_default"] = setting.default
    match setting.value_type:
        case Number(low, high, may_be_empty):
            options["validators"] = range_validators(low, high)
            return models.PositiveSmallIntegerField(null=may_be_empty, blank=may_be_empty, **options)
        case Choice(choices):
            length = max(map(len, setting.value_type.values))
            return models.CharField(max_length=length, choices=list(choices), **options)
        case Flag():
            return models.BooleanField(**options)
        case TimeZone():
            return models.CharField(max_length=TIME_ZONE_LENGTH, validators=[validate_time_zone], **options)


def numbers_in_range() -> Q:
    """The condition that every number is in its range. The column type already rejects negative numbers."""
    numbers = {
        name: setting.value_type
        for name, setting in SETTINGS.items()
        if isinstance(setting.value_type, Number)
    }
    required = {name: number for name, number in numbers.items() if not number.may_be_empty}
    condition = Q(*(_in_range(name, number) for name, number in sorted(required.items())))
    for name in sorted(numbers.keys() - required.keys()):
        condition &= Q(**{name: None}) | Q(_in_range(name, numbers[name]))
    return condition


def _in_range(name: str, number: Number) -> tuple[str, object]:
    return (f"{name}__range", (number.min, number.max)) if number.min else (f"{name}__lte", number.max)


def choices_are_known() -> list[models.CheckConstraint]:
    """One check constraint for each setting with a list of options."""
    choices = {
        name: setting.value_type
        for name, setting in SETTINGS.items()
        if isinstance(setting.value_type, Choice)
    }
    return [
        models.CheckConstraint(
            condition=Q(**{f"{name}__in": list(choice.values)}), name=f"demo_{name}_is_known"
        )
        for name, choice in choices.items()
    ]
