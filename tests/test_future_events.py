"""Future events (dated more than a day after receipt): kept as dead letters, replayed when due, weaker than others."""

from datetime import datetime, timedelta
from itertools import permutations

import pytest
from django.urls import reverse

from accounts.models import Profile
from demo.engine import retention
from interactions import expiry, replay
from interactions.models import Content, DeadLetter, Interaction, PendingChange
from tests.admin_client import page
from tests.timeline import inbox_rows
from tests.world import DAY, HOUR, NOW, SECOND, at, demo_of, event, send

MORE_THAN_A_DAY_AHEAD = (
    "`occurred_at` is more than a day ahead of the time here, which is 2026-03-04T07:30:00+00:00."
)

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
    before, letters = inbox_rows(), DeadLetter.objects.count()
    [result] = send(live, one | {"occurred_at": at(NOW + ahead)})
    assert (result.id, result.status, result.error.startswith(MORE_THAN_A_DAY_AHEAD)) == (
        None,
        "rejected",
        True,
    )
    letter = DeadLetter.objects.latest("pk")
    assert (inbox_rows(), DeadLetter.objects.count(), letter.replay_at) == (
        before,
        letters + 1,
        NOW + ahead - DAY,
    )
    assert replay.replay_due(letter.replay_at - SECOND) == replay.ReplayResult(0, 0)
    assert replay.replay_due(letter.replay_at) == replay.ReplayResult(1, 0)
    assert (inbox_rows() != before, DeadLetter.objects.count()) == (True, letters)


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
    correct = inbox_rows()
    assert replay.replay_due(NOW + 2 * DAY) == replay.ReplayResult(1, 0)
    assert inbox_rows() == correct
    send(live, ahead, at=NOW + HOUR)
    assert replay.replay_due(NOW + 2 * DAY) == replay.ReplayResult(1, 0)
    assert (inbox_rows(), PendingChange.objects.count()) == (correct, 0)


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


@pytest.mark.sample(3)
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


def test_an_event_a_day_after_received_at_is_stored_whatever_the_clock_says(live):
    """Only the argument `received_at` counts, also for demos and imports."""
    for received_at in (NOW, NOW - 3650 * DAY, NOW + 3650 * DAY):
        [result] = send(
            live, event("comment.created", at(received_at), at(received_at + DAY)), at=received_at
        )
        assert result.status == "created"
