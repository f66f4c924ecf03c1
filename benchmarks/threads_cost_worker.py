"""Measures the checkout in the working directory for `threads_cost`, which starts it once for each revision.

Takes the name of an empty database as its argument, and commands from standard input, one a line: a key of COMMANDS and
a number, such as `new 1000`. Answers each with a line that is a number. It imports what both revisions have, nothing else.
"""

import gc
import logging
import random
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from typing import NamedTuple

import django
from django.conf import settings

settings.DATABASES["default"]["NAME"] = sys.argv[1]
django.setup()

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Profile, User
from config.bootstrap import migrate
from config.celery import collect_garbage_rarely
from demo.engine import retention
from demo.models import DemoAccount
from interactions.ingest import IncomingEvent, ingest
from interactions.models import Interaction

APART = timedelta(seconds=30)  # between two stored rows
POSTS = 1_000
MESSAGE_EVERY = 7  # of the stored rows; the others are comments without a parent
ROWS_PER_CONVERSATION = 70  # ten messages and the comments between them
MAX_RECENT = 50_000  # replies are to comments and conversations of these newest rows, 17 days
TEXT = "coffee and the weather, and a few more words, as many as in a usual comment"

STARTED = timezone.now() - timedelta(hours=1)
_numbers = count(1)  # of ids and times of new events


