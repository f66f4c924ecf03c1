"""Filters of the lists."""

from datetime import datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from accounts.api.json_types import WHOLE
from accounts.models import Platform, Profile
from interactions.api.timestamps import read_day_or_moment
from interactions.models import Content, Interaction
from interactions.text_search import MAX_SEARCH_LENGTH, HasWords

FLAGS = {"true": True, "1": True, "false": False, "0": False}


class ExactField(forms.CharField):
    """Text of a query, of which `read` makes a value; blanks around it are part of it. None where it is left out."""

    sentence = ""  # for what cannot be read

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, **options)

    def clean(self, value: str | None) -> Any:
        text = super().clean(value)
        try:
            return self.read(text) if text else None
        except (ValueError, OverflowError, KeyError) as error:
            raise forms.ValidationError(self.sentence) from error

    def read(self, text: str) -> Any:
        """Return the value; ValueError, OverflowError or KeyError when `text` has none."""
        raise NotImplementedError


class WholeField(ExactField):
    sentence = "Send a whole number of at most 20 plain digits, such as 7."

    def read(self, text: str) -> int:
        if not WHOLE.fullmatch(text):
            raise ValueError
        return int(text)


@extend_schema_field(OpenApiTypes.INT)
class IdFilter(django_filters.Filter):
    field_class = WholeField


class FlagField(ExactField):
    """True or false, in small letters or not, 1 or 0, and nothing else that might be taken for either."""

    sentence = "Send true or false."

    def read(self, text: str) -> bool:
        return FLAGS[text.lower()]


class FlagFilter(django_filters.BooleanFilter):
    field_class = FlagField


class MomentField(ExactField):
    """A time as an event's `occurred_at`, or the start of a UTC day."""

    sentence = (
        "Send a day such as 2026-01-31 or a time with an offset such as 2026-01-31T12:00:00Z;"
        " a + in an address must be encoded."
    )

    def read(self, text: str) -> datetime:
        return read_day_or_moment(text)


class MomentFilter(django_filters.IsoDateTimeFilter):
    field_class = MomentField


class WordsField(forms.CharField):
    """Words to look for in texts. Looking costs the length of the texts times that of the words, so these are bounded."""

    def clean(self, value) -> str:
        words = super().clean(value)
        if len(words) > MAX_SEARCH_LENGTH:
            raise forms.ValidationError(
                f"search must have at most {MAX_SEARCH_LENGTH} characters; it has {len(words)}."
            )
        return words


@extend_schema_field({"type": "string", "minLength": 1, "maxLength": MAX_SEARCH_LENGTH})
class WordsFilter(django_filters.CharFilter):
    field_class = WordsField


class PeriodForm(forms.Form):
    def clean(self) -> None:
        after, before = (self.cleaned_data.get(name) for name in ("posted_after", "posted_before"))
        if after and before and after >= before:
            self.add_error("posted_after", "posted_after must be earlier than posted_before.")


class ContentFilter(django_filters.FilterSet):
    platform = django_filters.ChoiceFilter(method="on_platform", choices=Platform.choices)
    posted_after = MomentFilter(
        field_name="posted_at", lookup_expr="gte", help_text="Posted at this time or later."
    )
    posted_before = MomentFilter(
        field_name="posted_at", lookup_expr="lt", help_text="Posted before this time."
    )
    search = WordsFilter(
        field_name="text",
        lookup_expr=HasWords.lookup_name,
        help_text=f"Part of the text, in any case; at most {MAX_SEARCH_LENGTH} characters.",
    )
    profile = IdFilter(field_name="profile_id")
    is_demo = FlagFilter()

    class Meta:
        model = Content
        form = PeriodForm
        fields = ["platform", "profile", "is_demo"]

    def on_platform(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """By the ids of the user's profiles there: a join would make `nearest` read the profiles elsewhere too."""
        profiles = Profile.objects.owned_by(self.request.user).filter(platform=value)
        return rows.filter(profile__in=list(profiles.values_list("pk", flat=True)))


class InteractionFilter(ContentFilter):
    content = IdFilter(field_name="content_id")

    class Meta(ContentFilter.Meta):
        model = Interaction
        fields = ["type", "platform", "profile", "content", "status", "direction", "is_demo", "sentiment"]
