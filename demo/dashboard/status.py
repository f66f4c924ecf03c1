"""The demo of one user as the API, the pages and the commands show it."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, OuterRef

from accounts.models import User
from demo.account_settings import SETTINGS
from demo.dashboard.progress import Progress, progress_by_account, stored_by_account
from demo.lifecycle.scenarios import Running, running_by_account
from demo.models import DemoAccount, State, StoryEvent
from demo.windows import WINDOW_KINDS, next_cleanup

UPCOMING = 10
ACCOUNTS_PER_QUERY = 500


def status_of(user: User, now: datetime) -> dict[str, Any]:
    """The object of GET /api/v1/demo/; for a user who never enabled, that of an account with the defaults, off."""
    return next(_statuses([shown_account(user)], now))


def statuses(now: datetime) -> Iterator[dict[str, Any]]:
    """The same of every user who has a demo account, in order of the accounts, with the name as `user`.

    Accounts are read in chunks, each with a constant number of statements.
    """
    last = 0
    while chunk := list(
        DemoAccount.objects.select_related("user").filter(pk__gt=last).order_by("pk")[:ACCOUNTS_PER_QUERY]
    ):
        for account, status in zip(chunk, _statuses(chunk, now), strict=True):
            yield {"user": account.user.username} | status
        last = chunk[-1].pk


def _statuses(accounts: list[DemoAccount], now: datetime) -> Iterator[dict[str, Any]]:
    progress, rows = progress_by_account(accounts), stored_by_account(accounts)
    coming, running = upcoming_by_account(accounts), running_by_account(accounts)
    for account in accounts:
        yield _status(
            account, now, progress[account.pk], rows[account.pk], coming[account.pk], running[account.pk]
        )


def _status(
    account: DemoAccount,
    now: datetime,
    progress: Progress,
    rows: dict[str, int],
    coming: list[dict[str, Any]],
    running: list[Running],
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
            **{name: account.start_of_next(kind) for name, kind in WINDOW_KINDS.items()},
            "cleanup": None if account.state == State.OFF else next_cleanup(now),
        },
        "upcoming": coming,
        "scenarios": [asdict(one) for one in running],
        "last_error": account.last_error or None,
        "notices": notices(account),
    }


def shown_account(user: User) -> DemoAccount:
    """The user's account, or one with the defaults that is not stored."""
    accounts = DemoAccount.objects.select_related("user")
    return accounts.filter(user=user).first() or DemoAccount(user=user, seed=0)


def stored(account: DemoAccount) -> dict[str, int]:
    """How many pieces, comments and messages of the demo the inbox shows."""
    return stored_by_account([account])[account.pk]


def upcoming(account: DemoAccount) -> list[dict[str, Any]]:
    """The next undelivered events in order of time: `due_at`, `type`, `platform`, `text` and `origin`; none while off."""
    return upcoming_by_account([account])[account.pk]


def upcoming_by_account(accounts: Iterable[DemoAccount]) -> dict[int | None, list[dict[str, Any]]]:
    """The same of each account by its primary key, in one statement."""
    told = StoryEvent.objects.undelivered_by_account().exclude(type=StoryEvent.Type.METRICS)
    first = told.filter(account=OuterRef("pk")).order_by("due_at", "id")
    on = [account.pk for account in accounts if account.state != State.OFF]
    heads = DemoAccount.objects.filter(pk__in=on).values_list(
        Func(ArraySubquery(first.values("pk")[:UPCOMING]), function="unnest")
    )
    rows = StoryEvent.objects.filter(pk__in=heads).order_by("due_at", "id")
    coming: dict[int | None, list[dict[str, Any]]] = {account.pk: [] for account in accounts}
    columns = {"due_at": "due_at", "type": "type", "platform": "profile__platform", "text": "payload__text"}
    columns["origin"] = "origin"
    for owner, *row in rows.values_list("account", *columns.values()):
        coming[owner].append(dict(zip(columns, row, strict=True)))
    return coming


def notices(account: DemoAccount) -> list[str]:
    """What the user should know about the chosen settings."""
    if account.has_messages or not account.platforms:
        return []
    return ["None of the chosen platforms has direct messages, so the demo brings none."]
