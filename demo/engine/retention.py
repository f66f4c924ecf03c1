"""Demo data has an age limit: what is older is hidden, may be brought back for a week, and then goes for good.

Live data is not even looked at.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Self

from django.db import OperationalError, transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT

from accounts.plurals import join_counts, pluralize
from demo.engine.bulk import Change, change_in_batches, delete_in_batches
from demo.engine.planning import plan_account
from demo.exceptions import InvalidState
from demo.models import DemoAccount, State, StoryEvent
from interactions.db_errors import is_connection_lost
from interactions.expiry import without_pending_replay
from interactions.models import Content, DeadLetter, Interaction, PendingChange

logger = logging.getLogger(__name__)

Take = Callable[..., int]  # does something to rows and says how many there were

LIVING = (State.ENABLING, State.FAILED, State.ACTIVE, State.PAUSED)
GRACE = timedelta(days=7)  # from being hidden to being purged,
LATE = timedelta(hours=1)  # less what the weekly run may have been late by

WORDS = {  # for one and for more
    "content": ("piece of content", "pieces of content"),
    "comments": ("comment", "comments"),
    "messages": ("message", "messages"),
    "story": ("event of the story", "events of the story"),
    "dead_letters": ("dead letter", "dead letters"),
    "pending_changes": ("waiting change", "waiting changes"),
}


class Counts:
    """Mixed into a dataclass of numbers, which are added one by one."""

    def __add__(self, other: Self) -> Self:
        return type(self)(**{name: count + getattr(other, name) for name, count in asdict(self).items()})


@dataclass(frozen=True)
class CleanupResult(Counts):
    """What was hidden for its age, or would be (dead letters and waiting changes go for good), and how many accounts failed.

    `purged` counts rows that were hidden a week before and went for good.
    """

    content: int = 0
    comments: int = 0
    messages: int = 0
    story: int = 0
    dead_letters: int = 0
    pending_changes: int = 0
    purged: int = 0
    failed: int = 0

    def __str__(self) -> str:
        aged = {name: count for name, count in asdict(self).items() if name not in ("purged", "failed")}
        purged = f"; purged of what was hidden before: {pluralize(self.purged, 'row')}" if self.purged else ""
        return _counted(aged) + purged


@dataclass(frozen=True)
class RestoreResult(Counts):
    """What is shown again; and events of the story, which later windows look back on again."""

    content: int = 0
    comments: int = 0
    messages: int = 0
    story: int = 0

    def __str__(self) -> str:
        return _counted(asdict(self))


def _counted(counts: dict[str, int]) -> str:
    return join_counts((count, *WORDS[name]) for name, count in counts.items())


def clean_up(
    now: datetime,
    *,
    older_than_days: int | None = None,
    dry_run: bool = False,
    accounts: Iterable[int] | None = None,
) -> CleanupResult:
    """Hide what is older than each account's retention, or than `older_than_days`, and purge what was hidden a week ago.

    Of all accounts, or of those given by id; returns the counts per kind. `restore` brings back what is hidden.

    Age is counted from `posted_at`. A piece or a comment stays while something younger hangs on it. Windows already
    open are planned first, so that nothing they look back on goes. An account that fails does not hold up the others.
    """
    total = CleanupResult()
    living = DemoAccount.objects.filter(state__in=LIVING)
    chosen = living if accounts is None else living.filter(pk__in=accounts)
    for id in chosen.order_by("id").values_list("pk", flat=True):
        try:
            total += _clean_account(id, now, older_than_days, dry_run)
        except Exception as error:
            if is_connection_lost(error):
                raise
            logger.exception("Account %d could not be cleaned up", id)
            total += CleanupResult(failed=1)
    return total


def _clean_account(account_id: int, now: datetime, days: int | None, dry_run: bool) -> CleanupResult:
    if not dry_run:
        plan_account(account_id, now)
        return _age(account_id, now, days, _hide, delete_in_batches)
    with transaction.atomic():
        plan_account(account_id, now)
        counted = _age(account_id, now, days, _count, _count)
        transaction.set_rollback(True)
    return counted


def _age(account_id: int, now: datetime, days: int | None, hide: Take, delete: Take) -> CleanupResult:
    account = DemoAccount.objects.filter(pk=account_id, state__in=LIVING).first()
    if account is None:  # switched off meanwhile
        return CleanupResult()
    cutoff = now - (account.retention if days is None else timedelta(days=days))
    profiles = list(account.profiles.values_list("pk", flat=True))
    rows = expired(account, profiles, cutoff)
    received_before = {"profile__in": profiles, "is_demo": True, "received_at__lt": cutoff}
    purged = {"expired_at__lte": now - GRACE + LATE}
    return CleanupResult(  # purged first, so that hiding does not walk over what goes
        purged=sum(delete(hidden.filter(**purged), locked) for hidden, locked in _hidden(account, profiles)),
        story=hide(_forgotten(account, profiles, cutoff), [], now),
        comments=hide(rows["comments"], profiles, now),
        messages=hide(rows["messages"], profiles, now),
        content=hide(rows["content"], profiles, now),
        dead_letters=delete(
            DeadLetter.objects.filter(without_pending_replay(cutoff), **received_before), profiles
        ),
        pending_changes=delete(PendingChange.objects.filter(**received_before), profiles),
    )


def restore(account: DemoAccount) -> RestoreResult:
    """Show again what cleanup has hidden of the account and not purged yet; what its platform deleted stays deleted.

    Raises InvalidState while the demo is off or being removed, and while somebody holds it.
    """
    state = DemoAccount.objects.filter(pk=account.pk).values_list("state", flat=True).first() or State.OFF
    if state not in LIVING:
        raise InvalidState(f"Demo mode is {state}; nothing of it can be restored.")
    profiles = list(account.profiles.values_list("pk", flat=True))
    try:
        story, comments, messages, content = (_show(*hidden) for hidden in _hidden(account, profiles))
    except OperationalError as error:
        if is_connection_lost(error):
            raise
        raise InvalidState("The demo is busy just now; ask again, and what is left is restored.") from error
    return RestoreResult(content, comments, messages, story)


def _hidden(account: DemoAccount, profiles: list[int]) -> list[tuple[QuerySet, list[int]]]:
    """What of the account is hidden for its age, and the profiles to lock for it: story, comments, messages, pieces.

    The story needs none: it comes before the profiles in the order of locks.
    """
    own = {"profile__in": profiles, "is_demo": True, "expired_at__isnull": False}
    return [
        (StoryEvent.objects.filter(account=account, expired_at__isnull=False), []),
        *((Interaction.objects.filter(type=type, **own), profiles) for type in Interaction.Type.values),
        (Content.objects.filter(**own), profiles),
    ]


def _hide(rows: QuerySet, profiles: list[int], now: datetime) -> int:
    """Equal times mean that age alone hides a row: where its platform deleted it at `now`, `expired_at` comes after."""
    if rows.model is StoryEvent:
        change = _setting(rows.model, "expired_at = %s", (now,))
    else:
        columns = "expired_at = CASE WHEN deleted_at = %s THEN %s ELSE %s END, deleted_at = coalesce(deleted_at, %s)"
        change = _setting(rows.model, columns, (now, now + timedelta.resolution, now, now))
    return change_in_batches(rows, change, profiles)


def _show(rows: QuerySet, profiles: list[int]) -> int:
    deleted = "" if rows.model is StoryEvent else ", deleted_at = NULLIF(deleted_at, expired_at)"
    return change_in_batches(rows, _setting(rows.model, f"expired_at = NULL{deleted}"), profiles)


def _setting(model: type[Model], columns: str, values: tuple[object, ...] = ()) -> Change:
    table = model._meta.db_table
    return Change(
        f"changed AS (UPDATE {table} SET {columns} WHERE id IN (SELECT id FROM chosen) RETURNING id)", values
    )


def expired(account: DemoAccount, profiles: list[int], cutoff: datetime) -> dict[str, QuerySet]:
    """The demo rows of `profiles` posted before `cutoff`, not hidden yet, on which nothing younger hangs, nor anything
    still to come."""
    younger = {"is_demo": True, "posted_at__gte": cutoff}
    old = {"profile__in": profiles, "is_demo": True, "posted_at__lt": cutoff, "expired_at": None}
    replied = Exists(Interaction.objects.filter(parent=OuterRef("pk"), **younger))
    commented = Exists(Interaction.objects.filter(content=OuterRef("pk"), **younger))
    awaited = _awaited(account)
    interactions = Interaction.objects.filter(~replied, **old).exclude(platform_id__in=awaited)
    return {
        "comments": interactions.filter(type=Interaction.Type.COMMENT),
        "messages": interactions.filter(type=Interaction.Type.MESSAGE),
        "content": Content.objects.filter(~commented, **old).exclude(platform_id__in=awaited),
    }


def _awaited(account: DemoAccount) -> list[str]:
    """The ids of pieces and comments that the future of the story speaks of."""
    to_come = StoryEvent.objects.undelivered().filter(account=account)
    named = to_come.values_list(KT("payload__content_id"), KT("payload__parent_id"))
    reported = to_come.filter(type=StoryEvent.Type.METRICS).values_list("platform_id", flat=True)
    return [*reported, *(id for ids in named for id in ids if id)]


def _forgotten(account: DemoAccount, profiles: list[int], cutoff: datetime) -> QuerySet[StoryEvent]:
    """The past of the story that is older than `cutoff`, by its own times or, after a pause, by those of its rows.

    Age alone decides: what people answered keeps a row, but changes nothing of what is still to be planned.
    """
    past = StoryEvent.objects.past().filter(account=account, expired_at=None)
    going = Q(due_at__lt=cutoff)
    for model in (Interaction, Content):
        same = {"profile": OuterRef("profile"), "platform_id": OuterRef("platform_id")}
        old = {"profile__in": profiles, "is_demo": True, "posted_at__lt": cutoff}
        going |= Exists(model.objects.filter(**same, **old))
    return past.filter(going)


def _count(rows: QuerySet, *_: object) -> int:
    return rows.count()
