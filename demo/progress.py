"""How far the initial batch is: what was planned less what is not delivered yet, the dead shown apart."""

from dataclasses import dataclass

from django.db.models import Count, Q

from demo.models import DemoAccount, State, StoryEvent

KINDS = {
    "content": StoryEvent.Type.CONTENT,
    "comments": StoryEvent.Type.COMMENT,
    "messages": StoryEvent.Type.MESSAGE,
}


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
    def done(self) -> int:
        return sum(tally.done for tally in self.tallies.values())

    @property
    def total(self) -> int:
        return sum(tally.total for tally in self.tallies.values())

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0

    @property
    def text(self) -> str:
        return ", ".join(f"{kind} {tally.done}/{tally.total}" for kind, tally in self.tallies.items())


def progress_of(account: DemoAccount) -> Progress:
    """Count the account's progress; nothing is done while the batch is not planned, or when the account is off."""
    if account.state == State.OFF:
        return Progress(*(Tally(0, 0) for _ in KINDS), dead=0)
    quota = account.initial_quota
    left, dead = _left_and_dead(account)
    return Progress(
        *(
            Tally(getattr(quota, kind) - left[kind] if account.planned_at else 0, getattr(quota, kind))
            for kind in KINDS
        ),
        dead=dead,
    )


def _left_and_dead(account: DemoAccount) -> tuple[dict[str, int], int]:
    initial = Q(origin=StoryEvent.Origin.INITIAL)
    counts = {kind: Count("pk", filter=initial & Q(type=type)) for kind, type in KINDS.items()}
    found = StoryEvent.objects.filter(account=account, delivered_at=None).aggregate(
        **counts, dead=Count("pk", filter=Q(dead_at__isnull=False))
    )
    return found, found.pop("dead")
