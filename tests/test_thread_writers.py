"""Threads follow every writer of rows: senders at once, age, advance, pauses, removal, and the migrations that made them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from random import Random

import pytest
from django.db import connection

from accounts.altering import alter
from accounts.models import Profile, User
from demo.engine import retention
from demo.lifecycle import pending_work, transitions
from demo.models import DemoAccount
from interactions.models import Decision, Interaction, Label, Note, Thread
from interactions.threads.decisions import decide
from interactions.threads.rebuilding import RebuildResult, rebuild
from interactions.threads.waking import wake_threads
from tests.commands import run
from tests.expected_threads import check_threads, threads_as_seen
from tests.timeline import resume, run_until
from tests.world import BRAND, DAY, HOUR, NOW, at, demo_of, event, send, work_on

LATER = NOW + 60 * DAY
EVENTS = [
    event("content.published", "piece"),
    event("comment.created", "a"),
    event("comment.created", "b", parent_id="a"),
    event("comment.created", "c", parent_id="b", author=BRAND),
    event("comment.created", "d", parent_id="c"),
    event("comment.created", "e", parent_id="f"),
    event("comment.created", "f", parent_id="e"),
    event("comment.deleted", "d", at(NOW)),
    event("comment.hidden", "b", at(NOW)),
    event("message.created", "m"),
    event("message.created", "n", author=BRAND),
    event("message.deleted", "n", at(NOW)),
]


def demo_threads(user: User) -> list[tuple]:
    """Every thread of the user's demo that is shown, without primary keys and times."""
    threads = Thread.objects.filter(profile__owner=user, is_demo=True).exclude(active_at=None)
    return sorted(threads.values_list("profile__platform", "kind", "root_ref", "status", "unread"))


@pytest.mark.django_db(transaction=True)
def test_simultaneous_senders_leave_the_threads_that_one_sender_leaves(alice):
    one, many = (
        Profile.objects.create(owner=alice, platform="x", platform_id="brand" + name, handle="x")
        for name in ("", "2")
    )
    sent = [
        one_event | ({"author": {"id": "brand"}} if one_event.get("author") == BRAND else {})
        for one_event in EVENTS
    ]
    send(one, *sent)

    def send_shuffled(number: int) -> None:
        try:
            for one_event in Random(number).sample(sent, len(sent)):
                send(
                    many,
                    one_event | ({"author": {"id": "brand2"}} if one_event.get("author") == BRAND else {}),
                )
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send_shuffled, range(4)))
    check_threads(NOW)
    threads = threads_as_seen()
    found = {
        profile: {key[1:]: row[1:] for key, row in threads.items() if key[0] == profile.pk}
        for profile in (one, many)
    }
    assert len(found[one]) == 3
    assert found[one] == found[many]


def test_the_threads_of_a_demo_are_what_its_rows_say_and_cover_all_of_them(alice):
    demo_of(alice, size="small")
    check_threads(NOW)
    assert not Interaction.objects.filter(thread=None).exists()
    assert set(Thread.objects.values_list("is_demo", flat=True)) == {True}


def test_age_hides_threads_and_a_restore_brings_them_back_unchanged(alice):
    demo_of(alice, size="small")
    work_on(Thread.objects.filter(kind="comment").first())
    before, threads = threads_as_seen(), set(Thread.objects.values_list("pk", flat=True))
    retention.clean_up(NOW, older_than_days=1)
    check_threads(NOW)
    hidden = Thread.objects.filter(active_at=None).count()
    assert 0 < hidden < len(before)
    retention.restore(DemoAccount.objects.get(), NOW)
    check_threads(NOW)
    assert (threads_as_seen(), set(Thread.objects.values_list("pk", flat=True))) == (before, threads)


def test_threads_are_deleted_with_their_last_row_by_the_purge(alice, live):
    demo_of(alice)
    work_on(Thread.objects.filter(kind="comment", is_demo=True).first())
    kept = Thread.objects.filter(is_demo=False).count()
    retention.clean_up(NOW, older_than_days=0)
    retention.clean_up(NOW + 8 * DAY, older_than_days=0)
    check_threads(NOW)
    left = Interaction.objects.filter(is_demo=True).values("thread").distinct().count()
    assert (Thread.objects.filter(is_demo=True).count(), Thread.objects.filter(is_demo=False).count()) == (
        left,
        kept,
    )


def test_a_reply_whose_parent_is_purged_stays_in_a_thread_of_its_own(alice, profile):
    send(profile, event("comment.created", "a"), event("comment.created", "b", parent_id="a"))
    send(profile, event("comment.created", "c", parent_id="b"))
    middle = Interaction.objects.filter(platform_id="b")
    retention.purge_interactions(middle, [profile.pk], NOW)
    check_threads(NOW)
    assert {one.root_ref: one.rows.count() for one in Thread.objects.all()} == {"a": 1, "b": 1}


