"""Runs all services as separate processes on their own database and broker, for tests without any fakes."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TypeVar

import environ
import psycopg
import redis
import requests
from django.contrib.auth.hashers import make_password
from honcho.environ import parse_procfile

from config import environment
from config.embedded import Servers
from demo.windows import INTERACTION_WINDOWS
from tests.servers import CHECKOUT, DATA_DIR, copy_template, new_folder

# The product sees no variable that the caller of the tests or a `.env` has set: tests.servers removes them.
PLAIN = {name: value for name, value in os.environ.items() if name not in environment.VARIABLES}
PLAIN |= {"ENV_FILE": os.devnull, "DATA_DIR": str(DATA_DIR)}  # never the checkout's own
Value = TypeVar("Value")
PROCFILE = parse_procfile((CHECKOUT / "Procfile").read_text()).processes


class ServiceStack:
    """Web, worker and beat on a database and a broker that no other test uses. `variables` are added to their environment.

    A second instance of a service is named `web-2`, `worker-2` or `beat-2`.
    """

    def __init__(self, **variables: str) -> None:
        self.folder = new_folder("flow")
        self.servers = Servers(self.folder / "data")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {"DATA_DIR": str(self.servers.data_dir), "PORT": str(self.port)}
        self.environment |= {"DATABASE_URL": "", "REDIS_URL": ""}
        self.processes: dict[str, subprocess.Popen] = {}
        self.ports: dict[str, int] = {}
        self.false_clocks: set[str] = set()  # the services with a shifted clock
        if given := os.environ.get("TEST_DATABASE_URL"):
            self._use_database_of(given)
        else:
            copy_template(self.servers.data_dir)
        self.environment |= variables

    def fire(self, name: str, every: int = 1) -> None:
        """Change a schedule as an operator does in the admin, to run every `every` seconds."""
        [(interval,)] = self.sql(
            "INSERT INTO django_celery_beat_intervalschedule (every, period) VALUES (%s, 'seconds') RETURNING id",
            every,
        )
        self.sql(
            "UPDATE django_celery_beat_periodictask SET crontab_id = NULL, interval_id = %s WHERE name = %s",
            interval,
            name,
        )
        self.sql("UPDATE django_celery_beat_periodictasks SET last_update = now()")

    def open_a_window(self, name: str) -> None:
        """Move a user's demo so that one window of interactions is open, and no other opens within a minute."""
        next_start = INTERACTION_WINDOWS.start_at_or_after(datetime.now(UTC))
        if next_start - datetime.now(UTC) < timedelta(minutes=1):
            time.sleep((next_start - datetime.now(UTC)).total_seconds() + 1)
        self.sql(
            "UPDATE demo_demoaccount a SET next_interactions_window = next_interactions_window - interval '6 hours' *"
            " ceil(extract(epoch FROM next_interactions_window - now()) / 21600)"
            " FROM accounts_user u WHERE u.id = a.user_id AND username = %s",
            name,
        )
        self.sql(
            "UPDATE accounts_user SET demo_mode_enabled_at = now() - interval '12 hours' WHERE username = %s",
            name,
        )

    def _use_database_of(self, url: str) -> None:
        name = f"perennial_flow_{self.port}"
        with psycopg.connect(**_connection(url), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name}")
        base = url.rsplit("/", 1)[0]
        self.environment |= {
            "DATABASE_URL": f"{base}/{name}",
            "ALLOWED_HOSTS": "*",
            "SECRET_KEY": "flow",
        }
        self.environment |= {"DEBUG": "1"}

    @property
    def embedded(self) -> bool:
        return not self.environment["DATABASE_URL"]

    def start(self, *names: str, **variables: str) -> None:
        for name in names:
            log = (self.folder / f"{name}.log").open("ab")
            service = name.split("-")[0]
            command = [sys.executable, "-m", *shlex.split(PROCFILE[service])]
            if service == "web":
                self.ports[name] = self.port if name == "web" else free_port()
                command += ["--bind", f"127.0.0.1:{self.ports[name]}"]
            self.processes[name] = subprocess.Popen(
                command,
                cwd=CHECKOUT,
                env=self.environment | variables,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            log.close()
            if service == "web":
                address = f"http://127.0.0.1:{self.ports[name]}/healthz"
                until(lambda address=address: answers(address), "the web server answers")

    def kill(self, *names: str) -> None:
        """Send SIGKILL to the services and their children, as when a machine fails. One may have ended by itself."""
        for name in names:
            process = self.processes.pop(name)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def restart_ended(self) -> None:
        """Start the services again that ended by themselves, as a process manager does."""
        for name, process in list(self.processes.items()):
            if process.poll() is not None:
                self.start(name)

    def until(self, condition: Callable[[], Value], what: str, seconds: float = 90) -> Value:
        """As `until`; services that end by themselves meanwhile are started again."""

        def condition_of_running() -> Value:
            self.restart_ended()
            return condition()

        return until(condition_of_running, what, seconds)

    def terminate(self, name: str, sent: signal.Signals = signal.SIGTERM, seconds: float = 60) -> int:
        """Send SIGTERM, as a redeploy does, or another signal to the main process; return its exit code.

        Raises TimeoutExpired when it has not ended after `seconds`.
        """
        process = self.processes.pop(name)
        process.send_signal(sent)
        return process.wait(seconds)

    def stop(self) -> None:
        self.kill(*list(self.processes))
        self.servers.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def manage(self, *words: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=CHECKOUT,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def sql(self, statement: str, *parameters: object) -> list[tuple]:
        with self.connect() as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def connect(self) -> psycopg.Connection:
        if self.embedded:
            entry = self.servers.database
            return psycopg.connect(
                dbname=entry["NAME"], user=entry["USER"], host=entry["HOST"], autocommit=True
            )
        return psycopg.connect(**_connection(self.environment["DATABASE_URL"]), autocommit=True)

    def broker(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.servers.valkey_socket))

    def empty_broker(self) -> None:
        with self.broker() as client:
            client.flushall()

    def create_user(self, name: str) -> "ApiClient":
        """Create a user whose password is the name; return a client for them. By SQL, as starting Django takes seconds."""
        self.sql(
            "INSERT INTO accounts_user (username, password, first_name, last_name, email, is_superuser, is_staff,"
            " is_active, date_joined) VALUES (%s, %s, '', '', '', false, false, true, now())",
            name,
            _password(name),
        )
        return ApiClient(self, name)

    def create_user_with_demo(self, name: str) -> "ApiClient":
        """Create a user whose demo is being enabled; return a client for them."""
        caller = self.create_user(name)
        assert caller.post("demo/enable").status_code == 202
        return caller


@contextmanager
def running_stack(*services: str, **variables: str) -> Iterator[ServiceStack]:
    """Run a stack with these services, by default web, worker and beat, for the block."""
    stack = ServiceStack(**variables)
    try:
        if not stack.embedded:
            stack.manage("migrate", "-v0")
        stack.start(*(services or ("web", "worker", "beat")))
        yield stack
    finally:
        stack.stop()


class ApiClient:
    """Calls the API of a stack as one user."""

    def __init__(self, stack: ServiceStack, name: str) -> None:
        self.stack, self.name = stack, name
        answer = requests.post(
            f"{stack.url}/api/v1/auth/token/", json={"username": name, "password": name}, timeout=20
        )
        self.headers = {"Authorization": f"Token {answer.json()['token']}"}

    def post(self, path: str, server: str = "web", **body: object) -> requests.Response:
        url = f"http://127.0.0.1:{self.stack.ports[server]}/api/v1/{path}/"
        return requests.post(url, json=body, headers=self.headers, timeout=20)

    def demo(self) -> dict:
        return requests.get(f"{self.stack.url}/api/v1/demo/", headers=self.headers, timeout=20).json()

    def is_active(self) -> bool:
        return self.demo()["state"] == "active"

    def counts(self) -> tuple[int, int, int]:
        """Stored demo rows: posts, comments, messages."""
        rows = self.stack.sql(
            "SELECT (SELECT count(*) FROM interactions_content c JOIN accounts_profile p ON p.id = c.profile_id"
            " WHERE p.owner_id = u.id AND c.is_demo),"
            " (SELECT count(*) FROM interactions_interaction i JOIN accounts_profile p ON p.id = i.profile_id"
            " WHERE p.owner_id = u.id AND i.is_demo AND i.direction = 'in' AND i.type = 'comment'),"
            " (SELECT count(*) FROM interactions_interaction i JOIN accounts_profile p ON p.id = i.profile_id"
            " WHERE p.owner_id = u.id AND i.is_demo AND i.direction = 'in' AND i.type = 'message') FROM accounts_user u WHERE username = %s",
            self.name,
        )
        return rows[0]

    def story(self, origin: str) -> tuple[int, int]:
        """Events of the story of that origin: planned, delivered."""
        return self.stack.sql(
            "SELECT count(*), count(delivered_at) FROM demo_storyevent s JOIN demo_demoaccount a ON a.id = s.account_id"
            " JOIN accounts_user u ON u.id = a.user_id WHERE username = %s AND origin = %s",
            self.name,
            origin,
        )[0]


def until(condition: Callable[[], Value], what: str, seconds: float = 90) -> Value:
    """Return the value of `condition` as soon as it is true; fail with `what` was expected after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.1)
    return value


@cache
def _password(plain: str) -> str:
    return make_password(plain)


def accepts(port: int) -> bool:
    """Whether the port accepts connections."""
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _connection(url: str) -> dict[str, object]:
    entry = environ.Env.db_url_config(url)
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    return {theirs: entry[ours] for ours, theirs in names.items() if entry.get(ours)}
