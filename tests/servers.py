"""Servers and a data folder of the test session's own, named before Django reads its settings."""

import os
import shutil
import tempfile
from pathlib import Path

DATA_DIR = Path(tempfile.mkdtemp(prefix="perennial-test-"))
DATA_DIR.chmod(0o755)

for name in (
    "REDIS_URL",
    "SECRET_KEY",
    "DEBUG",
    "ALLOWED_HOSTS",
    "DEMO_DELIVERY",
    "MAIN_APP_URL",
    "DEMO_ALLOWED",
    "TOKEN_DAYS",
):
    os.environ[name] = ""
os.environ["DATA_DIR"] = str(DATA_DIR)
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "")
if os.environ["DATABASE_URL"]:
    os.environ |= {"SECRET_KEY": "only-for-tests", "ALLOWED_HOSTS": "*", "DEBUG": "1"}


def stop() -> None:
    """Stop the servers and remove the folder."""
    from django.conf import settings  # read only after the variables above are set

    settings.SERVERS.stop()
    shutil.rmtree(DATA_DIR, ignore_errors=True)


pytest_sessionfinish = stop
