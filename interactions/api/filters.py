"""Filters of the API's lists, named in their views; their form fields are stricter than django-filter's own."""

from datetime import datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from accounts.api.json_types import INTEGER
from accounts.models import Platform, Profile
from accounts.names import UnreadableName, normalize_name
from interactions.api.timestamps import INVALID_TIME, read_day_or_timestamp
from interactions.events import ID_LENGTH
from interactions.models import (
    LABEL_LENGTH,
    Content,
    Interaction,
    InteractionQuerySet,
    ReadStatus,
    Thread,
    ThreadQuerySet,
    ThreadStatus,
)
from interactions.models.choices import NEW, InteractionType, Sentiment
from interactions.search import (
    COMMON_SHARE,
    MAX_CONTAINS_BYTES,
    MAX_CONTAINS_ROWS,
    MAX_WORD_ROWS,
    SAMPLE,
)
from interactions.search_words import MAX_TEXT, MAX_WORDS
from interactions.text_search import MAX_SEARCH_LENGTH, ContainsText

BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class StrictTextField(forms.CharField):
    """A parameter that `read` converts; blanks are not stripped. None when it is left out."""

    error = ""  # shown when `read` fails

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, **options)

    def clean(self, value: str | None) -> Any:
        text = super().clean(value)
        try:
            return self.read(text) if text else None
        except (ValueError, OverflowError, KeyError) as error:
            raise forms.ValidationError(self.error) from error

    def read(self, text: str) -> Any:
        """Return the value of `text`; ValueError, OverflowError or KeyError when it has none."""
        raise NotImplementedError


class StrictIntegerField(StrictTextField):
    error = "Send a whole number of at most 20 plain digits, such as 7."

    def read(self, text: str) -> int:
        if not INTEGER.fullmatch(text):
            raise ValueError
        return int(text)


@extend_schema_field(OpenApiTypes.INT)
class IdFilter(django_filters.Filter):
    field_class = StrictIntegerField


class StrictBooleanField(StrictTextField):
    """Accepts true, false, 1 and 0, in upper or lower case."""

    error = "Send true or false."

    def read(self, text: str) -> bool:
        return BOOLEANS[text.lower()]


class StrictBooleanFilter(django_filters.BooleanFilter):
    field_class = StrictBooleanField


class DayOrTimestampField(StrictTextField):
    """A time in the form of an event's `occurred_at`, or a UTC day, which means its start."""

    error = INVALID_TIME

    def read(self, text: str) -> datetime:
        return read_day_or_timestamp(text)


class DayOrTimestampFilter(django_filters.IsoDateTimeFilter):
    field_class = DayOrTimestampField


class SearchField(forms.CharField):
    """Text to search for. A search costs the length of the texts times that of this text, so it is limited."""

    def clean(self, value) -> str:
        text = super().clean(value)
        if len(text) > MAX_SEARCH_LENGTH:
            raise forms.ValidationError(
                f"search must have at most {MAX_SEARCH_LENGTH} characters; it has {len(text)}."
            )
        return text


class TextFilter(django_filters.CharFilter):
    """A filter by a text of at most `max_length` characters, with `help_text` as its description in the schema."""

    max_length: int

    def __init__(self, *args: Any, help_text: str, **options: Any) -> None:
        super().__init__(*args, help_text=help_text, **options)
        schema = {"type": "string", "minLength": 1, "maxLength": self.max_length}
        extend_schema_field(schema | {"description": help_text})(self)  # which would leave the help text out


class SearchFilter(TextFilter):
    field_class, max_length = SearchField, MAX_SEARCH_LENGTH


class LabelField(forms.CharField):
    """The name of a label, normalized as when it was stored."""

    def clean(self, value) -> str | None:
        text = super().clean(value)
        try:
            return normalize_name(text, LABEL_LENGTH) if text else None
        except UnreadableName as error:
            raise forms.ValidationError(f"label {error}") from error


class LabelFilter(TextFilter):
    field_class, max_length = LabelField, LABEL_LENGTH


class AuthorField(StrictTextField):
    error = f"author must have at most {ID_LENGTH} characters."

    def read(self, text: str) -> str:
        if len(text) > ID_LENGTH:
            raise ValueError
        return text


class AuthorFilter(TextFilter):
    field_class, max_length = AuthorField, ID_LENGTH


class PeriodForm(forms.Form):
    """Refuses a period that ends before it begins."""

    first, last = "posted_after", "posted_before"

    def clean(self) -> None:
        after, before = self.cleaned_data.get(self.first), self.cleaned_data.get(self.last)
        if after and before and after >= before:
            self.add_error(self.first, f"{self.first} must be earlier than {self.last}.")


