"""Serializers of the inbox, for the views and the OpenAPI schema: rows with relations as ids, and the webhook's bodies."""

from datetime import datetime
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from accounts.api.strict_input import StrictSerializer
from accounts.declarations import check_table
from accounts.models import Profile
from accounts.visible_text import has_visible_text
from interactions.analytics import MODES
from interactions.api import examples
from interactions.api.timestamps import INVALID_TIME, read_day_or_timestamp
from interactions.event_types import EVENT_TYPES
from interactions.events import ID_LENGTH, MAX_EVENTS, TEXT_LENGTH
from interactions.merging import CREATED, DUPLICATE, REJECTED, UPDATED
from interactions.models import Content, Interaction, Moderation, ReadStatus
from interactions.models.choices import NEW


class AuthorSerializer(serializers.Serializer):
    id = serializers.CharField(source="author_id")
    handle = serializers.CharField(source="author_handle")
    name = serializers.CharField(source="author_name")


@extend_schema_serializer(examples=examples.PROFILE)
class ProfileSerializer(serializers.ModelSerializer):
    class Meta:
        model = Profile
        fields = ["id", "uuid", "platform", "platform_id", "handle", "display_name", "is_demo"]
        read_only_fields = fields


@extend_schema_serializer(examples=examples.CONTENT)
class ContentSerializer(serializers.ModelSerializer):
    platform = serializers.CharField(source="profile.platform", read_only=True)

    class Meta:
        model = Content
        fields = [
            *["id", "profile", "platform", "platform_id", "kind", "text", "url"],
            *["posted_at", "received_at", "views", "likes", "shares", "is_demo", "deleted_at"],
        ]
        read_only_fields = fields


class StatusField(serializers.ChoiceField):
    """A status of a thread or of its rows; `new`, the name before there were threads, is accepted for `open`."""

    def to_internal_value(self, data) -> str:
        return super().to_internal_value(ReadStatus.OPEN if data == NEW else data)


class ModerationSerializer(serializers.Serializer):
    """What is asked of the network: until `until` it can be withdrawn, then it is queued."""

    action = serializers.ChoiceField(choices=Moderation.Action.choices)
    status = serializers.ChoiceField(choices=Moderation.Status.choices)
    until = serializers.DateTimeField()


@extend_schema_serializer(examples=examples.COMMENT)
class InteractionSerializer(StrictSerializer, serializers.ModelSerializer):
    """A comment or a direct message. Only its status can be changed: hidden is the comment's own, the others its thread's.

    `new` is accepted for `open`. A thread is snoozed through `threads/`, as that needs a time.
    """

    status = StatusField(choices=ReadStatus.choices)
    platform = serializers.CharField(source="profile.platform", read_only=True)
    author = AuthorSerializer(source="*", read_only=True)
    content = serializers.SerializerMethodField()
    parent = serializers.SerializerMethodField()
    moderation = serializers.SerializerMethodField()

    class Meta:
        model = Interaction
        fields = [
            *["id", "profile", "platform", "content", "parent", "platform_id", "type", "direction", "author"],
            *["conversation_id", "text", "status", "sentiment", "send_status", "send_error"],
            *["posted_at", "received_at", "is_demo", "deleted_at", "thread", "hidden_at", "attachments"],
            "moderation",
        ]
        read_only_fields = [name for name in fields if name != "status"]

    def validate_status(self, status: str) -> str:
        if status == ReadStatus.SNOOZED:
            raise serializers.ValidationError(
                "Snooze the thread with PATCH threads/{id}/ and `snoozed_until`."
            )
        if status == ReadStatus.HIDDEN and self.instance.type == Interaction.Type.MESSAGE:
            raise serializers.ValidationError("A direct message cannot be hidden; archive its thread.")
        return status

    def get_content(self, row: Interaction) -> int | None:
        return row.visible_content.pk if row.visible_content else None

    def get_parent(self, row: Interaction) -> int | None:
        return row.visible_parent.pk if row.visible_parent else None

    @extend_schema_field(ModerationSerializer(allow_null=True))
    def get_moderation(self, row: Interaction) -> dict[str, Any] | None:
        request = getattr(row, "moderation", None)
        if request is None:
            return None
        status = request.status(row.database_time)
        return ModerationSerializer({"action": request.action, "status": status, "until": request.until}).data


class ReplySerializer(StrictSerializer):
    """A reply; its text must have a visible character."""

    text = serializers.CharField(max_length=TEXT_LENGTH)

    def validate_text(self, text: str) -> str:
        if not has_visible_text(text):
            raise serializers.ValidationError(
                "The text has no visible character; write letters, digits, signs or emoji."
            )
        return text


class RotationSerializer(StrictSerializer):
    """Options of a secret rotation."""

    keep_previous = serializers.BooleanField(
        default=True,
        help_text="Whether signatures with the current secret stay valid until the next rotation.",
    )


class SecretSerializer(serializers.Serializer):
    webhook_secret = serializers.CharField(help_text="Shown only this once.")


