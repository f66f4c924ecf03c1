import gc
from collections.abc import Iterator
from itertools import groupby
from threading import Thread

import pytest
import redis
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from xdist import is_xdist_controller

from config.bootstrap import ensure_servers
from config.embedded import DATABASE
from interactions import exports, read_limits
from tests.servers import copy_template, create_template

# `make test` takes the short profile, `make test-all` the long one.
for name, examples in (("short", 20), ("long", 500), ("random", 10_000)):
    hypothesis.register_profile(
        name,
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
hypothesis.load_profile("short")

_PLUGINS = (
    "world",
    "admin_client",
    "stories",
    "browser",
    "inbox_page",
    "users",
    "restored_rows",
    "thread_filters",
    "settings_pages",
    "pseudo_locale",
    "bulk_threads",
)
pytest_plugins = [f"tests.{name}" for name in _PLUGINS]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Create the template of the databases while tests are collected, if pytest-xdist divides them among processes."""
    if is_xdist_controller(session) and settings.EMBEDDED["postgres"]:
        Thread(target=create_template, daemon=True).start()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Function]) -> Iterator[None]:
    _mark_all_but_samples(items)  # before pytest deselects `long`
    yield
    _run_slow_files_first(items)  # after pytest-django has sorted those without a database to the end


def _mark_all_but_samples(items: list[pytest.Function]) -> None:
    """Mark parameters as `long`, except as many as the test's mark `sample` says, evenly spread from the first."""
    sampled = [item for item in items if item.get_closest_marker("sample")]
    for _, group in groupby(sampled, key=lambda item: (item.path, item.originalname)):
        parameters = list(group)
        [number] = parameters[0].get_closest_marker("sample").args
        kept = {index * len(parameters) // number for index in range(number)}
        for index, item in enumerate(parameters):
            if index not in kept:
                item.add_marker("long")


def _run_slow_files_first(items: list[pytest.Function]) -> None:
    """Run files that start processes first, so that a parallel run does not end with one long file."""
    slow = {
        item.path
        for item in items
        if item.get_closest_marker("flow") or item.get_closest_marker("fault_injection")
    }
    slow |= {item.path for item in items if item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path not in slow and item.path.name != "test_state_machine.py")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the servers of this process, unless it only divides or lists the tests, and cut fixed costs."""
    if is_xdist_controller(session) or session.config.option.collectonly:
        return
    if settings.EMBEDDED["postgres"]:
        copy_template(settings.DATA_DIR)
        connection.settings_dict["TEST"]["TEMPLATE"] = DATABASE
    ensure_servers()
    _cut_fixed_costs()


def _cut_fixed_costs() -> None:
    """Cut what each log-in and each test would pay again. Processes that tests start have the product's values."""
    PBKDF2PasswordHasher.iterations = 1_000  # hashes of the same kind; the product's take 0.3 s each
    settings.WHITENOISE_AUTOREFRESH = True  # else each new client lists all static files
    gc.collect()  # then exclude all loaded objects, whose collection would take a tenth of the processor time
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture(scope="session")
def broker_client() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_CLIENT_URL) as client:
        yield client


@pytest.fixture(autouse=True)
def _reset_throttling(broker_client) -> None:
    """Forget the requests and exports of earlier tests."""
    broker_client.flushdb()
    exports.reset_slots()


@pytest.fixture(autouse=True)
def _quick_reads_have_time(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a read takes longer than 200 ms; its cancellation would abort the transaction of the test."""
    if request.path.name != "test_read_limits.py":
        monkeypatch.setattr(read_limits, "QUICK_MILLISECONDS", 3_000)
