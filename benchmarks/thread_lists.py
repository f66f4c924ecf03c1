"""Time of a page of threads, for every filter, among 1,000,000 rows of one user. Peer: ORDER BY and OFFSET. Limit: a page's threads by primary key.

A fifth of the rows are threads on one post, a tenth is one conversation; one person wrote nearly all of these. Some filters match a part of the threads that no
index has by itself, some match nothing: on the post nothing is archived or negative, the label `common` is never snoozed,
and what is negative is read.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Platform, Profile, User
from benchmarks.bulk_insert import create_profiles
from benchmarks.measurements import (
    Measurement,
    Table,
    at_most_p95,
    milliseconds,
    min_seconds,
)
from benchmarks.web_server import api_of
from interactions import search_filling
from interactions.cursors import NEWEST, Cursor
from interactions.models import Content, Interaction, Label, Thread

LIST, INTERACTIONS = "threads/", "interactions/"
PAGE = 50  # threads
MAX_MILLISECONDS = 100
MAX_SEARCH_MILLISECONDS = 300  # as of a search of interactions
PROFILES = 5
POSTS = 1_000
APART = timedelta(seconds=30)  # between two rows
LABELS = ("common", "old", "rare")  # of a fifth of the threads, of the oldest ones, of a few


@dataclass(frozen=True)
class Size:
    rows: int
    requests: int  # of each page
    page: int  # the number of the deep page
    runs: int  # in process


FULL = Size(rows=1_000_000, requests=40, page=5_000, runs=5)
SMALL = Size(rows=5_000, requests=2, page=5, runs=1)


def run(size: Size) -> Iterator[Table]:
    owner = User.objects.create(username="bench-threads")
    fill(owner, size.rows)
    threads = Thread.objects.count()
    title = f"{threads:,} threads of {size.rows:,} rows, 95th percentile over HTTP"
    with api_of(owner) as get:
        yield Table(f"{title}; the first page and page {size.page:,} or the last", _lists(get, size))
        yield Table(f"{title}; one thread", _details(get, size))
        yield Table(f"{title}; the interactions of one person", _people(get, size))
    yield Table("In process", list(_in_process(owner, size)))


def fill(owner: User, rows: int) -> None:
    """Store profiles, posts, rows, threads, labels and the words of the search."""
    profiles = create_profiles(owner, PROFILES)
    now = timezone.now()
    Content.objects.bulk_create(
        Content(
            profile=profiles[number % PROFILES], is_demo=False, platform_id=f"c{number}",
            **dict.fromkeys(("posted_at", "received_at", "updated_at", "text_at"), now),
            created_digest=0, text_digest=0,
        )
        for number in range(POSTS)
    )  # fmt: skip
    labels = Label.objects.bulk_create(
        Label(profile=profile, is_demo=False, name=name) for name in LABELS for profile in profiles
    )
    values = {
        "profiles": [profile.pk for profile in profiles],
        "labels": [label.pk for label in labels],
        "newest": now,
        "apart": APART,
        "rows": rows,
    }
    with connection.cursor() as cursor:
        for statement in (_NUMBERED, _THREADS, _ROWS, "DROP TABLE numbered"):
            cursor.execute(statement, values if "%" in statement else None)
        cursor.execute("VACUUM ANALYZE")
    search_filling.PAUSE = 0.0  # nothing arrives meanwhile
    search_filling.fill(timedelta(minutes=10))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


# The rows by their number, which is greater for older ones, and the roots of their threads. Of ten rows one is of the huge
# conversation, two are threads on the post `c0`, one is of a conversation of five, and the others are comments on posts, of
# which two reply to the one before.
_NUMBERED = """
CREATE TEMP TABLE numbered AS
SELECT i, 'p' || i AS ref, CASE WHEN i %% 10 IN (0, 3) THEN 'message' ELSE 'comment' END AS kind,
    CASE i %% 10 WHEN 0 THEN 'huge' WHEN 3 THEN 't' || i / 50 WHEN 6 THEN 'p' || (i + 1) WHEN 9 THEN 'p' || (i - 1) ELSE 'p' || i END AS root,
    CASE WHEN i %% 10 IN (0, 3) THEN '' WHEN i %% 10 IN (1, 2) THEN 'c0' ELSE 'c' || (1 + i / 10 %% 999) END AS content_ref,
    CASE WHEN i %% 10 IN (0, 1, 2) THEN 0 WHEN i %% 10 = 3 THEN i / 50 %% 5 ELSE (1 + i / 10 %% 999) %% 5 END AS owner,
    CASE i %% 10 WHEN 6 THEN 'p' || (i + 1) WHEN 9 THEN 'p' || (i - 1) ELSE '' END AS parent_ref,
    CASE WHEN i %% 10 = 9 OR i %% 30 = 0 THEN 'out' ELSE 'in' END AS direction,
    CASE WHEN i %% 10 = 9 OR i %% 30 = 0 THEN 'brand' WHEN i %% 10 <= 2 THEN 'frequent' ELSE 'a' || i %% 50000 END AS author,
    %(newest)s - i * %(apart)s AS at
