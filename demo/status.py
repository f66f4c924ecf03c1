"""Builds the object of GET demo/, for the API, the dashboard and the commands.

The number of queries is constant, for one user or for many.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, OuterRef
from django.utils.translation import gettext as _

from accounts.models import User
from demo.account_settings import SETTINGS
from demo.lifecycle.activation import account_or_default
from demo.lifecycle.scenarios import RunningScenario, running_by_account
from demo.models import DemoAccount, State, StoryEvent
from demo.progress import Progress, progress_by_account, stored_by_account
from demo.windows import WINDOW_KINDS, next_cleanup

UPCOMING_EVENTS = 10
ACCOUNTS_PER_QUERY = 500


def status_of(user: User, now: datetime) -> dict[str, Any]:
    """The object of GET /api/v1/demo/; for a user who never enabled, that of an account with the defaults, off."""
    return next(_statuses([account_or_default(user)], now))


def statuses(now: datetime) -> Iterator[dict[str, Any]]:
    """The same for every user with a demo account, in the order of the accounts, with the user name as `user`."""
    last = 0
    accounts = DemoAccount.objects.select_related("user").order_by("pk")
    while chunk := list(accounts.filter(pk__gt=last)[:ACCOUNTS_PER_QUERY]):
        for account, status in zip(chunk, _statuses(chunk, now), strict=True):
            yield {"user": account.user.username} | status
        last = chunk[-1].pk


def _statuses(accounts: list[DemoAccount], now: datetime) -> Iterator[dict[str, Any]]:
    progress = progress_by_account(accounts)
    rows = stored_by_account(accounts)
    events = upcoming_by_account(accounts)
    running = running_by_account(accounts)
    for account in accounts:
        pk = account.pk
        yield _status(account, now, progress[pk], rows[pk], events[pk], running[pk])


def _status(
    account: DemoAccount,
    now: datetime,
    progress: Progress,
    rows: dict[str, int],
    events: list[dict[str, Any]],
    running: list[RunningScenario],
) -> dict[str, Any]:
    return {
        "state": account.state,
        "resuming": account.is_resuming,
        "advancing": account.is_advancing,
        "seed": account.seed if account.pk else None,
        "enabled_at": account.user.demo_mode_enabled_at,
        "platforms": account.platforms,
        "niche": account.niche,
        "brand": account.brand,
        "products": account.products,
        "language": account.language,
        "settings": {name: getattr(account, name) for name in SETTINGS},
        "progress": asdict(progress),
        "stored": rows,
        "next_runs": {
            **{name: account.start_of_next(WINDOW_KINDS[name]) for name in sorted(WINDOW_KINDS)},
            "cleanup": None if account.state == State.OFF else next_cleanup(now),
        },
        "upcoming": events,
        "scenarios": [asdict(one) for one in running],
        "last_error": account.last_error or None,
        "notices": notices(account),
    }


def count_stored(account: DemoAccount) -> dict[str, int]:
    """How many posts, comments and messages of the demo the inbox shows."""
    return stored_by_account([account])[account.pk]


_UPCOMING_COLUMNS = {
    "due_at": "due_at",
    "type": "type",
    "platform": "profile__platform",
    "text": "payload__text",
    "origin": "origin",
}
_AUTHOR_COLUMNS = {"author_id": "payload__author__id", "profile_id": "profile__platform_id"}


def upcoming_events(account: DemoAccount) -> list[dict[str, Any]]:
    """The next undelivered events in order of time, none while off.

    Each has `due_at`, `type`, `platform`, `text` and `origin`, and the platform's ids of the author (`author_id`) and of the
    profile (`profile_id`).
    """
    return _upcoming([account], _UPCOMING_COLUMNS | _AUTHOR_COLUMNS)[account.pk]


def upcoming_by_account(accounts: Iterable[DemoAccount]) -> dict[int | None, list[dict[str, Any]]]:
    """The same without ids for each account, by its primary key, in one statement."""
    return _upcoming(accounts, _UPCOMING_COLUMNS)


def _upcoming(
    accounts: Iterable[DemoAccount], columns: dict[str, str]
) -> dict[int | None, list[dict[str, Any]]]:
    shown = StoryEvent.objects.undelivered_by_account_index().exclude(type=StoryEvent.Type.METRICS)
    first = shown.filter(account=OuterRef("pk")).order_by("due_at", "id")
    enabled = [account.pk for account in accounts if account.state != State.OFF]
    ids = DemoAccount.objects.filter(pk__in=enabled).values_list(
        Func(ArraySubquery(first.values("pk")[:UPCOMING_EVENTS]), function="unnest")
    )
    rows = StoryEvent.objects.filter(pk__in=ids).order_by("due_at", "id")
    events: dict[int | None, list[dict[str, Any]]] = {account.pk: [] for account in accounts}
    for account_id, *values in rows.values_list("account", *columns.values()):
        events[account_id].append(dict(zip(columns, values, strict=True)))
    return events


def notices(account: DemoAccount) -> list[str]:
    """Sentences about consequences of the chosen options that a user may not expect."""
    if account.has_messages or not account.platforms:
        return []
    return [_("None of the chosen platforms has direct messages, so the demo has none.")]
