"""Serializers of bulk changes: the body of the request, its result, and the jobs."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from accounts.api.strict_input import EMPTY_ERROR, StrictSerializer
from accounts.models import Platform
from interactions.api import examples
from interactions.api.filters import ThreadFilterSet
from interactions.api.thread_serializers import MAX_ID, LabelsField, StatusChangeSerializer, TimestampField
from interactions.models import MAX_LABELS_OF_THREAD, BulkJob, Thread
from interactions.models.choices import NEW, InteractionType, Sentiment, ThreadStatus
from interactions.models.thread_lists import ThreadFilters
from interactions.problems import ProblemSerializer
from interactions.text_search import MAX_SEARCH_LENGTH
from interactions.threads.bulk import LABEL_ACTIONS, MAX_THREADS, BulkChange
from interactions.threads.bulk_jobs import MAX_IN_REQUEST

MAX_MISSING = 100  # ids in one answer


class FilterTextField(serializers.CharField):
    """The text of a filter, which ThreadFilterSet checks; the schema has its `choices`."""

    def __init__(self, choices: Sequence[str] = (), **options: Any) -> None:
        super().__init__(required=False, trim_whitespace=False, allow_blank=True, **options)
        if choices:
            extend_schema_field({"type": "string", "enum": list(choices)})(self)


class ThreadFilterSerializer(StrictSerializer):
    """The filters of `GET threads/`, each with the same meaning; {} selects all threads."""

    kind = FilterTextField(InteractionType.values)
    platform = FilterTextField(Platform.values)
    profile = serializers.IntegerField(required=False)
    content = serializers.IntegerField(required=False)
    status = FilterTextField([*ThreadStatus.values, NEW])
    unread = serializers.BooleanField(required=False)
    sentiment = FilterTextField(Sentiment.values)
    label = FilterTextField(help_text="The name of a label, in upper or lower case.")
    is_demo = serializers.BooleanField(required=False)
    search = FilterTextField(help_text=f"At most {MAX_SEARCH_LENGTH} characters.")
    active_after = FilterTextField(help_text="A time or a UTC day: active at this time or later.")
    active_before = FilterTextField(help_text="A time or a UTC day: active before this time.")

    def validate(self, sent: dict[str, Any]) -> ThreadFilters:
        texts = {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in sent.items()
        }
        if empty := [name for name, text in texts.items() if not text.strip()]:
            raise serializers.ValidationError({name: [EMPTY_ERROR.format(name)] for name in empty})
        filters = ThreadFilterSet(texts, Thread.objects.all())
        if not filters.form.is_valid():
            raise serializers.ValidationError(filters.form.errors)
        return filters.qs.filters


class BulkChangeSerializer(StatusChangeSerializer):
    """What to change, at least one of these; only what is sent changes. At most one of the three with labels."""

    labels = LabelsField(required=False, help_text="All labels of the threads.")
    add_labels = LabelsField(
        required=False,
        min_length=1,
        help_text=f"A thread that would have more than {MAX_LABELS_OF_THREAD} labels is left as it is.",
    )
    remove_labels = LabelsField(required=False, min_length=1)

    def validate(self, change: dict[str, Any]) -> BulkChange:
        if not change:
            names = [name for name in self.fields if name != "snoozed_until"]  # which needs a status
            raise serializers.ValidationError(f"Send at least one of {', '.join(names)}.")
        if len(change.keys() & LABEL_ACTIONS) > 1:
            raise serializers.ValidationError(f"Send only one of {', '.join(LABEL_ACTIONS)}.")
        return BulkChange.of(super().validate(change))


class BulkSerializer(StrictSerializer):
    """Which threads to change, by exactly one of `ids` and `filter`, and what to change of them."""

    ids = serializers.ListField(
        required=False,
        min_length=1,
        max_length=MAX_THREADS,
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID),
        help_text="Ids of threads. If one is not that of a thread of yours, nothing changes (404).",
    )
    filter = ThreadFilterSerializer(required=False)
    until = TimestampField(
        required=False,
        help_text="When the list was read that the choice was made from: threads that were active later, or of which"
        " a received row arrived later, are left as they are. The time of the request, if it is missing.",
    )
    set = BulkChangeSerializer()

    def validate(self, body: dict[str, Any]) -> dict[str, Any]:
        if ("ids" in body) == ("filter" in body):
            raise serializers.ValidationError("Send either ids or filter.")
        return body


class BulkResultSerializer(serializers.Serializer):
    """A change that was made at once."""

    changed = serializers.IntegerField(help_text="How many threads were changed; others were so already.")
    left = serializers.IntegerField(
        help_text=f"0: more than {MAX_IN_REQUEST:,} threads by a filter are changed by a job, which has its own `left`."
    )


@extend_schema_serializer(examples=examples.BULK_JOB)
class BulkJobSerializer(serializers.ModelSerializer):
    """A change by filter of more threads than a request changes, which a worker makes."""

    filter = ThreadFilterSerializer(source="filters", read_only=True)
    set = BulkChangeSerializer(source="change", read_only=True)

    class Meta:
        model = BulkJob
        fields = [
            *["id", "state", "changed", "left", "error", "filter", "set", "until", "created_at", "updated_at"]
        ]
        read_only_fields = fields
        extra_kwargs = {
            "changed": {"help_text": f"How many threads were changed so far, at most {MAX_THREADS:,}."},
            "left": {"help_text": "How many threads match and are not changed."},
            "error": {"help_text": "A sentence, if the job has failed."},
            "updated_at": {"help_text": "The time of the last progress, then of the end."},
        }


class UnknownThreadsSerializer(ProblemSerializer):
    """Some of the ids are not those of your threads."""

    missing = serializers.ListField(
        child=serializers.IntegerField(),
        help_text=f"The first {MAX_MISSING} of these ids, in ascending order.",
    )
