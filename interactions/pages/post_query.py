"""What the list of posts shows, read from its address. Called by the views and templates of posts.

The filters are those of `GET content/`, but for the days: they are the user's, and `until` is the last day that is shown.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import django_filters
from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.time_zones import start_of
from interactions.api.filters import ContentFilter, StrictTextField
from interactions.cursors import Cursor
from interactions.models import Content
from interactions.models.rows import PlatformRowQuerySet
from interactions.pages.filter_problems import FilterProblem, filter_problems

DAY = timedelta(days=1)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class DayField(StrictTextField):
    """A day of the user's zone; its value is the day's start."""

    error = gettext_lazy("Give a day such as 2026-01-31.")
    days_later = 0

    def read(self, text: str) -> datetime:
        if not _DAY.fullmatch(text):
            raise ValueError
        return start_of(date.fromisoformat(text) + self.days_later * DAY).astimezone(UTC)


class LastDayField(DayField):
    """A day of the user's zone; its value is the start of the next day."""

    days_later = 1


class DayFilter(django_filters.Filter):
    field_class = DayField


class LastDayFilter(django_filters.Filter):
    field_class = LastDayField


class PeriodForm(forms.Form):
    """Refuses a period that ends before it begins."""

    def clean(self) -> None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since >= until:
            self.add_error("since", _("The first day must not be after the last one."))


class PostFilterSet(ContentFilter):
    """The filters of the page."""

    is_demo = posted_after = posted_before = None
    since = DayFilter(field_name="posted_at", lookup_expr="gte")
    until = LastDayFilter(field_name="posted_at", lookup_expr="lt")

    class Meta:
        model = Content
        form = PeriodForm
        fields = ["platform", "profile"]


NAMES = tuple(PostFilterSet.base_filters)


@dataclass(frozen=True)
class PostQuery:
    """The parameters of the page's address that are not empty; unknown ones are left out."""

    request: HttpRequest
    parameters: Mapping[str, str]

    @classmethod
    def from_request(cls, request: HttpRequest) -> "PostQuery":
        return cls(request, {name: request.GET[name] for name in NAMES if request.GET.get(name)})

    @property
    def address(self) -> str:
        return f"{reverse('content')}?{self.query_string}" if self.parameters else reverse("content")

    @property
    def query_string(self) -> str:
        """The parameters as they stand in an address, without the question mark."""
        return urlencode(self.parameters)

    def at(self, cursor: Cursor | None) -> str | None:
        """Return the address of the page at the cursor; None without one."""
        return cursor and f"{reverse('content')}?{urlencode({**self.parameters, 'cursor': str(cursor)})}"

    def having(self, **chosen: str) -> "PostQuery":
        """Return the same query with other values of these filters; "" leaves one out."""
        parameters = {name: value for name, value in (self.parameters | chosen).items() if value}
        return PostQuery(self.request, parameters)

    @property
    def errors(self) -> list[FilterProblem]:
        """What is wrong with invalid parameters."""
        return filter_problems(self._filters.form)

    def rows(self) -> PlatformRowQuerySet:
        """Return the user's posts that match; the query must have no errors."""
        return self._filters.qs

    @cached_property
    def _filters(self) -> Any:
        rows = Content.objects.visible_to(self.request.user)
        return PostFilterSet(self.parameters, queryset=rows, request=self.request)
