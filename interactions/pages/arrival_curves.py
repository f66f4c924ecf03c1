"""What pages show of the arrivals of a post's comments: the small curve of a card, and the chart with its table. Called by `post_cards.py`.

Each has a sentence that says the same without a picture.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from interactions.pages.curves import (
    DAY,
    HOUR,
    MINUTE,
    YEAR,
    area_path,
    axis_top,
    line_path,
    percent,
    rate_points,
    tick_step,
    total_points,
)
from interactions.post_figures import Arrivals, Counted

MAX_TICKS = 7


@dataclass(frozen=True)
class Curve:
    """The paths of a curve in a box of 100 by 100, and what it says."""

    line: str
    area: str
    sentence: str


@dataclass(frozen=True)
class Tick:
    """A mark of the axis of time: its place in percent, and its label."""

    place: str
    label: str


@dataclass(frozen=True)
class Bar:
    """An interval: its place and width in percent, and where its bar begins and how high it is, in percent from the top.

    `comments` says how many arrived in it.
    """

    place: str
    width: str
    top: str
    height: str
    begins: datetime
    number: int
    comments: str


@dataclass(frozen=True)
class Chart:
    """Bars of the comments of each interval of the given length, and the line of their sum so far.

    `heights` and `totals` are the labels of the vertical axes of bars and line, from the top.
    """

    sentence: str
    line: str
    heights: Sequence[str]
    totals: Sequence[str]
    ticks: Sequence[Tick]
    bars: Sequence[Bar]
    length: str


def small_curve(comments: Counted, arrivals: Arrivals) -> Curve:
    """Return the curve of the comments per interval; its highest point is as high as its box."""
    line = line_path(rate_points(arrivals.numbers, max(arrivals.numbers)))
    return Curve(line, area_path(line), _sentence(comments, arrivals))


def chart(comments: Counted, arrivals: Arrivals, published: datetime) -> Chart:
    """Return the chart of a post that was published at that time, in UTC."""
    top = axis_top(max(arrivals.numbers))
    all_top = axis_top(comments.number)
    return Chart(
        sentence=_sentence(comments, arrivals),
        line=line_path(total_points(arrivals.numbers, all_top)),
        heights=_labels(top),
        totals=_labels(all_top),
        ticks=list(_ticks(arrivals)),
        bars=list(_bars(arrivals, published, top)),
        length=in_words(arrivals.width),
    )


def comments_in_words(comments: Counted) -> str:
    """Return the number of comments with its noun, such as "1,204 comments" or "at least 5,000 comments"."""
    number = {"number": intcomma(comments.number)}
    if comments.is_minimum:
        return (
            ngettext("at least %(number)s comment", "at least %(number)s comments", comments.number) % number
        )
    return ngettext("%(number)s comment", "%(number)s comments", comments.number) % number


def in_words(length: timedelta) -> str:
    """Return a length of time in minutes, hours, days or years, such as "3 days"; parts of them are rounded up."""
    if length < HOUR:
        number = -(-length // MINUTE)
        return ngettext("%(number)s minute", "%(number)s minutes", number) % {"number": number}
    if length < 2 * DAY and length % DAY:
        number = -(-length // HOUR)
        return ngettext("%(number)s hour", "%(number)s hours", number) % {"number": number}
    if length < 2 * YEAR:
        number = -(-length // DAY)
        return ngettext("%(number)s day", "%(number)s days", number) % {"number": number}
    number = -(-length // YEAR)
    return ngettext("%(number)s year", "%(number)s years", number) % {"number": number}


def _sentence(comments: Counted, arrivals: Arrivals) -> str:
    words = {
        "comments": comments_in_words(Counted(comments.number)),
        "start": in_words(arrivals.start),
        "end": in_words(arrivals.end),
        "width": in_words(arrivals.width),
        "most": intcomma(max(arrivals.numbers)),
    }
    if comments.is_minimum:
        return (
            _("The newest %(comments)s, %(start)s to %(end)s after the post; at most %(most)s in %(width)s.")
            % words
        )
    return _("%(comments)s in the %(end)s after the post; at most %(most)s in %(width)s.") % words


def _ticks(arrivals: Arrivals) -> Iterator[Tick]:
    span = arrivals.end - arrivals.start
    step = tick_step(span, MAX_TICKS)
    at = -(-arrivals.start // step) * step
    while at < arrivals.end:
        yield Tick(percent(at - arrivals.start, span), _tick_label(at))
        at += step


def _tick_label(at: timedelta) -> str:
    """The time since the publication: years, days, hours or minutes."""
    if not at:
        return _("Posted")
    if at % YEAR == timedelta():
        return _("%(years)dy") % {"years": at // YEAR}
    if at % DAY == timedelta():
        return _("%(days)dd") % {"days": at // DAY}
    if at > 2 * DAY and at % HOUR == timedelta():
        return _("%(days)dd %(hours)dh") % {"days": at // DAY, "hours": at % DAY // HOUR}
    if at % HOUR == timedelta():
        return _("%(hours)dh") % {"hours": at // HOUR}
    return _("%(minutes)dm") % {"minutes": at // MINUTE}


def _labels(top: int) -> list[str]:
    return [intcomma(number) for number in (top, top // 2, 0)]


def _bars(arrivals: Arrivals, published: datetime, top: int) -> Iterator[Bar]:
    whole = len(arrivals.numbers)
    for index, number in enumerate(arrivals.numbers):
        yield Bar(
            place=percent(index, whole),
            width=percent(1, whole),
            top=percent(top - number, top),
            height=percent(number, top),
            begins=published + arrivals.start + index * arrivals.width,
            number=number,
            comments=comments_in_words(Counted(number)),
        )
