"""Delivery in process and over HTTP: the same rows, retries, dead events, locks and time limits."""

import socket
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import BoundedSemaphore, Timer
from time import perf_counter

import pytest
import requests
from django.db import OperationalError, connection
from django.db.models import Count
from django.utils import timezone
from knox.models import get_token_model

from demo import simulator
from demo.engine.clock import Clock
from demo.engine.delivery import deliver_due
from demo.engine.planning import plan_initial
from demo.engine.retries import BACKOFF_SECONDS, retry_dead
from demo.engine.transports import http, in_process
from demo.lifecycle import on_demand, pending_work, seeding, transitions
from demo.models import DemoAccount, State, StoryEvent
from interactions.models import Content, Interaction
from tests.lock_helpers import locked_elsewhere, profiles_locked
from tests.timeline import counts
from tests.world import NOW, demo_of

METRICS = StoryEvent.Type.METRICS

SMALL = {"initial_content": 3, "initial_comments": 30, "initial_messages": 5, "seed": 8}


@pytest.fixture
def planned(transactional_db, alice) -> DemoAccount:
    """Alice's demo, planned and not delivered; committed, so that a web server reads it."""
    account = transitions.enable(alice, NOW, request_worker=False, **SMALL).account
    plan_initial(account.pk, NOW)
    account.refresh_from_db()
    return account


def rows() -> set[tuple]:
    posts = Content.objects.values_list("profile__platform", "platform_id", "text", "posted_at", "is_demo")
    return {
        *posts,
        *Interaction.objects.values_list("profile__platform", "platform_id", "text", "posted_at", "is_demo"),
    }


@pytest.mark.parametrize("transport", ["direct", "http"])
def test_both_transports_store_the_story(planned, live_server, settings, transport):
    settings.DEMO_DELIVERY, settings.MAIN_APP_URL = transport, live_server.url
    assert deliver_due(NOW) == StoryEvent.objects.count()
    story = simulator.initial_batch(planned.world, planned.initial_quota, NOW)
    assert rows() == {
        (event.platform, event.platform_id, event.text, event.at, True)
        for event in story
        if event.type != METRICS
    }
    metrics = {event.platform_id: event.metrics[:3] for event in story if event.type == METRICS}
    stored = Content.objects.values_list("platform_id", "views", "likes", "shares")
    assert {platform_id: tuple(numbers) for platform_id, *numbers in stored} == metrics
    assert deliver_due(NOW) == 0
    assert DemoAccount.objects.get().state == State.ACTIVE


@pytest.fixture
def frozen_clock(monkeypatch) -> None:
    """No time passes during a run."""
    monkeypatch.setattr(Clock, "elapsed", timedelta(0))


@pytest.fixture
def unreachable_receiver(settings, frozen_clock):
    settings.DEMO_DELIVERY, settings.MAIN_APP_URL = "http", "http://127.0.0.1:9"


def test_a_batch_keeps_its_rows_and_its_id_over_retries(planned, unreachable_receiver):
    deliver_due(NOW)
    batches = dict(StoryEvent.objects.values_list("pk", "delivery_id"))
    waits = [
        (moment - NOW).total_seconds()
        for moment in StoryEvent.objects.values_list("claimed_until", flat=True)
    ]
    assert all(0.8 * BACKOFF_SECONDS[0] <= wait <= 1.2 * BACKOFF_SECONDS[0] for wait in waits)
    deliver_due(NOW + timedelta(seconds=10))
    assert dict(StoryEvent.objects.values_list("pk", "delivery_id")) == batches
    assert set(StoryEvent.objects.values_list("attempts", flat=True)) == {2}


def test_the_log_names_failed_batches_and_dead_events(planned, unreachable_receiver, caplog):
    sizes = Counter(StoryEvent.objects.values_list("profile", flat=True))
    for attempt in range(6):
        caplog.clear()
        deliver_due(NOW + attempt * timedelta(hours=6))
        refused, dead = (
            {tuple(record.args[:2]) for record in caplog.records if start in record.msg}
            for start in ("The receiver (MAIN_APP_URL) did not accept", "events of profile %s are dead")
        )
        batches = {(size, profile) for profile, size in sizes.items()}
        assert (refused, dead) == (batches, batches if attempt == 5 else set())


