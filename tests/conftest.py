import pytest
import redis
from django.conf import settings
from xdist import is_xdist_controller

from config.bootstrap import ensure_servers

pytest_plugins = ["tests.world", "tests.back_office", "tests.stories", "tests.browser", "tests.people"]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Servers for whoever runs tests: with `-n` each of the processes, and not the one that deals tests out to them."""
    if not is_xdist_controller(session):
        ensure_servers()


@pytest.fixture(autouse=True)
def _nobody_is_throttled() -> None:
    """What an earlier test tried does not count."""
    with redis.Redis.from_url(settings.REDIS_CLIENT_URL) as client:
        client.flushdb()
