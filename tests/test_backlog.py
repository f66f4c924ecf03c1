"""/readyz reports `delivery` as failed while due events are not delivered, and only then."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.redis_client import client as redis
from demo import tasks
from demo.engine.backlog import DELIVERED_KEY
from demo.lifecycle import transitions
from demo.models import DemoAccount, StoryEvent
from tests.world import demo_of

MINUTE = timedelta(minutes=1)


@pytest.fixture
def overdue(alice, db) -> StoryEvent:
    """An event of alice's active demo that has been due for three minutes; her demo has no other undelivered event."""
    demo_of(alice, timezone.now())
    StoryEvent.objects.filter(delivered_at=None).delete()
    event = StoryEvent.objects.last()
    StoryEvent.objects.filter(pk=event.pk).update(delivered_at=None, due_at=timezone.now() - 3 * MINUTE)
    redis().delete(DELIVERED_KEY)
    return event


def delivery_check(client) -> bool:
    response = client.get("/readyz").json()
    return response["delivery"]


def test_readyz_fails_when_an_event_is_due_for_three_minutes_and_nothing_is_delivered(client, overdue):
    response = client.get("/readyz")
    assert (response.status_code, response.json()["delivery"]) == (503, False)


def test_readyz_succeeds_while_events_are_delivered_however_late(client, overdue):
    StoryEvent.objects.filter(pk=overdue.pk).update(claimed_until=None)
    tasks.deliver()
    assert StoryEvent.objects.get(pk=overdue.pk).delivered_at
    StoryEvent.objects.filter(pk=overdue.pk).update(delivered_at=None)
    assert delivery_check(client) is True


@pytest.mark.parametrize(
    ("column", "value"),  # a timedelta is relative to the present
    [
        ("due_at", -MINUTE),
        ("held", True),
        ("claimed_until", MINUTE),
        ("claimed_until", -MINUTE),
        ("dead_at", 0 * MINUTE),
    ],
    ids=["due for a minute", "held", "leased", "leased until a minute ago", "dead"],
)
def test_an_event_that_cannot_be_delivered_yet_does_not_count(client, overdue, column, value):
    new = timezone.now() + value if isinstance(value, timedelta) else value
    StoryEvent.objects.filter(pk=overdue.pk).update(**{column: new})
    assert delivery_check(client) is True


@pytest.mark.parametrize(("planned", "ready"), [(MINUTE, True), (3 * MINUTE, False)])
def test_the_events_of_an_initial_batch_count_from_when_they_were_planned(client, overdue, planned, ready):
    DemoAccount.objects.update(state="enabling", planned_at=timezone.now() - planned)
    assert delivery_check(client) is ready


def test_events_of_a_failed_demo_do_not_make_delivery_stuck(client, overdue):
    DemoAccount.objects.update(state="failed")
    assert delivery_check(client) is True


def test_readyz_uses_at_most_eight_queries(client, overdue, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        client.get("/readyz")


def test_failed_pending_work_is_not_noted_as_a_delivery(client, overdue, bob, monkeypatch):
    """A removal that fails is retried every minute, but delivers nothing."""
    demo_of(bob, timezone.now())
    redis().delete(DELIVERED_KEY)
    transitions.disable(bob, request_worker=False)
    monkeypatch.setattr("demo.lifecycle.removal._switch_off", lambda account, now: 1 / 0)
    tasks.run_slice(bob.demo_account.pk)
    assert DemoAccount.objects.get(user=bob).last_error
    assert delivery_check(client) is False


def test_an_initial_batch_and_an_advance_count_as_deliveries(client, overdue, bob):
    transitions.enable(bob, timezone.now(), seed=1, request_worker=False)
    account = DemoAccount.objects.get(user=bob).pk
    tasks.run_slice(account)
    assert delivery_check(client) is True
    redis().delete(DELIVERED_KEY)
    DemoAccount.objects.filter(pk=account).update(state="active", advance_days=1)
    tasks.run_slice(account)
    assert delivery_check(client) is True
