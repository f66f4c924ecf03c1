"""Retention of demo data: rows that are too old expire, can be restored for a week, and are then purged.

Called by the weekly task, the commands `cleanup_demo` and `restore_demo`, and the admin. Live data is never read.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import OperationalError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT

from accounts.plurals import join_counts, pluralize
from demo.engine.counts import Counts
from demo.engine.planning import plan_account
from demo.exceptions import InvalidState
from demo.models import DemoAccount, State, StoryEvent
from demo.windows import RESTORABLE_DAYS
from interactions.db_errors import is_connection_lost
from interactions.expiry import without_pending_replay
from interactions.models import Content, DeadLetter, Interaction, PendingChange
from interactions.row_batches import delete_in_batches, purge_interactions, update_in_batches

logger = logging.getLogger(__name__)

RowAction = Callable[..., int]  # expires, deletes or counts rows, and returns how many

STATES_WITH_RETENTION = (State.ENABLING, State.FAILED, State.ACTIVE, State.PAUSED)
MAX_LATENESS = timedelta(hours=1)  # of a weekly run; the next one still purges all that it expired

NOUNS = {  # singular and plural
    "content": ("post", "posts"),
    "comments": ("comment", "comments"),
    "messages": ("message", "messages"),
    "story": ("story event", "story events"),
    "dead_letters": ("dead letter", "dead letters"),
    "pending_changes": ("pending change", "pending changes"),
}


@dataclass(frozen=True)
class CleanupResult(Counts):
    """How many rows expired, or would in a dry run, and for how many accounts the cleanup failed.

    Dead letters and pending changes are deleted instead. `purged` counts rows that expired a week before and are deleted.
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
        expired = {name: count for name, count in asdict(self).items() if name not in ("purged", "failed")}
        purged = f"; purged: {pluralize(self.purged, 'row')} that expired earlier" if self.purged else ""
        return _listed(expired) + purged


@dataclass(frozen=True)
class RestoreResult(Counts):
    """How many rows were restored."""

    content: int = 0
    comments: int = 0
    messages: int = 0
    story: int = 0

    def __str__(self) -> str:
        return _listed(asdict(self))


def _listed(counts: dict[str, int]) -> str:
    return join_counts((count, *NOUNS[name]) for name, count in counts.items())


def clean_up(
    now: datetime,
    *,
    older_than_days: int | None = None,
    dry_run: bool = False,
    accounts: Iterable[int] | None = None,
) -> CleanupResult:
    """Expire rows older than each account's retention, or than `older_than_days`, and purge those expired a week ago.

    It does so for all accounts, or for those with ids in `accounts`, and returns the counts. A dry run only counts.

    Age counts from `posted_at`. A post or comment is kept while a younger row references it. Open windows are planned
    first, because they depend on rows that may expire. When an account fails, the others are cleaned up all the same.
    """
    total = CleanupResult()
    cleanable = DemoAccount.objects.filter(state__in=STATES_WITH_RETENTION)
    chosen = cleanable if accounts is None else cleanable.filter(pk__in=accounts)
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
        return _apply(account_id, now, days, _expire, _purge)
    with transaction.atomic():
        plan_account(account_id, now)
        counted = _apply(account_id, now, days, _count, _count)
        transaction.set_rollback(True)
    return counted


def _apply(
    account_id: int, now: datetime, days: int | None, expire: RowAction, delete: RowAction
) -> CleanupResult:
    """Apply `expire` and `delete` to the rows of the account that are due for it."""
    account = DemoAccount.objects.filter(pk=account_id, state__in=STATES_WITH_RETENTION).first()
    if account is None:  # it was switched off meanwhile
        return CleanupResult()
    cutoff = now - (account.retention if days is None else timedelta(days=days))
    profiles = list(account.profiles.values_list("pk", flat=True))
    rows = rows_to_expire(account, profiles, cutoff)
    received_before = {"profile__in": profiles, "is_demo": True, "received_at__lt": cutoff}
    purge = {"expired_at__lte": now - timedelta(days=RESTORABLE_DAYS) + MAX_LATENESS}
    return CleanupResult(  # purges first, so that the queries that expire rows do not read purged ones
        purged=sum(
            delete(expired.filter(**purge), locked, now)
            for expired, locked in _expired_rows(account, profiles)
        ),
        story=expire(_story_to_expire(account, profiles, cutoff), [], now),
        comments=expire(rows["comments"], profiles, now),
        messages=expire(rows["messages"], profiles, now),
        content=expire(rows["content"], profiles, now),
        dead_letters=delete(
            DeadLetter.objects.filter(without_pending_replay(cutoff), **received_before), profiles, now
        ),
        pending_changes=delete(PendingChange.objects.filter(**received_before), profiles, now),
    )


