"""Cleanup of 500,000 old demo rows while events arrive for the same profile, beside one bare DELETE of as many."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

from django.db import connection
from django.utils import timezone

from accounts.models import Profile, User
from benchmarks.figures import Figure, at_least, milliseconds, p95, show
from benchmarks.rows import fill
from demo import seeding
from demo.retention import clean_up
from interactions.ingest import Arrival, ingest
from interactions.models import Interaction

ROWS = 500_000
OLD = timedelta(days=60)


def run() -> None:
    now = timezone.now()
    owner = User.objects.create(username="bench-cleanup")
    account = seeding.seed(owner, now, seed=1, **seeding.SIZES["smoke"])
    profile = Profile.objects.demo().filter(owner=owner).first()
    fill([profile], ROWS, now - OLD, apart=timedelta(seconds=1), message_every=1)
    done = Event()
    with ThreadPoolExecutor(1) as pool:
        arriving = pool.submit(_arrive, profile, done)
        started = time.perf_counter()
        cleaned = clean_up(now, accounts=[account.pk])
        seconds = time.perf_counter() - started
        done.set()
        delays = arriving.result()
    assert cleaned.messages == ROWS, cleaned
    fill([profile], ROWS, now - OLD, apart=timedelta(seconds=1), message_every=1)
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
