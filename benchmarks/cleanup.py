"""Cleanup of 500,000 old demo rows while events arrive for the same profile, beside one bare DELETE of as many."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

from django.db import connection
from django.utils import timezone

from accounts.models import Profile, User
from benchmarks.figures import Figure, at_least, milliseconds, p95, show
from demo import seeding
from demo.retention import clean_up
from interactions.ingest import Arrival, ingest
from interactions.models import Interaction

ROWS = 500_000


def run() -> None:
    now = timezone.now()
    owner = User.objects.create(username="bench-cleanup")
    seeding.seed(owner, now, seed=1, **seeding.SIZES["smoke"])
    profile = Profile.objects.demo().filter(owner=owner).first()
    _fill(profile)
    done = Event()
    with ThreadPoolExecutor(1) as pool:
        arriving = pool.submit(_arrive, profile, done)
        started = time.perf_counter()
        cleaned = clean_up(now)
        seconds = time.perf_counter() - started
        done.set()
        delays = arriving.result()
    assert cleaned.messages == ROWS, cleaned
    _fill(profile)
    bare = _bare_delete(profile)
    show(
        f"Cleanup of {ROWS:,} old rows while events arrive for the same profile",
        [
            at_least("rows a second", ROWS / seconds, 12_000),
            Figure("one bare DELETE of as many, rows a second", f"{ROWS / bare:,.0f}"),
            Figure("events that arrived meanwhile, one by one", f"{len(delays):,}"),
            milliseconds("their ingest, 95th percentile", p95(delays)),
            milliseconds("their ingest, the worst", max(delays)),
        ],
    )


def _fill(profile: Profile) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO interactions_interaction (profile_id, is_demo, platform_id, text, posted_at, received_at,"
            " updated_at, created_digest, text_at, text_digest, type, direction, content_ref, parent_ref,"
            " conversation_id, author_id, author_handle, author_name, status)"
            " SELECT %s, true, 'old-' || i, 'an old message', now() - interval '60 days' - i * interval '1 second',"
            " now(), now(), i, now(), i, 'message', 'in', '', '', 't' || i %% 5000, 'a', 'a', 'A', 'new'"
            " FROM generate_series(1, %s) i",
            [profile.pk, ROWS],
        )
        cursor.execute("VACUUM ANALYZE interactions_interaction")


def _arrive(profile: Profile, done: Event) -> list[float]:
    """One message after the other until cleanup is through; the seconds that each took."""
    delays = []
    while not done.is_set():
        number = len(delays)
        event = {"type": "message.created", "id": f"new-{number}", "occurred_at": timezone.now().isoformat()}
        event |= {"author": {"id": "a"}, "conversation_id": "t", "text": "a new message"}
        started = time.perf_counter()
        [result] = ingest([Arrival(profile.pk, event)], timezone.now())
        delays.append(time.perf_counter() - started)
        assert result.status == "created"
        time.sleep(0.01)
    connection.close()
    return delays


def _bare_delete(profile: Profile) -> float:
    cutoff = timezone.now() - timedelta(days=30)
    old = Interaction.objects.filter(profile=profile, posted_at__lt=cutoff)
    started = time.perf_counter()
    old._raw_delete(old.db)
    return time.perf_counter() - started
