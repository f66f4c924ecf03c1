"""Dead letters: stored with their bytes, replayed when they are due, expired at an age, limited in number."""

import json
import logging
import time
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse
from django.utils import timezone

from accounts.models import Profile
from demo import tasks
from demo.engine import retention
from demo.engine.delivery import deliver_due
from demo.engine.planning import plan_due
from demo.lifecycle import pending_work
from demo.models import DemoAccount
from interactions import dead_letters, expiry, replay
from interactions.ingest import IncomingEvent, ingest
from interactions.metrics import DROPPED_LETTERS
from interactions.models import Content, DeadLetter, Interaction, PendingChange
from tests.admin_client import act, page
from tests.lock_helpers import locked_elsewhere
from tests.timeline import ENABLED, live_rows
from tests.world import DAY, HOUR, NOW, demo_of, event, send

LETTERS = "admin:interactions_deadletter_changelist"
SECOND = timedelta(seconds=1)
MORE_THAN_A_DAY_AHEAD = (
    "`occurred_at` is more than a day ahead of the time here, which is 2026-03-04T07:30:00+00:00."
)


def at(moment: datetime) -> str:
    return moment.isoformat()


@pytest.fixture
def profile(alice) -> Profile:
    return Profile.objects.create(owner=alice, platform="instagram", platform_id="brand", handle="brand")


# Future events


EVERY_TYPE = [
    event("content.published", "other"),
    event("content.edited", "piece"),
    event("content.deleted", "piece"),
    event("content.metrics", "piece"),
    event("comment.created", "other"),
    event("comment.edited", "comment"),
    event("comment.deleted", "comment"),
    event("message.created", "new"),
    event("message.edited", "message"),
    event("message.deleted", "message"),
]


@pytest.mark.parametrize("one", EVERY_TYPE, ids=lambda one: one["type"])
@pytest.mark.parametrize("ahead", [DAY + SECOND / 1_000_000, 91 * DAY])
def test_a_future_event_is_kept_and_replayed_when_it_is_a_day_ahead(live, one, ahead):
    before, letters = rows(), DeadLetter.objects.count()
    [result] = send(live, one | {"occurred_at": at(NOW + ahead)})
    assert (result.id, result.status, result.error.startswith(MORE_THAN_A_DAY_AHEAD)) == (
        None,
        "rejected",
        True,
    )
    letter = DeadLetter.objects.latest("pk")
    assert (rows(), DeadLetter.objects.count(), letter.replay_at) == (before, letters + 1, NOW + ahead - DAY)
    assert replay.replay_due(letter.replay_at - SECOND) == replay.ReplayResult(0, 0)
    assert replay.replay_due(letter.replay_at) == replay.ReplayResult(1, 0)
    assert (rows() != before, DeadLetter.objects.count()) == (True, letters)


@pytest.mark.parametrize("ahead", [91 * DAY + SECOND, datetime(9999, 12, 31, tzinfo=NOW.tzinfo) - NOW])
def test_an_event_too_far_in_the_future_is_never_replayed_and_its_error_says_so(live, ahead):
    [result] = send(live, event("comment.created", "other", at(NOW + ahead)))
    letter = DeadLetter.objects.latest("pk")
    assert letter.replay_at is None
    assert (
        result.error
        == letter.reason
        == (
            f"{MORE_THAN_A_DAY_AHEAD} It will not be replayed, as events are kept for 90 days; send it again with the right time."
        )
    )


def test_a_letter_with_a_replay_time_does_not_expire_before_it(live, alice, settings):
    settings.LETTER_DAYS = 10
    demo_of(alice)
    demo = Profile.objects.demo().first()
    for owner in (live, demo):
        send(owner, event("content.published", "waits", at(NOW + 11 * DAY)))
    scheduled = DeadLetter.objects.filter(replay_at=NOW + 10 * DAY)
    for days, remaining in ((11, 2), (20, 2), (21, 0)):
        expiry.delete_expired(NOW + days * DAY)
        retention.clean_up(NOW + days * DAY, older_than_days=10)
        assert scheduled.count() == remaining


