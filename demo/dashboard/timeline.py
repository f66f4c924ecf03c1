"""What happens next in a demo: planned events, the starts of its windows and the next cleanup, by day. Called by the panel."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from demo import simulator
from demo.dashboard.schedule import join_with_and, window_text
from demo.models import COUNTED_TYPE_NAMES, DemoAccount, State
from demo.status import UPCOMING_EVENTS, upcoming_events
from demo.windows import CONTENT_WINDOWS, INTERACTION_WINDOWS, WINDOW_KINDS, next_cleanup
from interactions import ages


@dataclass(frozen=True)
class Entry:
    """One line of the timeline. `kind` is a name of COUNTED_TYPES, "more", "window" or "cleanup"."""

    at: datetime
    kind: str
    text: str
    platform: str = ""
    scenario: str = ""
    is_own: bool = False  # written by the brand itself


@dataclass(frozen=True)
class Day:
    """The entries of a day in the user's zone."""

    label: str
    entries: list[Entry]


def timeline(account: DemoAccount, now: datetime) -> list[Day]:
    """The next entries by day, the earliest first. Of a paused demo: when they come if it is resumed at `now`."""
    entries = [_planned(event) for event in upcoming_events(account)]
    if len(entries) == UPCOMING_EVENTS:
        entries.append(Entry(entries[-1].at, "more", _("More follow after these.")))
    if account.state == State.PAUSED:
        pause = now - account.paused_at
        entries = [replace(entry, at=entry.at + pause) for entry in entries]
    elif account.state == State.ACTIVE:
        entries += [*_windows(account), _cleanup(account, now)]
    return _by_day(sorted(entries, key=lambda entry: entry.at), now)


def _by_day(entries: Iterable[Entry], now: datetime) -> list[Day]:
    today = timezone.localtime(now)
    groups = [list(group) for _day, group in groupby(entries, lambda entry: timezone.localdate(entry.at))]
    return [Day(ages.day(timezone.localtime(group[0].at), today), group) for group in groups]


def _planned(event: dict[str, Any]) -> Entry:
    plan = simulator.SCENARIO_PLANS.get(event["origin"])
    kind = COUNTED_TYPE_NAMES[event["type"]]
    scenario = _(plan.label) if plan else ""
    is_own = event["author_id"] == event["profile_id"]
    return Entry(event["due_at"], kind, event["text"] or "", event["platform"], scenario, is_own)


def _windows(account: DemoAccount) -> list[Entry]:
    """The next window of each kind that brings anything."""
    texts = ((kind, window_text(account, kind)) for kind in WINDOW_KINDS.values())
    return [Entry(account.start_of_next(kind), "window", text) for kind, text in texts if text]


def _cleanup(account: DemoAccount, now: datetime) -> Entry:
    days = account.retention_days
    text = ngettext("Data older than %(days)d day expires", "Data older than %(days)d days expires", days)
    return Entry(next_cleanup(now), "cleanup", text % {"days": days})


def first_arrivals_text(account: DemoAccount, now: datetime) -> str:
    """When rows begin to arrive, for a demo of which no window has opened yet and that has quotas; else ""."""
    opened = any(getattr(account, kind.ordinal_column) for kind in WINDOW_KINDS.values())
    if account.state != State.ACTIVE or opened or account.next_window_start <= now:
        return ""
    names = {"comments_per_window": _("comments"), "messages_per_window": _("messages")}
    rows = join_with_and(
        [names[name] for name, count in account.quotas(INTERACTION_WINDOWS).items() if count]
    )
    times = {
        "rows": rows,
        "rows_begin": _moment(account.start_of_next(INTERACTION_WINDOWS), now),
        "posts_begin": _moment(account.start_of_next(CONTENT_WINDOWS), now),
    }
    if rows and account.content_per_day:
        return _("New %(rows)s begin %(rows_begin)s, posts %(posts_begin)s.") % times
    if rows:
        return _("New %(rows)s begin %(rows_begin)s.") % times
    return _("New posts begin %(posts_begin)s.") % times if account.content_per_day else ""


def _moment(at: datetime, now: datetime) -> str:
    return ages.moment(timezone.localtime(at), timezone.localtime(now))
