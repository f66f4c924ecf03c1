import pytest
import redis
from django.conf import settings
from django.db import connection
from xdist import is_xdist_controller

from config.embedded import DATABASE
from config.start import ensure_servers
from tests.servers import copy_template

pytest_plugins = ["tests.world", "tests.back_office", "tests.stories", "tests.browser", "tests.people"]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Servers for whoever runs tests: with `-n` each of the processes, and not the one that deals tests out to them."""
    if is_xdist_controller(session):
        return
    if settings.EMBEDDED["postgres"]:
        copy_template(settings.DATA_DIR)
        connection.settings_dict["TEST"]["TEMPLATE"] = DATABASE
    ensure_servers()


@pytest.fixture(autouse=True)
def _nobody_is_throttled() -> None:
    """What an earlier test tried does not count."""
    with redis.Redis.from_url(settings.REDIS_CLIENT_URL) as client:
        client.flushdb()