def test_after_six_attempts_events_are_dead_and_can_be_retried(
    planned, unreachable_receiver, live_server, settings
):
    now = NOW
    for attempt in range(1, 7):
        assert set(StoryEvent.objects.values_list("attempts", flat=True)) == {attempt - 1}
        deliver_due(now)
        now += timedelta(hours=6)
    assert StoryEvent.objects.filter(dead_at__isnull=False).count() == StoryEvent.objects.count()
    assert "ConnectionError" in StoryEvent.objects.first().last_error
    settings.MAIN_APP_URL = live_server.url
    assert deliver_due(now) == 0
    assert retry_dead(StoryEvent.objects.all()) == StoryEvent.objects.count()
    assert deliver_due(now) == StoryEvent.objects.count()


def test_a_sender_killed_after_the_post_creates_no_duplicates(
    planned, live_server, settings, monkeypatch, frozen_clock
):
    settings.DEMO_DELIVERY, settings.MAIN_APP_URL = "http", live_server.url
    killed = pytest.raises(KeyboardInterrupt)
    with monkeypatch.context() as patch, killed:
        patch.setattr(
            "demo.engine.transports.http._mark_delivered", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        deliver_due(NOW)
    everything, sent = (
        StoryEvent.objects.count(),
        StoryEvent.objects.filter(delivery_id__isnull=False).count(),
    )
    assert rows()
    assert deliver_due(NOW + timedelta(seconds=59)) == everything - sent
    assert deliver_due(NOW + timedelta(seconds=121)) == sent
    assert len(rows()) == StoryEvent.objects.exclude(type=METRICS).count()


def test_an_event_that_the_receiver_rejects_is_delivered(planned, live_server, settings):
    settings.DEMO_DELIVERY, settings.MAIN_APP_URL = "http", live_server.url
    first = StoryEvent.objects.filter(type="comment.created").first()
    StoryEvent.objects.filter(pk=first.pk).update(payload=first.payload | {"author": "nobody"})
    assert deliver_due(NOW) == StoryEvent.objects.count()
    assert Interaction.objects.filter(platform_id=first.platform_id).count() == 0


@pytest.fixture
def receiver(settings) -> Iterator[socket.socket]:
    """A listening socket instead of the receiver."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings.DEMO_DELIVERY = "http"
        settings.MAIN_APP_URL = f"http://127.0.0.1:{listening.getsockname()[1]}"
        yield listening


@pytest.mark.parametrize(
    "answer", [b"nonsense\r\n", b"HTTP/1.1 503 Busy\r\nContent-Length: 99\r\n\r\nhalf", b""]
)
def test_a_broken_answer_counts_as_an_attempt(planned, receiver, answer):
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
    failing = StoryEvent.objects.filter(type="comment.created").first()
    StoryEvent.objects.filter(pk=failing.pk).update(payload="no object")
    assert deliver_due(NOW) == StoryEvent.objects.count() - 1
    failing.refresh_from_db()
    assert (failing.attempts, failing.delivered_at) == (1, None)


class Receiver(BaseHTTPRequestHandler):
    """Answers `code`, but 200 when the body does not contain `refused`."""

    code, refused, posts = 500, b"", 0

    def do_POST(self) -> None:
        type(self).posts += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.code if self.refused in body else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def failing_receiver(settings) -> Iterator[type[Receiver]]:
    """A running receiver whose answers the test sets."""
    handler = type("TestReceiver", (Receiver,), {})
    with HTTPServer(("127.0.0.1", 0), handler) as server, ThreadPoolExecutor(1) as pool:
        pool.submit(server.serve_forever, poll_interval=0.01)
        settings.DEMO_DELIVERY, settings.MAIN_APP_URL = "http", f"http://127.0.0.1:{server.server_port}"
        yield handler
        server.shutdown()


def test_after_500_the_quarters_of_a_batch_are_retried_separately(planned, failing_receiver, frozen_clock):
    assert (deliver_due(NOW), failing_receiver.posts) == (0, 3)
    assert set(StoryEvent.objects.values_list("attempts", flat=True)) == {1}
    assert not StoryEvent.objects.due(NOW).exists()
    assert (deliver_due(NOW + timedelta(seconds=10)), failing_receiver.posts) == (0, 3 + 12)


@pytest.mark.sample(1)
@pytest.mark.parametrize("outage_attempts", [2, 0, 5])
def test_only_the_failing_event_of_a_batch_is_dead(
    transactional_db, alice, failing_receiver, frozen_clock, outage_attempts
):
    """Also when the receiver answers 503 to the first attempts."""
    sizes = {"initial_content": 5, "initial_comments": 480, "initial_messages": 10, "platforms": ["facebook"]}
    plan_initial(transitions.enable(alice, NOW, request_worker=False, **sizes).account.pk, NOW)
    failing = StoryEvent.objects.filter(type="message.created").first()
    failing_receiver.code = 503
    now = NOW
    for number, wait in enumerate((0, *BACKOFF_SECONDS)):
        if number == outage_attempts:
            failing_receiver.code, failing_receiver.refused = 500, failing.platform_id.encode()
        now += timedelta(seconds=2 * wait)
        deliver_due(now)
    assert set(StoryEvent.objects.filter(delivered_at=None).values_list("pk", "attempts", "dead_at")) == {
        (failing.pk, 6, now)
    }


def test_429_counts_no_attempt(planned, failing_receiver, frozen_clock):
    failing_receiver.code = 429
    deliver_due(NOW)
    events = StoryEvent.objects.values_list("attempts", "dead_at", "claimed_until", "last_error")
    assert set(events) == {(0, None, NOW + timedelta(seconds=5), "HTTP 429: Too Many Requests")}
    failing_receiver.code = 200
    assert deliver_due(NOW + timedelta(seconds=5)) == StoryEvent.objects.count()


def test_a_refused_event_is_isolated_at_once(planned, failing_receiver, frozen_clock):
    failing = StoryEvent.objects.filter(type="comment.created").first()
    failing_receiver.code, failing_receiver.refused = 400, failing.platform_id.encode()
    deliver_due(NOW)
    assert set(StoryEvent.objects.undelivered().values_list("platform_id", flat=True)) == {
        failing.platform_id
    }


GENERATE = "/api/v1/demo/generate/interactions/"


@pytest.fixture
def active(transactional_db, alice) -> DemoAccount:
    """Alice's demo, just completed."""
    return demo_of(alice, timezone.now())


def test_generated_events_are_planned_and_delivered_or_neither(page, active, monkeypatch):
    monkeypatch.setattr(in_process, "ingest", lambda *_: (_ for _ in ()).throw(OperationalError("lost")))
    page.raise_request_exception = False
    assert page.post(GENERATE).status_code == 503
    active.refresh_from_db()
    assert (StoryEvent.objects.filter(origin="generate").count(), active.extra_ordinal) == (0, 0)


def test_undelivered_generated_events_are_answered_503_with_a_hint_not_to_repeat_the_request(
    page, active, unreachable_receiver, live_server, settings
):
    answer = page.post(GENERATE)
    assert answer.status_code == 503
    assert answer.json()["detail"] == "0 of 15 planned events were delivered so far."
    assert answer.json()["hint"].startswith("Do not send it again")
    settings.MAIN_APP_URL = live_server.url
    assert deliver_due(timezone.now() + timedelta(minutes=1)) == 15


def test_two_parallel_generate_requests_over_http_are_both_delivered(
    page, active, live_server, settings, alice, monkeypatch
):
    monkeypatch.setattr("demo.lifecycle.on_demand._http_deliveries", BoundedSemaphore(2))
    settings.DEMO_DELIVERY, settings.MAIN_APP_URL = "http", live_server.url
    token = get_token_model().objects.create(alice)[1]

    def ask(_) -> dict:
        headers = {"Authorization": f"Token {token}"}
        return requests.post(live_server.url + GENERATE, headers=headers, timeout=30).json()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(ask, range(2)))
    assert answers == [{"content": 0, "comments": 10, "messages": 5}] * 2
    assert counts(alice) == (3, 30 + 20, 5 + 10)


