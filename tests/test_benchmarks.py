"""`python -m benchmarks`: its arguments, and that no benchmark depends on how another one ended."""

import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from benchmarks import catalogue
from benchmarks.revisions import MissingRevision, extract
from tests.service_stack import CHECKOUT

WITH_FOLDER = (  # the command, with benchmarks of a further folder
    "import sys, benchmarks; benchmarks.__path__.append(sys.argv.pop(1));"
    " from benchmarks.__main__ import main; sys.exit(main())"
)
FAILS = """
import subprocess, sys
import redis
from django.conf import settings
from django.db import connection
from accounts.models import User
from benchmarks.measurements import Measurement, Table, at_most

FULL, SMALL = 1_000, 3

def run(size):
    User.objects.create(username="left")
    connection.cursor().execute("CREATE SCHEMA leftover")
    redis.Redis.from_url(settings.REDIS_CLIENT_URL).set("leftover", 1)
    settings.DEMO_DELIVERY = "http"
    (settings.DATA_DIR / "service.log").write_text("the service has logged this")
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    yield Table("What is left behind", [at_most("size", size, 2), Measurement("child", str(child.pid))])
    raise ValueError("this benchmark is broken")
"""
LOOKS = """
import redis
from django.conf import settings
from django.db import connection
from accounts.models import User
from benchmarks.measurements import Measurement, Table

FULL, SMALL = 1_000, 3

def run(size):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'leftover'")
        schemas = cursor.fetchone()[0]
        cursor.execute("SHOW fsync")
        fsync = cursor.fetchone()[0]
    keys = redis.Redis.from_url(settings.REDIS_CLIENT_URL).dbsize()
    found = [User.objects.count(), schemas, keys, settings.DEMO_DELIVERY, settings.DEBUG, fsync]
    yield Table("What the next one finds", [Measurement("found", repr(found))])
"""


def bench(*words: str, folder: Path | None = None) -> subprocess.CompletedProcess:
    command = ["-m", "benchmarks"] if folder is None else ["-c", WITH_FOLDER, str(folder)]
    return subprocess.run(
        [sys.executable, *command, *words], cwd=CHECKOUT, capture_output=True, text=True, timeout=120
    )


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nothing"], f"There is no benchmark nothing. There are {', '.join(catalogue.names())}."),
        (["--small", "measurements"], "There is no benchmark measurements. There are calibration, "),
        (["ingest", "periodic_runs", "ingest"], "ingest was given twice; give it once."),
        (["--smal"], "unrecognized arguments: --smal"),
    ],
)
def test_wrong_arguments_exit_with_2_and_a_sentence(words, sentence):
    done = bench(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"python -m benchmarks: error: {sentence}" in done.stderr


def test_every_module_with_run_is_a_benchmark(tmp_path):
    (tmp_path / "extra.py").write_text("FULL = SMALL = 1\n\n\ndef run(size):\n    yield\n")
    (tmp_path / "helper.py").write_text("from extra import run, SMALL\n\n\ndef runs():\n    run = 1\n")
    there_are = bench("nothing", folder=tmp_path).stderr.split("There are ")[1]
    assert there_are == f"{', '.join([*catalogue.names(), 'extra'])}.\n"


def test_a_benchmark_without_a_size_stops_the_command(tmp_path):
    (tmp_path / "extra.py").write_text("FULL = 1\n\n\ndef run(size):\n    yield\n")
    done = bench("ingest", folder=tmp_path)
    assert done.returncode == 2
    assert f"error: {tmp_path}/extra.py defines run and not SMALL: add the size.\n" in done.stderr


@pytest.mark.long
def test_a_benchmark_that_fails_is_named_and_leaves_nothing_to_the_next(tmp_path):
    (tmp_path / "fails.py").write_text(FAILS)
    (tmp_path / "looks.py").write_text(LOOKS)
    done = bench("--small", "fails", "looks", folder=tmp_path)
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "size 3.00 at most 2: not judged (small size)" in lines
    assert "the service has logged this" in lines
    assert "found [0, 0, 0, 'direct', False, 'on']" in lines
    assert re.fullmatch(r"2 run in \d+ s\. Failed: fails\.", lines[-1])
    assert (done.returncode, "ValueError: this benchmark is broken" in done.stderr) == (1, True)
    [child] = [line.removeprefix("child ") for line in lines if line.startswith("child ")]
    assert not psutil.pid_exists(int(child)) or psutil.Process(int(child)).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("name", catalogue.names())
def test_the_first_line_of_a_benchmark_says_what_is_measured_against_what(name):
    first = (CHECKOUT / f"benchmarks/{name}.py").read_text().splitlines()[0]
    assert re.fullmatch(r'"""[A-Z].+\. Peer: .+\. Limit: .+\.(""")?', first)


@pytest.mark.parametrize("path", sorted((CHECKOUT / "benchmarks").glob("*.py")), ids=lambda path: path.name)
def test_benchmarks_import_nothing_of_the_tests(path):
    """`tests.servers` replaces the environment, and its servers are not durable."""
    assert not re.search(r"^\s*(from|import) tests\b", path.read_text(), re.MULTILINE)


def test_a_revision_that_the_clone_lacks_is_named_with_what_to_type(tmp_path):
    sentence = f"git cannot read the revision {'0' * 40} .* type: git fetch --unshallow"
    with pytest.raises(MissingRevision, match=sentence):
        extract("0" * 40, tmp_path, tmp_path)
