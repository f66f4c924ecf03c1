"""The test run's environment and folders, set before Django reads its settings; pytest.ini loads this module first.

A run has one folder, which the processes of pytest-xdist share. It holds a template: a data folder of PostgreSQL with a
migrated database, which all servers of the tests are copies of. They do not sync to disk (`FAST`): their data
survives a SIGKILL, but not a power cut, which no test simulates.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import psycopg

CHECKOUT = Path(__file__).resolve().parent.parent
FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "1h",
    "max_wal_size": "1GB",
}
# The only variables of the caller's environment that the tests and their processes see. They read no `.env`.
KEPT = re.compile(
    "PATH|HOME|USER|LOGNAME|SHELL|TERM|COLUMNS|LINES|FORCE_COLOR|VIRTUAL_ENV|LD_LIBRARY_PATH|PYTHONPATH|PYTHONHASHSEED"
    "|PYTEST_.*|COV_.*|COVERAGE_.*|PLAYWRIGHT_.*|TEST_DATABASE_URL|REQUIRE_CHROMIUM|SCREENSHOTS|REWRITE_SCREENSHOTS"
    "|STORM_.*|EVERY_ZONE|MANY_SEEDS"
)
RUN = "PYTEST_RUN_FOLDER"
MEMORY = Path("/dev/shm")  # files in memory, where there is room
ROOM = 4 * 1024**3  # bytes; a run needs less


def pinned(environment: dict[str, str]) -> dict[str, str]:
    """The environment without all but KEPT, so that every variable of the product has its default."""
    kept = {name: value for name, value in environment.items() if KEPT.fullmatch(name)}
    return kept | {"ENV_FILE": os.devnull, "LANG": "C.UTF-8"}


def _root() -> Path:
    """The parent of the run's folder: in memory if there is room, else /tmp."""
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    return MEMORY if usable else Path("/tmp")  # a short path, as a socket's is


def new_folder(name: str, parent: Path | None = None) -> Path:
    """Create an empty folder that PostgreSQL's user can enter."""
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent or RUN_DIR))
    folder.chmod(0o755)
    return folder


def _begin() -> Path:
    """Create the folder of a new run. Removes the folders of killed runs, which use memory, and ends their servers."""
    root = _root()
    for owner in root.glob("perennial-test-*/owner"):
        if owner.read_text() and not psutil.pid_exists(int(owner.read_text())):
            for process in psutil.process_iter(["cwd"]):
                if (process.info["cwd"] or "").startswith(f"{owner.parent}/"):
                    process.kill()
            shutil.rmtree(owner.parent, ignore_errors=True)
    folder = new_folder("perennial-test", root)
    (folder / "owner").write_text(str(os.getpid()))
    return folder


IS_OWNER = RUN not in os.environ
RUN_DIR = _begin() if IS_OWNER else Path(os.environ[RUN])
DATA_DIR = RUN_DIR / f"data-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
_environment = pinned(dict(os.environ)) | {RUN: str(RUN_DIR), "DATA_DIR": str(DATA_DIR)}
if given := os.environ.get("TEST_DATABASE_URL"):
    _environment |= {
        "DATABASE_URL": given,
        "SECRET_KEY": "only-for-tests",
        "ALLOWED_HOSTS": "*",
        "DEBUG": "1",
    }
os.environ.clear()
os.environ |= _environment


def copy_template(data_dir: Path) -> None:
    """Copy the template's initialized and migrated PostgreSQL to a new data folder, without starting it."""
    template = create_template()
    data_dir.mkdir(parents=True, exist_ok=True)
    # Owners are kept: as root, the files belong to the user that the server runs as.
    subprocess.run(["cp", "-a", str(template / "postgres"), str(data_dir)], check=True)


def create_template() -> Path:
    """Create the template of this run, unless another process has; return its folder."""
    folder = RUN_DIR / "template"
    with (RUN_DIR / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _make_template(folder)
            (folder / "complete").touch()
    return folder


def _make_template(folder: Path) -> None:
    from config.embedded import DATABASE, Servers  # read the environment, which is set above

    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"],
        cwd=CHECKOUT,
        env=os.environ | {"DATA_DIR": str(folder), "DATABASE_URL": ""},
        check=True,
    )
    address = {"dbname": DATABASE, "user": "postgres", "host": str(folder / "postgres")}
    with psycopg.connect(**address, autocommit=True) as connection:
        for name, value in FAST.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    Servers(folder).stop()
    (folder / "postgres" / "log").unlink()


def stop() -> None:
    """Stop the servers and remove their folder."""
    from django.conf import settings  # read only after the variables above are set

    settings.SERVERS.stop()
    shutil.rmtree(RUN_DIR if IS_OWNER else DATA_DIR, ignore_errors=True)


pytest_sessionfinish = stop