def test_at_most_a_quarter_of_the_threads_wait_for_deliveries(page, active, receiver, settings, alice):
    """The receiver accepts the connection and does not answer; the second request is refused before planning."""
    assert settings.WEB_THREADS // 4 == 1

    def ask() -> None:
        with pytest.raises(on_demand.NotDelivered):
            on_demand.generate_interactions(alice, timezone.now())
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask)
        caller, _ = receiver.accept()
        before = StoryEvent.objects.count()
        started = perf_counter()
        second = page.post("/api/v1/demo/generate/daily-content/")
        assert perf_counter() - started < 4
        assert (second.status_code, second.headers["Retry-After"]) == (503, "5")
        assert second.json()["hint"].startswith("Nothing was planned; send the same again")
        assert StoryEvent.objects.count() == before
        caller.close()
        receiver.close()  # connections are refused from now on
        first.result(60)
    assert page.post("/api/v1/demo/generate/daily-content/").json()["hint"].startswith("Do not send it again")


def test_a_silent_receiver_occupies_a_web_thread_for_a_limited_time(page, active, receiver, monkeypatch):
    monkeypatch.setattr(on_demand, "MAX_HTTP_TIME", timedelta(seconds=2))
    started = perf_counter()
    answer = page.post(GENERATE)
    assert (answer.status_code, answer.json()["hint"][:20]) == (503, "Do not send it again")
    assert perf_counter() - started < 8


