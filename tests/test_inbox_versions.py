"""The versions of inboxes in Redis: they change after each commit that may have changed rows, and cost no writer its work."""

import socket
from collections.abc import Callable
from datetime import datetime
from functools import partial
from time import monotonic
from types import SimpleNamespace

import pytest
import redis
from django.db import transaction

from accounts import circuit_breaker, redis_client
from accounts.circuit_breaker import CircuitBreaker
from accounts.models import Profile
from demo.engine import retention
from demo.lifecycle import pending_work, transitions
from demo.models import DemoAccount
from interactions import inbox_versions
from interactions.async_commit import async_commit
from interactions.inbox_versions import KEPT_SECONDS, MAX_STALE_SECONDS, version_of
from interactions.locks import lock_profiles, try_lock_profiles
from interactions.models import DeadLetter, Interaction
from interactions.models.thread_lists import ThreadFilters
from interactions.moderation import blocking
from interactions.replay import replay
from interactions.replies import answer_thread, store_reply
from interactions.threads.adoption import adopt_rows
from interactions.threads.bulk import BulkChange, Selection, change_all, find_candidates
from interactions.threads.changing import ThreadChange, change_thread
from interactions.threads.noting import add_note
from interactions.threads.rebuilding import rebuild
from interactions.threads.waking import wake_threads
from tests.lock_helpers import profiles_locked
from tests.service_stack import until
from tests.world import DAY, HOUR, NOW, comment, demo_of, send, thread

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _same_period(monkeypatch) -> None:
    monkeypatch.setattr(inbox_versions, "time", lambda: 1_000.0)


def changes(profile: Profile, act: Callable[[], object]) -> bool:
    """Whether the version of the profile is another one after `act`."""
    before = version_of([profile.pk])
    act()
    assert before is not None
    return version_of([profile.pk]) != before


def keys_of(broker: redis.Redis) -> list[str]:
    return sorted(key.decode() for key in broker.keys("inbox-version:*"))


def test_a_version_changes_with_each_commit_and_stays_without_one(profile):
    assert changes(profile, lambda: send(profile, comment("a")))
    assert changes(profile, lambda: send(profile, comment("b")))
    assert not changes(profile, lambda: list(Interaction.objects.all()))


def test_a_change_of_one_profile_changes_the_version_of_those_it_is_in(profile, live):
    both, other = version_of([profile.pk, live.pk]), version_of([live.pk])
    send(profile, comment("a"))
    assert version_of([live.pk]) == other
    assert version_of([live.pk, profile.pk, live.pk]) not in (both, other)


def test_the_version_does_not_change_before_the_commit(profile, broker_client):
    broker_client.flushdb()  # the profile's creation has renewed its owner's
    with transaction.atomic():
        send(profile, comment("a"))
        assert keys_of(broker_client) == []
    assert keys_of(broker_client) == [f"inbox-version:{profile.pk}"]


def test_a_transaction_that_is_rolled_back_changes_no_version(profile, live):
    def fail() -> None:
        with transaction.atomic():
            send(profile, comment("a"))
            transaction.set_rollback(True)

    assert not changes(profile, fail)
    assert not changes(profile, lambda: send(live, comment("b")))


def test_a_savepoint_that_is_rolled_back_changes_no_version_and_the_rest_of_the_transaction_does(
    profile, live
):
    def fail_within() -> None:
        with transaction.atomic():
            with transaction.atomic():
                lock_profiles([live.pk])
                transaction.set_rollback(True)
            with transaction.atomic():
                lock_profiles([profile.pk])

    before = version_of([live.pk])
    assert changes(profile, fail_within)
    assert version_of([live.pk]) == before


def test_a_transaction_makes_one_exchange_however_often_it_locks(profile, live, monkeypatch):
    sent = []
    monkeypatch.setattr(inbox_versions, "send", lambda commands: sent.append([one[1] for one in commands]))
    with async_commit(profiles=[profile.pk]):
        try_lock_profiles([live.pk, profile.pk])
        send(live, comment("a"))
    assert sent == [[f"inbox-version:{id}" for id in sorted([profile.pk, live.pk])]]


def test_only_those_that_could_be_locked_change(profile, live):
    before = version_of([live.pk])
    with profiles_locked([live.pk]):
        with transaction.atomic():
            assert try_lock_profiles([profile.pk, live.pk]) == {profile.pk}
            pending = version_of([profile.pk])
        assert (pending, version_of([live.pk])) == (None, before)


def test_thousands_of_profiles_can_be_locked_in_a_transaction(broker_client):
    with transaction.atomic():
        lock_profiles(range(1, 5_001))
    until(lambda: len(keys_of(broker_client)) == 5_000, "Redis has read all of them", 5)


def test_a_version_is_unknown_in_a_transaction_that_has_locked_profiles(profile, live):
    with transaction.atomic():
        assert version_of([live.pk]) is not None
        lock_profiles([profile.pk])
        assert version_of([live.pk]) is None
    assert version_of([live.pk]) is not None


def test_an_earlier_version_never_returns_after_redis_was_emptied(profile, broker_client):
    seen = {version_of([profile.pk])}
    for number in range(3):
        send(profile, comment(f"{number}"))
        seen.add(version_of([profile.pk]))
        broker_client.flushdb()
    send(profile, comment("last"))
    assert len(seen | {version_of([profile.pk])}) == 5