FROM generate_series(1, %(rows)s) i
"""
_THREADS = """
INSERT INTO interactions_thread (profile_id, is_demo, kind, root_ref, content_id, content_ref, status, snoozed_until, unread,
    active_at, last_at, last_ref, last_in_at, last_in_ref, last_in_received_at, last_out_at, answered_at, sentiment,
    decision, covers_ref, label_ids)
SELECT (%(profiles)s::bigint[])[1 + owner], false, refs.kind, root, content.id, refs.content_ref, status,
    CASE WHEN status = 'snoozed' THEN %(newest)s + interval '30 days' END,
    status = 'open' AND newest %% 5 = 0 AND sentiment IS DISTINCT FROM 'negative',
    last_at, last_at, 'p' || newest, last_in_at, coalesce('p' || newest_in, ''), last_in_at, last_out_at, last_out_at,
    sentiment, '', '', labels
FROM (
    SELECT kind, root, owner, min(content_ref) AS content_ref, min(i) AS newest, max(at) AS last_at,
        min(i) FILTER (WHERE direction = 'in') AS newest_in, max(at) FILTER (WHERE direction = 'in') AS last_in_at,
        max(at) FILTER (WHERE direction = 'out') AS last_out_at
    FROM numbered GROUP BY kind, root, owner
) refs
CROSS JOIN LATERAL (
    SELECT CASE WHEN newest %% 20 = 4 THEN 'snoozed' WHEN newest %% 20 = 5 AND content_ref <> 'c0' THEN 'archived'
            WHEN newest %% 3 = 0 THEN 'done' ELSE 'open' END AS status,
        CASE WHEN newest %% 7 < 4 THEN 'neutral' WHEN newest %% 7 = 4 THEN 'positive'
            WHEN newest %% 7 = 5 AND content_ref <> 'c0' THEN 'negative' END AS sentiment
) chosen
CROSS JOIN LATERAL (
    SELECT array_remove(ARRAY[
        CASE WHEN newest %% 5 = 1 AND status <> 'snoozed' THEN (%(labels)s::bigint[])[1 + owner] END,
        CASE WHEN newest > %(rows)s - %(rows)s / 20 THEN (%(labels)s::bigint[])[6 + owner] END,
        CASE WHEN newest %% (%(rows)s / 20) = 4 THEN (%(labels)s::bigint[])[11 + owner] END
    ], NULL) AS labels
) labelled
LEFT JOIN interactions_content content
    ON content.platform_id = refs.content_ref AND content.profile_id = (%(profiles)s::bigint[])[1 + owner]
ORDER BY last_at
"""
_ROWS = """
INSERT INTO interactions_interaction (profile_id, is_demo, platform_id, text, posted_at, received_at, updated_at, created_digest,
    text_at, text_digest, type, direction, content_id, content_ref, parent_ref, conversation_id, author_id, author_handle,
    author_name, thread_id, closes, attachments)
SELECT (%(profiles)s::bigint[])[1 + owner], false, ref, 'coffee and the weather ' || md5(i::text), at, at, at, i, at, i,
    numbered.kind, direction, thread.content_id, numbered.content_ref, parent_ref,
    CASE numbered.kind WHEN 'message' THEN root ELSE '' END, author, author, 'A', thread.id, true, '[]'
FROM numbered JOIN interactions_thread thread
    ON thread.profile_id = (%(profiles)s::bigint[])[1 + owner] AND thread.kind = numbered.kind AND thread.root_ref = root
