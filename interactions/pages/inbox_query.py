"""What the inbox shows, read from its address. Called by the inbox's views and templates.

The parameters are the filters of `GET threads/`; without `status` the inbox shows open threads, with `all` those of every status.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from accounts.time_zones import start_of
from interactions.api.filters import ThreadFilterSet
from interactions.api.timestamps import is_day
from interactions.models import Thread
from interactions.models.choices import NEW, InteractionType, ThreadStatus
from interactions.pages.filter_problems import FilterProblem, filter_problems

PAGES: Mapping[str, str | None] = {  # URL names with the kind of threads that they show
    "inbox": None,
    "comments": InteractionType.COMMENT,
    "messages": InteractionType.MESSAGE,
}
ALL = "all"
TABS = (ThreadStatus.OPEN, ThreadStatus.SNOOZED, ThreadStatus.DONE, ALL)
NAMES = tuple(ThreadFilterSet.base_filters)
DAYS = ("active_after", "active_before")


@dataclass(frozen=True)
class InboxQuery:
    """The page and the parameters of its address that are not empty; unknown ones are left out."""

    page: str
    parameters: Mapping[str, str]

    @classmethod
    def from_request(cls, request: HttpRequest, page: str) -> "InboxQuery":
        return cls.from_parameters(page, request.GET)

    @classmethod
    def from_parameters(cls, page: str, query: QueryDict) -> "InboxQuery":
        names = [name for name in NAMES if name != "kind" or PAGES[page] is None]
        found = {name: query[name] for name in names if query.get(name)}
        if found.get("status") == NEW:
            found["status"] = ThreadStatus.OPEN
        return cls(page, found)

    @property
    def status(self) -> str:
        """The status that is shown, or "all"."""
        return self.parameters.get("status", ThreadStatus.OPEN)

    @property
    def filters_beside_status(self) -> dict[str, str]:
        """The filters beside the status, which the tabs choose."""
        return {name: value for name, value in self.parameters.items() if name != "status"}

    @property
    def query_string(self) -> str:
        """The parameters as they stand in an address, without the question mark."""
        return urlencode(self.parameters)

    @property
    def address(self) -> str:
        return self._address(self.page)

    def thread_address(self, id: int) -> str:
        """Return the address of the page with the thread open."""
        return self._address("inbox-thread", page=self.page, id=id)

    def with_status(self, status: str) -> "InboxQuery":
        """Return the same query of another tab."""
        chosen = (
            self.filters_beside_status
            if status == ThreadStatus.OPEN
            else self.filters_beside_status | {"status": status}
        )
        return InboxQuery(self.page, chosen)

    def without(self, name: str) -> "InboxQuery":
        return InboxQuery(self.page, {one: value for one, value in self.parameters.items() if one != name})

    def cleared(self) -> "InboxQuery":
        """Return the tab without filters."""
        return InboxQuery(self.page, {}).with_status(self.status)

    @cached_property
    def form(self) -> Any:
        """The bound form of the filters, with kind and status of the page."""
        data = dict(self.parameters)
        if data.get("status") == ALL:
            del data["status"]
        elif "status" not in data:
            data["status"] = ThreadStatus.OPEN
        if kind := PAGES[self.page]:
            data["kind"] = kind
        return ThreadFilterSet(data, queryset=Thread.objects.none()).form

    @property
    def errors(self) -> list[FilterProblem]:
        """What is wrong with invalid parameters."""
        return filter_problems(self.form)

    def filters(self) -> dict[str, Any]:
        """Return the arguments of `ThreadQuerySet.filtered`; the query must have no errors.

        A day is one of the user's zone, in which the page shows times; that of the API is a day in UTC.
        """
        if self.errors:
            raise ValueError("The query has errors; show them.")
        days = {
            name: start_of(date.fromisoformat(self.parameters[name]))
            for name in DAYS
            if is_day(self.parameters.get(name, ""))
        }
        found = {name: value for name, value in self.form.cleaned_data.items() if value not in (None, "")}
        return found | days

    def _address(self, name: str, **named: Any) -> str:
        address = reverse(name, kwargs=named)
        return f"{address}?{self.query_string}" if self.parameters else address
