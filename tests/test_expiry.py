"""A daily task deletes expired sessions and tokens in batches, and keeps valid ones."""

from contextlib import closing
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from knox.models import get_token_model

from accounts import expiry
from accounts.expiry import clear_expired
from accounts.tasks import clear_expired as task
from tests.stories import SECOND
from tests.world import DAY, NOW

TOKENS = get_token_model().objects


def sessions(count: int, until, prefix: str) -> None:
    Session.objects.bulk_create(
        Session(session_key=f"{prefix}{n}", session_data="", expire_date=until) for n in range(count)
    )


def tokens(user, count: int, until) -> None:
    for _ in range(count):
        TOKENS.filter(pk=TOKENS.create(user)[0].pk).update(expiry=until)


def test_only_expired_sessions_and_tokens_are_deleted(alice):
    sessions(3, NOW - SECOND, "old")
    sessions(2, NOW + SECOND, "good")
    tokens(alice, 3, NOW - SECOND)
    tokens(alice, 1, NOW + SECOND)
    forever = TOKENS.create(alice)[0]
    assert clear_expired(NOW) == {"sessions": 3, "tokens": 3}
    assert sorted(Session.objects.values_list("pk", flat=True)) == ["good0", "good1"]
    assert TOKENS.count() == 2
    assert TOKENS.filter(pk=forever.pk).exists()
    assert clear_expired(NOW) == {"sessions": 0, "tokens": 0}


def test_each_statement_deletes_at_most_one_batch(alice, monkeypatch):
    monkeypatch.setattr(expiry, "ROWS_PER_TRANSACTION", 4)
    sessions(10, NOW - DAY, "old")
    tokens(alice, 9, NOW - DAY)
    with CaptureQueriesContext(connection) as queries:
        assert clear_expired(NOW) == {"sessions": 10, "tokens": 9}
    deletions = [query["sql"] for query in queries if query["sql"].startswith("DELETE")]
    assert len(deletions) == 6
    assert max(sql.count("'") // 2 for sql in deletions) <= 4


def test_a_run_stops_at_its_maximum_and_the_next_continues(alice, monkeypatch):
    monkeypatch.setattr(expiry, "ROWS_PER_TRANSACTION", 4)
    monkeypatch.setattr(expiry, "MAX_ROWS", 8)
    sessions(10, NOW - DAY, "old")
    assert clear_expired(NOW)["sessions"] == 8
    assert clear_expired(NOW)["sessions"] == 2


@pytest.mark.django_db(transaction=True)
def test_a_locked_row_is_left_to_the_next_run(alice):
    sessions(3, NOW - DAY, "old")
    with closing(connection.copy()) as others, others.cursor() as other:
        other.execute("BEGIN")
        other.execute("SELECT 1 FROM django_session WHERE session_key = 'old1' FOR UPDATE")
        assert clear_expired(NOW)["sessions"] == 2
        other.execute("ROLLBACK")
    assert clear_expired(NOW)["sessions"] == 1


def test_the_task_runs_daily_and_deletes_expired_rows(client, alice):
    schedule = PeriodicTask.objects.get(name="accounts: clear expired sessions and tokens")
    assert (schedule.task, str(schedule.crontab)[:10]) == (task.name, "30 3 * * *")
    client.force_login(alice)
    sessions(3, timezone.now() - timedelta(minutes=1), "old")
    tokens(alice, 2, timezone.now() - timedelta(minutes=1))
    task()
    assert (Session.objects.count(), TOKENS.count()) == (1, 0)
    assert client.get("/comments/").status_code == 200
