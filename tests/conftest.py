import gc

import pytest
import redis
from django.conf import settings
from django.db import connection
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from xdist import is_xdist_controller

from config.bootstrap import ensure_servers
from config.embedded import DATABASE
from interactions import read_limits
from tests.servers import copy_template

# `make test` takes the short profile, `make test-all` the long one.
for name, examples in (("short", 40), ("long", 500), ("random", 10_000)):
    hypothesis.register_profile(
        name,
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
hypothesis.load_profile("short")

pytest_plugins = ["tests.world", "tests.admin_client", "tests.stories", "tests.browser", "tests.users"]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start servers in each process that runs tests; the controller of pytest-xdist runs none."""
    if is_xdist_controller(session):
        return
    if settings.EMBEDDED["postgres"]:
        copy_template(settings.DATA_DIR)
        connection.settings_dict["TEST"]["TEMPLATE"] = DATABASE
    ensure_servers()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run files that start processes first, so that a parallel run does not end with one long file."""
    slow = {
        item.path
        for item in items
        if item.get_closest_marker("flow") or item.get_closest_marker("fault_injection")
    }
    slow |= {item.path for item in items if item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path not in slow and item.path.name != "test_state_machine.py")


def pytest_collection_finish() -> None:
    """Exclude all loaded objects from garbage collection, which would take a tenth of the processor time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture(autouse=True)
def _reset_throttling() -> None:
    """Delete the rate counters of earlier tests."""
    with redis.Redis.from_url(settings.REDIS_CLIENT_URL) as client:
        client.flushdb()


@pytest.fixture(autouse=True)
def _quick_reads_have_time(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a read takes longer than 200 ms; its cancellation would abort the transaction of the test."""
    if request.path.name != "test_read_limits.py":
        monkeypatch.setattr(read_limits, "QUICK_MILLISECONDS", 3_000)
