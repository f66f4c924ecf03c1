"""Counts the delivered events of the initial batch, and the stored rows of a demo, for any number of accounts.

Called by `demo/status.py`, the dashboard, `manage.py up` and `seed_demo`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q

from accounts.models import User
from demo.models import COUNTED_TYPES, DemoAccount, State, StoryEvent
from interactions.models import Content, Interaction


@dataclass(frozen=True)
class Tally:
    done: int
    total: int


@dataclass(frozen=True)
class Progress:
    """Posts, comments and messages of the initial batch that are delivered, and how many events of the story are dead."""

    content: Tally
    comments: Tally
    messages: Tally
    dead: int

    @property
    def tallies(self) -> dict[str, Tally]:
        return {name: getattr(self, name) for name in COUNTED_TYPES}

    @property
    def done(self) -> int:
        return sum(tally.done for tally in self.tallies.values())

    @property
    def text(self) -> str:
        return ", ".join(f"{name} {tally.done}/{tally.total}" for name, tally in self.tallies.items())


def progress_of(account: DemoAccount) -> Progress:
    """The account's progress; nothing is done before the batch is planned, and all totals are 0 while off."""
    return progress_by_account([account])[account.pk]


def progress_by_account(accounts: Iterable[DemoAccount]) -> dict[int | None, Progress]:
    """The progress of each account by its primary key, counted in one statement."""
    accounts = list(accounts)
    enabled = [account for account in accounts if account.state != State.OFF]
    undelivered = _count_undelivered(enabled)
    nothing = Progress(*(Tally(0, 0) for _ in COUNTED_TYPES), dead=0)
    return {account.pk: nothing for account in accounts} | {
        account.pk: _progress(account, undelivered.get(account.pk, {})) for account in enabled
    }


def delivered_initially(users: Iterable[User]) -> dict[str, int]:
    """How many events of the users' initial batches are delivered, by their names in COUNTED_TYPES."""
    accounts = DemoAccount.objects.filter(user__in=[user.pk for user in users])
    progress = progress_by_account(accounts).values()
    return {name: sum(one.tallies[name].done for one in progress) for name in COUNTED_TYPES}


def stored_by_account(accounts: Iterable[DemoAccount]) -> dict[int | None, dict[str, int]]:
    """By account (primary key), in two statements: the visible demo rows of its user, by their names in COUNTED_TYPES."""
    owners = [account.user_id for account in accounts if account.state != State.OFF]
    of_demo = {"is_demo": True, "profile__owner__in": owners}
    posts = Content.objects.visible().filter(**of_demo)
    content = posts.values_list("profile__owner").annotate(Count("pk")).order_by()
    interactions = (
        Interaction.objects.visible()
        .filter(direction=Interaction.Direction.IN, **of_demo)
        .values_list("profile__owner", "type")
        .annotate(Count("pk"))
        .order_by()
    )
    counts = {(owner, "content"): count for owner, count in content}
    counts |= {(owner, f"{type}s"): count for owner, type, count in interactions}
    return {
        account.pk: {name: counts.get((account.user_id, name), 0) for name in COUNTED_TYPES}
        for account in accounts
    }


def _progress(account: DemoAccount, undelivered: dict[str, int]) -> Progress:
    quota = account.initial_quota
    tallies = (
        Tally(
            getattr(quota, name) - undelivered.get(name, 0) if account.planned_at else 0, getattr(quota, name)
        )
        for name in COUNTED_TYPES
    )
    return Progress(*tallies, dead=undelivered.get("dead", 0))


def _count_undelivered(accounts: list[DemoAccount]) -> dict[int, dict[str, int]]:
    """By account: undelivered events of the initial batch by name, and under "dead" the dead ones of the whole story."""
    initial = Q(origin=StoryEvent.Origin.INITIAL)
    counts = {name: Count("pk", filter=initial & Q(type=type)) for name, type in COUNTED_TYPES.items()}
    counts["dead"] = Count("pk", filter=Q(dead_at__isnull=False, expired_at=None))
    undelivered = StoryEvent.objects.filter(account__in=accounts, account__gt=0, delivered_at=None).order_by()
    return {row["account"]: row for row in undelivered.values("account").annotate(**counts)}
