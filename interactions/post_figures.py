"""Reads how many comments and open threads posts have, and when the comments arrived. Called by the pages of posts.

A comment counts if it was received and is neither deleted nor hidden; below a first comment that its platform deleted, none counts.
One statement reads all posts of a page. Of each post it reads at most `max_rows` comments, the newest ones (including those that do
not count), and `max_rows` open threads, along the indexes `comments_of_a_piece` and `threads_of_a_post_by_status`. So a post with
a million comments costs no more than one with `max_rows`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from accounts.platforms import PLATFORMS_THAT_DELETE_REPLIES
from interactions.models import Content, ThreadStatus

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
YEAR = 365 * DAY
WIDTHS = (  # that an interval may have; no event is dated before 1970
    *(5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE),
    *(HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR),
    *(DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY),
    *(YEAR, 2 * YEAR, 5 * YEAR, 10 * YEAR),
)
MIN_SPAN = DAY  # the intervals go on to the newest comment, and for a day at least, or to the present


@dataclass(frozen=True)
class Counted:
    """A number of rows. With `is_minimum` as many rows were read as a page reads, and there may be more."""

    number: int
    is_minimum: bool = False


@dataclass(frozen=True)
class Arrivals:
    """How many comments arrived in each interval of the length `width`; the first one begins `start` after publication.

    There is one, and a number that is not 0. Comments dated before the publication are in the first interval.
    """

    start: timedelta
    width: timedelta
    numbers: tuple[int, ...]

    @property
    def end(self) -> timedelta:
        """When the last interval ends, after publication."""
        return self.start + len(self.numbers) * self.width


@dataclass(frozen=True)
class PostFigures:
    """A post's comments and open threads. `arrivals` are those of the counted comments; None without any."""

    comments: Counted
    open_threads: Counted
    arrivals: Arrivals | None


_FIGURES = """
SELECT post.id, of_comments.rows_read, of_comments.comments, of_comments.width, of_comments.first, of_comments.last,
    of_comments.numbers, of_threads.threads
FROM interactions_content post
JOIN accounts_profile profile ON profile.id = post.profile_id
CROSS JOIN LATERAL (
    WITH newest AS MATERIALIZED (
        SELECT greatest(extract(epoch FROM comment.posted_at - post.posted_at)::float8, 0) AS seconds,
            comment.direction = 'in' AND comment.deleted_at IS NULL AND comment.hidden_at IS NULL
                AND NOT (profile.platform = ANY(%(deleting)s) AND coalesce((
                    SELECT is_deleted FROM interactions_thread thread WHERE thread.id = comment.thread_id
                ), false)) AS counts
        FROM interactions_interaction comment
        WHERE comment.content_id = post.id
        ORDER BY comment.posted_at DESC
        LIMIT (SELECT %(max_rows)s)  -- a number that PostgreSQL does not know when it plans: it then reads along the index
    ), span AS (
        SELECT count(*) AS rows_read, count(*) FILTER (WHERE counts) AS comments,
            min(seconds) FILTER (WHERE counts) AS first,
            greatest(
                max(seconds) FILTER (WHERE counts),
                least(extract(epoch FROM %(now)s - post.posted_at)::float8, %(min_span)s)
            ) AS last
        FROM newest
    ), chosen AS (
        SELECT min(width) AS width FROM span, unnest(%(widths)s::float8[]) width WHERE CASE
            WHEN span.rows_read < %(max_rows)s THEN span.last < width * %(intervals)s
            ELSE span.last - span.first < width * (%(intervals)s - 1)  -- the first interval does not begin with a comment
        END
    )
    SELECT rows_read, comments, width, floor(first / width)::int AS first, floor(last / width)::int AS last, ARRAY(
            SELECT ARRAY[floor(seconds / width)::int, count(*)::int] FROM newest WHERE counts GROUP BY floor(seconds / width)
        ) AS numbers
    FROM span, chosen
) of_comments
CROSS JOIN LATERAL (
    SELECT count(*) AS threads FROM (
        SELECT FROM interactions_thread thread
        WHERE thread.content_id = post.id AND thread.status = %(open)s AND thread.active_at IS NOT NULL
        LIMIT %(max_rows)s
    ) opened
) of_threads
WHERE post.id = ANY(%(posts)s)
"""


def read_figures(
    posts: Sequence[Content], now: datetime, *, intervals: int, max_rows: int
) -> dict[int, PostFigures]:
    """Return the figures of the posts by their ids, with at most `intervals` intervals of arrivals each."""
    parameters = {
        "posts": [post.pk for post in posts],
        "now": now,
        "intervals": intervals,
        "max_rows": max_rows,
        "widths": [width.total_seconds() for width in WIDTHS],
        "min_span": MIN_SPAN.total_seconds(),
        "deleting": list(PLATFORMS_THAT_DELETE_REPLIES),
        "open": ThreadStatus.OPEN,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, parameters)
        return {id: _figures(max_rows, *values) for id, *values in cursor.fetchall()}


def _figures(
    max_rows: int,
    rows_read: int,
    comments: int,
    width: float,
    first: int,
    last: int,
    numbers: Sequence[tuple[int, int]],
    threads: int,
) -> PostFigures:
    return PostFigures(
        comments=Counted(comments, rows_read == max_rows),
        open_threads=Counted(threads, threads == max_rows),
        arrivals=_arrivals(width, first if rows_read == max_rows else 0, last, numbers) if comments else None,
    )


def _arrivals(width: float, first: int, last: int, numbers: Sequence[tuple[int, int]]) -> Arrivals:
    length, by_interval = timedelta(seconds=width), dict(numbers)
    return Arrivals(first * length, length, tuple(by_interval.get(one, 0) for one in range(first, last + 1)))
