"""Whatever breaks in the middle, the demo goes on and ends complete."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from demo import delivery, lifecycle, story, unfinished
from demo.delivery import deliver_due
from demo.models import DemoAccount, State, StoryEvent
from demo.planning import plan_due
from demo.progress import progress_of
from tests.timeline import FIRST_TALK, counts
from tests.world import HOUR, NOW, demo_of


def test_a_worker_killed_between_planning_and_delivery_is_taken_up_by_the_sweep(alice):
    account = lifecycle.enable(alice, NOW, dispatch=False).account
    unfinished.plan_initial(account.pk, NOW)
    DemoAccount.objects.update(heartbeat_at=NOW)
    assert unfinished.claim_silent(NOW + timedelta(seconds=29)) == []
    later = NOW + timedelta(seconds=31)
    assert unfinished.claim_silent(later) == [account.pk]
    assert unfinished.claim_silent(later) == []
    unfinished.finish(account.pk, later)
    assert counts(alice) == (35, 920, 100)


def test_a_lost_connection_leaves_the_account_enabling(alice, monkeypatch):
    account = lifecycle.enable(alice, NOW, dispatch=False).account

    def lost(*_):
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(delivery, "ingest", lost)
    with pytest.raises(OperationalError):
        unfinished.finish(account.pk, NOW)
    account.refresh_from_db()
    assert account.state == State.ENABLING
    monkeypatch.undo()
    unfinished.finish(account.pk, NOW)
    assert counts(alice) == (35, 920, 100)


def test_any_other_error_fails_visibly_and_enabling_again_completes(alice, monkeypatch):
    account = lifecycle.enable(alice, NOW, dispatch=False).account
    monkeypatch.setattr(unfinished, "plan_initial", lambda *_: 1 / 0)
    unfinished.finish(account.pk, NOW)
    account.refresh_from_db()
    assert (account.state, account.last_error) == (State.FAILED, "ZeroDivisionError: division by zero")
    monkeypatch.undo()
    demo_of(alice, size="full")
    assert counts(alice) == (35, 920, 100)


def test_a_batch_that_failed_after_planning_goes_on_where_it_was(alice, monkeypatch):
    account = lifecycle.enable(alice, NOW, dispatch=False, seed=6).account
    monkeypatch.setattr(unfinished, "deliver_due", lambda *_: 1 / 0)
    unfinished.finish(account.pk, NOW)
    monkeypatch.undo()
    story = StoryEvent.objects.filter(origin="initial").order_by("pk").values_list("pk", flat=True)
    planned = list(story)
    demo_of(alice, NOW + HOUR, seed=7, size="full")
    assert counts(alice) == (35, 920, 100)
    assert list(story) == planned
    assert DemoAccount.objects.get().seed == 6


def test_a_poison_event_dies_after_six_attempts_and_its_neighbours_go_on(alice, monkeypatch):
    account = lifecycle.enable(
        alice, NOW, dispatch=False, initial_content=3, initial_comments=30, initial_messages=5
    ).account
    unfinished.plan_initial(account.pk, NOW)
    poison = StoryEvent.objects.filter(type="comment.created").first().platform_id
    real = delivery.ingest

    def ingest(arrivals, now):
        if any(arrival.event["id"] == poison for arrival in arrivals):
            raise RuntimeError("poison")
        return real(arrivals, now)

    monkeypatch.setattr(delivery, "ingest", ingest)
    now = NOW
    for attempt in range(1, 7):
        deliver_due(now)
        assert StoryEvent.objects.get(platform_id=poison).attempts == attempt
        now += 6 * HOUR
    assert counts(alice) == (3, 29, 5)
    assert (progress_of(account).dead, StoryEvent.objects.get(platform_id=poison).last_error) == (1, "poison")


def test_an_account_that_cannot_be_planned_does_not_hold_up_the_others(alice, bob, monkeypatch):
    demo_of(alice)
    demo_of(bob)
    real = story.simulator.interactions_window

    def window(world, *args):
        if world.brand == "Broken":
            raise RuntimeError("broken")
        return real(world, *args)

    DemoAccount.objects.filter(user=alice).update(brand="Broken")
    monkeypatch.setattr(story.simulator, "interactions_window", window)
    assert plan_due(FIRST_TALK).windows == 1
    assert DemoAccount.objects.get(user=alice).last_error == "Planning failed: broken"
    assert DemoAccount.objects.get(user=bob).next_interactions_window == FIRST_TALK + 6 * HOUR
    monkeypatch.undo()
    assert plan_due(FIRST_TALK).windows == 1
    assert DemoAccount.objects.get(user=alice).last_error == ""
