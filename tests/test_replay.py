"""The replay of dead letters, by the sweep and by operators: batches, failures, locks."""

import json
import logging

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Profile
from demo import tasks
from demo.engine.delivery import deliver_due
from demo.engine.planning import plan_due
from demo.lifecycle import pending_work
from demo.models import DemoAccount
from interactions import replay
from interactions.models import DeadLetter, Interaction
from tests.admin_client import LETTERS, act
from tests.lock_helpers import locked_elsewhere
from tests.timeline import ENABLED
from tests.world import DAY, HOUR, NOW, SECOND, at, demo_of, event, send


def test_the_sweep_replays_due_letters(live):
    now = timezone.now()
    send(live, event("comment.created", "due", at(now - DAY)), at=now - 3 * DAY)
    send(live, event("comment.created", "not-due", at(now + 3 * DAY)), at=now)
    assert Interaction.objects.filter(platform_id="due").count() == 0
    tasks.sweep()
    assert list(
        Interaction.objects.filter(platform_id__contains="due").values_list("platform_id", flat=True)
    ) == ["due"]
    assert list(DeadLetter.objects.filter(replay_at__isnull=False).values_list("replay_at", flat=True)) == [
        now + 2 * DAY
    ]


def test_a_letter_rejected_for_another_reason_is_not_retried(live, monkeypatch):
    send(live, event("content.published", "p", at(NOW + 2 * DAY), kind="k" * 32))
    monkeypatch.setattr("interactions.events.KIND_LENGTH", 31)
    assert replay.replay_due(NOW + 2 * DAY) == replay.ReplayResult(0, 1)
    letter = DeadLetter.objects.latest("pk")
    assert (letter.reason, letter.replay_at, letter.received_at) == (
        "`kind` must have at most 31 characters; it has 32.",
        None,
        NOW,
    )
    assert replay.replay_due(NOW + 2 * DAY) == replay.ReplayResult(0, 0)


def test_a_letter_whose_replay_fails_delays_no_other(live, bob, monkeypatch, caplog):
    other = Profile.objects.create(owner=bob, platform="x", platform_id="b", handle="b")
    for owner in (live, other):
        send(owner, event("comment.created", "due", at(NOW + 2 * DAY)))
    real = replay.store_events

    def failing_store(events, *args, **options):
        if any(incoming.profile_id == live.pk for incoming in events):
            raise RuntimeError("broken")
        return real(events, *args, **options)

    monkeypatch.setattr(replay, "store_events", failing_store)
    monkeypatch.setattr(replay, "LETTERS_PER_TRANSACTION", 1)
    with caplog.at_level(logging.ERROR):
        assert replay.replay_due(NOW + 2 * DAY) == replay.ReplayResult(1, 0, failed=1)
    letter = DeadLetter.objects.get(profile=live, replay_at__isnull=False)
    assert [record.message for record in caplog.records] == [
        f"Dead letter {letter.pk} could not be replayed; it is retried in 60 minutes"
    ]
    monkeypatch.undo()
    assert replay.replay_due(NOW + 2 * DAY) == replay.ReplayResult(0, 0)
    assert replay.replay_due(NOW + 2 * DAY + HOUR) == replay.ReplayResult(1, 0)


def test_letters_that_always_fail_do_not_block_later_ones(live, monkeypatch):
    send(live, *(event("comment.created", f"failing-{n}", at(NOW + 2 * DAY)) for n in range(6)))
    send(live, event("comment.created", "fine", at(NOW + 2 * DAY + SECOND)))
    real = replay.store_events

    def failing_store(events, *args, **options):
        if any(incoming.event["id"].startswith("failing") for incoming in events):
            raise RuntimeError("broken")
        return real(events, *args, **options)

    monkeypatch.setattr(replay, "store_events", failing_store)
    monkeypatch.setattr(replay, "MAX_DUE", 4)
    assert [replay.replay_due(NOW + 3 * DAY).accepted for _ in range(3)] == [0, 1, 0]
    assert Interaction.objects.filter(platform_id="fine").exists()
    retried = DeadLetter.objects.filter(replay_at__isnull=False)
    assert set(retried.values_list("replay_at", flat=True)) == {NOW + 3 * DAY + HOUR}
    monkeypatch.setattr(replay, "MAX_SECONDS", -1)
    assert replay.replay_due(NOW + 4 * DAY) == replay.ReplayResult(more=True)