def test_a_letter_that_always_fails_or_is_too_far_in_the_future_expires(live, alice, settings, monkeypatch):
    settings.LETTER_DAYS = 10
    demo_of(alice)
    demo = Profile.objects.demo().first()
    for owner in (live, demo):
        send(owner, event("content.published", "fails", at(NOW + 2 * DAY)))
        send(owner, event("content.published", "far", at(NOW + 3 * DAY)))
    scheduled = DeadLetter.objects.filter(replay_at__isnull=False)
    scheduled.filter(replay_at=NOW + 2 * DAY).update(replay_at=datetime(9999, 1, 1, tzinfo=NOW.tzinfo))
    monkeypatch.setattr(replay, "store_events", lambda *args: 1 / 0)
    for moment, remaining in ((NOW + 10 * DAY, 4), (NOW + 10 * DAY + SECOND, 0)):
        replay.replay_due(moment)
        expiry.delete_expired(moment)
        retention.clean_up(moment, older_than_days=10)
        assert scheduled.count() == remaining


def rows() -> list[tuple]:
    return [
        *Content.objects.order_by("pk").values_list(),
        *Interaction.objects.order_by("pk").values_list(),
    ]


def test_a_replayed_event_is_stored_as_if_it_had_arrived_then(live):
    ahead = at(NOW + 3 * DAY)
    send(
        live, event("comment.edited", "comment", ahead, text="last"), event("comment.deleted", "never", ahead)
    )
    assert replay.replay_due(NOW + 2 * DAY).accepted == 2
    assert Interaction.objects.get(platform_id="comment").text == "last"
    assert PendingChange.objects.get(target="interaction").platform_id == "never"


@pytest.mark.parametrize("one", EVERY_TYPE, ids=lambda one: one["type"])
def test_an_event_sent_again_with_the_right_time_is_not_replaced_by_the_replay(live, one):
    """Whichever of the two is received first."""
    ahead = one | {"occurred_at": at(NOW + 3 * DAY), "text": "wrong", "metrics": {"views": 99, "likes": 99}}
    right = one | {"occurred_at": at(NOW + HOUR)}
    send(live, ahead)
    send(live, right, at=NOW + HOUR)
    correct = rows()
    assert replay.replay_due(NOW + 2 * DAY) == replay.ReplayResult(1, 0)
    assert rows() == correct
    send(live, ahead, at=NOW + HOUR)
    assert replay.replay_due(NOW + 2 * DAY) == replay.ReplayResult(1, 0)
    assert (rows(), PendingChange.objects.count()) == (correct, 0)


def test_an_edit_and_metrics_that_arrived_later_are_not_replaced_by_the_replay(live):
    ahead = {"occurred_at": at(NOW + 10 * DAY)}
    send(live, EVERY_TYPE[3] | ahead | {"metrics": {"views": 99, "shares": 7}}, EVERY_TYPE[5] | ahead)
    later = {"occurred_at": at(NOW + 5 * DAY)}
    send(
        live,
        EVERY_TYPE[3] | later | {"metrics": {"views": 10}},
        EVERY_TYPE[5] | later | {"text": "the last"},
        at=NOW + 5 * DAY,
    )
    assert replay.replay_due(NOW + 9 * DAY) == replay.ReplayResult(2, 0)
    piece = Content.objects.get(platform_id="piece")
    assert (piece.views, piece.shares) == (10, 7)
    assert Interaction.objects.get(platform_id="comment").text == "the last"


