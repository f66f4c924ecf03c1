"""Readiness notices when what is due is not delivered, and only then."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.redis_client import client as redis
from demo import tasks
from demo.engine.backlog import DELIVERED
from demo.lifecycle import transitions
from demo.models import DemoAccount, StoryEvent
from tests.world import demo_of

MINUTE = timedelta(minutes=1)


@pytest.fixture
def late(alice, db) -> StoryEvent:
    """An event of an active demo that has been due for three minutes, and no other of hers is."""
    demo_of(alice, timezone.now())
    StoryEvent.objects.filter(delivered_at=None).delete()
    event = StoryEvent.objects.last()
    StoryEvent.objects.filter(pk=event.pk).update(delivered_at=None, due_at=timezone.now() - 3 * MINUTE)
    redis().delete(DELIVERED)
    return event


def delivery(client) -> bool:
    answer = client.get("/readyz").json()
    return answer["delivery"]


def test_an_event_due_for_three_minutes_while_nothing_is_delivered_is_not_ready(client, late):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["delivery"]) == (503, False)


def test_a_system_that_delivers_is_ready_however_late_it_is(client, late):
    StoryEvent.objects.filter(pk=late.pk).update(claimed_until=None)
    tasks.deliver()
    assert StoryEvent.objects.get(pk=late.pk).delivered_at
    StoryEvent.objects.filter(pk=late.pk).update(delivered_at=None)
    assert delivery(client) is True


@pytest.mark.parametrize(
    ("column", "value"),  # a time counts from the present
    [
        ("due_at", -MINUTE),
        ("held", True),
        ("claimed_until", MINUTE),
        ("claimed_until", -MINUTE),
        ("dead_at", 0 * MINUTE),
    ],
    ids=["due since a minute", "held", "leased", "leased until a minute ago", "dead"],
)
def test_what_cannot_be_delivered_yet_does_not_count(client, late, column, value):
    present = timezone.now() + value if isinstance(value, timedelta) else value
    StoryEvent.objects.filter(pk=late.pk).update(**{column: present})
    assert delivery(client) is True


@pytest.mark.parametrize(("planned", "ready"), [(MINUTE, True), (3 * MINUTE, False)])
def test_an_initial_batch_lies_in_the_past_and_counts_from_when_it_was_planned(client, late, planned, ready):
    DemoAccount.objects.update(state="enabling", planned_at=timezone.now() - planned)
    assert delivery(client) is ready


def test_a_failed_demo_does_not_count(client, late):
    DemoAccount.objects.update(state="failed")
    assert delivery(client) is True


def test_the_question_costs_the_same_however_many_wait(client, late, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        client.get("/readyz")


def test_work_that_fails_is_no_delivery(client, late, bob, monkeypatch):
    """A removal that fails is tried again every minute; nothing is delivered by it."""
    demo_of(bob, timezone.now())
    redis().delete(DELIVERED)
    transitions.disable(bob, dispatch=False)
    monkeypatch.setattr("demo.lifecycle.removal._switch_off", lambda account, now: 1 / 0)
    tasks.finish(bob.demo_account.pk)
    assert DemoAccount.objects.get(user=bob).last_error
    assert delivery(client) is False


def test_an_initial_batch_and_an_advance_are_deliveries(client, late, bob):
    transitions.enable(bob, timezone.now(), seed=1, dispatch=False)
    account = DemoAccount.objects.get(user=bob).pk
    tasks.finish(account)
    assert delivery(client) is True
    redis().delete(DELIVERED)
    DemoAccount.objects.filter(pk=account).update(state="active", advance_days=1)
    tasks.finish(account)
    assert delivery(client) is True
