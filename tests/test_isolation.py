"""The tests see neither a `.env` in the checkout nor the environment of the caller."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config import environment
from config.up import COMMAND_LINE_VARIABLES
from tests.servers import CHECKOUT, RUN, pinned
from tests.service_stack import PLAIN

# Of each variable a value with which the product does not start, or else behaves as no default does.
HOSTILE = dict.fromkeys(environment.VARIABLES, "hostile") | {
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "DJANGO_SETTINGS_MODULE": "hostile.settings",
    "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
    "GUNICORN_CMD_ARGS": "--bind 127.0.0.1:1",
    "PGHOST": "127.0.0.1",
    "PGOPTIONS": "-c search_path=hostile",
    "TZ": "Pacific/Kiritimati",
    "LC_ALL": "tr_TR.UTF-8",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "PYTHONWARNINGS": "error",
}
FOLDERS = ("accounts", "config", "demo", "interactions", "tests")


def test_every_variable_of_the_product_is_unset_but_those_of_the_tests():
    own = {"DATA_DIR", "ENV_FILE"}
    if os.environ.get("TEST_DATABASE_URL"):
        own |= {"DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "DEBUG"}
    assert {name for name in environment.VARIABLES if os.environ.get(name)} == own
    assert {name for name in environment.VARIABLES if name in PLAIN} == {"ENV_FILE", "DATA_DIR"}
    assert not [name for name in os.environ if COMMAND_LINE_VARIABLES.fullmatch(name)]


def test_a_hostile_environment_is_removed_completely():
    assert pinned(HOSTILE) == {"ENV_FILE": os.devnull, "LANG": "C.UTF-8"}


@pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="two sessions would share one test database")
@pytest.mark.long
@pytest.mark.flow
def test_a_checkout_with_a_hostile_env_file_runs_the_same_tests(tmp_path):
    """A copy of the checkout, since the `.env` of this one belongs to its owner."""
    for name in (*FOLDERS, "manage.py", "pytest.ini", "Procfile", "gunicorn.conf.py", ".env.example"):
        copy = shutil.copytree if (CHECKOUT / name).is_dir() else shutil.copy
        copy(CHECKOUT / name, tmp_path / name)
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in HOSTILE.items()))
    tests = (
        "test_every_variable_of_the_product_is_unset_but_those_of_the_tests",
        "test_requests_and_processes_see_no_variable_of_the_caller",
    )
    kept = {
        name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TEST_DATABASE_URL")
    }
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *(f"tests/test_isolation.py::{name}" for name in tests)],
        cwd=tmp_path,
        # The folder of this run has the template of its servers.
        env=HOSTILE | kept | {RUN: os.environ[RUN], "PYTEST_XDIST_WORKER": f"nested-{os.getpid()}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, "2 passed" in result.stdout) == (0, True), result.stdout + result.stderr


def test_requests_and_processes_see_no_variable_of_the_caller(alice, page):
    """A request with the database, and a process that reads the settings by itself, in the environment of `PLAIN`."""
    assert page.get("/api/v1/demo/").json()["state"] == "off"
    script = "from config import settings; print(settings.MAIN_APP_URL, settings.DEMO_DELIVERY, settings.TOKEN_DAYS)"
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parent.parent,
        env=PLAIN,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == "http://127.0.0.1:8000 direct None"