def test_events_of_a_clock_that_is_ahead_are_stored_in_their_order(live):
    ahead = [at(NOW + 10 * DAY + n * HOUR) for n in range(5)]
    send(live, event("comment.created", "c", ahead[0]))
    for n in (1, 2):
        send(live, event("comment.edited", "c", ahead[n], text=f"edit {n}"), at=NOW + n * HOUR)
        send(live, event("content.metrics", "piece", ahead[n], metrics={"views": n}), at=NOW + n * HOUR)
    for n in range(4):
        replay.replay_due(NOW + 9 * DAY + n * HOUR)
    assert Interaction.objects.get(platform_id="c").text == "edit 2"
    assert Content.objects.get(platform_id="piece").views == 2
    send(live, event("comment.deleted", "c", ahead[3]), at=NOW + 3 * HOUR)
    replay.replay_due(NOW + 9 * DAY + 4 * HOUR)
    assert Interaction.objects.get(platform_id="c").deleted_at == NOW + 10 * DAY + 3 * HOUR


def test_a_future_deletion_does_not_delete_what_is_created_after_its_receipt(live):
    deletion = event("comment.deleted", "comment", at(NOW + 3 * DAY))
    send(live, deletion)
    send(live, event("comment.created", "comment", at(NOW + HOUR), text="again"), at=NOW + HOUR)
    assert replay.replay_due(NOW + 2 * DAY) == replay.ReplayResult(1, 0)
    assert Interaction.objects.get(platform_id="comment").deleted_at is None


MIXED = [
    event("comment.created", "mixed", at(NOW - 3 * HOUR), text="created"),
    event("comment.edited", "mixed", at(NOW - 2 * HOUR), text="edited"),
    event("comment.created", "mixed", at(NOW + 2 * DAY), text="created in the future"),
    event("comment.edited", "mixed", at(NOW + 3 * DAY), text="edited in the future"),
    event("comment.deleted", "mixed", at(NOW - HOUR)),
]


@pytest.mark.parametrize(
    ("chosen", "text", "deleted"),
    [
        ((0, 1, 2, 3), "edited", False),
        ((0, 2, 3), "edited in the future", False),
        ((0, 2, 4), "created", True),
        ((0, 3, 4), "edited in the future", True),
        ((1, 2, 3), "edited", False),
        ((2, 4), None, None),
        ((0, 1, 3, 4), "edited", True),
    ],
)
def test_future_events_store_the_same_rows_in_any_order(live, chosen, text, deleted):
    for order in permutations(chosen):
        for number in order:
            send(live, MIXED[number], at=NOW + order.index(number) * SECOND)
        assert replay.replay_due(NOW + 2 * DAY).rejected == 0
        remaining = [
            (row.text, row.deleted_at is not None) for row in Interaction.objects.filter(platform_id="mixed")
        ]
        assert remaining == ([] if text is None else [(text, deleted)]), order
        Interaction.objects.filter(platform_id="mixed").delete()
        PendingChange.objects.all().delete()


def two_future_events(type: str, id: str, **more: object) -> list[dict]:
    """Return two future events of one type, ten days after NOW and an hour apart; `more` makes their members from 1 and 2."""
    return [
        event(type, id, at(NOW + 10 * DAY + n * HOUR), **{k: make(n) for k, make in more.items()})
        for n in (1, 2)
    ]


def text_number(n: int) -> str:
    return f"edit {n}"


IN_TIME = at(NOW - 2 * HOUR)
# (two future events, an event of another aspect that is not one, whether the two are stored)
TWO_FUTURE_EVENTS = {
    "edits": (
        two_future_events("content.edited", "piece", text=text_number),
        event("content.metrics", "piece", IN_TIME, metrics={"views": 5}),
        lambda: Content.objects.get(platform_id="piece").text == "edit 2",
    ),
    "metrics": (
        two_future_events("content.metrics", "piece", metrics=lambda n: {"likes": n}),
        event("content.edited", "piece", IN_TIME, text="edited"),
        lambda: Content.objects.get(platform_id="piece").likes == 2,
    ),
    "one metric of several": (
        two_future_events("content.metrics", "piece", metrics=lambda n: {"likes": n}),
        event("content.metrics", "piece", IN_TIME, metrics={"views": 5}),
        lambda: Content.objects.get(platform_id="piece").likes == 2,
    ),
    "a creation and its deletion": (
        [two_future_events("comment.created", "c")[0], two_future_events("comment.deleted", "c")[1]],
        event("comment.edited", "c", IN_TIME, text="edited"),
        lambda: Interaction.objects.get(platform_id="c").deleted_at is not None,
    ),
    "edits before their comment": (
        two_future_events("comment.edited", "c", text=text_number),
        event("comment.created", "c", IN_TIME),
        lambda: Interaction.objects.get(platform_id="c").text == "edit 2",
    ),
}