ORDER BY at
"""


def _filters() -> dict[str, tuple[dict, dict]]:
    """By name, the query and its lookups."""
    profile = Profile.objects.get(platform=Platform.values[0]).pk
    post = Content.objects.get(platform_id="c0").pk
    quiet = Content.objects.get(platform_id="c1").pk
    middle = Thread.objects.order_by("active_at").values_list("active_at", flat=True)[
        Thread.objects.count() // 2
    ]
    labels = {name: list(Label.objects.filter(name=name).values_list("pk", flat=True)) for name in LABELS}
    single = {
        **{f"kind={kind}": ({"kind": kind}, {"kind": kind}) for kind in ("comment", "message")},
        "platform": ({"platform": "youtube"}, {"profile__platform": "youtube"}),
        "profile": ({"profile": profile}, {"profile": profile}),
        "content=huge": ({"content": post}, {"content": post}),
        "content=usual": ({"content": quiet}, {"content": quiet}),
        **{f"status={one}": ({"status": one}, {"status": one}) for one in Thread.Status.values},
        **{f"unread={one}": ({"unread": one}, {"unread": one == "true"}) for one in ("true", "false")},
        **{
            f"sentiment={one}": ({"sentiment": one}, {"sentiment": one})
            for one in Thread._meta.get_field("sentiment").choices and ("positive", "neutral", "negative")
        },
        **{f"label={name}": ({"label": name}, {"label_ids__overlap": ids}) for name, ids in labels.items()},
        "is_demo=false": ({"is_demo": "false"}, {"is_demo": False}),
        "is_demo=true": ({"is_demo": "true"}, {"is_demo": True}),
        "active_after": ({"active_after": middle.isoformat()}, {"active_at__gte": middle}),
        "active_before": ({"active_before": middle.isoformat()}, {"active_at__lt": middle}),
    }
    combined = (
        ("kind=comment", "status=open", "unread=true"),
        ("platform", "status=snoozed"),
        ("content=huge", "status=open", "unread=true"),
        ("content=huge", "status=archived"),
        ("content=huge", "kind=message"),
        ("content=huge", "sentiment=negative"),
        ("content=huge", "label=common"),
        ("content=huge", "label=old"),
        ("content=huge", "active_before"),
        ("sentiment=negative", "unread=true"),
        ("sentiment=neutral", "status=snoozed"),
        ("sentiment=negative", "label=common"),
        ("label=common", "status=snoozed"),
        ("label=common", "status=open", "unread=true"),
        ("label=common", "active_before"),
        ("label=old", "status=archived"),
        ("label=old", "active_after"),
        ("label=rare", "status=done"),
        ("unread=true", "status=archived"),
    )
    every: dict[str, tuple[dict, dict]] = {"no filter": ({}, {})} | single
    for names in combined:
        queries, lookups = zip(*(single[name] for name in names), strict=True)
        every[" & ".join(names)] = (
            {name: value for one in queries for name, value in one.items()},
            {name: value for one in lookups for name, value in one.items()},
        )
    return every


def _lists(get: Callable[..., dict], size: Size) -> Iterator[Measurement]:
    for name, (query, lookups) in _filters().items():
        rows = Thread.objects.filter(**lookups)
        page = partial(get, LIST, **query)
        yield at_most_p95(f"{name} ({rows.count():,})", size.requests, page, MAX_MILLISECONDS)
        if cursor := _deep_cursor(rows, size):
            deep = partial(page, cursor=str(cursor))
            yield at_most_p95("… deep", size.requests, deep, MAX_MILLISECONDS)
    for name, query in SEARCHES.items():
        yield at_most_p95(name, size.requests, partial(get, LIST, **query), MAX_SEARCH_MILLISECONDS)


SEARCHES: dict[str, dict[str, Any]] = {
    "search of a word in every row": {"search": "coffee"},
    "search of a word in no row": {"search": "xylophone"},
    "search of a part of a word": {"search": "offe"},
    "search of a beginning of rare words": {"search": "abcd"},
    "search & status=snoozed & label=rare": {"search": "coffee", "status": "snoozed", "label": "rare"},
}


def _deep_cursor(rows: QuerySet, size: Size) -> Cursor | None:
    """The cursor of the deep page, or of the last one; None if there is only one page."""
    offset = min(size.page * PAGE, rows.count()) - PAGE - 1
    if offset < 0:
        return None
    column = rows.model.TIME_COLUMN
    return Cursor(*rows.order_by(f"-{column}", "-id").values_list("pk", column)[offset])


def _details(get: Callable[..., dict], size: Size) -> Iterator[Measurement]:
    def measured(name: str, **query: object) -> Measurement:
        return at_most_p95(name, size.requests, partial(get, address, **query), MAX_MILLISECONDS)

    for name, root in {"a comment": "p4", "a conversation of five": "t10", "the huge one": "huge"}.items():
        address = f"{LIST}{Thread.objects.get(root_ref=root).pk}/"
        yield measured(name)
        yield measured("… the last page", cursor=str(NEWEST))
    middle = Interaction.objects.get(platform_id=f"p{size.rows // 20 * 10}")
    yield measured("… a page in its middle", cursor=str(Cursor(middle.pk, middle.posted_at, newer=True)))
    yield measured("… 200 rows of it", page_size=200)


def _people(get: Callable[..., dict], size: Size) -> Iterator[Measurement]:
    for name, query in {
        "a usual person": {"author": "a4"},
        "a person who wrote more than a quarter": {"author": "frequent"},
        "… their messages": {"author": "frequent", "type": "message"},
        "nobody": {"author": "nobody"},
    }.items():
        lookups = {"author_id" if key == "author" else key: value for key, value in query.items()}
        rows = Interaction.objects.filter(**lookups)
        page = partial(get, INTERACTIONS, **query)
        yield at_most_p95(f"{name} ({rows.count():,})", size.requests, page, MAX_MILLISECONDS)
        if cursor := _deep_cursor(rows, size):
            yield at_most_p95("… deep", size.requests, partial(page, cursor=str(cursor)), MAX_MILLISECONDS)


def _in_process(owner: User, size: Size) -> Iterator[Measurement]:
    own = Thread.objects.visible_to(owner).order_by("-active_at", "-id")
    ids = list(own.values_list("pk", flat=True)[:PAGE])
    end = min(size.page * PAGE, own.count())
    queries = {
        "the threads of the first page by primary key": lambda: Thread.objects.filter(pk__in=ids),
        "the first page": lambda: Thread.objects.shown().with_relations().page_for(owner, PAGE + 1),
        f"page {size.page:,} by OFFSET": lambda: own[end - PAGE : end],
    }
    for name, query in queries.items():
        yield milliseconds(name, min_seconds(size.runs, lambda query=query: list(query())))