@pytest.mark.long
def test_advancing_by_weeks_shifts_threads_and_what_people_did(alice):
    demo_of(alice, size="small")
    for thread in Thread.objects.order_by("pk")[:3]:
        work_on(thread)
    snoozed = Thread.objects.order_by("pk").last()
    decide([snoozed.pk], "snoozed", NOW, until=NOW + 3 * HOUR)
    transitions.advance(alice, 14, NOW, request_worker=False)
    pending_work.run_to_completion(DemoAccount.objects.get().pk, NOW)
    assert Thread.objects.get(pk=snoozed.pk).snoozed_until == NOW + 3 * HOUR - 14 * DAY
    wake_threads(NOW)
    check_threads(NOW)
    assert set(Decision.objects.values_list("at", flat=True)) == {NOW - 14 * DAY}
    assert set(Note.objects.values_list("created_at", flat=True)) == {NOW - 14 * DAY}


def test_a_pause_leaves_the_threads_that_a_demo_without_it_has(alice, bob):
    for user in (alice, bob):
        demo_of(user, seed=3)
    transitions.pause(alice, NOW)
    resume(alice, NOW)
    run_until(NOW + DAY, start=NOW, every=6 * HOUR)
    check_threads(NOW + DAY)
    assert demo_threads(alice) == demo_threads(bob)


def test_removal_leaves_no_thread_decision_note_or_label(alice, live):
    demo_of(alice)
    work_on(Thread.objects.filter(is_demo=True, kind="comment").first())
    work_on(Thread.objects.filter(is_demo=False, kind="comment").get())
    transitions.disable(alice, request_worker=False)
    pending_work.run_to_completion(DemoAccount.objects.get().pk, NOW)
    models = (Thread, Decision, Note, Label)
    assert [model.objects.filter(is_demo=True).count() for model in models] == [0] * 4
    assert [model.objects.filter(is_demo=False).count() for model in models] == [2, 1, 1, 1]


# The migration that ends the release without threads, whose processes changed rows until then


@pytest.fixture
def before() -> Iterator[Callable[..., None]]:
    """Runs SQL as a process without threads does, on the tables of then; the test migrates to the present ones."""
    run("migrate", "interactions", "0017", "-v0")

    def execute(sql: str, *parameters: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)

    yield execute
    run("migrate", "-v0")


CHANGES_BEFORE: dict[str, str] = {
    "a deletion": "UPDATE interactions_interaction SET deleted_at = now() WHERE platform_id = 'm'",
    "a deletion of the newest": "UPDATE interactions_interaction SET deleted_at = now() WHERE platform_id = 'c'",
    "a removed row": "DELETE FROM interactions_interaction WHERE platform_id = 'm'",
    "a conversation": "UPDATE interactions_interaction SET conversation_id = 'other' WHERE platform_id = 'm'",
    "another time": "UPDATE interactions_interaction SET posted_at = now() WHERE platform_id = 'a'",
}


@pytest.mark.sample(2)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sql", CHANGES_BEFORE.values(), ids=CHANGES_BEFORE)
def test_threads_whose_rows_a_process_without_threads_changed_are_computed_anew(profile, before, sql):
    send(profile, *EVENTS)
    threads = threads_as_seen()
    before(sql)
    run("migrate", "-v0")
    check_threads(NOW)
    assert threads_as_seen() != threads
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM interactions_stalethread")
        assert cursor.fetchall() == []


@pytest.mark.django_db(transaction=True)
def test_rows_that_a_process_without_threads_stored_are_placed(profile, before):
    send(profile, *EVENTS)
    threads = threads_as_seen()
    before("UPDATE interactions_interaction SET thread_id = NULL, parent_id = NULL")
    run("migrate", "-v0")
    check_threads(NOW)
    assert threads_as_seen() == threads
    assert Interaction.objects.get(platform_id="d").parent.platform_id == "c"


@pytest.mark.django_db(transaction=True)
def test_statuses_from_before_threads_are_decisions_on_them(profile, before):
    """Of a thread the newest received row counts; a thread that somebody has decided on since keeps that decision."""
    send(profile, *(event("message.created", id, at(time), conversation_id=talk) for talk, id, time in TALKS))
    decide([Thread.objects.get(root_ref="decided").pk], "done", NOW)
    before("UPDATE interactions_interaction SET status = 'archived' WHERE platform_id IN ('a2', 'b1', 'd1')")
    before("UPDATE interactions_interaction SET status = 'done' WHERE platform_id IN ('a1', 'c1')")
    before("UPDATE interactions_interaction SET thread_id = NULL WHERE platform_id = 'c1'")
    run("migrate", "-v0")
    assert dict(Thread.objects.values_list("root_ref", "status")) == {
        "a": "archived",
        "b": "open",
        "c": "done",
        "decided": "done",
    }
    send(profile, event("message.created", "a3", at(NOW), conversation_id="a"))
    assert Thread.objects.get(root_ref="a").status == "open"