def test_an_operators_replay_stores_a_first_batch_and_defers_the_others_to_the_sweep(
    operator, live, monkeypatch
):
    DeadLetter.objects.all().delete()
    send(live, *({"type": "nonsense", "id": f"{n}"} for n in range(7)))
    monkeypatch.setattr(replay, "LETTERS_PER_TRANSACTION", 2)
    monkeypatch.setattr(replay, "MAX_DEFERRED", 4)
    message = "2 events were rejected again and kept. The worker will replay 4 more within minutes."
    more = "More are left: when the worker has finished, select them and replay again."
    assert act(operator, LETTERS, "replay", *DeadLetter.objects.all()) == [f"{message} {more}"]
    assert DeadLetter.objects.filter(replay_at__isnull=False).count() == 4
    assert replay.replay_due(timezone.now() + SECOND) == replay.ReplayResult(0, 4)
    assert DeadLetter.objects.filter(replay_at__isnull=False).count() == 0


def test_a_letter_that_fails_in_an_operators_replay_delays_no_other(operator, live, monkeypatch):
    DeadLetter.objects.all().delete()
    before = timezone.now()
    for n in range(8):
        raw = json.dumps(event("comment.created", "failing" if n == 3 else f"good-{n}")).encode()
        DeadLetter.objects.create(
            profile=live, is_demo=False, raw=raw, digest=n, reason="kept", received_at=NOW
        )
    real = replay.store_events

    def failing_store(events, *args):
        if any(incoming.event["id"] == "failing" for incoming in events):
            raise RuntimeError("broken")
        return real(events, *args)

    monkeypatch.setattr(replay, "store_events", failing_store)
    assert act(operator, LETTERS, "replay", *DeadLetter.objects.all()) == [
        "7 events were stored. 1 failed: see the log. The worker will replay them in 60 minutes."
    ]
    assert Interaction.objects.filter(platform_id__startswith="good").count() == 7
    assert DeadLetter.objects.get().replay_at > before + HOUR


@pytest.mark.django_db(transaction=True)
def test_locked_letters_are_not_deferred_to_the_sweep(live, monkeypatch):
    DeadLetter.objects.all().delete()
    send(live, *({"type": "nonsense", "id": f"{n}"} for n in range(6)))
    monkeypatch.setattr(replay, "LETTERS_PER_TRANSACTION", 1)
    held = DeadLetter.objects.filter(pk=DeadLetter.objects.latest("digest").pk)
    with locked_elsewhere(lambda: list(held.select_for_update())):
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'")
        assert replay.replay(DeadLetter.objects.all(), NOW) == replay.ReplayResult(0, 1, deferred=4)
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")


def test_a_future_event_replayed_early_by_an_operator_is_rejected_again(operator, live):
    send(live, event("comment.created", "due", at(timezone.now() + 3 * DAY)))
    assert act(operator, LETTERS, "replay", DeadLetter.objects.latest("pk")) == [
        "1 event was rejected again and kept."
    ]


def test_a_demo_whose_clock_is_set_back_or_that_advances_creates_no_dead_letters(alice):
    """Due events are never dated in the future, whatever the clock does."""
    demo_of(alice)
    run = ENABLED + DAY
    plan_due(run)
    deliver_due(run)
    deliver_due(run - 3 * DAY)  # the clock is set back
    deliver_due(run + 3 * DAY)
    account = DemoAccount.objects.filter(user=alice)
    account.update(advance_days=7)
    pending_work.run_to_completion(account.get().pk, run + 3 * DAY)
    assert (account.get().advance_days, account.get().last_error) == (0, "")
    assert DeadLetter.objects.count() == 0


def test_large_letters_are_replayed_in_batches_of_limited_bytes(live, monkeypatch):
    for n in range(5):
        send(live, {"type": "nonsense", "text": f"{n}" * 1_000})
    monkeypatch.setattr(replay, "BYTES_PER_TRANSACTION", 2_500)
    sizes = []
    real = replay.store_events
    monkeypatch.setattr(
        replay,
        "store_events",
        lambda some, *args, **more: (sizes.append(len(some)), real(some, *args, **more))[1],
    )
    assert replay.replay(DeadLetter.objects.all(), NOW) == replay.ReplayResult(0, 3, deferred=3)
    assert replay.replay_due(NOW) == replay.ReplayResult(0, 3)
    assert sizes == [3, 2, 1]
