"""Both ways to the door leave the same rows; a door that does not open is tried again, then given up visibly."""

from datetime import timedelta

import pytest

from demo import lifecycle, simulator
from demo.delivery import deliver_due
from demo.models import DemoAccount, State, StoryEvent
from demo.planning import plan_initial
from demo.retries import WAITS, retry_dead
from interactions.models import Content, Interaction
from tests.world import NOW

SMALL = {"initial_content": 3, "initial_comments": 30, "initial_messages": 5, "seed": 8}


@pytest.fixture
def planned(transactional_db, alice) -> DemoAccount:
    """Alice's demo, planned and not delivered; committed, so that a web server sees it."""
    account = lifecycle.enable(alice, NOW, dispatch=False, **SMALL).account
    plan_initial(account.pk, NOW)
    account.refresh_from_db()
    return account


def rows() -> set[tuple]:
    pieces = Content.objects.values_list("profile__platform", "platform_id", "text", "posted_at", "is_demo")
    return {
        *pieces,
        *Interaction.objects.values_list("profile__platform", "platform_id", "text", "posted_at", "is_demo"),
    }


@pytest.mark.parametrize("door", ["direct", "http"])
def test_both_doors_store_the_story(planned, live_server, settings, door):
    settings.DEMO_DELIVERY, settings.MAIN_APP_URL = door, live_server.url
    assert deliver_due(NOW) == 38
    story = simulator.initial(planned.world, planned.initial_quota, NOW)
    assert rows() == {(event.platform, event.platform_id, event.text, event.at, True) for event in story}
    assert deliver_due(NOW) == 0
    assert DemoAccount.objects.get().state == State.ACTIVE


@pytest.fixture
def shut_door(settings):
    settings.DEMO_DELIVERY, settings.MAIN_APP_URL = "http", "http://127.0.0.1:9"


def test_a_batch_keeps_its_rows_and_its_id_over_retries(planned, shut_door):
    deliver_due(NOW)
    batches = dict(StoryEvent.objects.values_list("pk", "delivery_id"))
    waits = [
        (moment - NOW).total_seconds()
        for moment in StoryEvent.objects.values_list("claimed_until", flat=True)
    ]
    assert all(0.8 * WAITS[0] <= wait <= 1.2 * WAITS[0] for wait in waits)
    deliver_due(NOW + timedelta(seconds=10))
    assert dict(StoryEvent.objects.values_list("pk", "delivery_id")) == batches
    assert set(StoryEvent.objects.values_list("attempts", flat=True)) == {2}


def test_after_six_attempts_events_are_dead_and_can_be_retried(planned, shut_door, live_server, settings):
    now = NOW
    for attempt in range(1, 7):
        assert set(StoryEvent.objects.values_list("attempts", flat=True)) == {attempt - 1}
        deliver_due(now)
        now += timedelta(hours=6)
    assert StoryEvent.objects.filter(dead_at__isnull=False).count() == 38
    assert "ConnectionError" in StoryEvent.objects.first().last_error
    settings.MAIN_APP_URL = live_server.url
    assert deliver_due(now) == 0
    assert retry_dead(StoryEvent.objects.all()) == 38
    assert deliver_due(now) == 38


def test_a_sender_killed_after_the_post_doubles_nothing(planned, live_server, settings, monkeypatch):
    settings.DEMO_DELIVERY, settings.MAIN_APP_URL = "http", live_server.url
    killed = pytest.raises(KeyboardInterrupt)
    with monkeypatch.context() as patch, killed:
        patch.setattr(
            "demo.http_delivery._mark_delivered", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        deliver_due(NOW)
    stored = Content.objects.count() + Interaction.objects.count()
    assert stored > 0
    assert deliver_due(NOW + timedelta(seconds=59)) == 38 - stored
    assert deliver_due(NOW + timedelta(seconds=121)) == stored
    assert len(rows()) == 38


def test_an_event_that_the_receiver_rejects_is_delivered(planned, live_server, settings):
    settings.DEMO_DELIVERY, settings.MAIN_APP_URL = "http", live_server.url
    first = StoryEvent.objects.filter(type="comment.created").first()
    StoryEvent.objects.filter(pk=first.pk).update(payload=first.payload | {"author": "nobody"})
    assert deliver_due(NOW) == 38
    assert Interaction.objects.filter(platform_id=first.platform_id).count() == 0