def restore(account: DemoAccount, now: datetime) -> RestoreResult:
    """Restore the account's expired rows that are not purged yet. Rows that the platform deleted stay deleted.

    Raises InvalidState while the demo is off or being removed, and when its rows are locked for too long.
    """
    state = DemoAccount.objects.filter(pk=account.pk).values_list("state", flat=True).first() or State.OFF
    if state not in STATES_WITH_RETENTION:
        raise InvalidState(f"Demo mode is {state}; nothing can be restored.")
    profiles = list(account.profiles.values_list("pk", flat=True))
    try:
        story, comments, messages, content = (
            _restore(rows, locked, now) for rows, locked in _expired_rows(account, profiles)
        )
    except OperationalError as error:
        if is_connection_lost(error):
            raise
        raise InvalidState("The demo is busy; try again to restore the remaining rows.") from error
    return RestoreResult(content, comments, messages, story)


def _expired_rows(account: DemoAccount, profiles: list[int]) -> list[tuple[QuerySet, list[int]]]:
    """The account's expired story events, comments, messages and posts, each with the profiles to lock for a change.

    Story rows need none: they are locked before profiles everywhere.
    """
    expired = {"profile__in": profiles, "is_demo": True, "expired_at__isnull": False}
    return [
        (StoryEvent.objects.filter(account=account, expired_at__isnull=False), []),
        *((Interaction.objects.filter(type=type, **expired), profiles) for type in Interaction.Type.values),
        (Content.objects.filter(**expired), profiles),
    ]


def _expire(rows: QuerySet, profiles: list[int], now: datetime) -> int:
    """Set `expired_at` and, on inbox rows, `deleted_at`, unless the platform has deleted the row.

    `deleted_at == expired_at` means that only expiry deleted the row. If the platform deleted it exactly at `now`,
    `expired_at` is therefore a microsecond later.
    """
    if rows.model is StoryEvent:
        return update_in_batches(rows, "expired_at = %s", (now,), profiles, now)
    assignments = (
        "expired_at = CASE WHEN deleted_at = %s THEN %s ELSE %s END, deleted_at = coalesce(deleted_at, %s)"
    )
    return update_in_batches(rows, assignments, (now, now + timedelta.resolution, now, now), profiles, now)


def _restore(rows: QuerySet, profiles: list[int], now: datetime) -> int:
    deleted = "" if rows.model is StoryEvent else ", deleted_at = NULLIF(deleted_at, expired_at)"
    return update_in_batches(rows, f"expired_at = NULL{deleted}", (), profiles, now)


def _purge(rows: QuerySet, profiles: list[int], now: datetime) -> int:
    if rows.model is Interaction:
        return purge_interactions(rows, profiles, now)
    return delete_in_batches(rows, profiles)


def rows_to_expire(account: DemoAccount, profiles: list[int], cutoff: datetime) -> dict[str, QuerySet]:
    """The comments, messages and content of `profiles` that were posted before `cutoff` and have not expired.

    Rows that are referenced by a younger row or by an undelivered story event are left out.
    """
    younger = {"is_demo": True, "posted_at__gte": cutoff}
    old = {"profile__in": profiles, "is_demo": True, "posted_at__lt": cutoff, "expired_at": None}
    replied = Exists(Interaction.objects.filter(parent=OuterRef("pk"), **younger))
    commented = Exists(Interaction.objects.filter(content=OuterRef("pk"), **younger))
    referenced = _ids_in_undelivered_events(account)
    interactions = Interaction.objects.filter(~replied, **old).exclude(platform_id__in=referenced)
    return {
        "comments": interactions.filter(type=Interaction.Type.COMMENT),
        "messages": interactions.filter(type=Interaction.Type.MESSAGE),
        "content": Content.objects.filter(~commented, **old).exclude(platform_id__in=referenced),
    }


def _ids_in_undelivered_events(account: DemoAccount) -> list[str]:
    """The platform ids of posts and comments that the account's undelivered events reference."""
    undelivered = StoryEvent.objects.undelivered().filter(account=account)
    parents = undelivered.values_list(KT("payload__content_id"), KT("payload__parent_id"))
    measured = undelivered.filter(type=StoryEvent.Type.METRICS).values_list("platform_id", flat=True)
    return [*measured, *(id for ids in parents for id in ids if id)]


def _story_to_expire(account: DemoAccount, profiles: list[int], cutoff: datetime) -> QuerySet[StoryEvent]:
    """The delivered or dead events older than `cutoff`, by their own time or by that of their inbox row.

    The two times differ after a pause. A reply by a person keeps an inbox row but not its event, so that replies do
    not change what later windows bring.
    """
    events = StoryEvent.objects.delivered_or_dead().filter(account=account, expired_at=None)
    is_old = Q(due_at__lt=cutoff)
    for model in (Interaction, Content):
        same = {"profile": OuterRef("profile"), "platform_id": OuterRef("platform_id")}
        old = {"profile__in": profiles, "is_demo": True, "posted_at__lt": cutoff}
        is_old |= Exists(model.objects.filter(**same, **old))
    return events.filter(is_old)


def _count(rows: QuerySet, *_: object) -> int:
    return rows.count()
