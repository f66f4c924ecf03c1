"""The migration that takes the story's check of profiles away, while the tables are in use."""

from importlib import import_module

import pytest
from django.db import OperationalError, connection
from django.db.models import F

from demo.models import DemoAccount, StoryEvent
from tests.holding import somebody_who
from tests.terminal import run
from tests.world import demo_of

migration = import_module("demo.migrations.0006_turns_and_no_profile_check")


def checks() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = 'demo_storyevent'::regclass"
            " AND confrelid = 'accounts_profile'::regclass"
        )
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_it_waits_for_whoever_uses_the_story_a_moment_at_a_time_and_may_be_run_again(alice, monkeypatch):
    demo_of(alice)
    monkeypatch.setattr(migration, "LONGEST_LOCK", "100ms")
    monkeypatch.setattr(migration, "PAUSE_SECONDS", 0.1)
    run("migrate", "demo", "0005", "-v0")
    assert checks() == 1
    waited = []
    real = migration.time.sleep
    monkeypatch.setattr(migration.time, "sleep", lambda seconds: waited.append(seconds) or real(seconds))
    monkeypatch.setattr(migration, "ATTEMPTS", 3)
    in_use = somebody_who(lambda: StoryEvent.objects.update(attempts=F("attempts")))
    try:
        with in_use, pytest.raises(OperationalError, match="lock timeout"):
            run("migrate", "demo", "0006", "-v0")
    finally:
        run("migrate", "-v0")
    assert (checks(), len(waited)) == (0, 2)
    assert DemoAccount.objects.values_list("turn", "catching_up", "resumed_to").get() == (0, False, 0)
