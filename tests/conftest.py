import pytest
from django.core.cache import cache

from config.start import ensure_servers

pytest_plugins = ["tests.world", "tests.back_office", "tests.stories"]


def pytest_sessionstart() -> None:
    ensure_servers()


@pytest.fixture(autouse=True)
def _nobody_is_throttled() -> None:
    """What an earlier test tried does not count."""
    cache.clear()
