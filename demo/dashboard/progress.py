"""How far the initial batch is: what was planned less what is not delivered yet, the dead shown apart; what is stored."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q

from accounts.models import User
from demo.models import KINDS, DemoAccount, State, StoryEvent
from interactions.models import Content, Interaction


@dataclass(frozen=True)
class Tally:
    done: int
    total: int


@dataclass(frozen=True)
class Progress:
    """Pieces, comments and messages of the initial batch that arrived, and the events of the story that never will."""

    content: Tally
    comments: Tally
    messages: Tally
    dead: int

    @property
    def tallies(self) -> dict[str, Tally]:
        return {kind: getattr(self, kind) for kind in KINDS}

    @property
    def text(self) -> str:
        return ", ".join(f"{kind} {tally.done}/{tally.total}" for kind, tally in self.tallies.items())


def progress_of(account: DemoAccount) -> Progress:
    """Count the account's progress; nothing is done while the batch is not planned, or when the account is off."""
    return progress_by_account([account])[account.pk]


def progress_by_account(accounts: Iterable[DemoAccount]) -> dict[int, Progress]:
    """The progress of each account by its primary key, counted in one statement."""
    on = [account for account in accounts if account.state != State.OFF]
    left = _left_and_dead(on)
    nothing = Progress(*(Tally(0, 0) for _ in KINDS), dead=0)
    return {account.pk: nothing for account in accounts} | {
        account.pk: _progress(account, left.get(account.pk, {})) for account in on
    }


def _progress(account: DemoAccount, left: dict[str, int]) -> Progress:
    quota = account.initial_quota
    tallies = (
        Tally(getattr(quota, kind) - left.get(kind, 0) if account.planned_at else 0, getattr(quota, kind))
        for kind in KINDS
    )
    return Progress(*tallies, dead=left.get("dead", 0))


def _left_and_dead(accounts: list[DemoAccount]) -> dict[int, dict[str, int]]:
    """By account: what of the initial batch is not delivered, by kind, and what of the whole story is dead."""
    initial = Q(origin=StoryEvent.Origin.INITIAL)
    counts = {kind: Count("pk", filter=initial & Q(type=type)) for kind, type in KINDS.items()}
    counts["dead"] = Count("pk", filter=Q(dead_at__isnull=False, expired_at=None))
    undelivered = StoryEvent.objects.filter(account__in=accounts, account__gt=0, delivered_at=None).order_by()
    rows = undelivered.values("account").annotate(**counts)
    return {row["account"]: row for row in rows}


def stored_by_account(accounts: Iterable[DemoAccount]) -> dict[int | None, dict[str, int]]:
    """The visible demo rows of each account's user by kind, by the account's primary key, in two statements."""
    owners = [account.user_id for account in accounts if account.state != State.OFF]
    shown = {"is_demo": True, "deleted_at": None, "profile__owner__in": owners}
    pieces = Content.objects.filter(**shown).values_list("profile__owner").annotate(Count("pk")).order_by()
    talk = (
        Interaction.objects.filter(direction=Interaction.Direction.IN, **shown)
        .values_list("profile__owner", "type")
        .annotate(Count("pk"))
        .order_by()
    )
    counts = {(owner, "content"): count for owner, count in pieces}
    counts |= {(owner, f"{type}s"): count for owner, type, count in talk}
    return {
        account.pk: {kind: counts.get((account.user_id, kind), 0) for kind in KINDS} for account in accounts
    }


def delivered_initially(users: Iterable[User]) -> dict[str, int]:
    """How many pieces, comments and messages of the users' initial batches have arrived, by kind."""
    accounts = DemoAccount.objects.filter(user__in=[user.pk for user in users])
    progresses = progress_by_account(accounts).values()
    return {kind: sum(progress.tallies[kind].done for progress in progresses) for kind in KINDS}
