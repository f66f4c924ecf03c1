"""Filters of the lists."""

from datetime import UTC, datetime

import django_filters
from django import forms
from django.db.models import QuerySet

from accounts.models import Platform, Profile
from interactions.models import Content, Interaction
from interactions.words import LONGEST_SEARCH, HasWords


class IdFilter(django_filters.NumberFilter):
    """A whole number."""

    field_class = forms.IntegerField


class FlagField(forms.CharField):
    """True or false, and nothing that might be taken for either."""

    def clean(self, value) -> bool | None:
        text = super().clean(value).lower()
        if text not in ("", "true", "false", "1", "0"):
            raise forms.ValidationError("Send true or false.")
        return text in ("true", "1") if text else None


class FlagFilter(django_filters.BooleanFilter):
    field_class = FlagField


class MomentField(django_filters.fields.IsoDateTimeField):
    """An ISO 8601 time in any offset; PostgreSQL refuses some that Python takes, so it goes there in UTC."""

    def clean(self, value) -> datetime | None:
        moment = super().clean(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError as error:
            raise forms.ValidationError(self.error_messages["invalid"]) from error


class MomentFilter(django_filters.IsoDateTimeFilter):
    field_class = MomentField


class WordsField(forms.CharField):
    """Words to look for in texts. Looking costs the length of the texts times that of the words, so these are bounded."""

    def clean(self, value) -> str:
        words = super().clean(value)
        if len(words) > LONGEST_SEARCH:
            raise forms.ValidationError(
                f"search must have at most {LONGEST_SEARCH} characters; it has {len(words)}."
            )
        return words


class WordsFilter(django_filters.CharFilter):
    field_class = WordsField


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
        help_text=f"Part of the text, in any case; at most {LONGEST_SEARCH} characters.",
    )
    profile = IdFilter(field_name="profile_id")
    is_demo = FlagFilter()

    class Meta:
        model = Content
        fields = ["platform", "profile", "is_demo"]

    def on_platform(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """By the ids of the user's profiles there: a join would make `nearest` read the profiles elsewhere too."""
        profiles = Profile.objects.owned_by(self.request.user).filter(platform=value)
        return rows.filter(profile__in=list(profiles.values_list("pk", flat=True)))


class InteractionFilter(ContentFilter):
    content = IdFilter(field_name="content_id")

    class Meta:
        model = Interaction
        fields = ["type", "platform", "profile", "content", "status", "direction", "is_demo", "sentiment"]
