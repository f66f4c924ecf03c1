"""No operation on one demo scans a large table: every query uses an index."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Profile
from demo.engine import retention
from demo.engine.delivery import deliver_due
from demo.engine.planning import plan_due
from demo.lifecycle import on_demand, pending_work, scenarios, transitions
from demo.models import DemoAccount, StoryEvent
from demo.status import status_of
from interactions.models import Content, DeadLetter, Enrichment, Interaction, PendingChange
from interactions.tasks import fill_search
from tests.commands import run
from tests.timeline import FIRST_INTERACTIONS, resume
from tests.world import DAY, HOUR, NOW, demo_of

LARGE = [
    model._meta.db_table
    for model in (StoryEvent, Interaction, Content, PendingChange, DeadLetter, Enrichment)
]


@contextmanager
def no_scans() -> Iterator[None]:
    """Fail if the block scans a large table; sequential scans are off, and foreign keys are checked too."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("DISCARD PLANS")
        before = scans(cursor)
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert scans(cursor) == before
        cursor.execute("SET LOCAL enable_seqscan = on")


def scans(cursor) -> dict[str, int]:
    """How many sequential scans each table had in this transaction."""
    cursor.execute("SELECT relname, seq_scan FROM pg_stat_xact_user_tables WHERE relname = ANY(%s)", [LARGE])
    return dict(cursor.fetchall())


def run_to_completion(user, now=NOW) -> None:
    pending_work.run_to_completion(DemoAccount.objects.get(user=user).pk, now)


def disable(user) -> None:
    transitions.disable(user, request_worker=False)
    run_to_completion(user)


def reset(user) -> None:
    transitions.reset(user, request_worker=False)
    run_to_completion(user)


def pause_and_resume(user) -> None:
    transitions.pause(user, NOW)
    resume(user, NOW + HOUR)


def advance(user) -> None:
    transitions.advance(user, 2, NOW, request_worker=False)
    run_to_completion(user)


def act_on_scenario(user) -> None:
    scenarios.start(user, "viral-spike", NOW)
    scenarios.cancel(user, "viral-spike", NOW)


def clean_up_and_restore(user) -> None:
    retention.clean_up(NOW + 40 * DAY)
    retention.restore(user.demo_account, NOW)
    retention.clean_up(NOW + 40 * DAY)
    retention.clean_up(NOW + 50 * DAY)


def enable_after_a_failure(user) -> None:
    """Enabling first deletes the profiles of an attempt that failed before planning."""
    disable(user)
    transitions.enable(user, NOW, request_worker=False)
    DemoAccount.objects.update(state="failed")
    transitions.enable(user, NOW, request_worker=False)


OPERATIONS = {
    "disable": disable,
    "reset": reset,
    "delete_user": lambda user: run("delete_user", "--user", user.username, "--yes"),
    "pause and resume": pause_and_resume,
    "advance": advance,
    "settings": lambda user: transitions.change_settings(
        user, FIRST_INTERACTIONS, {"comments_per_window": 3}
    ),
    "generate content": lambda user: on_demand.generate_content(user, NOW),
    "generate interactions": lambda user: on_demand.generate_interactions(user, NOW),
    "scenario": act_on_scenario,
    "cleanup, restore, purge": clean_up_and_restore,
    "begin again": enable_after_a_failure,
    "plan": lambda user: plan_due(FIRST_INTERACTIONS),
    "status": lambda user: status_of(user, NOW),
}


@pytest.mark.sample(5)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_operations_on_one_demo_scan_no_table(alice, bob, live, operation):
    for user in (alice, bob):
        demo_of(user)
    with no_scans():
        OPERATIONS[operation](alice)


@pytest.mark.parametrize("delivery", ["direct", "http"])
def test_delivery_scans_no_table(alice, bob, settings, monkeypatch, delivery):
    settings.DEMO_DELIVERY = delivery
    monkeypatch.setattr("demo.engine.transports.http._send", lambda events, seconds: None)
    for user in (alice, bob):
        account = transitions.enable(
            user, NOW, request_worker=False, initial_content=3, initial_comments=30
        ).account
        pending_work.plan_initial(account.pk, NOW)
    with no_scans():
        assert deliver_due(NOW) == StoryEvent.objects.filter(account__gt=0).count()


@pytest.mark.parametrize("text", ["rain", "a", "comment rain", "😀"])
def test_filling_and_searching_scan_no_table(page, alice, live, text):
    demo_of(alice)
    with no_scans():
        fill_search()
        assert page.get("/api/v1/interactions/", {"search": text}).status_code == 200


@pytest.mark.parametrize("state", ["active", "enabling", "disabling"])
@pytest.mark.parametrize(
    "path", ["/", "/demo/panel/", "/settings/", "/settings/demo/", "/demo/banner/", "/api/v1/demo/"]
)
def test_demo_pages_scan_no_table(page, alice, live, path, state):
    demo_of(alice, timezone.now())
    DemoAccount.objects.update(state=state)
    with no_scans():
        assert page.get(path, headers={"HX-Request": "true"}).status_code == 200


def test_every_foreign_key_check_can_use_an_index(db):
    """The query of the foreign key check of each table; a partial index without NULL suffices."""
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


def test_deleting_a_profile_by_django_deletes_its_story(alice):
    demo_of(alice)
    Profile.objects.demo().first().delete()
    assert (
        not StoryEvent.objects.filter(profile__isnull=False)
        .exclude(profile__in=Profile.objects.all())
        .exists()
    )
