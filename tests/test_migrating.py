"""The migration that takes the story's check of profiles away, and those that add columns, while the tables are in use."""

import pytest
from django.db import OperationalError, connection
from django.db.models import F

from demo.models import DemoAccount, StoryEvent
from interactions import altering
from interactions.models import DeadLetter, Interaction
from tests.holding import somebody_who
from tests.terminal import run
from tests.world import demo_of


def checks() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = 'demo_storyevent'::regclass"
            " AND confrelid = 'accounts_profile'::regclass"
        )
        return cursor.fetchone()[0]


@pytest.fixture
def waited(monkeypatch) -> list[float]:
    """How long a migration paused between its attempts, of which it has three."""
    pauses: list[float] = []
    real = altering.time.sleep
    monkeypatch.setattr(altering, "MAX_LOCK_WAIT", "100ms")
    monkeypatch.setattr(altering, "PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(altering, "ATTEMPTS", 3)
    monkeypatch.setattr(altering.time, "sleep", lambda seconds: pauses.append(seconds) or real(seconds))
    return pauses


@pytest.mark.django_db(transaction=True)
def test_it_waits_for_whoever_uses_the_story_a_moment_at_a_time_and_may_be_run_again(alice, waited):
    demo_of(alice)
    run("migrate", "demo", "0005", "-v0")
    assert checks() == 1
    in_use = somebody_who(lambda: StoryEvent.objects.update(attempts=F("attempts")))
    try:
        with in_use, pytest.raises(OperationalError, match="lock timeout"):
            run("migrate", "demo", "0006", "-v0")
    finally:
        run("migrate", "-v0")
    assert (checks(), len(waited)) == (0, 2)
    assert DemoAccount.objects.values_list("next_slice", "catching_up", "resumed_to").get() == (0, False, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("before", "then", "model"), [("0004", "0005", DeadLetter), ("0005", "0006", Interaction)]
)
def test_a_column_is_added_while_the_table_is_read_without_a_queue_behind_it(
    alice, waited, before, then, model
):
    run("migrate", "interactions", before, "-v0")
    in_use = somebody_who(lambda: list(model.objects.values_list("pk")[:1]))
    try:
        with in_use, pytest.raises(OperationalError, match="lock timeout"):
            run("migrate", "interactions", then, "-v0")
    finally:
        run("migrate", "-v0")
    assert len(waited) == 2
    assert model.objects.count() == 0