def test_versions_expire_a_week_after_the_last_change(profile, broker_client):
    send(profile, comment("a"))
    assert KEPT_SECONDS - 10 <= broker_client.ttl(f"inbox-version:{profile.pk}") <= 7 * 24 * 3600


def test_a_version_changes_after_a_while_even_if_nothing_was_heard_of(profile, monkeypatch):
    before = version_of([profile.pk])
    monkeypatch.setattr(inbox_versions, "time", lambda: 1_000.0 + MAX_STALE_SECONDS)
    assert version_of([profile.pk]) != before


def test_other_profiles_have_another_version_and_so_has_none(profile, live, broker_client):
    broker_client.flushdb()
    versions = [version_of(ids) for ids in ([], [profile.pk], [live.pk], [profile.pk, live.pk])]
    assert (None in versions, len(set(versions))) == (False, 4)
    assert [version_of(ids) for ids in ([], [profile.pk])] == versions[:2]


def test_reading_a_version_makes_no_query(profile, django_assert_num_queries):
    with django_assert_num_queries(0):
        version_of([profile.pk])


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "unix:///nowhere.sock"])
def test_without_redis_rows_are_stored_and_the_version_is_unknown(profile, settings, url):
    settings.REDIS_CLIENT_URL = url
    assert send(profile, comment("a"))[0].status == "created"
    assert version_of([profile.pk]) is None
    assert Interaction.objects.count() == 1


def test_a_connection_that_redis_has_closed_is_replaced(profile, broker_client):
    send(profile, comment("a"))
    broker_client.client_kill_filter(skipme=True)
    assert changes(profile, lambda: send(profile, comment("b")))


def test_a_connection_is_used_for_a_minute(profile, monkeypatch, broker_client):
    def clients() -> int:
        return broker_client.info("stats")["total_connections_received"]

    redis_client._thread.use_until = 0
    send(profile, comment("a"))
    before = clients()
    send(profile, comment("b"))
    assert clients() == before
    monkeypatch.setattr(redis_client, "time", SimpleNamespace(monotonic=lambda: monotonic() + 60))
    send(profile, comment("c"))
    send(profile, comment("d"))
    assert clients() == before + 1


def test_a_hanging_redis_delays_one_change_only(profile, settings, monkeypatch):
    breaker = CircuitBreaker(redis.ConnectionError, *redis_client.FAILURES)
    monkeypatch.setattr(redis_client, "breaker", breaker)
    monkeypatch.setattr(circuit_breaker, "OPEN_SECONDS", 60)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.REDIS_CLIENT_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        results = [send(profile, comment(f"{number}"))[0].status for number in range(3)]
        silent.settimeout(0)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
    assert results == ["created"] * 3


def rows_of(alice, profile) -> dict[str, Callable[[], object]]:
    """Each way to change rows of the profile, in an order in which each of them changes something."""
    row = partial(Interaction.objects.get, platform_id="a")
    selection = Selection(alice, ThreadFilters(), NOW + DAY, BulkChange(status="archived"))

    def bulk() -> None:
        assert change_all(selection, find_candidates(selection, NOW + DAY, 10), NOW + DAY) == 1

    def snooze() -> None:
        change_thread(thread("a"), ThreadChange("snoozed", snoozed_until=NOW + HOUR), NOW)

    def adopt() -> None:
        Interaction.objects.update(thread=None)
        assert adopt_rows(NOW) > 0

    return {
        "ingest": lambda: send(profile, comment("a")),
        "reply": lambda: store_reply(row(), "Thanks!", NOW),
        "answer": lambda: answer_thread(thread("a"), "Thanks!", NOW),
        "snooze": snooze,
        "wake": lambda: wake_threads(NOW + DAY),
        "note": lambda: add_note(thread("a"), "a note", NOW),
        "bulk": bulk,
        "block": lambda: blocking.block(profile, "person-1", "A Person", NOW),
        "hide what is stored": lambda: blocking.hide_blocked(NOW, DAY),
        "adopt": adopt,
        "rebuild": lambda: rebuild(NOW),
        "replay": lambda: replay(DeadLetter.objects.all(), NOW),
    }


def test_every_writer_of_rows_changes_the_version(alice, profile):
    send(profile, {"type": "nonsense"})
    acts = rows_of(alice, profile)
    assert [name for name, act in acts.items() if not changes(profile, act)] == []


def run_work(account: DemoAccount, now: datetime) -> None:
    pending_work.run_to_completion(account.pk, now)


def test_everything_that_a_demo_does_to_rows_changes_the_version(alice):
    account = demo_of(alice)
    profile = account.profiles.first()
    ever = Interaction.objects.filter(profile=profile)

    def advance() -> None:
        transitions.advance(alice, 1, NOW, request_worker=False)
        run_work(account, NOW)

    def remove() -> None:
        transitions.disable(alice, request_worker=False)
        run_work(account, NOW)

    acts = {
        "advance": advance,
        "age": lambda: retention.clean_up(NOW, older_than_days=0),
        "restore": lambda: retention.restore(account, NOW),
        "age again": lambda: retention.clean_up(NOW, older_than_days=0),
        "purge": lambda: retention.clean_up(NOW + 8 * DAY, older_than_days=0),
    }
    assert ever.exists()
    assert [name for name, act in acts.items() if not changes(profile, act)] == []
    assert changes(profile, remove)
    assert not Profile.objects.filter(pk=profile.pk).exists()
