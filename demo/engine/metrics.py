"""Metrics of planning, delivery and beat. `config/health.py` serves the gauges; planning and delivery fill the histograms."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min
from django_celery_beat.models import PeriodicTask
from prometheus_client import Histogram
from prometheus_client.core import GaugeMetricFamily

from demo.models import DemoAccount, State, StoryEvent

MAX_CLOCK_DIFFERENCE = timedelta(minutes=2)  # between machines
BUCKETS = (0.005, 0.02, 0.1, 0.5, 1, 2, 5, 15, 60, 300)
PLANNING = Histogram("perennial_planning_seconds", "Duration of planning runs.", buckets=BUCKETS)
DELIVERY = Histogram("perennial_delivery_seconds", "Duration of delivery runs.", buckets=BUCKETS)


def gauges(now: datetime) -> Iterator[GaugeMetricFamily]:
    """The state of the story and of beat at `now`, from the database."""
    undelivered = StoryEvent.objects.undelivered()
    due = StoryEvent.objects.due(now)
    yield _gauge("due_events", "Events that are due and not delivered.", due.count())
    yield _gauge("due_lag_seconds", "How long the oldest due event has been due.", _age(_oldest(due), now))
    ages = [
        _age(_oldest(undelivered.filter(held=held)), now) for held in (False, True)
    ]  # each has its own index
    yield _gauge(
        "oldest_undelivered_seconds",
        "Age of the oldest undelivered event, also of paused demos and events waiting for a retry.",
        max(ages),
    )
    dead = StoryEvent.objects.dead()
    yield _gauge("dead_events", "Events that failed all attempts; an operator can retry them.", dead.count())
    age = _age(beat_seen_at(now), now, never=-1)
    yield _gauge("beat_age_seconds", "Time since beat last sent a task.", age)
    yield _accounts()


def beat_seen_at(now: datetime) -> datetime | None:
    """When beat last sent a task; None when it never did. Times in the future, from a wrong clock, are ignored."""
    rows = PeriodicTask.objects.filter(last_run_at__lt=now + MAX_CLOCK_DIFFERENCE)
    return rows.aggregate(at=Max("last_run_at"))["at"]


def _gauge(name: str, help: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"perennial_{name}", help, value)


def _oldest(events) -> datetime | None:
    return events.aggregate(at=Min("due_at"))["at"]


def _age(moment: datetime | None, now: datetime, never: float = 0) -> float:
    """Seconds from `moment` to `now`, 0 when it is in the future; `never` when it is None."""
    return never if moment is None else max(0.0, (now - moment).total_seconds())


def _accounts() -> GaugeMetricFamily:
    family = GaugeMetricFamily("perennial_demo_accounts", "Demo accounts by state.", labels=["state"])
    counts = dict(DemoAccount.objects.values_list("state").annotate(Count("pk")).order_by())
    for state in State.values:
        family.add_metric([state], counts.get(state, 0))
    return family