class ActivePeriodForm(PeriodForm):
    first, last = "active_after", "active_before"


class ContentFilter(django_filters.FilterSet):
    platform = django_filters.ChoiceFilter(method="filter_platform", choices=Platform.choices)
    posted_after = DayOrTimestampFilter(
        field_name="posted_at", lookup_expr="gte", help_text="Posted at this time or later."
    )
    posted_before = DayOrTimestampFilter(
        field_name="posted_at", lookup_expr="lt", help_text="Posted before this time."
    )
    search = SearchFilter(
        field_name="text",
        lookup_expr=ContainsText.lookup_name,
        help_text=f"Part of the text, in any case; at most {MAX_SEARCH_LENGTH} characters.",
    )
    profile = IdFilter(field_name="profile_id")
    is_demo = StrictBooleanFilter()

    class Meta:
        model = Content
        form = PeriodForm
        fields = ["platform", "profile", "is_demo"]

    def filter_platform(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """Filter by the ids of the user's profiles on that platform: a join would make `page_for` read other profiles."""
        profiles = Profile.objects.owned_by(self.request.user).filter(platform=value)
        return rows.filter(profile__in=list(profiles.values_list("pk", flat=True)))


class InteractionFilter(ContentFilter):
    content = IdFilter(field_name="content_id")
    author = AuthorFilter(
        method="filter_author",
        help_text="The id of an author on their platform; of the brand for what it sent.",
    )
    status = django_filters.ChoiceFilter(
        method="filter_status", choices=[*ReadStatus.choices, (NEW, ReadStatus.OPEN.label)]
    )
    search = SearchFilter(
        method="filter_search",
        help_text=(
            f"At most {MAX_SEARCH_LENGTH} characters. Finds beginnings of words of the text and the author, all the words in any"
            f" order, in any case and without accents: in all rows if one of the words is rare (at most {MAX_WORD_ROWS:,} rows, and"
            f" {COMMON_SHARE:.0%} of the newest {SAMPLE:,}, have it), else in the newest {MAX_WORD_ROWS:,} rows. Also finds any part"
            f" of a text, such as an emoji or the middle of a word, in the newest {MAX_CONTAINS_ROWS:,} rows, as far as their texts"
            f" have together at most {MAX_CONTAINS_BYTES // 2**20} MiB. Words of new and edited rows are found within about half a"
            " minute. Not covered: words in the middle of scripts without spaces, such as Japanese, in older rows; words after the"
            f" first {MAX_TEXT:,} characters or {MAX_WORDS:,} different words of a text."
        ),
    )

    class Meta(ContentFilter.Meta):
        model = Interaction
        fields = ["type", "platform", "profile", "content", "status", "direction", "is_demo", "sentiment"]

    def filter_author(self, rows: InteractionQuerySet, name: str, value: str) -> QuerySet:
        """Filter by the author along the index of authors."""
        return rows.by_author(value)

    def filter_status(self, rows: InteractionQuerySet, name: str, value: str) -> QuerySet:
        """Filter by the status that reads show."""
        return rows.with_status(ReadStatus.OPEN if value == NEW else value)

    def filter_search(self, rows: InteractionQuerySet, name: str, value: str) -> InteractionQuerySet:
        return rows.matching(value)


class ThreadFilterSet(django_filters.FilterSet):
    """The names of ThreadFilters, whose list `ThreadQuerySet.page_for` reads."""

    kind = django_filters.ChoiceFilter(choices=InteractionType.choices)
    platform = django_filters.ChoiceFilter(choices=Platform.choices)
    profile = IdFilter()
    content = IdFilter()
    status = django_filters.ChoiceFilter(choices=[*ThreadStatus.choices, (NEW, ThreadStatus.OPEN.label)])
    unread = StrictBooleanFilter()
    sentiment = django_filters.ChoiceFilter(
        choices=Sentiment.choices, help_text="Of the newest received row."
    )
    label = LabelFilter(help_text="The name of a label, in upper or lower case.")
    is_demo = StrictBooleanFilter()
    search = SearchFilter(
        help_text=f"At most {MAX_SEARCH_LENGTH} characters. Finds threads by their interactions, as the list of interactions"
        " does."
    )
    active_after = DayOrTimestampFilter(help_text="Active at this time or later.")
    active_before = DayOrTimestampFilter(help_text="Active before this time.")

    class Meta:
        model = Thread
        form = ActivePeriodForm
        fields: list[str] = []

    def filter_queryset(self, rows: ThreadQuerySet) -> ThreadQuerySet:
        chosen = {name: value for name, value in self.form.cleaned_data.items() if value not in (None, "")}
        if chosen.get("status") == NEW:
            chosen["status"] = ThreadStatus.OPEN
        return rows.filtered(**chosen)
