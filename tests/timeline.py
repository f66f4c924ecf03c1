"""Times of Alice's demo, and helpers that run it and read its rows."""

from datetime import UTC, datetime, timedelta

from accounts.models import Profile, User
from demo.engine.delivery import deliver_due
from demo.engine.planning import plan_due
from demo.lifecycle import pending_work, transitions
from demo.models import DemoAccount
from interactions.models import Content, Interaction, Thread
from interactions.profile_deletion import PROFILE_MODELS
from tests.world import NOW

ENABLED = NOW  # Wednesday 07:30
FIRST_INTERACTIONS = datetime(2026, 3, 4, 18, tzinfo=UTC)
FIRST_CONTENT = datetime(2026, 3, 5, 10, tzinfo=UTC)


def counts(user: User) -> tuple[int, int, int]:
    """How many demo posts, and inbound demo comments and messages, the user sees."""
    rows = Interaction.objects.visible_to(user).filter(is_demo=True, direction="in")
    posts = Content.objects.visible_to(user).filter(is_demo=True)
    return posts.count(), rows.filter(type="comment").count(), rows.filter(type="message").count()


def visible_rows(user: User) -> list[tuple]:
    """Every demo row that the user sees, without primary keys and times of receipt."""
    posts = Content.objects.visible_to(user).filter(is_demo=True)
    interactions = Interaction.objects.visible_to(user).filter(is_demo=True)
    links = [
        "content__platform_id",
        "parent__platform_id",
        "author_id",
        "author_name",
        "conversation_id",
        "thread__root_ref",
        "thread__status",
        "thread__unread",
        "thread__active_at",
    ]
    return [
        *posts.order_by("platform_id").values_list(
            "profile__platform", "platform_id", "text", "posted_at", "kind", "url", "views", "likes", "shares"
        ),
        *interactions.order_by("platform_id").values_list(
            "profile__platform", "platform_id", "text", "posted_at", *links
        ),
    ]


def inbox_rows() -> list[tuple]:
    """Every column of every post, comment, message and thread."""
    return [
        *Content.objects.order_by("pk").values_list(),
        *Interaction.objects.order_by("pk").values_list(),
        *Thread.objects.order_by("pk").values_list(),
    ]


def live_rows() -> list[tuple]:
    """Every column of every live row."""
    rows = []
    for model in (Profile, *PROFILE_MODELS):
        rows += [
            (model.__name__, *row) for row in model.objects.filter(is_demo=False).order_by("pk").values_list()
        ]
    return rows


def run_until(end: datetime, start: datetime = ENABLED, every: timedelta = timedelta(hours=1)) -> None:
    """Plan and deliver at `start` and after each step of `every`, up to `end`."""
    now = start
    while now <= end:
        plan_due(now)
        deliver_due(now)
        now += every


def resume(user: User, now: datetime) -> None:
    """Resume a paused demo and finish the work."""
    assert transitions.resume(user, now, request_worker=False).started
    pending_work.run_to_completion(DemoAccount.objects.get(user=user).pk, now)