def test_leases_and_retries_are_dated_by_the_current_time_in_a_long_run(
    planned, unreachable_receiver, monkeypatch
):
    leased = []
    real = http._post

    def post(events, seconds):
        leased.append(StoryEvent.objects.get(pk=events[0].pk).claimed_until)
        return real(events, seconds)

    monkeypatch.setattr(http, "_post", post)
    monkeypatch.setattr(Clock, "elapsed", timedelta(seconds=70))
    deliver_due(NOW)
    assert leased == [NOW + timedelta(seconds=130)] * 3
    assert min(StoryEvent.objects.values_list("claimed_until", flat=True)) >= NOW + timedelta(seconds=74)


def test_a_run_begins_no_batch_after_its_time_limit_and_the_next_run_delivers_it(planned):
    assert deliver_due(NOW, time_limit=timedelta(0)) == 0
    assert deliver_due(NOW, time_limit=timedelta(minutes=1)) == StoryEvent.objects.count()


def test_a_worker_skips_the_events_that_another_worker_has_locked(transactional_db, alice):
    account = transitions.enable(alice, NOW, request_worker=False).account
    plan_initial(account.pk, NOW)
    earliest = StoryEvent.objects.order_by("due_at", "id").values("pk")[: in_process.EVENTS_PER_TRANSACTION]
    theirs = StoryEvent.objects.filter(pk__in=earliest).select_for_update()
    with locked_elsewhere(lambda: list(theirs)):
        assert deliver_due(NOW) == StoryEvent.objects.count() - in_process.EVENTS_PER_TRANSACTION > 50
    assert deliver_due(NOW) == in_process.EVENTS_PER_TRANSACTION


def test_a_batch_leased_by_another_worker_does_not_end_the_run(planned, live_server, settings, monkeypatch):
    settings.DEMO_DELIVERY, settings.MAIN_APP_URL = "http", live_server.url
    real = http._claim

    def leased_elsewhere(*args):
        monkeypatch.undo()
        settings.DEMO_DELIVERY, settings.MAIN_APP_URL = "http", live_server.url
        return []

    monkeypatch.setattr(http, "_claim", leased_elsewhere)
    assert deliver_due(NOW) == StoryEvent.objects.count()
    assert http._claim is real


def test_seeding_waits_for_events_that_another_worker_is_sending(planned, live_server, settings, alice):
    settings.DEMO_DELIVERY, settings.MAIN_APP_URL = "http", live_server.url
    first = list(StoryEvent.objects.order_by("pk").values_list("pk", flat=True)[:5])
    sent = StoryEvent.objects.filter(pk__in=first)
    sent.update(delivery_id=uuid.uuid4(), claimed_until=NOW + timedelta(minutes=1))

    def arrive() -> None:
        sent.update(delivered_at=NOW)
        connection.close()

    Timer(0.5, arrive).start()
    assert seeding.seed(alice, NOW).state == State.ACTIVE