TALKS = [
    *(("a", "a1", NOW - 2 * DAY), ("a", "a2", NOW - DAY)),
    *(("b", "b1", NOW - 2 * DAY), ("b", "b2", NOW - DAY)),
    *(("c", "c1", NOW - DAY), ("decided", "d1", NOW - DAY)),
]


@pytest.mark.django_db(transaction=True)
def test_a_comment_that_a_process_without_threads_has_hidden_is_hidden(profile, before):
    send(profile, event("comment.created", "a"))
    before("UPDATE interactions_interaction SET status = 'hidden'")
    run("migrate", "-v0")
    assert (Interaction.objects.get().status, Thread.objects.get().status) == ("hidden", "done")


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_a_migration_builds_the_threads_that_a_rebuild_builds_and_keeps_what_was_done(profile):
    send(profile, event("message.created", "done", conversation_id="done"))
    decide([Thread.objects.get().pk], "done", NOW)
    send(profile, *(one for one in EVENTS if one["type"] != "comment.hidden"))  # no column before has it
    threads = threads_as_seen(without=("decided_at", "read_at"))
    run("migrate", "interactions", "0006", "-v0")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE interactions_interaction SET status = 'done' WHERE platform_id = 'done'")
    run("migrate", "-v0")
    check_threads(NOW)
    assert threads_as_seen(without=("decided_at", "read_at")) == threads
    assert rebuild(NOW) == RebuildResult(threads=len(threads))


@pytest.mark.django_db(transaction=True)
def test_what_changes_while_the_migration_waits_for_the_table_is_settled_too(profile, before, monkeypatch):
    send(profile, *EVENTS)
    migration = import_module("interactions.migrations.0018_columns_of_older_releases")

    def alter_late(*args) -> None:
        before("UPDATE interactions_interaction SET thread_id = NULL WHERE platform_id = 'n'")
        before("UPDATE interactions_interaction SET deleted_at = now() WHERE platform_id = 'm'")
        alter(*args)

    monkeypatch.setattr(migration, "alter", alter_late)
    run("migrate", "-v0")
    check_threads(NOW)
    assert not Interaction.objects.filter(thread=None).exists()


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_was_interrupted_after_the_columns_went_goes_on(profile):
    send(profile, *EVENTS)
    run("migrate", "interactions", "0017", "--fake", "-v0")
    Interaction.objects.update(thread=None)
    run("migrate", "-v0")
    check_threads(NOW)


# The rebuild


@pytest.mark.parametrize(
    "broken",
    [
        "UPDATE interactions_thread SET status = 'archived' WHERE kind = 'message'",
        "UPDATE interactions_thread SET last_ref = 'x' WHERE kind = 'message'",
        "UPDATE interactions_interaction SET thread_id = (SELECT id FROM interactions_thread WHERE kind = 'message')"
        " WHERE platform_id = 'd'",
    ],
)
def test_a_rebuild_reports_and_corrects_what_differs(profile, broken):
    send(profile, *EVENTS)
    assert run("rebuild_threads").strip() == (
        "3 threads, 0 of them differed from their rows; 0 rows had no thread before."
    )
    with connection.cursor() as cursor:
        cursor.execute(broken)
    assert rebuild(NOW, dry_run=True).differed
    assert rebuild(NOW).differed
    check_threads(NOW)
    assert rebuild(NOW) == RebuildResult(threads=3)


def test_a_dry_run_of_a_rebuild_changes_nothing(profile):
    send(profile, *EVENTS)
    decide([Thread.objects.first().pk], "snoozed", NOW - DAY, until=NOW - HOUR)
    Thread.objects.filter(decision="snoozed").update(status="snoozed", snoozed_until=NOW - HOUR)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE interactions_interaction SET thread_id = NULL WHERE parent_ref <> ''")
    before = list(Thread.objects.order_by("pk").values()), list(Interaction.objects.order_by("pk").values())
    result = rebuild(NOW, dry_run=True)
    assert (
        list(Thread.objects.order_by("pk").values()),
        list(Interaction.objects.order_by("pk").values()),
    ) == before
    assert result.adopted == Interaction.objects.filter(thread=None).count() > 0
