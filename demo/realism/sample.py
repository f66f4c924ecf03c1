"""What is measured: one platform's pieces and comments in a stretch of a story."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from demo.realism import measures
from demo.simulator.audience_time import AudienceTime
from demo.simulator.pieces import appeal
from demo.simulator.platforms import PLATFORM_FIGURES, PlatformFigures
from demo.simulator.values import BRAND, COMMENT, CONTENT, METRICS, Event, Metrics, Quota, World
from demo.simulator.windows import initial


@dataclass(frozen=True)
class Sample:
    """The inbound story of one platform up to `until`, and the figures that it is held to."""

    world: World
    platform: str
    until: datetime
    pieces: tuple[Event, ...]
    comments: tuple[Event, ...]
    metrics: dict[str, Metrics]
    figures: PlatformFigures = field(repr=False)

    @cached_property
    def by_id(self) -> dict[str, Event]:
        return {event.platform_id: event for event in (*self.pieces, *self.comments)}

    @cached_property
    def direct(self) -> tuple[Event, ...]:
        """First-level comments on pieces of the sample."""
        return tuple(
            event for event in self.comments if event.parent_id is None and event.content_id in self.by_id
        )

    @cached_property
    def quiet(self) -> tuple[Event, ...]:
        """First-level comments on pieces that did not go viral, to which the plain age kernel applies."""
        viral = {
            piece.platform_id
            for piece in self.pieces
            if appeal(self.world, piece.platform, piece.platform_id).spike
        }
        return tuple(event for event in self.direct if event.content_id not in viral)

    @cached_property
    def per_piece(self) -> dict[str, list[datetime]]:
        """The times of all comments on each piece, in order."""
        found: dict[str, list[datetime]] = {piece.platform_id: [] for piece in self.pieces}
        for event in sorted(self.comments, key=lambda event: event.at):
            if event.content_id in found:
                found[event.content_id].append(event.at)
        return found

    @cached_property
    def time(self) -> AudienceTime:
        first = min([self.until, *(piece.at for piece in self.pieces)]) - timedelta(days=1)
        return AudienceTime(
            self.figures.hours, self.world.time_zone, first.timestamp(), self.until.timestamp()
        )

    def age(self, piece: Event, at: datetime) -> float:
        """A piece's age at `at`, in hours of the audience's time."""
        return self.time.at(at.timestamp()) - self.time.at(piece.at.timestamp())

    def ages(self) -> list[tuple[float, float]]:
        """The age at which each quiet first-level comment came, and its piece's age at the end, in audience's hours."""
        ends = {piece.platform_id: self.age(piece, self.until) for piece in self.pieces}
        found = []
        for event in self.quiet:
            piece = self.by_id[event.content_id or ""]
            found.append((max(self.age(piece, event.at), 1e-6), ends[piece.platform_id]))
        return found

    @cached_property
    def weibull(self) -> tuple[float, float]:
        """Shape and scale (in hours) that fit the ages best."""
        return measures.truncated_weibull(self.ages())

    def local_hour(self, at: datetime) -> int:
        return at.astimezone(ZoneInfo(self.world.time_zone)).hour


MIN_SPAN, HALF_LIVES = timedelta(days=18), 12  # of an account that is long enough to be judged
ENOUGH = Quota(content=80, comments=2_400)


def long_enough(world: World, until: datetime) -> Sample:
    """What a world of one platform tells up to `until`, long and rich enough for every check.

    Where the half-life is days it reaches further back: one that lies outside what is observed cannot be measured.
    """
    (platform,) = world.platforms
    span = max(MIN_SPAN, HALF_LIVES * timedelta(hours=PLATFORM_FIGURES[platform].half_life))
    return samples(world, initial(world, ENOUGH, until, span), until)[0]


def samples(world: World, events: Iterable[Event], until: datetime) -> list[Sample]:
    """The story's inbound pieces, comments and latest figures by platform; platforms without a piece are left out."""
    pieces: dict[str, list[Event]] = defaultdict(list)
    comments: dict[str, list[Event]] = defaultdict(list)
    metrics: dict[str, Metrics] = {}
    for event in sorted(events, key=lambda event: event.at):
        if event.type == CONTENT:
            pieces[event.platform].append(event)
        elif event.type == COMMENT and event.origin != BRAND:
            comments[event.platform].append(event)
        elif event.type == METRICS and event.metrics is not None:
            metrics[event.platform_id] = event.metrics
    return [
        Sample(
            world,
            name,
            until,
            tuple(pieces[name]),
            tuple(comments[name]),
            metrics,
            figures=PLATFORM_FIGURES[name],
        )
        for name in world.platforms
        if pieces[name]
    ]
