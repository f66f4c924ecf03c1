"""The data that the checks measure: one platform's posts and comments over a time span of a story.
Called by checks.py and report.py.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from demo.realism import measures
from demo.simulator.audience_time import AudienceTime
from demo.simulator.platforms import PLATFORM_FIGURES, PlatformFigures
from demo.simulator.posts import popularity
from demo.simulator.values import (
    BRAND_ORIGIN,
    COMMENT,
    CONTENT,
    METRICS,
    Metrics,
    Quota,
    SimulatedEvent,
    World,
)
from demo.simulator.windows import initial_batch


@dataclass(frozen=True)
class Sample:
    """One platform's posts, people's comments and latest metrics by post up to `until`, with the reference figures."""

    world: World
    platform: str
    until: datetime
    posts: tuple[SimulatedEvent, ...]
    comments: tuple[SimulatedEvent, ...]
    metrics: dict[str, Metrics]
    figures: PlatformFigures = field(repr=False)

    @cached_property
    def by_id(self) -> dict[str, SimulatedEvent]:
        return {event.platform_id: event for event in (*self.posts, *self.comments)}

    @cached_property
    def first_level(self) -> tuple[SimulatedEvent, ...]:
        """First-level comments on posts of the sample."""
        return tuple(
            event for event in self.comments if event.parent_id is None and event.content_id in self.by_id
        )

    @cached_property
    def ordinary(self) -> tuple[SimulatedEvent, ...]:
        """First-level comments on posts that did not go viral; to these the Weibull kernel applies."""
        viral = {
            post.platform_id
            for post in self.posts
            if popularity(self.world, post.platform, post.platform_id).spike
        }
        return tuple(event for event in self.first_level if event.content_id not in viral)

    @cached_property
    def times_by_post(self) -> dict[str, list[datetime]]:
        """The times of all comments by post, sorted."""
        found: dict[str, list[datetime]] = {post.platform_id: [] for post in self.posts}
        for event in sorted(self.comments, key=lambda event: event.at):
            if event.content_id in found:
                found[event.content_id].append(event.at)
        return found

    @cached_property
    def comment_counts(self) -> list[int]:
        """The number of comments of each post."""
        return [len(times) for times in self.times_by_post.values()]

    @cached_property
    def audience_time(self) -> AudienceTime:
        first = min([self.until, *(post.at for post in self.posts)]) - timedelta(days=1)
        return AudienceTime(
            self.figures.activity, self.world.time_zone, first.timestamp(), self.until.timestamp()
        )

    def age(self, post: SimulatedEvent, at: datetime) -> float:
        """The post's age at `at`, in audience hours."""
        published = self.audience_time.hours_at(post.at.timestamp())
        return self.audience_time.hours_at(at.timestamp()) - published

    def ages(self) -> list[tuple[float, float]]:
        """For each ordinary comment its post's age at the comment, and at `until`; in audience hours."""
        final_ages = {post.platform_id: self.age(post, self.until) for post in self.posts}
        found = []
        for event in self.ordinary:
            post = self.by_id[event.content_id or ""]
            found.append((max(self.age(post, event.at), 1e-6), final_ages[post.platform_id]))
        return found

    @cached_property
    def weibull(self) -> tuple[float, float]:
        """Shape and scale (hours) of the Weibull distribution fitted to the ages."""
        return measures.truncated_weibull(self.ages())

    def local_hour(self, at: datetime) -> int:
        return at.astimezone(ZoneInfo(self.world.time_zone)).hour


# A generated sample that is long and rich enough for every check.
MIN_SPAN = timedelta(days=18)
MIN_HALF_LIVES = 12
LARGE_QUOTA = Quota(content=80, comments=2_400)


def generate_sample(world: World, until: datetime) -> Sample:
    """A story of a world with one platform up to `until`, long and rich enough for every check.

    It spans at least 12 half-lives of comments, as a half-life longer than the observation cannot be measured.
    """
    (platform,) = world.platforms
    span = max(MIN_SPAN, MIN_HALF_LIVES * timedelta(hours=PLATFORM_FIGURES[platform].half_life))
    return samples(world, initial_batch(world, LARGE_QUOTA, until, span), until)[0]


def samples(world: World, events: Iterable[SimulatedEvent], until: datetime) -> list[Sample]:
    """One sample for each platform of the world with at least one post in the story."""
    posts: dict[str, list[SimulatedEvent]] = defaultdict(list)
    comments: dict[str, list[SimulatedEvent]] = defaultdict(list)
    metrics: dict[str, Metrics] = {}
    for event in sorted(events, key=lambda event: event.at):
        if event.type == CONTENT:
            posts[event.platform].append(event)
        elif event.type == COMMENT and event.origin != BRAND_ORIGIN:
            comments[event.platform].append(event)
        elif event.type == METRICS and event.metrics is not None:
            metrics[event.platform_id] = event.metrics
    return [
        Sample(
            world,
            platform,
            until,
            tuple(posts[platform]),
            tuple(comments[platform]),
            metrics,
            figures=PLATFORM_FIGURES[platform],
        )
        for platform in world.platforms
        if posts[platform]
    ]
