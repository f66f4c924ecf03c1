"""Views, likes and shares: they follow a piece's comments and its age, and never fall."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from math import exp

from demo.simulator.audience_time import Window
from demo.simulator.keyed_random import normal, uniform, uniform_of_id, uniforms
from demo.simulator.platforms import PLATFORM_FIGURES
from demo.simulator.values import BRAND, COMMENT, CONTENT, FIGURES, METRICS, Event, Metrics, World

REPORTED_AT = (
    1.0,
    3.0,
    8.0,
    24.0,
)  # ages in hours at which a young piece's figures are reported, give or take [A]
THEN_EVERY = 40.0  # hours; less than the talk that a window looks back on
UNSEEN = 2.0  # comments' worth of views that even a silent piece gets in its lifetime [A]
AT_ONCE = 0.03  # of those views, the share that is there before anybody has looked twice [A]
SHARES_PER_LIKE = 0.06  # median [A]


def reports(world: World, window: Window, past: Sequence[Event], new: Sequence[Event]) -> list[Event]:
    """The figures of pieces in `past`, which is in order of time, that are reported in the window.

    Counts the comments since each piece's latest report, in `past` and in `new`. A piece that nobody has commented on
    since is reported while it is young.
    """
    pieces = ((event, _report_time(window, event)) for event in past if event.type == CONTENT)
    due = [(piece, at) for piece, at in pieces if at is not None]
    if not due:
        return []
    latest = {event.platform_id: event for event in past if event.type == METRICS}
    talk = _times_by_piece((*past, *new))
    found = (
        _report(world, piece, latest.get(piece.platform_id, piece), talk[piece.platform_id], at)
        for piece, at in due
    )
    return [report for report in found if report is not None]


def first_reports(
    world: World, window: Window, pieces: Sequence[Event], talk: Sequence[Event]
) -> list[Event]:
    """One report of each piece, in the last hour of the window."""
    said = _times_by_piece(talk)
    found = []
    for piece in pieces:
        age = window.end - piece.at.timestamp()
        since = int(min(3_600, age / 10) * uniform(world.seed, "report", piece.platform_id))
        wall = max(int(window.end) - 1 - since, int(piece.at.timestamp()) + 1)
        if wall < window.end:
            at = datetime.fromtimestamp(wall, UTC)
            found.append(figures_of(world, piece, sum(one <= at for one in said[piece.platform_id]), at))
    return found


def _times_by_piece(events: Iterable[Event]) -> dict[str, list[datetime]]:
    """When people have commented on each piece."""
    found: dict[str, list[datetime]] = defaultdict(list)
    for event in events:
        if event.type == COMMENT and event.origin != BRAND:
            found[event.content_id or ""].append(event.at)
    return found


def _report_time(window: Window, piece: Event) -> datetime | None:
    """When in the window the piece is reported, if it is: at certain ages, each piece a little differently."""
    published = piece.at.timestamp()
    pace = 0.8 + 0.4 * uniform_of_id(piece.platform_id)
    opens, closes = (window.start - published) / 3_600 / pace, (window.end - published) / 3_600 / pace
    if closes <= REPORTED_AT[0]:
        return None
    every = THEN_EVERY / pace
    if closes > REPORTED_AT[-1] + every:
        due = REPORTED_AT[-1] + every * ((closes - REPORTED_AT[-1]) // every)
    else:
        due = max(age for age in REPORTED_AT if age < closes)
    if not opens <= due < closes:
        return None
    return datetime.fromtimestamp(min(int(published + due * pace * 3_600), int(window.end) - 1), UTC)


def _report(
    world: World, piece: Event, latest: Event, talk: Sequence[datetime], at: datetime
) -> Event | None:
    counted = latest.metrics.comments if latest.metrics else 0
    since = latest.at if latest.metrics else piece.at
    number = counted + sum(since < one <= at for one in talk)
    young = (at - piece.at).total_seconds() < 3_600 * 1.3 * REPORTED_AT[-1]
    return figures_of(world, piece, number, at) if number > counted or young else None


def figures_of(world: World, piece: Event, comments: int, at: datetime, reach: float = 1.0) -> Event:
    """The report of a piece with so many comments at `at`.

    `reach` is how many times as many as usual see, like and share a piece for each of its comments.
    """
    figures, lots = PLATFORM_FIGURES[piece.platform], uniforms(3, world.seed, "figures", piece.platform_id)
    age = (at - piece.at).total_seconds() / 3_600
    worth = reach * (comments + UNSEEN * max(1 - figures.left(age), AT_ONCE))
    views = worth / figures.per_view * exp(0.5 * normal(lots[0]))
    likes = worth / figures.per_like * exp(0.4 * normal(lots[1]))
    views = max(views, 2 * likes)
    passed_on = likes * SHARES_PER_LIKE * exp(0.6 * normal(lots[2]))
    metrics = Metrics(int(views), int(likes), int(passed_on), comments)
    return Event(METRICS, piece.platform, piece.platform_id, at, "", metrics=metrics, origin=FIGURES)
