"""Serializers of threads: the rows of the list, a thread with what it contains, and the bodies of requests."""

from datetime import datetime

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from accounts.api.name_field import NameField
from accounts.api.strict_input import StrictSerializer
from interactions.api import examples
from interactions.api.serializers import AuthorSerializer, InteractionSerializer, ReplySerializer, StatusField
from interactions.events import read_timestamp
from interactions.models import (
    LABEL_LENGTH,
    MAX_LABELS_OF_THREAD,
    NOTE_LENGTH,
    Decision,
    Interaction,
    Note,
    Thread,
    ThreadStatus,
)
from interactions.problems import ProblemSerializer
from interactions.threads.changing import MAX_SNOOZE
from interactions.threads.labels import MAX_LABELS
from interactions.threads.showing import START_LENGTH

MAX_ID = 2**63 - 1


class LastRowSerializer(serializers.ModelSerializer):
    text = serializers.CharField(
        source="text_start", help_text=f"The first {START_LENGTH} characters of the text."
    )

    class Meta:
        model = Interaction
        fields = ["id", "direction", "text", "posted_at", "send_status"]
        read_only_fields = fields


@extend_schema_serializer(examples=examples.THREAD)
class ThreadSerializer(serializers.ModelSerializer):
    """A comment with everything below it, or a conversation of direct messages."""

    platform = serializers.CharField(source="profile.platform", read_only=True)
    content = serializers.SerializerMethodField()
    labels = serializers.ListField(source="label_names", child=serializers.CharField(), read_only=True)
    author = AuthorSerializer(
        source="author_row",
        read_only=True,
        allow_null=True,
        help_text="Of the newest received row that is not hidden; else of the first comment, if it was received and is not"
        " deleted; else of the newest row. Null if it was just deleted.",
    )
    last = LastRowSerializer(
        source="last_row",
        read_only=True,
        allow_null=True,
        help_text="The newest visible row; null if it was just deleted.",
    )

    class Meta:
        model = Thread
        fields = [
            *["id", "profile", "platform", "kind", "root_ref", "content", "status", "snoozed_until"],
            *[
                "unread",
                "labels",
                "active_at",
                "last_at",
                "last_in_at",
                "last_out_at",
                "sentiment",
                "is_demo",
            ],
            *["author", "last"],
        ]
        read_only_fields = fields

    def get_content(self, thread: Thread) -> int | None:
        return thread.visible_content.pk if thread.visible_content else None


class NoteSerializer(StrictSerializer, serializers.ModelSerializer):
    """A note of the team on a thread, which the network never sees. `author_name` is empty for the owner."""

    text = serializers.CharField(max_length=NOTE_LENGTH)
    validate_text = ReplySerializer.validate_text

    class Meta:
        model = Note
        fields = ["id", "author_name", "text", "created_at"]
        read_only_fields = ["id", "author_name", "created_at"]


class DecisionSerializer(serializers.ModelSerializer):
    """A decision of a person. `author_name` is empty for the owner; `until` is the end of a snooze."""

    class Meta:
        model = Decision
        fields = ["id", "author_name", "at", "status", "until"]
        read_only_fields = fields


@extend_schema_serializer(examples=examples.THREAD_DETAIL)
class ThreadDetailSerializer(ThreadSerializer):
    """A thread with a page of its visible interactions, oldest first, and its newest notes and decisions, oldest first."""

    interactions = InteractionSerializer(many=True, read_only=True)
    next = serializers.URLField(allow_null=True, help_text="The next page of interactions, which are newer.")
    previous = serializers.URLField(
        allow_null=True, help_text="The page of interactions before, which are older."
    )
    end = serializers.URLField(help_text="The page of the newest interactions.")
    notes = NoteSerializer(many=True, read_only=True)
    decisions = DecisionSerializer(many=True, read_only=True)

    class Meta(ThreadSerializer.Meta):
        fields = [
            *ThreadSerializer.Meta.fields,
            *["interactions", "next", "previous", "end", "notes", "decisions"],
        ]
        read_only_fields = fields


@extend_schema_field(OpenApiTypes.DATETIME)
class TimestampField(serializers.CharField):
    """A time in the form of an event's `occurred_at`."""

    default_error_messages = {"invalid_time": "Send a time with an offset such as 2026-01-31T12:00:00Z."}

    def to_internal_value(self, data) -> datetime:
        try:
            return read_timestamp(super().to_internal_value(data))
        except (ValueError, OverflowError):
            self.fail("invalid_time")


class LabelsField(serializers.ListField):
    """Names of labels, at most as many as a thread may have."""

    def __init__(self, **options) -> None:
        super().__init__(
            child=NameField("Each label", LABEL_LENGTH), max_length=MAX_LABELS_OF_THREAD, **options
        )


class StatusChangeSerializer(StrictSerializer):
    """What can be changed of one thread and of many; only what is sent changes."""

    status = StatusField(
        required=False,
        choices=ThreadStatus.choices,
        help_text="Holds until something newer is received than was covered. `new` is accepted for `open`.",
    )
    snoozed_until = TimestampField(
        required=False,
        help_text=f"When the snooze ends: in the future, at most {MAX_SNOOZE.days} days ahead. Only with the status snoozed,"
        " which needs it.",
    )
    unread = serializers.BooleanField(
        required=False,
        help_text="An answered thread, and one in which nothing was received, has nothing unread: true has no effect there.",
    )
    labels = LabelsField(
        required=False,
        help_text=f"All labels of the thread. Upper and lower case do not count. A profile has at most {MAX_LABELS}.",
    )

    def validate(self, change: dict) -> dict:
        if change.get("status") == ThreadStatus.SNOOZED and "snoozed_until" not in change:
            raise serializers.ValidationError(
                {"snoozed_until": ["Send snoozed_until, the end of the snooze, with the status snoozed."]}
            )
        if change.get("status") != ThreadStatus.SNOOZED and "snoozed_until" in change:
            raise serializers.ValidationError(
                {"snoozed_until": ["Send snoozed_until only with the status snoozed."]}
            )
        return change


@extend_schema_serializer(examples=examples.THREAD_CHANGE)
class ThreadChangeSerializer(StatusChangeSerializer):
    """What to change; only what is sent changes."""

    covers = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_ID,
        help_text="The id of the newest interaction of the thread that was shown: what was received after it reopens the"
        " thread and stays unread. Without it, everything is covered. With `status` or `unread`.",
    )

    def validate(self, change: dict) -> dict:
        if "covers" in change and not change.keys() & {"status", "unread"}:
            raise serializers.ValidationError({"covers": ["Send covers with status or unread."]})
        return super().validate(change)


class ThreadReplySerializer(ReplySerializer):
    """A reply to the newest received row of a thread; its text must have a visible character."""

    seen_id = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_ID,
        help_text="The greatest id of an interaction that was shown. An answer of the thread that was stored after it is a"
        " conflict (409). Without it nothing is compared.",
    )
    anyway = serializers.BooleanField(default=False, help_text="Whether to reply in spite of a newer answer.")


class AnsweredMeanwhileSerializer(ProblemSerializer):
    """The thread has a newer answer."""

    newer = InteractionSerializer()
