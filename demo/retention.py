"""Demo data has an age limit; live data is not even looked at."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT

from demo.models import DemoAccount, State, StoryEvent
from demo.planning import plan_account
from demo.removal import delete_in_batches
from interactions.connection import is_lost
from interactions.models import Content, DeadLetter, Interaction, PendingChange

logger = logging.getLogger(__name__)

LIVING = (State.ENABLING, State.FAILED, State.ACTIVE, State.PAUSED)


@dataclass(frozen=True)
class Cleaned:
    """Rows that went, or that would go; and how many accounts could not be cleaned up."""

    content: int = 0
    comments: int = 0
    messages: int = 0
    story: int = 0
    dead_letters: int = 0
    pending_changes: int = 0
    failed: int = 0

    def __add__(self, other: "Cleaned") -> "Cleaned":
        return Cleaned(**{name: count + getattr(other, name) for name, count in asdict(self).items()})

    def __str__(self) -> str:
        counts = {name: count for name, count in asdict(self).items() if name != "failed"}
        return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())


def clean_up(
    now: datetime,
    *,
    older_than_days: int | None = None,
    dry_run: bool = False,
    accounts: Iterable[int] | None = None,
) -> Cleaned:
    """Delete what is older than each account's retention, or than `older_than_days`; return the counts per kind.

    Of all accounts, or of those given by id.

    Age is counted from `posted_at`. A piece or a comment stays while something younger hangs on it. Windows already
    open are planned first, so that nothing they look back on goes. An account that fails does not hold up the others.
    """
    total = Cleaned()
    living = DemoAccount.objects.filter(state__in=LIVING)
    chosen = living if accounts is None else living.filter(pk__in=accounts)
    for id in chosen.order_by("id").values_list("pk", flat=True):
        try:
            total += _clean_account(id, now, older_than_days, dry_run)
        except Exception as error:
            if is_lost(error):
                raise
            logger.exception("Account %d could not be cleaned up", id)
            total += Cleaned(failed=1)
    return total


def _clean_account(account_id: int, now: datetime, days: int | None, dry_run: bool) -> Cleaned:
    if not dry_run:
        plan_account(account_id, now)
    account = DemoAccount.objects.filter(pk=account_id, state__in=LIVING).first()
    if account is None:  # switched off meanwhile
        return Cleaned()
    age = account.retention if days is None else timedelta(days=days)
    profiles = list(account.profiles.values_list("pk", flat=True))
    take: Callable[[QuerySet], int] = _count if dry_run else lambda rows: delete_in_batches(rows, profiles)
    rows = expired(account, profiles, now - age)
    received_before = {"profile__in": profiles, "is_demo": True, "received_at__lt": now - age}
    return Cleaned(
        story=take(_forgotten(account, rows, (account.paused_at or now) - age)),
        comments=take(rows["comments"]),
        messages=take(rows["messages"]),
        content=take(rows["content"]),
        dead_letters=take(DeadLetter.objects.filter(**received_before)),
        pending_changes=take(PendingChange.objects.filter(**received_before)),
    )


def expired(account: DemoAccount, profiles: list[int], cutoff: datetime) -> dict[str, QuerySet]:
    """The demo rows of `profiles` posted before `cutoff` on which nothing younger hangs, nor anything still to come."""
    younger = {"is_demo": True, "posted_at__gte": cutoff}
    old = {"profile__in": profiles, "is_demo": True, "posted_at__lt": cutoff}
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


def _forgotten(account: DemoAccount, rows: dict[str, QuerySet], cutoff: datetime) -> QuerySet[StoryEvent]:
    """The past of the story that is older than `cutoff`, and, at any age, that whose rows go.

    After a pause the story is younger than its rows by the pause; a piece that is gone must not be talked about.
    """
    past = StoryEvent.objects.filter(account=account).filter(
        Q(delivered_at__isnull=False) | Q(dead_at__isnull=False)
    )
    going = Q(due_at__lt=cutoff)
    for expiring in rows.values():
        going |= Exists(expiring.filter(profile=OuterRef("profile"), platform_id=OuterRef("platform_id")))
    return past.filter(going)


def _count(rows: QuerySet) -> int:
    return rows.count()
