"""Starting: from nothing, side by side, and with a wrong value."""

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

from config import environment, up
from config.embedded import Servers
from demo.models import DemoAccount, State
from tests.house import CHECKOUT, PLAIN, free_port, until
from tests.servers import copy_template, new_folder
from tests.world import demo_of


def manage(*words: str, **variables: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "manage.py", *words]
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
    """A folder in whose `data` PostgreSQL is initialized and migrated, for tests that are about what comes after that."""
    copy_template(folder / "data")
    return folder


def test_the_example_file_names_exactly_the_variables_that_are_read():
    named = re.findall(r"^#?([A-Z_]+)=", (CHECKOUT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(named) == sorted(environment.VARIABLES)


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
            ({"DATA_DIR": f"/tmp/é{sign}1"}, f"which holds {sign!r}. Type DATA_DIR=/another/path")
            for sign in " ,'%$;"
        ),
        ({"DATA_DIR": "/tmp/" + "x" * 90}, "is too long for a socket. Type DATA_DIR=/a/shorter/path"),
    ],
)
def test_a_wrong_value_stops_the_start_with_a_sentence(variables, sentence, tmp_path):
    result = manage("check", **{"DATA_DIR": str(tmp_path)} | variables)
    assert result.returncode == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_a_command_alone_works_on_a_fresh_folder_and_down_stops_the_servers(folder):
    result = manage("demo_status", "--json", DATA_DIR=str(folder / "data"))
    assert (result.returncode, result.stdout.strip()) == (0, "[]")
    servers = Servers(folder / "data")
    assert (servers.postgres_runs(), servers.valkey_runs()) == (True, True)
    assert manage("down", DATA_DIR=str(folder / "data")).stdout.strip() == "Stopped."
    assert (servers.postgres_runs(), servers.valkey_runs()) == (False, False)


def test_one_process_may_stop_and_start_the_servers_again(prepared):
    servers = Servers(prepared / "data")
    assert servers.ensure()
    servers.restart_postgres()
    assert servers.postgres_runs()
    assert servers.stop()
    assert (servers.postgres_runs(), servers.valkey_runs()) == (False, False)
    assert servers.ensure()
    assert not servers.ensure()


def test_two_starts_at_once_give_one_set_of_servers_that_outlives_them(prepared):
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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root opens other people's folders")
def test_root_does_not_open_a_closed_folder(folder):
    closed = folder / "home"
    closed.mkdir(mode=0o700)
    result = manage("demo_status", DATA_DIR=str(closed / "data"))
    assert result.returncode == 2
    assert f"{closed} is closed to other users" in result.stderr
    assert closed.stat().st_mode & 0o777 == 0o700


