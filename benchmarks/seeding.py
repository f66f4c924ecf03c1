"""Rows a second of `seed_demo --users 1000`, one process. Peer: none. Limit: each row and its WAL written once."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings

from benchmarks.measurements import Measurement, Table
from demo.lifecycle.seeding import SIZES


@dataclass(frozen=True)
class Size:
    users: int
    demo: str  # a key of SIZES


FULL = Size(users=1_000, demo="full")
SMALL = Size(users=2, demo="smoke")


def run(size: Size) -> Iterator[Table]:
    counts = _seed(size)
    expected = SIZES[size.demo]
    rows = 0
    for kind in ("content", "comments", "messages"):
        assert counts[kind] == size.users * expected[f"initial_{kind}"], counts
        rows += counts[kind]
    yield Table(
        f"seed_demo --users {size.users:,} --size {size.demo}",
        [
            Measurement("seconds", f"{counts['seconds']:,.0f}"),
            Measurement("users a second", f"{size.users / counts['seconds']:,.1f}"),
            Measurement("rows a second", f"{rows / counts['seconds']:,.0f}"),
        ],
    )


def _seed(size: Size) -> dict:
    """What the command reports as JSON: new rows by kind, and seconds."""
    command = [sys.executable, "manage.py", "seed_demo", "--users", str(size.users), "--size", size.demo]
    done = subprocess.run(
        [*command, "--json"], cwd=settings.BASE_DIR, check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])