@pytest.mark.parametrize("offset", [-HOUR, HOUR, 9 * DAY + HOUR * 3 / 2], ids=["before", "while", "between"])
@pytest.mark.parametrize("case", TWO_FUTURE_EVENTS)
def test_an_event_of_another_aspect_cancels_neither_of_two_future_events(live, case, offset):
    future, other, both_stored = TWO_FUTURE_EVENTS[case]
    for _moment, action in sorted(
        [
            (timedelta(0), lambda: send(live, *future[::-1])),
            (offset, lambda: send(live, other, at=NOW + offset)),
            (9 * DAY + HOUR, lambda: replay.replay_due(NOW + 9 * DAY + HOUR)),
            (9 * DAY + 2 * HOUR, lambda: replay.replay_due(NOW + 9 * DAY + 2 * HOUR)),
        ],
        key=lambda step: step[0],
    ):
        action()
    assert (both_stored(), DeadLetter.objects.filter(replay_at__isnull=False).count()) == (True, 0)


def test_the_admin_shows_the_target_of_rows_that_mark_future_events(operator, live):
    send(live, event("comment.edited", "comment", at(NOW + 2 * DAY), text="edited"))
    replay.replay_due(NOW + DAY)
    [mark] = PendingChange.objects.filter(target="inbox_ahead")
    change = operator.get(reverse("admin:interactions_pendingchange_change", args=[mark.pk]))
    for shown in (page(operator, "admin:interactions_pendingchange_changelist"), change.content.decode()):
        assert "interaction, from a future event" in shown
        assert "inbox_ahead" not in shown


def test_events_of_a_clock_that_is_ahead_for_weeks_are_all_stored(live):
    """Each event is stored, also when the previous one was replayed before it was received."""
    for n in range(1, 5):
        received_at = NOW + n * 3 * DAY
        send(
            live,
            event("comment.edited", "comment", at(received_at + 2 * DAY), text=f"edit {n}"),
            at=received_at,
        )
        send(
            live,
            event("content.metrics", "piece", at(received_at + 2 * DAY), metrics={"views": n}),
            at=received_at,
        )
        replay.replay_due(received_at + DAY)
        assert Interaction.objects.get(platform_id="comment").text == f"edit {n}"
        assert Content.objects.get(platform_id="piece").views == n


def test_a_replayed_change_without_a_target_expires_after_the_replay(live, settings):
    settings.LETTER_DAYS = 10
    send(live, event("comment.edited", "late", at(NOW + 10 * DAY), text="kept"))
    replay.replay_due(NOW + 9 * DAY)
    expiry.delete_expired(NOW + 18 * DAY)
    send(live, event("comment.created", "late"), at=NOW + 18 * DAY)
    assert Interaction.objects.get(platform_id="late").text == "kept"


SAME_TIME = [
    [
        event("comment.created", "tie", at(NOW + 2 * DAY), text="one"),
        event("comment.deleted", "tie", at(NOW + 2 * DAY)),
    ],
    [event("comment.created", "tie", at(NOW + 2 * DAY), text=text) for text in ("one", "two")],
]


@pytest.mark.parametrize("pair", SAME_TIME, ids=["a creation and its deletion", "two creations"])
def test_future_events_of_equal_times_store_the_same_rows_in_any_order(live, pair):
    stored = []
    for order in (pair, pair[::-1]):
        for second, one in enumerate(order):
            send(live, one, at=NOW + second * SECOND)
        assert replay.replay_due(NOW + DAY).accepted == 2
        shown = Interaction.objects.filter(platform_id="tie")
        stored.append((list(shown.values_list("text", "deleted_at")), PendingChange.objects.count()))
        shown.delete()
        PendingChange.objects.all().delete()
    assert stored[0] == stored[1]


