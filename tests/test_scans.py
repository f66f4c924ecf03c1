"""Nothing that is done for one demo reads a large table from end to end."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Profile
from demo.dashboard.status import status_of
from demo.engine import retention
from demo.engine.delivery import deliver_due
from demo.engine.planning import plan_due
from demo.lifecycle import on_demand, pending_work, scenarios, transitions
from demo.models import DemoAccount, StoryEvent
from interactions.models import Content, DeadLetter, Interaction, PendingChange
from tests.terminal import run
from tests.timeline import FIRST_TALK, resume
from tests.world import DAY, HOUR, NOW, demo_of

LARGE = [model._meta.db_table for model in (StoryEvent, Interaction, Content, PendingChange, DeadLetter)]


@contextmanager
def nothing_is_scanned() -> Iterator[None]:
    """PostgreSQL takes an index wherever one will do, however small the tables; checks of foreign keys come too."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("DISCARD PLANS")
        before = scans(cursor)
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert scans(cursor) == before
        cursor.execute("SET LOCAL enable_seqscan = on")


def scans(cursor) -> dict[str, int]:
    """How often each table has been read from end to end in this transaction."""
    cursor.execute("SELECT relname, seq_scan FROM pg_stat_xact_user_tables WHERE relname = ANY(%s)", [LARGE])
    return dict(cursor.fetchall())


def finish(user, now=NOW) -> None:
    pending_work.finish(DemoAccount.objects.get(user=user).pk, now)


def disable(user) -> None:
    transitions.disable(user, dispatch=False)
    finish(user)


def reset(user) -> None:
    transitions.reset(user, dispatch=False)
    finish(user)


def pause_and_resume(user) -> None:
    transitions.pause(user, NOW)
    resume(user, NOW + HOUR)


def advance(user) -> None:
    transitions.advance(user, 2, NOW, dispatch=False)
    finish(user)


def act_on_scenario(user) -> None:
    scenarios.start(user, "viral-spike", NOW)
    scenarios.cancel(user, "viral-spike", NOW)


def clean_up_and_restore(user) -> None:
    retention.clean_up(NOW + 40 * DAY)
    retention.restore(user.demo_account)
    retention.clean_up(NOW + 40 * DAY)
    retention.clean_up(NOW + 50 * DAY)


def begin_again_after_a_failure(user) -> None:
    """The profiles of an attempt that planned nothing go first."""
    disable(user)
    transitions.enable(user, NOW, dispatch=False)
    DemoAccount.objects.update(state="failed")
    transitions.enable(user, NOW, dispatch=False)


DONE = {
    "disable": disable,
    "reset": reset,
    "delete_user": lambda user: run("delete_user", "--user", user.username, "--yes"),
    "pause and resume": pause_and_resume,
    "advance": advance,
    "settings": lambda user: transitions.change_settings(user, FIRST_TALK, {"comments_per_window": 3}),
    "generate content": lambda user: on_demand.daily_content(user, NOW),
    "generate interactions": lambda user: on_demand.interactions(user, NOW),
    "scenario": act_on_scenario,
    "cleanup, restore, purge": clean_up_and_restore,
    "begin again": begin_again_after_a_failure,
    "plan": lambda user: plan_due(FIRST_TALK),
    "status": lambda user: status_of(user, NOW),
}


@pytest.mark.parametrize("what", DONE)
def test_nothing_that_is_done_for_one_demo_scans(alice, bob, live, what):
    for user in (alice, bob):
        demo_of(user)
    with nothing_is_scanned():
        DONE[what](alice)


@pytest.mark.parametrize("delivery", ["direct", "http"])
def test_nor_does_delivery(alice, bob, settings, monkeypatch, delivery):
    settings.DEMO_DELIVERY = delivery
    monkeypatch.setattr("demo.engine.transports.http._send", lambda events, seconds: None)
    for user in (alice, bob):
        account = transitions.enable(
            user, NOW, dispatch=False, initial_content=3, initial_comments=30
        ).account
        pending_work.plan_initial(account.pk, NOW)
    with nothing_is_scanned():
        assert deliver_due(NOW) == StoryEvent.objects.filter(account__gt=0).count()


@pytest.mark.parametrize("path", ["/", "/demo/panel/", "/settings/", "/api/v1/demo/"])
def test_nor_do_the_demos_pages(page, alice, live, path):
    demo_of(alice, timezone.now())
    with nothing_is_scanned():
        assert page.get(path).status_code == 200


def test_every_foreign_key_has_an_index_that_its_check_can_use(db):
    """What a deletion asks of each table that points at the row; a partial index serves when it holds all but NULL."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, array_agg(attname::text ORDER BY place)"
            " FROM pg_constraint, unnest(conkey) WITH ORDINALITY key (number, place), pg_attribute"
            " WHERE contype = 'f' AND attrelid = conrelid AND attnum = number"
            " AND conrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)"
            " GROUP BY pg_constraint.oid, conrelid"
        )
        keys = cursor.fetchall()
        assert len(keys) > 20
        cursor.execute("SET LOCAL enable_seqscan = off")
        found = [(table, columns) for table, columns in keys if scans_for(cursor, table, columns)]
    assert found == []


def scans_for(cursor, table: str, columns: list[str]) -> bool:
    cursor.execute(
        f"PREPARE one AS SELECT 1 FROM ONLY {table} x WHERE "
        + " AND ".join(f"{column} = ${number}" for number, column in enumerate(columns, 1))
        + " FOR KEY SHARE OF x"
    )
    cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    cursor.execute(f"EXPLAIN EXECUTE one ({', '.join(['NULL'] * len(columns))})")
    plan = "\n".join(line for (line,) in cursor.fetchall())
    cursor.execute("DEALLOCATE one")
    return "Seq Scan" in plan


def test_a_profile_deleted_by_django_takes_its_story_along(alice):
    demo_of(alice)
    Profile.objects.demo().first().delete()
    assert (
        not StoryEvent.objects.filter(profile__isnull=False)
        .exclude(profile__in=Profile.objects.all())
        .exists()
    )
