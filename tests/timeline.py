"""The instants of Alice's demo, and what can be read of it."""

from datetime import UTC, datetime, timedelta

from accounts.models import Profile, User
from demo.engine.delivery import deliver_due
from demo.engine.planning import plan_due
from demo.lifecycle import pending_work, transitions
from demo.models import DemoAccount
from interactions.models import Content, DeadLetter, Interaction, PendingChange
from tests.world import NOW

ENABLED = NOW  # Wednesday 07:30
FIRST_TALK = datetime(2026, 3, 4, 18, tzinfo=UTC)
FIRST_CONTENT = datetime(2026, 3, 5, 10, tzinfo=UTC)


def counts(user: User) -> tuple[int, int, int]:
    """What of the demo's quotas is stored and shown: pieces, comments and messages."""
    rows = Interaction.objects.visible_to(user).filter(is_demo=True, direction="in")
    pieces = Content.objects.visible_to(user).filter(is_demo=True)
    return pieces.count(), rows.filter(type="comment").count(), rows.filter(type="message").count()


def told(user: User) -> list[tuple]:
    """Every demo row that a user is shown, without primary keys and times of receipt."""
    pieces = Content.objects.visible_to(user).filter(is_demo=True)
    talk = Interaction.objects.visible_to(user).filter(is_demo=True)
    links = [
        "content__platform_id",
        "parent__platform_id",
        "author_id",
        "author_name",
        "conversation_id",
        "status",
    ]
    return [
        *pieces.order_by("platform_id").values_list(
            "profile__platform", "platform_id", "text", "posted_at", "kind", "url", "views", "likes", "shares"
        ),
        *talk.order_by("platform_id").values_list(
            "profile__platform", "platform_id", "text", "posted_at", *links
        ),
    ]


def live_rows() -> list[tuple]:
    """Every column of every live row."""
    rows = []
    for model in (Profile, Content, Interaction, PendingChange, DeadLetter):
        rows += [
            (model.__name__, *row) for row in model.objects.filter(is_demo=False).order_by("pk").values_list()
        ]
    return rows


def run_until(end: datetime, start: datetime = ENABLED, every: timedelta = timedelta(hours=1)) -> None:
    """Plan and deliver at each step, as the schedule does."""
    now = start
    while now <= end:
        plan_due(now)
        deliver_due(now)
        now += every


def resume(user: User, now: datetime) -> None:
    """End a pause, to the last row."""
    assert transitions.resume(user, now, dispatch=False).started
    pending_work.finish(DemoAccount.objects.get(user=user).pk, now)