def test_an_event_a_day_after_received_at_is_stored_whatever_the_clock_says(profile):
    """Only the argument `received_at` counts, also for demos and imports."""
    for received_at in (NOW, NOW - 3650 * DAY, NOW + 3650 * DAY):
        [result] = send(
            profile, event("comment.created", at(received_at), at(received_at + DAY)), at=received_at
        )
        assert result.status == "created"


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


# Unreadable bytes


NOT_UTF_8, NOT_JSON, NUL = b'{"id": "\xff"}', b'{"id": ' + b"9" * 5_000 + b"}", b'{"id": "\x00"}'


@pytest.mark.parametrize(
    "raw", [NOT_UTF_8, NOT_JSON, NUL, b"", b"\xef\xbb\xbf{}", b'{"a": NaN, "b": "\\ud800"}']
)
def test_the_admin_shows_and_replays_bytes_of_any_kind(operator, live, raw):
    letter = DeadLetter.objects.get()
    DeadLetter.objects.filter(pk=letter.pk).update(raw=raw)
    page(operator, LETTERS)
    change = operator.get(reverse("admin:interactions_deadletter_change", args=[letter.pk]))
    assert (change.status_code, operator.get(reverse(LETTERS), {"q": "type"}).status_code) == (200, 200)
    assert act(operator, LETTERS, "replay", letter) == ["1 event was rejected again and kept."]
    assert bytes(DeadLetter.objects.get().raw) == raw


def test_the_list_of_letters_does_not_load_all_their_bytes(operator, live, django_assert_max_num_queries):
    DeadLetter.objects.update(raw=b'{"a": "' + b"x" * 1_000_000 + b'"}')
    shown = page(operator, LETTERS)
    assert ("x" * 100 in shown, "x" * 200 in shown) == (True, False)
    one = operator.get(reverse("admin:interactions_deadletter_change", args=[DeadLetter.objects.get().pk]))
    assert len(one.content) < 200_000
    assert "… Only the first part of 1,000,009 bytes is shown." in one.content.decode()


@pytest.mark.parametrize("inner", [b"1," * 700_000, b"1," * 19_000])
def test_a_letter_that_is_huge_when_indented_is_shown_in_part(operator, live, inner):
    DeadLetter.objects.update(raw=b"[" * 500 + inner + b"1" + b"]" * 500)
    began = time.process_time()
    shown = operator.get(reverse("admin:interactions_deadletter_change", args=[DeadLetter.objects.get().pk]))
    assert (shown.status_code, len(shown.content) < 200_000) == (200, True)
    assert "… Only the first part of" in shown.content.decode()
    assert time.process_time() - began < 1


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


# Limits