class DayOrTimestampField(serializers.CharField):
    """A time in the form of an event's `occurred_at`, or a UTC day: its start, or with `end_of_day` its end."""

    default_error_messages = {"invalid_time": INVALID_TIME}

    def __init__(self, *, end_of_day: bool = False, **options) -> None:
        super().__init__(trim_whitespace=False, **options)
        self.end_of_day = end_of_day

    def to_internal_value(self, data) -> datetime:
        text = super().to_internal_value(data)
        try:
            return read_day_or_timestamp(text, end_of_day=self.end_of_day)
        except (ValueError, OverflowError):
            self.fail("invalid_time")


class PeriodSerializer(serializers.Serializer):
    """The parameters of an analytics summary."""

    mode = serializers.ChoiceField(choices=list(MODES), default="live")

    def get_fields(self):
        """Add `from` and `to`; a class attribute cannot be named `from`."""
        return super().get_fields() | {
            "from": DayOrTimestampField(required=False, help_text="First day (UTC), or first time."),
            "to": DayOrTimestampField(
                required=False, end_of_day=True, help_text="Last day (UTC), or the time it ends before."
            ),
        }

    def validate(self, period: dict) -> dict:
        start, end = period.get("from"), period.get("to")
        if start and end and start >= end:
            raise serializers.ValidationError({"from": ["from must be earlier than to."]})
        return period


class DaySerializer(serializers.Serializer):
    day = serializers.DateField()
    interactions = serializers.IntegerField()


class SummarySerializer(serializers.Serializer):
    """Counts of comments and messages; `content` counts the posts."""

    mode = serializers.ChoiceField(choices=list(MODES))
    content = serializers.IntegerField()
    interactions = serializers.IntegerField()
    by_day = DaySerializer(many=True)
    by_platform = serializers.DictField(child=serializers.IntegerField())
    by_type = serializers.DictField(child=serializers.IntegerField())
    by_status = serializers.DictField(child=serializers.IntegerField())
    by_direction = serializers.DictField(child=serializers.IntegerField())

    def get_fields(self):
        bounds = {name: serializers.DateTimeField(allow_null=True) for name in ("from", "to")}
        return super().get_fields() | bounds


class EventAuthorSerializer(serializers.Serializer):
    id = serializers.CharField()
    handle = serializers.CharField(required=False, allow_null=True)
    name = serializers.CharField(required=False, allow_null=True)


class MetricsSerializer(serializers.Serializer):
    views = serializers.IntegerField(required=False, allow_null=True)
    likes = serializers.IntegerField(required=False, allow_null=True)
    shares = serializers.IntegerField(required=False, allow_null=True)


REQUIRED_FIELDS = "Required besides type, id and occurred_at: " + "; ".join(
    f"{one.name} {', '.join(one.fields) or 'nothing more'}" for one in EVENT_TYPES.values()
)


class EventSerializer(serializers.Serializer):
    """One event; which fields it needs depends on its type."""

    type = serializers.ChoiceField(choices=list(EVENT_TYPES), help_text=REQUIRED_FIELDS)
    id = serializers.CharField(max_length=ID_LENGTH, help_text="The platform's id of the affected row.")
    occurred_at = serializers.DateTimeField()
    author = EventAuthorSerializer(required=False)
    content_id = serializers.CharField(required=False)
    parent_id = serializers.CharField(required=False, allow_null=True)
    conversation_id = serializers.CharField(required=False)
    text = serializers.CharField(required=False)
    kind = serializers.CharField(
        required=False, allow_null=True, help_text="The kind of a post: post, reel, video and so on."
    )
    url = serializers.CharField(required=False, allow_null=True)
    metrics = MetricsSerializer(required=False)


_NEEDED = sorted({name for one in EVENT_TYPES.values() for name in one.fields})
check_table(
    "EventSerializer in interactions/api/serializers.py",
    [name for name in EventSerializer._declared_fields if name in _NEEDED],
    _NEEDED,
)


class EventsSerializer(serializers.Serializer):
    events = EventSerializer(many=True, max_length=MAX_EVENTS)


@extend_schema_field(OpenApiTypes.ANY)
class AnyTimestamp(serializers.Field):
    """Any JSON. It is ignored: the time of sending is in the header webhook-timestamp."""


class BatchSerializer(serializers.Serializer):
    """The envelope; `timestamp` is the time of sending in any form, usually a text or a number."""

    type = serializers.ChoiceField(choices=["events"])
    timestamp = AnyTimestamp(required=False)
    data = EventsSerializer()


class ResultSerializer(serializers.Serializer):
    """The result of one event; `id` is the affected row, null when rejected or while its target does not exist."""

    platform_id = serializers.CharField(allow_null=True)
    id = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(choices=[CREATED, DUPLICATE, UPDATED, REJECTED])
    error = serializers.CharField(allow_null=True)


class BatchResponseSerializer(serializers.Serializer):
    """One result per event in the order sent, and the count of each status."""

    results = ResultSerializer(many=True)
    created = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    updated = serializers.IntegerField()
    rejected = serializers.IntegerField()
