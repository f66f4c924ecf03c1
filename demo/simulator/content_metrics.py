"""Reports of the metrics of posts. Called by windows.py and scenarios.py.

Views, likes and shares are computed from a post's comments and age, and never decrease.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from math import exp

from demo.simulator.audience_time import AudienceWindow
from demo.simulator.keyed_random import normal_quantile, uniform, uniform_of_id, uniforms
from demo.simulator.platforms import PLATFORM_FIGURES
from demo.simulator.values import (
    BRAND_ORIGIN,
    COMMENT,
    CONTENT,
    METRICS,
    METRICS_ORIGIN,
    Metrics,
    SimulatedEvent,
    World,
)

# Ages in hours, varied by post, at which a young post is reported [A].
EARLY_REPORTS = (1.0, 3.0, 8.0, 24.0)
LATER_REPORTS = 40.0  # hours between later reports; less than the interactions that a window looks back on
UNSEEN_COMMENTS = 2.0  # a post without comments gets, over its lifetime, the views of this many [A]
INITIAL_SHARE = 0.03  # share of those views that is there at publication [A]
SHARES_PER_LIKE = 0.06  # median [A]


def metrics_reports(
    world: World, window: AudienceWindow, past: Sequence[SimulatedEvent], new: Sequence[SimulatedEvent]
) -> list[SimulatedEvent]:
    """The reports within the window on posts in `past`, which is sorted by time.

    A report counts the comments in `past` and `new` since the post's latest report. A post without new comments is
    reported only while it is young.
    """
    posts = ((event, _report_time(window, event)) for event in past if event.type == CONTENT)
    due = [(post, at) for post, at in posts if at is not None]
    if not due:
        return []
    latest = {event.platform_id: event for event in past if event.type == METRICS}
    comment_times = _comment_times((*past, *new))
    reports = (
        _report(world, post, latest.get(post.platform_id, post), comment_times[post.platform_id], at)
        for post, at in due
    )
    return [report for report in reports if report is not None]


def initial_reports(
    world: World,
    window: AudienceWindow,
    posts: Sequence[SimulatedEvent],
    comments: Sequence[SimulatedEvent],
) -> list[SimulatedEvent]:
    """One report on each post, in the last hour of the window."""
    comment_times = _comment_times(comments)
    found = []
    for post in posts:
        age = window.end - post.at.timestamp()
        before_end = int(min(3_600, age / 10) * uniform(world.seed, "report", post.platform_id))
        timestamp = max(int(window.end) - 1 - before_end, int(post.at.timestamp()) + 1)
        if timestamp < window.end:
            at = datetime.fromtimestamp(timestamp, UTC)
            count = sum(time <= at for time in comment_times[post.platform_id])
            found.append(metrics_report(world, post, count, at))
    return found


def _comment_times(events: Iterable[SimulatedEvent]) -> dict[str, list[datetime]]:
    """The times of people's comments by post."""
    found: dict[str, list[datetime]] = defaultdict(list)
    for event in events:
        if event.type == COMMENT and event.origin != BRAND_ORIGIN:
            found[event.content_id or ""].append(event.at)
    return found


def _report_time(window: AudienceWindow, post: SimulatedEvent) -> datetime | None:
    """The time within the window at which the post is reported; None when it is not.

    Each post multiplies the ages of EARLY_REPORTS and LATER_REPORTS by a factor of its own, 0.8 to 1.2.
    """
    published = post.at.timestamp()
    factor = 0.8 + 0.4 * uniform_of_id(post.platform_id)
    start, end = (window.start - published) / 3_600 / factor, (window.end - published) / 3_600 / factor
    if end <= EARLY_REPORTS[0]:
        return None
    every = LATER_REPORTS / factor
    if end > EARLY_REPORTS[-1] + every:
        due = EARLY_REPORTS[-1] + every * ((end - EARLY_REPORTS[-1]) // every)
    else:
        due = max(age for age in EARLY_REPORTS if age < end)
    if not start <= due < end:
        return None
    return datetime.fromtimestamp(min(int(published + due * factor * 3_600), int(window.end) - 1), UTC)


def _report(
    world: World,
    post: SimulatedEvent,
    latest: SimulatedEvent,
    comment_times: Sequence[datetime],
    at: datetime,
) -> SimulatedEvent | None:
    counted = latest.metrics.comments if latest.metrics else 0
    since = latest.at if latest.metrics else post.at
    count = counted + sum(since < time <= at for time in comment_times)
    is_young = (at - post.at).total_seconds() < 3_600 * 1.3 * EARLY_REPORTS[-1]
    return metrics_report(world, post, count, at) if count > counted or is_young else None


def metrics_report(
    world: World, post: SimulatedEvent, comments: int, at: datetime, reach: float = 1.0
) -> SimulatedEvent:
    """The report at `at` on a post with `comments` comments.

    `reach` multiplies the views, likes and shares that the post gets per comment.
    """
    figures = PLATFORM_FIGURES[post.platform]
    u = uniforms(3, world.seed, "figures", post.platform_id)
    age = (at - post.at).total_seconds() / 3_600
    effective = reach * (comments + UNSEEN_COMMENTS * max(1 - figures.remaining_share(age), INITIAL_SHARE))
    views = effective / figures.comments_per_view * exp(0.5 * normal_quantile(u[0]))
    likes = effective / figures.comments_per_like * exp(0.4 * normal_quantile(u[1]))
    views = max(views, 2 * likes)
    shares = likes * SHARES_PER_LIKE * exp(0.6 * normal_quantile(u[2]))
    metrics = Metrics(int(views), int(likes), int(shares), comments)
    return SimulatedEvent(
        METRICS, post.platform, post.platform_id, at, "", metrics=metrics, origin=METRICS_ORIGIN
    )
