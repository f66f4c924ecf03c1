"""Dead letters: stored with their bytes, shown in the admin, limited in number, expired at an age."""

import json
import logging
import time

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse
from django.utils import timezone

from accounts.models import Profile
from demo import tasks
from demo.engine import retention
from interactions import dead_letters, expiry, replay
from interactions.ingest import IncomingEvent, ingest
from interactions.metrics import DROPPED_LETTERS
from interactions.models import DeadLetter, PendingChange
from tests.admin_client import LETTERS, act, page
from tests.lock_helpers import locked_elsewhere
from tests.timeline import inbox_rows, live_rows
from tests.world import DAY, HOUR, NOW, SECOND, at, demo_of, event, send

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
    kept = (inbox_rows(), demo_rows())
    expired = DeadLetter.objects.filter(profile=live, received_at=NOW).count()
    assert expiry.delete_expired(NOW + 10 * DAY) == expiry.ExpiryResult(0, 0)
    assert expiry.delete_expired(NOW + 10 * DAY + SECOND) == expiry.ExpiryResult(expired, 1)
    assert (inbox_rows(), demo_rows()) == kept
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


@pytest.mark.long
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