def test_only_what_postgres_reads_is_taken_out_of_the_environment(folder):
    own = {"PGADMIN_SETUP_EMAIL": "a@example.com", "PGBOUNCER_URL": "x", "PG_COLOR": "never", "PGPORTAL": "y"}
    script = "import os, config.settings; print(sorted(name for name in os.environ if name.startswith('PG')))"
    said = subprocess.run(
        [sys.executable, "-c", script],
        cwd=CHECKOUT,
        env=PLAIN | FOREIGN | own | {"PGTZ": "x", "PGSERVICEFILE": "/x", "DATA_DIR": str(folder / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stdout.strip() == str(sorted(own)), said.stderr


FOREIGN = {
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


def test_a_first_start_is_the_same_in_any_environment(folder):
    result = subprocess.run(
        ["sh", "-c", 'umask 077; exec "$0" manage.py demo_status --json', sys.executable],
        cwd=CHECKOUT,
        env=PLAIN | FOREIGN | {"DATA_DIR": str(folder / "data")},
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


@pytest.mark.parametrize("words", [["demo_status"], ["up"]])
def test_a_start_that_fails_says_so_and_leaves_nothing_running(folder, words):
    postgres = folder / "data" / "postgres"
    postgres.mkdir(parents=True)
    (postgres / "something").touch()
    result = manage(*words, DATA_DIR=str(folder / "data"), PORT=str(free_port()))
    last = result.stderr.strip().splitlines()[-1]
    assert (result.returncode, "cannot be started" in last, "initdb ended with code 1" in last) == (
        2,
        True,
        True,
    )
    assert "Traceback" not in result.stderr
    assert not Servers(folder / "data").valkey_runs()


def test_a_network_that_is_gone_is_noticed_unless_database_url_says_otherwise(tmp_path):
    script = "from config.settings import DATABASES; print(sorted(DATABASES['default']['OPTIONS'].items()))"
    production = {"SECRET_KEY": "k", "ALLOWED_HOSTS": "h", "DATA_DIR": str(tmp_path)}
    said = subprocess.run(
        [sys.executable, "-c", script],
        cwd=CHECKOUT,
        env=PLAIN | production | {"DATABASE_URL": "postgres://x/y?connect_timeout=9&sslmode=require"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == (
        "[('connect_timeout', 9), ('keepalives_count', 3), ('keepalives_idle', 15), ('keepalives_interval', 5),"
        " ('sslmode', 'require'), ('tcp_user_timeout', 15000)]"
    )


def test_importing_the_settings_starts_nothing(folder):
    script = "import django; django.setup()"
    variables = PLAIN | {"DATA_DIR": str(folder / "data"), "DJANGO_SETTINGS_MODULE": "config.settings"}
    subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, env=variables, check=True)
    assert not (folder / "data" / "postgres").exists()


def test_the_apps_import_in_one_direction_only():
    allowed = {"accounts": {"accounts"}, "interactions": {"accounts", "interactions"}}
    for app, others in allowed.items():
        for path in (CHECKOUT / app).rglob("*.py"):
            imported = re.findall(
                r"^\s*(?:from|import) (accounts|interactions|demo|config)\b", path.read_text(), re.MULTILINE
            )
            assert set(imported) <= others, path


def test_the_simulator_imports_nothing_but_the_standard_library_and_faker():
    script = "import sys, demo.simulator; print(sorted({name.split('.')[0] for name in sys.modules} & {'django', 'faker', 'celery'}))"
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("entry_point", "settled"),
    [
        (
            ["gunicorn", "config.wsgi", "--bind", "unix:{folder}/web.sock", "--log-level", "info"],
            "Booting worker",
        ),
        pytest.param(
            ["celery", "-A", "config", "worker", "--loglevel", "INFO"], " ready.", marks=pytest.mark.long
        ),
        pytest.param(["celery", "-A", "config", "beat"], "maxinterval", marks=pytest.mark.long),
    ],
    ids=["web", "worker", "beat"],
)
def test_any_entry_point_alone_starts_and_migrates_a_fresh_folder(folder, entry_point, settled):
    log = folder / "log"
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
        until(lambda: settled in log.read_text(), f"{entry_point[0]} logs {settled!r}", seconds=30)
        until(lambda: schedules(folder / "data") == 5, "the schedules exist", seconds=30)
        assert process.poll() is None
        assert "Traceback" not in log.read_text()
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def schedules(data_dir: Path) -> int:
    """The number of Perennial's schedules in the embedded database; 0 while there is none."""
    entry = Servers(data_dir).database
    try:
        with psycopg.connect(dbname=entry["NAME"], user=entry["USER"], host=entry["HOST"]) as connection:
            counted = connection.execute(
                "SELECT count(*) FROM django_celery_beat_periodictask WHERE name LIKE 'demo: %'"
            )
            return counted.fetchone()[0]
    except psycopg.Error:
        return 0


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (
            ["changepassword"],
            "A word of the command is not UTF-8. Run `PYTHONUTF8=1 python manage.py ...`.",
        ),
        (["demo_status", "--user"], "CommandError: A name must be UTF-8."),
        pytest.param(
            ["delete_user", "--user"], "CommandError: A name must be UTF-8.", marks=pytest.mark.long
        ),
    ],
)
def test_a_word_that_is_no_text_is_said(command, sentence):
    result = subprocess.run(
        [sys.executable, "manage.py", *command, b"\xff"],
        cwd=CHECKOUT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr.splitlines()) == (2, [sentence])


@pytest.mark.flow
def test_up_goes_on_after_it_was_killed_and_stops_all_that_it_started(prepared):
    variables = PLAIN | {"DATA_DIR": str(prepared / "data"), "PORT": str(free_port())}
    first = run_up(prepared / "first", variables)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert services(prepared) != []
    second = run_up(prepared / "second", variables)
    try:
        assert [line for line in (prepared / "second").read_text().splitlines() if "is active" in line] == [
            "  Demo mode is active: content 35/35, comments 920/920, messages 100/100"
        ]
        refused = manage("up", **{name: variables[name] for name in ("DATA_DIR", "PORT")})
        assert (refused.returncode, "It runs already" in refused.stderr) == (1, True)
    finally:
        code = end(second)
    assert code == 0
    assert services(prepared) == []


def run_up(log: Path, variables: dict[str, str], *words: str) -> subprocess.Popen:
    """`manage.py up`, or that of the command line `words`, once its demo is active."""
    command = [sys.executable, *(words or ["manage.py"]), "up"]
    with log.open("wb") as stream:
        process = subprocess.Popen(command, cwd=CHECKOUT, env=variables, stdout=stream, stderr=stream)
    try:
        until(lambda: "is active" in log.read_text(), "the demo is active")
    except AssertionError:
        end(process)
        raise
    return process


def end(process: subprocess.Popen) -> int:
    """Stop `up` and return its exit code. One that is left running makes pytest fail whatever test runs next."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(40)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def test_up_says_that_the_demo_is_active_though_all_had_arrived_a_moment_before(alice, monkeypatch, capsys):
    account = demo_of(alice)
    DemoAccount.objects.update(state=State.ENABLING)
    monkeypatch.setattr(up, "_wait_for_web", lambda: None)
    monkeypatch.setattr(up.time, "sleep", lambda _: DemoAccount.objects.update(state=State.ACTIVE))
    up._announce(account)
    said = [line.strip() for line in capsys.readouterr().out.splitlines() if "Demo mode" in line]
    arrived = "content 3/3, comments 30/30, messages 5/5"
    assert said == [f"Demo mode is enabling: {arrived}", f"Demo mode is active: {arrived}"]


def services(folder: Path) -> list[psutil.Process]:
    """What runs because an `up` of that folder started it."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("PERENNIAL_RUN") == str(folder / "data"):
                found.append(process)
    return found


def test_a_number_that_has_passed_to_another_server_is_not_taken_for_ours(tmp_path):
    theirs, ours = settings.SERVERS, Servers(tmp_path)
    ours.valkey_dir.mkdir(parents=True)
    (ours.valkey_dir / "valkey.pid").write_text((theirs.valkey_dir / "valkey.pid").read_text())
    assert theirs._valkey_process() is not None
    assert ours._valkey_process() is None
