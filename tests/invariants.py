"""Invariants that hold for all demos at any time. Called by the tests of the state machine and of long runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.fields.json import KT

from accounts.models import User
from demo.models import State, StoryEvent
from interactions.models import Content, Interaction


@contextmanager
def plans_for_many_rows() -> Iterator[None]:
    """Forbid nested loops in the block. Of rows of an open transaction PostgreSQL has no statistics, and would choose them."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = on")


def nothing_is_dated_in_the_future(now: datetime) -> None:
    for model in (Content, Interaction):
        assert not model.objects.filter(posted_at__gt=now).exists()
    assert not StoryEvent.objects.filter(due_at__gt=now, delivered_at__isnull=False).exists()
    assert not User.objects.filter(demo_mode_enabled_at__gt=now).exists()


def causes_come_first() -> None:
    """A comment is later than its post, and a reply later than its parent, in the rows and in the story."""
    late = Q(posted_at__lte=F("content__posted_at")) | Q(posted_at__lte=F("parent__posted_at"))
    assert not Interaction.objects.filter(late, is_demo=True).exists()
    others = StoryEvent.objects.exclude(type="content.metrics").filter(profile=OuterRef("profile"))
    later = others.filter(due_at__gte=OuterRef("due_at"))
    story = StoryEvent.objects.annotate(post=KT("payload__content_id"), parent=KT("payload__parent_id"))
    for cause in ("post", "parent"):
        assert not story.filter(Exists(later.filter(platform_id=OuterRef(cause)))).exists()
    reported_early = Exists(later.filter(platform_id=OuterRef("platform_id")))
    assert not StoryEvent.objects.filter(reported_early, type="content.metrics").exists()


def a_pause_holds_undelivered_events() -> None:
    paused = Q(account__state=State.PAUSED, account__resume_requested_at=None)
    assert not StoryEvent.objects.undelivered().filter(paused, held=False).exists()
    held = StoryEvent.objects.filter(held=True).exclude(account__state=State.DISABLING)
    assert not held.exclude(account__state=State.PAUSED, delivered_at=None).exists()
    assert not StoryEvent.objects.filter(delivered_at__gt=F("account__paused_at")).exists()


def invisible_rows_are_expired_or_deleted(deleted: set[tuple[int, str]]) -> None:
    """Only expired rows, and rows that the platform deleted (`deleted`: profile and id), have `deleted_at`.

    Every story event of an expired row has expired too, and no visible comment is on an expired post.
    """
    for model in (Content, Interaction):
        rows = model.objects.filter(is_demo=True)
        deleted_rows = rows.filter(deleted_at__isnull=False, expired_at=None)
        assert {*deleted_rows.values_list("profile", "platform_id")} <= deleted
        assert deleted.isdisjoint(rows.filter(deleted_at=None).values_list("profile", "platform_id"))
        same = {"profile": OuterRef("profile"), "platform_id": OuterRef("platform_id")}
        of_expired_row = Exists(rows.filter(expired_at__isnull=False, **same))
        assert not StoryEvent.objects.filter(of_expired_row, expired_at=None).exists()
    shown = Interaction.objects.filter(is_demo=True, deleted_at=None, type="comment")
    assert not shown.exclude(content__isnull=False, content__expired_at=None).exists()
