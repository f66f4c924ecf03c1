"""Time to ingest 1,000 comments, new and known. Peer: the best raw SQL for the same rows. Limit: each row and its WAL written once.

Of a known event only the key has to be looked up. `get_or_create` is measured beside it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import NamedTuple

from django.utils import timezone

from accounts.models import Profile, User
from benchmarks import peers
from benchmarks.measurements import Measurement, Table, at_most, milliseconds, min_seconds
from demo import simulator
from demo.models import DemoAccount
from interactions.ingest import IncomingEvent, ingest
from interactions.models import Interaction

UNNEST, COPY = "raw: select, then INSERT from UNNEST", "raw: COPY to staging, then INSERT"
POSTS = 35  # that the comments are on
_number = count()


@dataclass(frozen=True)
class Size:
    comments: int
    runs: int
    runs_of_get_or_create: int


FULL = Size(comments=1_000, runs=7, runs_of_get_or_create=2)
SMALL = Size(comments=20, runs=1, runs_of_get_or_create=1)


class Story(NamedTuple):
    posts: list[simulator.SimulatedEvent]  # and their metrics
    comments: list[simulator.SimulatedEvent]


class StorageMethod(NamedTuple):
    """One method of storing the story's comments: `store` takes what `prepare` makes for a new profile."""

    name: str
    store: Callable[[list], object]
    prepare: Callable[[Profile, Story], list]
    runs: int


def run(size: Size) -> Iterator[Table]:
    owner = User.objects.create(username="bench-ingest")
    story = _story(size.comments)
    new, known = {}, {}
    for method in _methods(size):
        new[method.name], known[method.name] = _seconds(method, owner, story)
    yield Table(f"Ingest of {size.comments:,} events, none of them known", _measurements(new))
    yield Table(f"Ingest of {size.comments:,} events, all of them known", _measurements(known))


def _methods(size: Size) -> list[StorageMethod]:
    return [
        StorageMethod(UNNEST, _raw(peers.select_then_unnest), _rows, size.runs),
        StorageMethod(COPY, _raw(peers.copy_on_conflict), _rows, size.runs),
        StorageMethod("get_or_create", _get_or_create, _rows, size.runs_of_get_or_create),
        StorageMethod("Perennial", _ingest, _arrivals_of_comments, size.runs),
    ]


def _seconds(method: StorageMethod, owner: User, story: Story) -> tuple[float, float]:
    """The minimum for comments that are new, and for the same ones sent again."""

    def prepare() -> tuple[list]:
        return (method.prepare(_profile(owner, story), story),)

    new = min_seconds(method.runs, method.store, prepare)
    (known,) = prepare()
    method.store(known)
    return new, min_seconds(method.runs, method.store, lambda: (known,))


def _measurements(seconds: dict[str, float]) -> list[Measurement]:
    multiple = seconds["Perennial"] / min(seconds[UNNEST], seconds[COPY])
    return [
        *(milliseconds(name, value) for name, value in seconds.items()),
        at_most("Perennial as a multiple of the best raw SQL", multiple, 2),
    ]


def _story(comments: int) -> Story:
    """A story with exactly `comments` comments: the brand's replies, which are in addition to the quota, are cut off."""
    world = DemoAccount(seed=1, platforms=["instagram"], brand="Bench").world
    quota = simulator.Quota(POSTS, comments, 0)
    events = simulator.initial_batch(world, quota, datetime(2026, 3, 4, tzinfo=UTC))
    return Story(
        [event for event in events if event.content_id is None],
        [event for event in events if event.content_id is not None][:comments],
    )


def _profile(owner: User, story: Story) -> Profile:
    """A new profile that has the story's posts."""
    profile = Profile.objects.create(
        owner=owner, platform="instagram", platform_id=str(next(_number)), handle="bench"
    )
    _ingest(_arrivals(profile, story.posts))
    return profile


def _arrivals(profile: Profile, events: Sequence[simulator.SimulatedEvent]) -> list[IncomingEvent]:
    return [
        IncomingEvent(profile.pk, simulator.event_payload(event) | {"occurred_at": event.at.isoformat()})
        for event in events
    ]


def _arrivals_of_comments(profile: Profile, story: Story) -> list[IncomingEvent]:
    return _arrivals(profile, story.comments)


def _ingest(arrivals: list[IncomingEvent]) -> None:
    results = ingest(arrivals, timezone.now())
    assert all(result.id for result in results)


def _rows(profile: Profile, story: Story) -> list[peers.Row]:
    """The rows that the ingest makes of the comments, deleted again; without links to parents."""
    _ingest(_arrivals_of_comments(profile, story))
    stored = Interaction.objects.filter(profile=profile)
    rows = list(stored.order_by("pk").values(*peers.columns_of(Interaction)))
    stored.delete()
    return [row | {"parent_id": None} for row in rows]


def _raw(peer: Callable) -> Callable[[list[peers.Row]], None]:
    def store(rows: list[peers.Row]) -> None:
        assert len(peer(Interaction, rows)) == len(rows)

    return store


def _get_or_create(rows: list[peers.Row]) -> None:
    peers.get_or_create(Interaction, rows)
