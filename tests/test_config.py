"""Starting: in an empty folder, twice at once, in any environment, and with invalid values."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config import environment, up
from config.embedded import Servers
from demo.models import DemoAccount, State
from demo.schedules import SCHEDULES
from tests.servers import copy_template, new_folder
from tests.service_stack import CHECKOUT, PLAIN, free_port, until
from tests.world import demo_of


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=CHECKOUT, env=PLAIN | variables, capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder() -> Iterator[Path]:
    path = new_folder("start")
    yield path
    Servers(path / "data").stop()
    shutil.rmtree(path)


@pytest.fixture
def prepared(folder) -> Path:
    """A folder in whose `data` PostgreSQL is initialized and migrated, for tests that do not test a first start."""
    copy_template(folder / "data")
    return folder


def test_the_example_file_names_exactly_the_variables_that_are_read():
    named = re.findall(r"^#?([A-Z_]+)=", (CHECKOUT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(named) == sorted(environment.VARIABLES)


def test_a_variable_that_is_not_declared_is_not_read():
    with pytest.raises(
        ImproperlyConfigured, match=r"^NO_SUCH_NAME is not declared; add it to VARIABLES in config"
    ):
        environment.flag("NO_SUCH_NAME", False)


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"PORT": "many"}, "PORT=many is not a port. Type PORT=8000"),
        ({"DEBUG": "perhaps"}, "DEBUG=perhaps is neither on nor off."),
        (
            {"DEMO_DELIVERY": "pigeon"},
            "DEMO_DELIVERY=pigeon is unknown. Type DEMO_DELIVERY= and one of direct, http",
        ),
        ({"DEMO_ALLOWED": "some"}, "one of all, staff, none"),
        ({"REDIS_URL": "amqp://x"}, "REDIS_URL must start with redis:// or rediss://"),
        (
            {"DATABASE_URL": "mysql://x/y", "SECRET_KEY": "k", "ALLOWED_HOSTS": "h"},
            "DATABASE_URL must start with",
        ),
        ({"DATABASE_URL": "postgres://x/y", "ALLOWED_HOSTS": "h"}, "SECRET_KEY is not set"),
        ({"DATABASE_URL": "postgres://x/y", "SECRET_KEY": "k"}, "ALLOWED_HOSTS is not set"),
        ({"LETTER_DAYS": "0"}, "LETTER_DAYS=0 is not a number from 1 to 3650. Type LETTER_DAYS=90"),
        *(
            ({"DATA_DIR": f"/tmp/é{sign}1"}, f"which contains {sign!r}. Type DATA_DIR=/another/path")
            for sign in " ,'%$;"
        ),
        *(
            ({"DATA_DIR": f"/tmp/{name}"}, "socket: 85 bytes, at most 84. Type DATA_DIR=/a/shorter/path")
            for name in ("x" * 80, "é" * 40)
        ),
    ],
)
def test_an_invalid_value_stops_the_start_with_a_sentence(variables, sentence, tmp_path):
    result = manage("check", **{"DATA_DIR": str(tmp_path)} | variables)
    assert result.returncode == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.long
def test_a_command_starts_the_servers_in_an_empty_folder_and_down_stops_them(folder):
    result = manage("demo_status", "--json", DATA_DIR=str(folder / "data"))
    assert (result.returncode, result.stdout.strip()) == (0, "[]")
    servers = Servers(folder / "data")
    assert (servers.postgres_runs(), servers.valkey_runs()) == (True, True)
    assert manage("down", DATA_DIR=str(folder / "data")).stdout.strip() == "Stopped."
    assert (servers.postgres_runs(), servers.valkey_runs()) == (False, False)


def test_a_process_can_stop_and_restart_the_servers(prepared):
    servers = Servers(prepared / "data")
    assert servers.ensure()
    servers.restart_postgres()
    assert servers.postgres_runs()
    assert servers.stop()
    assert (servers.postgres_runs(), servers.valkey_runs()) == (False, False)
    assert servers.ensure()
    assert not servers.ensure()


def test_a_server_that_does_not_stop_is_logged_and_killed(folder, monkeypatch, caplog):
    monkeypatch.setattr("config.embedded.SERVER_STOP_SECONDS", 0.5)
    servers = Servers(folder / "data")
    assert servers.ensure(postgres=False)
    [process] = servers.processes(postgres=False).values()
    process.suspend()
    assert servers.stop()
    assert [record.message for record in caplog.records] == [
        f"Valkey (pid {process.pid}) did not stop within 0.5 s; it is killed"
    ]
    assert not servers.valkey_runs()


def test_the_servers_run_in_a_folder_with_the_longest_accepted_path(folder):
    name = "é" * 9
    data = folder / (name + "x" * (84 - len(os.fsencode(folder / name))))
    copy_template(data)
    servers = Servers(data)
    try:
        assert servers.ensure()
        assert (servers.postgres_runs(), servers.valkey_runs()) == (True, True)
    finally:
        servers.stop()


def test_two_concurrent_starts_share_one_set_of_servers_that_outlives_them(prepared):
    script = (
        "from pathlib import Path; from config.embedded import Servers; import sys, time;"
        "print(Servers(Path(sys.argv[1])).ensure(), flush=True); time.sleep(60)"
    )
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(prepared / "data")],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        for _ in range(2)
    ]
    assert sorted(starter.stdout.readline().strip() for starter in starters) == ["False", "True"]
    for starter in starters:
        os.killpg(starter.pid, signal.SIGKILL)
        starter.wait()
        starter.stdout.close()
    servers = Servers(prepared / "data")
    assert (servers.postgres_runs(), servers.valkey_runs()) == (True, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the permissions of another user's folder")
def test_root_does_not_make_a_private_folder_public(folder):
    closed = folder / "home"
    closed.mkdir(mode=0o700)
    result = manage("demo_status", DATA_DIR=str(closed / "data"))
    assert result.returncode == 2
    assert f"{closed} is closed to other users" in result.stderr
    assert closed.stat().st_mode & 0o777 == 0o700


def test_only_variables_that_postgresql_reads_are_removed_from_the_environment(folder):
    kept = {
        "PGADMIN_SETUP_EMAIL": "a@example.com",
        "PGBOUNCER_URL": "x",
        "PG_COLOR": "never",
        "PGPORTAL": "y",
    }
    script = "import os, config.settings; print(sorted(name for name in os.environ if name.startswith('PG')))"
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=CHECKOUT,
        env=PLAIN
        | HOSTILE_ENVIRONMENT
        | kept
        | {"PGTZ": "x", "PGSERVICEFILE": "/x", "DATA_DIR": str(folder / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout.strip() == str(sorted(kept)), result.stderr


HOSTILE_ENVIRONMENT = {  # locale, time zone and PostgreSQL variables as another project may set them
    "LANG": "de_DE.UTF-8",
    "LC_ALL": "",
    "LC_NUMERIC": "tr_TR.UTF-8",
    "TZ": "Nonsense/Zone",
    "XDG_RUNTIME_DIR": "/nonexistent",
    "TMPDIR": "/nonexistent/" + "x" * 200,
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "PGSERVER_POSTGRES_VERSION": "16",
    "PGPORT": "5433",
    "PGHOST": "/nowhere",
    "PGDATA": "/nowhere",
    "PGSERVICE": "none",
    "PGUSER": "x",
    "PGOPTIONS": "-c search_path=x",
    "PGTARGETSESSIONATTRS": "standby",
    "PGCLIENTENCODING": "LATIN1",
}


@pytest.mark.long
def test_the_first_start_has_the_same_result_in_any_environment(folder):
    result = subprocess.run(
        ["sh", "-c", 'umask 077; exec "$0" manage.py demo_status --json', sys.executable],
        cwd=CHECKOUT,
        env=PLAIN | HOSTILE_ENVIRONMENT | {"DATA_DIR": str(folder / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout.strip()) == (0, "[]"), result.stderr
    entry = Servers(folder / "data").database
    for name in (entry["NAME"], "template1"):
        with psycopg.connect(dbname=name, user=entry["USER"], host=entry["HOST"]) as connection:
            found = connection.execute(
                "SELECT upper('café'), pg_encoding_to_char(encoding), current_setting('TimeZone')"
                " FROM pg_database WHERE datname = current_database()"
            ).fetchone()
        assert found == ("CAFÉ", "UTF8", "UTC")


@pytest.mark.sample(1)
@pytest.mark.parametrize("command", ["demo_status", "up"])
def test_a_failed_start_prints_the_reason_and_leaves_nothing_running(folder, command):
    postgres = folder / "data" / "postgres"
    postgres.mkdir(parents=True)
    (postgres / "something").touch()
    result = manage(command, DATA_DIR=str(folder / "data"), PORT=str(free_port()))
    last_line = result.stderr.strip().splitlines()[-1]
    assert result.returncode == 2
    assert f"PostgreSQL and Valkey cannot be started in {folder / 'data'}: initdb" in last_line
    assert "initdb ended with code 1" in last_line
    assert "Traceback" not in result.stderr
    assert not Servers(folder / "data").valkey_runs()


def test_database_connections_have_keepalives_unless_database_url_overrides_them(tmp_path):
    script = "from config.settings import DATABASES; print(sorted(DATABASES['default']['OPTIONS'].items()))"
    production = {"SECRET_KEY": "k", "ALLOWED_HOSTS": "h", "DATA_DIR": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=CHECKOUT,
        env=PLAIN | production | {"DATABASE_URL": "postgres://x/y?connect_timeout=9&sslmode=require"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == (
        "[('connect_timeout', 9), ('keepalives_count', 3), ('keepalives_idle', 15), ('keepalives_interval', 5),"
        " ('sslmode', 'require'), ('tcp_user_timeout', 15000)]"
    )


def test_importing_the_settings_starts_nothing(folder):
    script = "import django; django.setup()"
    variables = PLAIN | {"DATA_DIR": str(folder / "data"), "DJANGO_SETTINGS_MODULE": "config.settings"}
    subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, env=variables, check=True)
    assert not (folder / "data" / "postgres").exists()


def test_importing_the_simulator_loads_neither_django_nor_celery_nor_faker():
    script = "import sys, demo.simulator; print(sorted({name.split('.')[0] for name in sys.modules} & {'django', 'faker', 'celery'}))"
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


@pytest.mark.long
@pytest.mark.parametrize(
    ("entry_point", "last_line"),
    [
        (
            ["gunicorn", "config.wsgi", "--bind", "unix:{folder}/web.sock", "--log-level", "info"],
            "Booting worker",
        ),
        (["celery", "-A", "config", "worker", "--loglevel", "INFO"], " ready."),
        (["celery", "-A", "config", "beat"], "maxinterval"),
    ],
    ids=["web", "worker", "beat"],
)
def test_each_entry_point_starts_and_migrates_an_empty_folder_by_itself(folder, entry_point, last_line):
    log = folder / "log"
    expected = {schedule.name for schedule in SCHEDULES}
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", *(word.format(folder=folder) for word in entry_point)],
            cwd=CHECKOUT,
            env=PLAIN | {"DATA_DIR": str(folder / "data"), "PYTHONUNBUFFERED": "1"},
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        until(lambda: last_line in log.read_text(), f"{entry_point[0]} logs {last_line!r}", seconds=30)
        until(lambda: schedules(folder / "data") >= expected, "the schedules exist", seconds=30)
        assert process.poll() is None
        assert "Traceback" not in log.read_text()
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def schedules(data_dir: Path) -> set[str]:
    """The names of the periodic tasks in the embedded database; none while the table does not exist."""
    entry = Servers(data_dir).database
    try:
        with psycopg.connect(dbname=entry["NAME"], user=entry["USER"], host=entry["HOST"]) as connection:
            rows = connection.execute("SELECT name FROM django_celery_beat_periodictask")
            return {name for (name,) in rows}
    except psycopg.Error:
        return set()


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (
            ["changepassword"],
            "An argument is not UTF-8. Run `PYTHONUTF8=1 python manage.py ...`.",
        ),
        (["demo_status", "--user"], "CommandError: A name must be UTF-8."),
        pytest.param(
            ["delete_user", "--user"], "CommandError: A name must be UTF-8.", marks=pytest.mark.long
        ),
    ],
)
def test_an_argument_that_is_not_utf_8_is_reported(command, sentence):
    result = subprocess.run(
        [sys.executable, "manage.py", *command, b"\xff"],
        cwd=CHECKOUT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr.splitlines()) == (2, [sentence])


@pytest.mark.long
@pytest.mark.flow
def test_up_recovers_after_it_was_killed_and_stops_everything_that_it_started(prepared):
    variables = PLAIN | {"DATA_DIR": str(prepared / "data"), "PORT": str(free_port())}
    first = run_up(prepared / "first", variables)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert services_of_up(prepared) != []
    second = run_up(prepared / "second", variables)
    try:
        assert [line for line in (prepared / "second").read_text().splitlines() if "is active" in line] == [
            "  Demo mode is active: content 35/35, comments 920/920, messages 100/100"
        ]
        refused = manage("up", **{name: variables[name] for name in ("DATA_DIR", "PORT")})
        assert (refused.returncode, "`manage.py up` already runs" in refused.stderr) == (1, True)
    finally:
        code = stop_up(second)
    assert code == 0
    assert services_of_up(prepared) == []


def run_up(log: Path, variables: dict[str, str], *program: str) -> subprocess.Popen:
    """Start `manage.py up`, or `up` of another program such as `-m django`; return once its demo is active."""
    command = [sys.executable, *(program or ["manage.py"]), "up"]
    with log.open("wb") as stream:
        process = subprocess.Popen(command, cwd=CHECKOUT, env=variables, stdout=stream, stderr=stream)
    try:
        until(lambda: "is active" in log.read_text(), "the demo is active")
    except AssertionError:
        stop_up(process)
        raise
    return process


def stop_up(process: subprocess.Popen) -> int:
    """Stop `up`; return its exit code. If it were left running, pytest would fail the next test with a warning."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(40)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def test_up_prints_that_the_demo_is_active_even_if_the_counts_do_not_change(alice, monkeypatch, capsys):
    account = demo_of(alice)
    DemoAccount.objects.update(state=State.ENABLING)
    monkeypatch.setattr(up, "_wait_for_web", lambda: None)
    monkeypatch.setattr(up.time, "sleep", lambda _: DemoAccount.objects.update(state=State.ACTIVE))
    up._announce(account)
    printed = [line.strip() for line in capsys.readouterr().out.splitlines() if "Demo mode" in line]
    progress = "content 3/3, comments 30/30, messages 5/5"
    assert printed == [f"Demo mode is enabling: {progress}", f"Demo mode is active: {progress}"]


def services_of_up(folder: Path) -> list[psutil.Process]:
    """The running processes that an `up` of that folder started."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("PERENNIAL_RUN") == str(folder / "data"):
                found.append(process)
    return found


def test_a_pid_file_that_names_the_server_of_another_folder_is_ignored(tmp_path):
    other, stopped = settings.SERVERS, Servers(tmp_path)
    stopped.valkey_dir.mkdir(parents=True)
    (stopped.valkey_dir / "valkey.pid").write_text((other.valkey_dir / "valkey.pid").read_text())
    assert other._valkey_process() is not None
    assert stopped._valkey_process() is None
