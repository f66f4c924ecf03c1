"""1,000 comments through the ingest, new and sent again, beside the best raw SQL for the same rows and answers."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count

from django.utils import timezone

from accounts.models import Profile, User
from benchmarks import peers
from benchmarks.figures import Figure, at_most, milliseconds, shortest, show
from demo import simulator
from interactions.ingest import IncomingEvent, ingest
from interactions.models import Interaction

MAX_EVENTS = 1_000  # of the story's, which has the brand's answers on top of its quota
RUNS = 7
_number = count()


def run() -> None:
    owner = User.objects.create(username="bench-ingest")
    new, again = _measure(owner)
    show(f"Ingest of {len(COMMENTS):,} events, none of them known", _table(new))
    show(f"Ingest of {len(COMMENTS):,} events, all of them known", _table(again))


def _table(seconds: dict[str, float]) -> list[Figure]:
    ours = seconds["Perennial"]
    raw = min(seconds[name] for name in RAW)
    return [
        *(milliseconds(name, value) for name, value in seconds.items()),
        at_most("Perennial as a multiple of the best raw SQL", ours / raw, 2),
    ]


def _measure(owner: User) -> tuple[dict[str, float], dict[str, float]]:
    new, again = {}, {}
    for name, (store, material) in _WAYS.items():
        runs = RUNS if name != "get_or_create" else 2
        new[name] = shortest(runs, store, lambda material=material: (material(_profile(owner)),))
        known = material(_profile(owner))
        store(known)
        again[name] = shortest(runs, store, lambda known=known: (known,))
    return new, again


def _story() -> list[simulator.Event]:
    world = simulator.World(1, ("instagram",), simulator.DEFAULT_NICHE, "Bench", "en")
    return simulator.initial(world, simulator.Quota(35, MAX_EVENTS, 0), datetime(2026, 3, 4, tzinfo=UTC))


STORY = _story()
PIECES = [event for event in STORY if event.content_id is None]  # and their figures
COMMENTS = [event for event in STORY if event.content_id is not None][:MAX_EVENTS]


def _profile(owner: User) -> Profile:
    """A new profile that has the story's pieces."""
    profile = Profile.objects.create(
        owner=owner, platform="instagram", platform_id=str(next(_number)), handle="bench"
    )
    _ingest(_arrivals(profile, PIECES))
    return profile


def _arrivals(profile: Profile, events: Sequence[simulator.Event] = COMMENTS) -> list[IncomingEvent]:
    return [
        IncomingEvent(profile.pk, simulator.event_payload(event) | {"occurred_at": event.at.isoformat()})
        for event in events
    ]


def _ingest(arrivals: list[IncomingEvent]) -> None:
    results = ingest(arrivals, timezone.now())
    assert all(result.id for result in results)


def _rows(profile: Profile) -> list[peers.Row]:
    """The rows that the ingest makes of the same events, made once and taken out again; without links to parents."""
    _ingest(_arrivals(profile))
    stored = Interaction.objects.filter(profile=profile)
    rows = list(stored.order_by("pk").values(*peers.columns_of(Interaction)))
    stored.delete()
    return [row | {"parent_id": None} for row in rows]


def _raw(way):
    def store(rows: list[peers.Row]) -> None:
        assert len(way(Interaction, rows)) == len(rows)

    return store


RAW = ("raw: select, then INSERT from UNNEST", "raw: COPY to staging, then INSERT")
_WAYS = {
    RAW[0]: (_raw(peers.select_then_unnest), _rows),
    RAW[1]: (_raw(peers.copy_on_conflict), _rows),
    "get_or_create": (lambda rows: peers.get_or_create(Interaction, rows), _rows),
    "Perennial": (_ingest, _arrivals),
}
