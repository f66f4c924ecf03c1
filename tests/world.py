"""A small named world: Alice and Bob each have a workspace; Alice also has a live profile that nothing may touch."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from accounts.models import Profile, User
from demo.account_settings import SETTINGS
from demo.lifecycle import seeding, transitions
from interactions.ingest import IncomingEvent, ingest
from interactions.models import BlockedAuthor, InboxRule, Interaction, Label, Moderation, Note, Thread
from interactions.threads.decisions import decide

NOW = datetime(2026, 3, 4, 7, 30, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
T = [NOW - 5 * DAY + hours * HOUR for hours in range(6)]  # hours in a row, of events of a thread
BRAND = {"id": "brand"}  # as the author of what `profile` sends


def at(moment: datetime) -> str:
    """The moment as an event's `occurred_at`."""
    return moment.isoformat()


@pytest.fixture
def alice(db) -> User:
    return User.objects.create_user("alice")


@pytest.fixture
def bob(db) -> User:
    return User.objects.create_user("bob")


@pytest.fixture
def live(alice) -> Profile:
    """Alice's live profile, with a post, a comment, a message and a dead letter from 60 days ago."""
    profile = Profile.objects.create(owner=alice, platform="instagram", platform_id="live-1", handle="alice")
    old = (NOW - 60 * DAY).isoformat()
    send(
        profile,
        event("content.published", "piece", occurred_at=old),
        event("comment.created", "comment", occurred_at=old),
        event("message.created", "message", occurred_at=old),
        {"type": "nonsense"},
    )
    return profile


@pytest.fixture
def profile(alice) -> Profile:
    """A live profile of Alice's, without rows."""
    return Profile.objects.create(owner=alice, platform="facebook", platform_id="brand", handle="brand")


@pytest.fixture
def page(client: Client, alice) -> Client:
    """A browserless client that is logged in as Alice."""
    client.force_login(alice)
    return client


AUTHOR = {"id": "person-1", "handle": "person", "name": "A Person"}
FIELDS = {
    "content.published": {"text": "a caption"},
    "comment.created": {"text": "a comment", "author": AUTHOR, "content_id": "piece"},
    "message.created": {"text": "a message", "author": AUTHOR, "conversation_id": "talk"},
    "content.metrics": {"metrics": {"views": 10, "likes": 5, "shares": 1}},
}


def event(type: str, id: str, occurred_at: str = "2026-03-01T12:00:00Z", **fields) -> dict:
    """A valid event of that type; `fields` override the defaults."""
    usual = FIELDS.get(type, {"text": "edited"} if type.endswith("edited") else {})
    return {"type": type, "id": id, "occurred_at": occurred_at, **usual, **fields}


def comment(id: str, when: datetime = T[0], **fields) -> dict:
    return event("comment.created", id, at(when), **fields)


def message(id: str, when: datetime = T[0], **fields) -> dict:
    return event("message.created", id, at(when), **fields)


def thread(root: str) -> Thread:
    """The thread of that `root_ref`."""
    return Thread.objects.get(root_ref=root)


def send(profile: Profile, *events: object, at: datetime = NOW):
    """Ingest the events as one batch of the profile; return the results."""
    return ingest([IncomingEvent(profile.id, one) for one in events], at)


def work_on(thread: Thread, now: datetime = NOW) -> None:
    """Add what people add to a thread: a decision, a label and a note."""
    decide([thread.pk], "done", now)
    of_thread = {"profile_id": thread.profile_id, "is_demo": thread.is_demo}
    label, _ = Label.objects.get_or_create(name="urgent", **of_thread)
    Thread.objects.filter(pk=thread.pk).update(label_ids=[label.pk])
    Note.objects.create(thread=thread, text="a note", created_at=now, **of_thread)


def moderate(row: Interaction) -> None:
    """Add a row to each table of moderation: a request about the row, its author blocked, and a rule of its profile."""
    of_profile = {"profile_id": row.profile_id, "is_demo": row.is_demo}
    Moderation.objects.create(interaction=row, action="hide", requested_at=NOW, **of_profile)
    BlockedAuthor.objects.create(author_id="alice's own", created_at=NOW, is_hiding=False, **of_profile)
    InboxRule.objects.store(
        row.profile.owner, NOW, profile=row.profile, condition="word", value="alice's own", action="hide"
    )


def demo_of(user: User, now: datetime = NOW, *, seed: int = 1, size: str = "smoke", **options):
    """Seed the user's demo, of `size`, at `now`; return the active account. `options` may be settings, too."""
    settings = {name: options.pop(name) for name in SETTINGS.keys() & options.keys()}
    if settings:
        transitions.change_settings(user, now, settings)
    return seeding.seed(user, now, seed=seed, **seeding.SIZES[size] | options)
