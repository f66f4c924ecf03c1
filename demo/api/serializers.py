"""Serializers of the requests and responses of the demo routes, for `demo/api/views.py` and the OpenAPI schema."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from accounts.api.strict_input import StrictSerializer
from accounts.declarations import check_table
from accounts.models import Platform
from accounts.time_zones import similar_time_zone
from accounts.zone_names import TIME_ZONE_LENGTH, time_zones
from demo import simulator
from demo.account_settings import ENABLING_SETTINGS, SETTING_TYPES, SETTINGS, Choice, Flag, Number, TimeZone
from demo.api import examples
from demo.exceptions import InvalidOption
from demo.lifecycle.transitions import MAX_ADVANCE_DAYS
from demo.models import MAX_SEED, State, StoryEvent
from demo.names import MAX_BRAND_LENGTH, MAX_PRODUCT_LENGTH, MAX_PRODUCTS, brand_name, product_names
from demo.windows import WINDOW_KINDS


class ShortListField(serializers.ListField):
    """A list whose length is checked before its items."""

    def to_internal_value(self, data):
        if isinstance(data, list) and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(data)


class NameField(serializers.CharField):
    """A name, validated and normalized by `read`, which raises InvalidOption with a sentence."""

    def __init__(self, *, read: Callable[[str], str], **options: Any) -> None:
        self.read = read
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        try:
            return self.read(super().to_internal_value(data))
        except InvalidOption as error:
            raise serializers.ValidationError(str(error)) from error


class EnableSerializer(StrictSerializer):
    noun = "setting"

    platforms = ShortListField(
        child=serializers.ChoiceField(choices=Platform.choices),
        required=False,
        allow_empty=False,
        max_length=len(Platform),
    )
    niche = serializers.ChoiceField(choices=simulator.NICHES, required=False)
    brand = NameField(read=brand_name, required=False, help_text=f"At most {MAX_BRAND_LENGTH} characters.")
    products = ShortListField(
        child=NameField(
            read=lambda name: product_names([name])[0], help_text=f"At most {MAX_PRODUCT_LENGTH} characters."
        ),
        required=False,
        max_length=MAX_PRODUCTS,
    )
    language = serializers.ChoiceField(choices=simulator.LANGUAGES, required=False)
    seed = serializers.IntegerField(min_value=0, max_value=MAX_SEED, required=False)

    def get_fields(self) -> dict[str, serializers.Field]:
        """With the settings that may be chosen at enabling."""
        chosen = {name: setting_field(name) for name in ENABLING_SETTINGS}
        return super().get_fields() | chosen


def ranged(low: int, high: int, name: str, *, required: bool = False, **options) -> serializers.IntegerField:
    """A whole number, optional unless `required`; the error of one out of range names the range."""
    message = f"{name} must be a whole number from {low} to {high}."
    errors = dict.fromkeys(("min_value", "max_value"), message)
    return serializers.IntegerField(
        min_value=low, max_value=high, required=required, error_messages=errors, **options
    )


class AdvanceSerializer(StrictSerializer):
    days = ranged(1, MAX_ADVANCE_DAYS, "days", required=True)


class TimeZoneField(serializers.CharField):
    """The name of an IANA time zone."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=TIME_ZONE_LENGTH, **options)

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if name not in time_zones():
            raise serializers.ValidationError(
                f"{self.field_name} must be an IANA name; use {similar_time_zone(name)}."
            )
        return name


def setting_field(name: str) -> serializers.Field:
    """The optional field of a setting, a key of SETTINGS."""
    setting = SETTINGS[name]
    return _FIELDS[type(setting.value_type)](name, setting.value_type)


_FIELDS = {
    Number: lambda name, number: ranged(number.min, number.max, name, allow_null=number.may_be_empty),
    Choice: lambda name, choice: serializers.ChoiceField(choices=list(choice.options), required=False),
    Flag: lambda name, flag: serializers.BooleanField(required=False),
    TimeZone: lambda name, time_zone: TimeZoneField(required=False),
}
check_table("_FIELDS in demo/api/serializers.py", [type.__name__ for type in _FIELDS], SETTING_TYPES)


class SettingsSerializer(StrictSerializer):
    """The settings as `demo.account_settings` declares them."""

    noun = "setting"

    def get_fields(self) -> dict[str, serializers.Field]:
        return {name: setting_field(name) for name in SETTINGS}


class PatchSerializer(StrictSerializer):
    settings = SettingsSerializer()


class TallySerializer(serializers.Serializer):
    done = serializers.IntegerField()
    total = serializers.IntegerField()


class ProgressSerializer(serializers.Serializer):
    """How much of the initial batch is delivered; `dead` counts events of the story that could not be delivered."""

    content = TallySerializer()
    comments = TallySerializer()
    messages = TallySerializer()
    dead = serializers.IntegerField()


class CountsSerializer(serializers.Serializer):
    """One number each of posts, comments and messages."""

    content = serializers.IntegerField()
    comments = serializers.IntegerField()
    messages = serializers.IntegerField()


class StoredSerializer(CountsSerializer):
    """How many rows of the demo the inbox shows."""


class NextRunsSerializer(serializers.Serializer):
    """When the next window of each kind is planned and the next cleanup runs (UTC); null while off."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {
            name: serializers.DateTimeField(allow_null=True) for name in (*sorted(WINDOW_KINDS), "cleanup")
        }


class UpcomingSerializer(serializers.Serializer):
    due_at = serializers.DateTimeField()
    type = serializers.ChoiceField(choices=StoryEvent.Type.choices)
    platform = serializers.ChoiceField(choices=Platform.choices)
    text = serializers.CharField()
    origin = serializers.ChoiceField(choices=StoryEvent.Origin.choices)


class RunningSerializer(serializers.Serializer):
    """A running scenario: how many events are undelivered, and when the last of them is due."""

    name = serializers.ChoiceField(choices=list(simulator.SCENARIOS))
    left = serializers.IntegerField()
    until = serializers.DateTimeField()


@extend_schema_serializer(examples=examples.DEMO)
class DemoSerializer(serializers.Serializer):
    """The demo of one user, as `demo.status.status_of` makes it."""

    state = serializers.ChoiceField(choices=State.choices)
    resuming = serializers.BooleanField(
        help_text="The demo is being resumed; the state is paused until that is done."
    )
    advancing = serializers.BooleanField(
        help_text="Days are being skipped, or their events are not all delivered yet."
    )
    seed = serializers.IntegerField(allow_null=True)
    enabled_at = serializers.DateTimeField(allow_null=True)
    platforms = serializers.ListField(child=serializers.ChoiceField(choices=Platform.choices))
    niche = serializers.CharField()
    brand = serializers.CharField()
    products = serializers.ListField(child=serializers.CharField())
    language = serializers.CharField()
    settings = SettingsSerializer()
    progress = ProgressSerializer()
    stored = StoredSerializer()
    next_runs = NextRunsSerializer()
    upcoming = UpcomingSerializer(many=True)
    scenarios = RunningSerializer(many=True)
    last_error = serializers.CharField(allow_null=True)
    notices = serializers.ListField(child=serializers.CharField())


class GeneratedSerializer(CountsSerializer):
    """How many extra events were delivered."""
