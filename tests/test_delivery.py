"""Both ways to the door leave the same rows; a door that does not open is tried again, then given up visibly."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests
from django.db import OperationalError
from django.utils import timezone
from knox.models import get_token_model

from demo import delivery, lifecycle, simulator
from demo.delivery import deliver_due
from demo.models import DemoAccount, State, StoryEvent
from demo.planning import plan_initial
from demo.retries import WAITS, retry_dead
from interactions.models import Content, Interaction
from tests.world import NOW, demo_of

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


@pytest.fixture
def receiver(settings) -> Iterator[socket.socket]:
    """A listening socket in the receiver's place."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings.DEMO_DELIVERY = "http"
        settings.MAIN_APP_URL = f"http://127.0.0.1:{listening.getsockname()[1]}"
        yield listening


@pytest.mark.parametrize(
    "answer", [b"nonsense\r\n", b"HTTP/1.1 503 Busy\r\nContent-Length: 99\r\n\r\nhalf", b""]
)
def test_an_answer_that_breaks_off_counts_as_an_attempt(planned, receiver, answer):
    def answer_all() -> None:
        for _ in range(3):
            caller, _ = receiver.accept()
            caller.recv(1_000_000)
            caller.sendall(answer)
            caller.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(answer_all)
        assert deliver_due(NOW) == 0
    assert set(StoryEvent.objects.values_list("attempts", flat=True)) == {1}
    assert StoryEvent.objects.values("delivery_id").distinct().count() == 3, (
        "each profile's batch stays whole"
    )


def test_an_event_that_cannot_be_sent_fails_alone(planned, live_server, settings):
    settings.DEMO_DELIVERY, settings.MAIN_APP_URL = "http", live_server.url
    poison = StoryEvent.objects.filter(type="comment.created").first()
    StoryEvent.objects.filter(pk=poison.pk).update(payload="no object")
    assert deliver_due(NOW) == 37
    poison.refresh_from_db()
    assert (poison.attempts, poison.delivered_at) == (1, None)


MORE = "/api/v1/demo/generate/interactions/"


@pytest.fixture
def active(transactional_db, alice) -> DemoAccount:
    """Alice's demo, complete since just now."""
    return demo_of(alice, timezone.now())


def test_what_is_generated_is_planned_and_delivered_or_neither(page, active, monkeypatch):
    monkeypatch.setattr(delivery, "ingest", lambda *_: (_ for _ in ()).throw(OperationalError("lost")))
    page.raise_request_exception = False
    assert page.post(MORE).status_code == 503
    active.refresh_from_db()
    assert (StoryEvent.objects.filter(origin="generate").count(), active.extra_ordinal) == (0, 0)


def test_what_is_generated_and_cannot_be_delivered_yet_is_not_to_be_asked_for_again(
    page, active, shut_door, live_server, settings
):
    answer = page.post(MORE)
    assert answer.status_code == 503
    assert answer.json()["detail"] == "0 of 15 planned events were delivered so far."
    assert answer.json()["hint"].startswith("Do not send it again")
    settings.MAIN_APP_URL = live_server.url
    assert deliver_due(timezone.now() + timedelta(minutes=1)) == 15


def test_two_who_generate_over_http_at_once_each_get_all_of_it(page, active, live_server, settings, alice):
    settings.DEMO_DELIVERY, settings.MAIN_APP_URL = "http", live_server.url
    token = get_token_model().objects.create(alice)[1]

    def ask(_) -> dict:
        headers = {"Authorization": f"Token {token}"}
        return requests.post(live_server.url + MORE, headers=headers, timeout=30).json()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(ask, range(2)))
    assert answers == [{"content": 0, "comments": 10, "messages": 5}] * 2
    assert Interaction.objects.count() == 35 + 30
