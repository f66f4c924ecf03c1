"""/healthz and /readyz for load balancers and supervisors, /metrics for Prometheus. Routed by `config/urls.py`."""

import secrets
from collections.abc import Iterator
from datetime import timedelta

import redis
from django.conf import settings
from django.db import Error, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from accounts.redis_client import guarded_client
from config.counters import shared_registry
from config.single_flight import single_flight
from demo.engine.backlog import is_stuck
from demo.engine.metrics import beat_seen_at, gauges
from interactions.clock import now

MAX_BEAT_AGE = timedelta(minutes=2)


def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the process runs; it checks nothing else."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200, or 503 while a check fails: `database`, `broker`, `beat` (it ran within two minutes), `delivery` (not stuck)."""
    checks = _checks()
    ready = all(checks.values())
    return JsonResponse({"status": "ok" if ready else "unavailable", **checks}, status=200 if ready else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """Metrics of all processes. 404 when METRICS_TOKEN is unset or is not the request's bearer token."""
    given = request.headers.get("Authorization", "")
    expected = f"Bearer {settings.METRICS_TOKEN}"
    if not settings.METRICS_TOKEN or not secrets.compare_digest(given.encode(), expected.encode()):
        raise Http404
    registry = shared_registry(settings.METRICS_DIR)
    registry.register(DatabaseGauges())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class DatabaseGauges(Collector):
    """Gauges that are read from the database; left out while it is unavailable, so that the counters still show."""

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing, so that registering does not query the database."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        up = _database_answers()
        yield GaugeMetricFamily("perennial_database_up", "Whether the database answers.", up)
        if up:
            yield from gauges(now())


def _run_checks() -> dict[str, bool]:
    """Times are compared by the database's clock, as beat and the workers write theirs by it."""
    checks = {"database": _database_answers(), "broker": _broker_answers()}
    checks["beat"] = checks["database"] and _beat_runs()
    checks["delivery"] = checks["database"] and _delivery_runs()
    return checks


_checks = single_flight(_run_checks, dict.fromkeys(("database", "broker", "beat", "delivery"), False))


def _database_answers() -> bool:
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True
    except Error:
        return False


def _broker_answers() -> bool:
    try:
        with guarded_client() as client:
            return bool(client.ping())
    except (redis.RedisError, OSError):
        return False


def _beat_runs() -> bool:
    try:
        present = now()
        seen_at = beat_seen_at(present)
    except Error:  # the tables do not exist yet, or the connection was lost since the first check
        return False
    return seen_at is not None and present - seen_at < MAX_BEAT_AGE


def _delivery_runs() -> bool:
    try:
        return not is_stuck(now())
    except Error:
        return False
