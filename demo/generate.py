"""Extra events on demand, on top of every quota, delivered at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from demo import simulator, story
from demo.delivery import deliver_due
from demo.models import DemoAccount, State, StoryEvent
from demo.states import NotPossible

CONTENT, COMMENTS, MESSAGES = 2, 10, 5
RECENT = timedelta(hours=1)


@dataclass(frozen=True)
class Generated:
    content: int
    comments: int
    messages: int


def daily_content(account_id: int, now: datetime) -> Generated:
    """Publish two more pieces now; raises NotPossible unless the account is active."""
    return _generate(account_id, now, _pieces)


def interactions(account_id: int, now: datetime) -> Generated:
    """Bring ten more comments on recent pieces and five direct messages; raises NotPossible unless active."""
    return _generate(account_id, now, _talk)


def _generate(account_id: int, now: datetime, draw) -> Generated:
    moment = now.replace(microsecond=0)
    with transaction.atomic():
        account = DemoAccount.objects.select_for_update().get(pk=account_id)
        if account.state != State.ACTIVE:
            raise NotPossible(f"Demo mode is {account.state}; enable or resume it first.")
        events = draw(account, moment)
        story.write([(account, StoryEvent.Origin.GENERATE, events)], story.demo_profiles([account]))
        account.extra_ordinal += 1
        account.save(update_fields=["extra_ordinal"])
    deliver_due(now, [account_id])
    types = [event.type for event in events]
    return Generated(*(types.count(kind) for kind in StoryEvent.Type.values))


def _pieces(account: DemoAccount, now: datetime) -> list[simulator.Event]:
    return simulator.extra_content(account.world, account.extra_ordinal, now, CONTENT)


def _talk(account: DemoAccount, now: datetime) -> list[simulator.Event]:
    start = now - RECENT
    past = story.look_back([account.id], start, StoryEvent.Origin.values)[account.id]
    seen = [event for event in past if event.at <= now]
    messages = MESSAGES if account.has_messages else 0
    return simulator.interactions_window(
        account.world,
        account.extra_ordinal,
        start,
        COMMENTS,
        messages,
        seen,
        stream="generate",
        length=RECENT,
    )