def test_a_profile_has_a_maximum_of_letters_and_the_oldest_are_deleted(
    live, bob, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    other = Profile.objects.create(owner=bob, platform="x", platform_id="b", handle="b")
    send(other, {"id": "kept"})
    monkeypatch.setattr(dead_letters, "MAX_LETTERS", 6)
    before = DROPPED_LETTERS._value.get()
    with caplog.at_level(logging.WARNING), django_capture_on_commit_callbacks(execute=True):
        send(live, *({"id": f"bad-{n}"} for n in range(3)))
        assert DeadLetter.objects.filter(profile=live).count() == 4
        results = send(live, *({"id": f"bad-{n}"} for n in range(3, 8)), event("comment.created", "fine"))
    assert [result.status for result in results] == ["rejected"] * 5 + ["created"]
    kept = DeadLetter.objects.filter(profile=live).order_by("pk")
    assert [json.loads(bytes(letter.raw))["id"] for letter in kept] == [f"bad-{n}" for n in range(3, 8)]
    assert DeadLetter.objects.filter(profile=other).count() == 1
    assert DROPPED_LETTERS._value.get() - before == 4
    assert [record.message for record in caplog.records] == [
        f"Deleted the 4 oldest dead letters of profiles [{live.pk}]: each may have 6 letters or 100 MiB."
        " Their senders' events are invalid; the admin shows the reasons"
    ]


def test_letters_with_a_replay_time_are_deleted_last(live, monkeypatch):
    monkeypatch.setattr(dead_letters, "MAX_LETTERS", 6)
    send(live, event("content.published", "waits", at(NOW + 2 * DAY)))
    send(live, *({"id": f"bad-{n}"} for n in range(9)))
    assert DeadLetter.objects.filter(profile=live).count() == 5
    assert replay.replay_due(NOW + DAY) == replay.ReplayResult(1, 0)


def test_above_the_maximum_of_future_events_the_next_is_not_replayed_and_its_error_says_so(live, monkeypatch):
    monkeypatch.setattr(dead_letters, "MAX_SCHEDULED", 2)
    first, second, third = (event("content.published", f"p{n}", at(NOW + 2 * DAY)) for n in range(3))
    assert [one.error == dead_letters.TOO_MANY_SCHEDULED for one in send(live, first, second)] == [
        False,
        False,
    ]
    results = send(live, third, first, {"id": "bad"})
    assert [one.error == dead_letters.TOO_MANY_SCHEDULED for one in results] == [True, False, False]
    assert DeadLetter.objects.get(reason=dead_letters.TOO_MANY_SCHEDULED).replay_at is None
    assert replay.replay_due(NOW + DAY) == replay.ReplayResult(2, 0)


def test_letters_deferred_by_an_operator_do_not_count_as_future_events(live, monkeypatch):
    monkeypatch.setattr(dead_letters, "MAX_SCHEDULED", 2)
    monkeypatch.setattr(replay, "LETTERS_PER_TRANSACTION", 1)
    send(live, *({"id": f"{n}"} for n in range(3)))
    assert replay.replay(DeadLetter.objects.all(), NOW + HOUR).deferred == 3
    [result] = send(live, event("content.published", "p", at(NOW + 3 * DAY)), at=NOW + HOUR)
    assert result.error != dead_letters.TOO_MANY_SCHEDULED
    assert DeadLetter.objects.filter(replay_at=NOW + 2 * DAY).count() == 1


def test_a_profile_has_a_maximum_of_bytes(live, monkeypatch):
    monkeypatch.setattr(dead_letters, "MAX_BYTES", 3_400)
    for n in range(5):
        send(live, {"id": f"{n}", "text": "x" * 970})
    assert [json.loads(bytes(one.raw))["id"] for one in DeadLetter.objects.order_by("pk")] == ["2", "3", "4"]


def test_a_letter_sent_again_gets_the_new_reason(live, monkeypatch):
    long = event("content.published", "p", kind="k" * 33)
    send(live, long, long)
    monkeypatch.setattr("interactions.events.KIND_LENGTH", 31)
    send(live, long, at=NOW + DAY)
    letter = DeadLetter.objects.latest("pk")
    assert (letter.reason, letter.received_at) == ("`kind` must have at most 31 characters; it has 33.", NOW)
    assert DeadLetter.objects.count() == 2


# Expiry


def test_only_live_letters_and_pending_changes_expire(live, alice, settings):
    settings.LETTER_DAYS = 10
    demo_of(alice)
    demo = Profile.objects.demo().first()
    for owner in (live, demo):
        send(owner, {"id": "old"}, event("comment.edited", "old"), at=NOW)
        send(owner, event("comment.created", "waits", at(NOW + 365 * DAY)), at=NOW)
        send(owner, {"id": "young"}, event("comment.edited", "young"), at=NOW + SECOND)
    kept = (rows(), demo_rows())
    expired = DeadLetter.objects.filter(profile=live, received_at=NOW).count()
    assert expiry.delete_expired(NOW + 10 * DAY) == expiry.ExpiryResult(0, 0)
    assert expiry.delete_expired(NOW + 10 * DAY + SECOND) == expiry.ExpiryResult(expired, 1)
    assert (rows(), demo_rows()) == kept
    assert PendingChange.objects.get(profile=live).platform_id == "young"
    assert [bytes(letter.raw) for letter in DeadLetter.objects.filter(profile=live)] == [b'{"id": "young"}']


def demo_rows() -> list[tuple]:
    return [
        row
        for model in (DeadLetter, PendingChange)
        for row in model.objects.filter(is_demo=True).order_by("pk").values_list()
    ]


def test_the_weekly_cleanup_deletes_expired_ones_and_its_command_counts_only_the_demos(live, alice):
    now = timezone.now()
    send(live, {"id": "old"}, event("comment.edited", "old"), at=now - 91 * DAY)
    send(live, {"id": "young"}, event("comment.edited", "young"), at=now - 89 * DAY)
    before = live_rows()
    assert retention.clean_up(now, dry_run=True).dead_letters == 0
    assert live_rows() == before
    tasks.cleanup()
    assert [change.platform_id for change in PendingChange.objects.all()] == ["young"]
    assert not DeadLetter.objects.filter(received_at__lt=now - 90 * DAY).exists()
    assert DeadLetter.objects.filter(raw=b'{"id": "young"}').exists()


def test_a_pending_change_replaced_by_a_newer_one_expires_later(live, settings):
    settings.LETTER_DAYS = 10
    edit = event("comment.edited", "old")
    send(live, edit, at=NOW)
    send(live, event("comment.edited", "old", "2026-03-02T00:00:00Z", text="newer"), at=NOW + 9 * DAY)
    send(live, edit, at=NOW + 15 * DAY)  # not newer
    assert expiry.delete_expired(NOW + 11 * DAY).pending_changes == 0
    assert expiry.delete_expired(NOW + 20 * DAY).pending_changes == 1


@pytest.mark.django_db(transaction=True)
def test_expiry_deletes_in_batches_and_skips_locked_rows(live, settings, monkeypatch):
    settings.LETTER_DAYS = 1
    send(live, *({"id": f"{n}"} for n in range(7)), at=NOW)
    monkeypatch.setattr(expiry, "ROWS_PER_TRANSACTION", 3)
    held = DeadLetter.objects.filter(profile=live).order_by("pk")[:1]
    began = time.monotonic()
    with locked_elsewhere(lambda: list(held.select_for_update())):
        assert expiry.delete_expired(NOW + 2 * DAY).dead_letters == 7  # of eight
    assert time.monotonic() - began < 5
    assert expiry.delete_expired(NOW + 2 * DAY).dead_letters == 1


@pytest.mark.django_db(transaction=True)
def test_the_migration_can_be_interrupted_and_repeated_while_the_previous_code_runs(live):
    graph = MigrationExecutor(connection).loader.graph
    [ours] = [key for key in graph.nodes if key[1].endswith("letters_wait_and_age")]
    before = [key for key in graph.node_map[ours].parents if key[0] == "interactions"]
    try:
        MigrationExecutor(connection).migrate(before)
        with connection.cursor() as cursor:  # the state after an interrupted run
            cursor.execute("ALTER TABLE interactions_deadletter ADD COLUMN replay_at timestamptz NULL")
            cursor.execute("CREATE INDEX dead_letter_live_by_age ON interactions_deadletter (received_at)")
            cursor.execute(
                "INSERT INTO interactions_deadletter (profile_id, is_demo, raw, digest, reason, received_at)"
                " VALUES (%s, false, 'x', 1, 'of the previous code', now())",
                [live.pk],
            )
    finally:
        MigrationExecutor(connection).migrate(graph.leaf_nodes())
    assert DeadLetter.objects.filter(replay_at=None).count() == 2
    assert ingest([IncomingEvent(live.pk, {"id": "bad"})], NOW)[0].status == "rejected"