def test_a_demo_does_not_advance_while_events_are_leased(page, active):
    leased_event = StoryEvent.objects.filter(pk=StoryEvent.objects.earliest("pk").pk)
    leased_event.update(
        delivered_at=None, delivery_id=uuid.uuid4(), claimed_until=timezone.now() + timedelta(minutes=1)
    )
    refused = page.post("/api/v1/demo/advance/", {"days": 7}, content_type="application/json")
    assert (refused.status_code, "being delivered" in refused.json()["detail"]) == (409, True)
    DemoAccount.objects.update(advance_days=7)
    before = leased_event.get().due_at
    pending_work.run_to_completion(active.pk, timezone.now())
    assert (leased_event.get().due_at, DemoAccount.objects.get().advance_days) == (before, 7)
    leased_event.update(claimed_until=timezone.now())
    pending_work.run_to_completion(active.pk, timezone.now())
    assert (leased_event.get().due_at, DemoAccount.objects.get().advance_days) == (
        before - timedelta(days=7),
        0,
    )


@pytest.mark.django_db(transaction=True)
def test_generating_while_a_profile_is_locked_plans_nothing(page, active):
    with profiles_locked(list(active.profiles.values_list("pk", flat=True))):
        answer = page.post("/api/v1/demo/generate/interactions/")
    assert (answer.status_code, "demo is busy" in answer.json()["detail"]) == (409, True)
    assert not StoryEvent.objects.filter(origin="generate").exists()


@pytest.mark.django_db(transaction=True)
def test_a_run_waits_once_for_a_locked_profile(planned, monkeypatch):
    """Also when its events are in many batches that were looked up before."""
    monkeypatch.setattr(in_process, "EVENTS_PER_TRANSACTION", 2)
    earliest = StoryEvent.objects.order_by("due_at", "id").values_list("profile", flat=True)[:2]
    others = StoryEvent.objects.exclude(profile__in=list(earliest)).values_list("profile")
    held, number = others.annotate(number=Count("pk")).order_by("-number").first()
    with profiles_locked([held]):
        started = perf_counter()
        assert deliver_due(NOW) == StoryEvent.objects.count() - number
        assert perf_counter() - started < 6
    assert (deliver_due(NOW), number > 20) == (number, True)


def test_generating_while_the_demo_is_being_paused_is_409(page, active, settings, monkeypatch):
    settings.DEMO_DELIVERY = "http"

    def paused_meanwhile(*_, **__):
        DemoAccount.objects.update(state="paused", paused_at=timezone.now())

    monkeypatch.setattr("demo.lifecycle.on_demand.deliver_events", paused_meanwhile)
    answer = page.post(GENERATE)
    assert (answer.status_code, "paused now" in answer.json()["detail"]) == (409, True)


@pytest.mark.parametrize(("max_backlog", "is_refused"), [(9, True), (10, False)])
def test_generating_with_a_large_backlog_is_refused_before_anything_is_delivered(
    page, active, monkeypatch, max_backlog, is_refused
):
    behind = StoryEvent.objects.filter(pk__in=StoryEvent.objects.order_by("due_at").values("pk")[:10])
    StoryEvent.objects.undelivered().update(dead_at=timezone.now())
    behind.update(delivered_at=None, dead_at=None)
    delivered = []
    real = on_demand.deliver_events
    monkeypatch.setattr(on_demand, "MAX_BACKLOG", max_backlog)
    monkeypatch.setattr(on_demand, "deliver_events", lambda *a, **named: delivered.append(real(*a, **named)))
    answer = page.post("/api/v1/demo/generate/interactions/")
    assert (answer.status_code, delivered) == ((409, []) if is_refused else (200, [10, 15]))
    assert "more due events than a request can deliver" in answer.content.decode() or not is_refused


def test_nothing_is_generated_while_the_demo_advances(page, active):
    DemoAccount.objects.update(advance_days=7)
    answer = page.post(GENERATE)
    assert (answer.status_code, "skipping ahead" in answer.json()["detail"]) == (409, True)
    assert not StoryEvent.objects.filter(origin="generate").exists()
