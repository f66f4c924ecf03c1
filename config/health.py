"""For load balancers, supervisors and Prometheus."""

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
from config.single_flight import one_at_a_time
from demo.engine.backlog import is_stuck
from demo.engine.metrics import beat_seen_at, gauges
from interactions.clock import now

BEAT_SEEN_WITHIN = timedelta(minutes=2)


def healthz(request: HttpRequest) -> JsonResponse:
    """The process is alive."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Database and broker answer, beat was seen within two minutes, and what is due is delivered; else 503 naming what is not."""
    checks = _checked()
    ready = all(checks.values())
    return JsonResponse({"status": "ok" if ready else "unavailable", **checks}, status=200 if ready else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics of all processes, for the bearer of METRICS_TOKEN; 404 where none is set or it is not given."""
    given = request.headers.get("Authorization", "")
    expected = f"Bearer {settings.METRICS_TOKEN}"
    if not settings.METRICS_TOKEN or not secrets.compare_digest(given.encode(), expected.encode()):
        raise Http404
    registry = shared_registry(settings.METRICS_DIR)
    registry.register(Gauges())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class Gauges(Collector):
    """What the database knows; without it the counters are still worth reading."""

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing, so that registering does not ask the database."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        up = _database()
        yield GaugeMetricFamily("perennial_database_up", "Whether the database answers.", up)
        if up:
            yield from gauges(now())


def _check() -> dict[str, bool]:
    """Times are compared by the database's clock, as those that beat and the workers note are."""
    checks = {"database": _database(), "broker": _broker()}
    checks["beat"] = checks["database"] and _beat()
    checks["delivery"] = checks["database"] and _delivery()
    return checks


_checked = one_at_a_time(_check, dict.fromkeys(("database", "broker", "beat", "delivery"), False))


def _database() -> bool:
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True
    except Error:
        return False


def _broker() -> bool:
    try:
        with guarded_client() as client:
            return bool(client.ping())
    except (redis.RedisError, OSError):
        return False


def _beat() -> bool:
    try:
        moment = now()
        seen = beat_seen_at(moment)
    except Error:  # its tables are not there yet, or the connection has just gone
        return False
    return seen is not None and moment - seen < BEAT_SEEN_WITHIN


def _delivery() -> bool:
    try:
        return not is_stuck(now())
    except Error:
        return False
