"""Migrations while the tables are in use: the one that drops the story's foreign key to profiles, and those that add columns or replace a check."""

import pytest
from django.db import IntegrityError, OperationalError, connection
from django.db.migrations import RunPython
from django.db.models import F

from accounts import altering
from accounts.models import User
from demo.account_settings import SETTINGS
from demo.models import DemoAccount, StoryEvent
from demo.models.account import ORDINAL_COLUMNS
from interactions.models import BlockedAuthor, DeadLetter, Interaction, Moderation, SavedReply
from tests.commands import run
from tests.lock_helpers import locked_elsewhere
from tests.world import NOW, demo_of, moderate


def foreign_keys() -> int:
    """The number of constraints from the story to profiles."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = 'demo_storyevent'::regclass"
            " AND confrelid = 'accounts_profile'::regclass"
        )
        return cursor.fetchone()[0]


@pytest.fixture
def pauses(monkeypatch) -> list[float]:
    """The seconds that a migration paused between its attempts; it makes at most three."""
    recorded: list[float] = []
    sleep = altering.time.sleep
    monkeypatch.setattr(altering, "MAX_LOCK_WAIT", "100ms")
    monkeypatch.setattr(altering, "PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(altering, "ATTEMPTS", 3)
    monkeypatch.setattr(altering.time, "sleep", lambda seconds: recorded.append(seconds) or sleep(seconds))
    return recorded


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_dropping_the_foreign_key_waits_briefly_for_the_lock_retries_and_can_be_run_again(alice, pauses):
    demo_of(alice)
    run("migrate", "demo", "0005", "-v0")
    assert foreign_keys() == 1
    in_use = locked_elsewhere(lambda: StoryEvent.objects.update(attempts=F("attempts")))
    try:
        with in_use, pytest.raises(OperationalError, match="lock timeout"):
            run("migrate", "demo", "0006", "-v0")
    finally:
        run("migrate", "-v0")
    assert (foreign_keys(), len(pauses)) == (0, 2)
    assert DemoAccount.objects.values_list("next_slice", "catching_up", "resumed_to").get() == (0, False, 0)


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("before", "after", "model"), [("0004", "0005", DeadLetter), ("0005", "0006", Interaction)]
)
def test_adding_a_column_retries_while_the_table_is_read_without_blocking_others(
    alice, pauses, before, after, model
):
    run("migrate", "interactions", before, "-v0")
    in_use = locked_elsewhere(lambda: list(model.objects.values_list("pk")[:1]))
    try:
        with in_use, pytest.raises(OperationalError, match="lock timeout"):
            run("migrate", "interactions", after, "-v0")
    finally:
        run("migrate", "-v0")
    assert len(pauses) == 2
    assert model.objects.count() == 0


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_tables_that_refer_to_users_are_added_while_users_are_changed_and_leave_nothing_when_interrupted(
    alice, pauses
):
    run("migrate", "interactions", "0006", "-v0")
    in_use = locked_elsewhere(lambda: User.objects.update(first_name="Alice"))
    try:
        with in_use, pytest.raises(OperationalError, match="lock timeout"):
            run("migrate", "interactions", "0009", "-v0")
        assert SavedReply._meta.db_table not in connection.introspection.table_names()
    finally:
        run("migrate", "-v0")
    SavedReply.objects.store(alice, "Thanks", "Thank you!", NOW)
    with connection.cursor() as cursor:  # as a process of the release before, which does not know the table
        cursor.execute("DELETE FROM accounts_user")
    assert (len(pauses), SavedReply.objects.count()) == (2, 0)


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_keys_of_moderation_are_added_while_rows_are_changed_and_can_be_added_again(live, pauses):
    run("migrate", "interactions", "0011", "-v0")
    in_use = locked_elsewhere(lambda: Interaction.objects.update(text="x"))
    try:
        with in_use, pytest.raises(OperationalError, match="lock timeout"):
            run("migrate", "interactions", "0012", "-v0")
        assert len(pauses) == 2
    finally:
        run("migrate", "-v0")
    run("migrate", "interactions", "0012", "-v0")
    run("migrate", "interactions", "0011", "--fake", "-v0")
    run("migrate", "-v0")
    moderate(Interaction.objects.first())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM interactions_interaction")
    assert (Moderation.objects.count(), BlockedAuthor.objects.count()) == (0, 1)


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_columns_are_dropped_while_rows_are_changed_and_can_be_dropped_again(live, pauses):
    def columns() -> set[str]:
        with connection.cursor() as cursor:
            table = Interaction._meta.db_table
            return {one.name for one in connection.introspection.get_table_description(cursor, table)}

    assert not {"status", "read_at"} & columns()
    run("migrate", "interactions", "0017", "-v0")
    assert {"status", "read_at"} < columns()
    in_use = locked_elsewhere(lambda: Interaction.objects.update(text="x"))
    try:
        with in_use, pytest.raises(OperationalError, match="lock timeout"):
            run("migrate", "interactions", "0018", "-v0")
        assert ({"status", "read_at"} < columns(), len(pauses)) == (True, 2)
    finally:
        run("migrate", "-v0")
    run("migrate", "interactions", "0017", "--fake", "-v0")
    run("migrate", "-v0")
    assert not {"status", "read_at"} & columns()


@pytest.mark.django_db(transaction=True)
def test_replacing_a_check_retries_while_the_table_is_read_and_can_be_run_again(alice, pauses):
    demo_of(alice)
    name = "demo_settings_are_in_range"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conname = %s", [name])
        [condition] = cursor.fetchone()
    operation = altering.replace_check("demo_demoaccount", name, f"{condition} AND content_per_day < 3")

    def replace(operation: RunPython) -> None:
        with connection.schema_editor(atomic=False) as editor:
            operation.code(None, editor)

    with (
        locked_elsewhere(lambda: list(DemoAccount.objects.values_list("pk"))),
        pytest.raises(OperationalError),
    ):
        replace(operation)
    try:
        replace(operation)
        replace(operation)
        with pytest.raises(IntegrityError, match=name):
            DemoAccount.objects.update(content_per_day=3)
    finally:
        replace(altering.replace_check("demo_demoaccount", name, condition))
    assert DemoAccount.objects.update(content_per_day=3) == 1
    assert len(pauses) == 2


@pytest.mark.django_db
def test_a_process_that_knows_no_setting_can_insert_an_account(alice):
    known = {
        "user_id": alice.pk,
        "seed": 1,
        "state": "off",
        "brand": "Acme",
        "niche": "coffee",
        "language": "en",
    }
    known |= {
        "platforms": ["x"],
        "products": [],
        "reset_requested": False,
        "last_error": "",
        "advance_days": 0,
    }
    known |= dict.fromkeys(["initial_content", "initial_comments", "initial_messages", "extra_ordinal"], 0)
    known |= dict.fromkeys(ORDINAL_COLUMNS, 0)
    with connection.cursor() as cursor:
        values = ", ".join(["%s"] * len(known))
        cursor.execute(
            f"INSERT INTO demo_demoaccount ({', '.join(known)}) VALUES ({values})", list(known.values())
        )
    stored = DemoAccount.objects.values(*SETTINGS).get()
    assert stored == {name: setting.default for name, setting in SETTINGS.items()}