class Inbox(NamedTuple):
    """The demo profile that has all rows. Row `p1` is the newest."""

    account: DemoAccount
    profile: Profile
    rows: int

    @property
    def recent(self) -> range:
        """The numbers of the rows that are replied to. The older half of a small table is left to be expired."""
        return range(1, min(self.rows // 2, MAX_RECENT))


_inbox: list[Inbox] = []


def fill(rows: int) -> int:
    """Create the tables, posts and rows, as fast as PostgreSQL can; return how many rows there are."""
    migrate()
    owner = User.objects.create(username="bench-threads")
    account = DemoAccount.objects.create(user=owner, seed=1, brand="Bench")
    profile = Profile.objects.create(
        owner=owner, platform="instagram", platform_id="1", handle="b", is_demo=True
    )
    _inbox.append(Inbox(account, profile, rows))
    _store([_event("content.published", id=f"c{number}", text=TEXT) for number in range(POSTS)])
    _insert_rows(profile, rows)
    build_threads()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    collect_garbage_rarely()
    return Interaction.objects.count()


def _insert_rows(profile: Profile, rows: int) -> None:
    """One INSERT; columns that are not named here, such as those of one revision only, get the model's default."""
    expressions = {
        "profile_id": "%(profile)s",
        "is_demo": "true",
        "platform_id": "'p' || i",
        "text": "'coffee and the weather ' || md5(i::text)",
        **dict.fromkeys(("posted_at", "received_at", "updated_at", "text_at"), "%(newest)s - i * %(apart)s"),
        **dict.fromkeys(("created_digest", "text_digest"), "i"),
        "type": "CASE WHEN is_message THEN 'message' ELSE 'comment' END",
        "direction": "'in'",
        "content_id": "content.id",
        "content_ref": "coalesce(content.platform_id, '')",
        "conversation_id": "CASE WHEN is_message THEN 't' || i / %(conversation)s ELSE '' END",
        **dict.fromkeys(("author_id", "author_handle", "author_name"), "'a' || i %% 50000"),
    }
    columns = {field.column: field for field in Interaction._meta.concrete_fields if not field.primary_key}
    others = {name: field for name, field in columns.items() if name not in expressions}
    expressions |= {name: f"%({name})s::{field.db_type(connection)}" for name, field in others.items()}
    defaults = {
        name: field.get_db_prep_save(field.get_default(), connection) for name, field in others.items()
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO interactions_interaction ({', '.join(expressions)})"
            f" SELECT {', '.join(expressions.values())}"
            " FROM (SELECT i, i %% %(every)s = 0 AS is_message FROM generate_series(1, %(rows)s) i) numbered"
            " LEFT JOIN interactions_content content"
            " ON NOT is_message AND content.platform_id = 'c' || i %% %(posts)s ORDER BY i DESC",
            {
                **defaults,
                "profile": profile.pk,
                "newest": STARTED,
                "apart": APART,
                "conversation": ROWS_PER_CONVERSATION,
                "every": MESSAGE_EVERY,
                "posts": POSTS,
                "rows": rows,
            },
        )


def build_threads() -> None:
    """Create the threads of the rows that `fill` has inserted. A revision without threads has nothing to do."""
    if find_spec("interactions.threads"):
        import_module("interactions.threads.adoption").adopt_rows(timezone.now())


def new(number: int) -> float:
    """The seconds of the ingest of as many new events."""
    return _seconds_of(_store, _new_events(number))


def replies(number: int) -> float:
    """The seconds of the ingest of as many replies to stored comments and conversations."""
    return _seconds_of(_store, _replies(number))


def statements_of_new(number: int) -> int:
    return _statements(_new_events(number))


def statements_of_replies(number: int) -> int:
    return _statements(_replies(number))


def hide(number: int) -> float:
    """The seconds of the expiry of the oldest comments, as many as given, as retention does it."""
    [inbox] = _inbox
    kept = Interaction.objects.filter(profile=inbox.profile, type="comment", expired_at=None)
    times = kept.order_by("posted_at").values_list("posted_at", flat=True)[: number + 1]
    oldest, *_, cutoff = times
    rows = retention.rows_to_expire(inbox.account, [inbox.profile.pk], cutoff)["comments"]

    def expire() -> (
        None
    ):  # without those that earlier runs have expired, so that a run costs as much as the one before
        expired = retention._expire(rows.filter(posted_at__gte=oldest), [inbox.profile.pk], timezone.now())
        assert expired == number, expired

    return _seconds_of(expire)


def _seconds_of(call: Callable[..., object], *arguments: object) -> float:
    gc.collect()
    started = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - started


def _store(events: list[dict]) -> None:
    [inbox] = _inbox
    results = ingest([IncomingEvent(inbox.profile.pk, event) for event in events], timezone.now())
    assert all(result.status == "created" for result in results), results[:3]


def _statements(events: list[dict]) -> int:
    """How many statements the ingest sends, transactions included."""
    with CaptureQueriesContext(connection) as statements:
        _store(events)
    return len(statements)


def _new_events(number: int) -> list[dict]:
    """Of ten events seven are comments on posts, two begin conversations, one replies to one of these comments."""
    comments = [_comment(next(_numbers)) for _ in range(number * 7 // 10)]
    messages = [_message(f"new-{next(_numbers)}") for _ in range(number // 5)]
    answered = comments[: number - len(comments) - len(messages)]
    return comments + messages + [_reply(comment["id"], comment["content_id"]) for comment in answered]


def _replies(number: int) -> list[dict]:
    """Three of four are replies to stored comments, the others messages of stored conversations; no two of one thread."""
    [inbox] = _inbox
    chance = random.Random(next(_numbers))
    comments = [row for row in inbox.recent if row % MESSAGE_EVERY]
    conversations = range(len(inbox.recent) // ROWS_PER_CONVERSATION)
    return [
        *(_reply(f"p{row}", f"c{row % POSTS}") for row in chance.sample(comments, number * 3 // 4)),
        *(_message(f"t{id}") for id in chance.sample(conversations, number - number * 3 // 4)),
    ]


def _comment(number: int) -> dict:
    return _event("comment.created", content_id=f"c{number % POSTS}")


def _reply(parent: str, post: str) -> dict:
    return _event("comment.created", content_id=post, parent_id=parent)


def _message(conversation: str) -> dict:
    return _event("message.created", conversation_id=conversation)


def _event(type: str, **fields: str) -> dict:
    number = next(_numbers)
    author = {"id": f"a{number % 50_000}", "handle": f"a{number % 50_000}", "name": "A"}
    at = STARTED + timedelta(milliseconds=number)
    given = {"type": type, "id": f"n{number}", "occurred_at": at.isoformat(), "author": author, "text": TEXT}
    return given | fields


COMMANDS: dict[str, Callable[[int], float]] = {
    command.__name__: command
    for command in (fill, new, replies, hide, statements_of_new, statements_of_replies)
}

if __name__ == "__main__":
    logging.disable(logging.INFO)
    for line in sys.stdin:
        name, number = line.split()
        print(COMMANDS[name](int(number)), flush=True)
