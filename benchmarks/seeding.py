"""`seed_demo --users 1000`: a thousand full demos by one process."""

import json
import subprocess
import sys

from django.conf import settings

from benchmarks.figures import Figure, show

USERS = 1_000


def run() -> None:
    command = [sys.executable, "manage.py", "seed_demo", "--users", str(USERS), "--json"]
    done = subprocess.run(command, cwd=settings.BASE_DIR, check=True, capture_output=True, text=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    assert (figures["content"], figures["comments"], figures["messages"]) == (
        35 * USERS,
        920 * USERS,
        100 * USERS,
    )
    rows = figures["content"] + figures["comments"] + figures["messages"]
    show(
        f"seed_demo --users {USERS:,}",
        [
            Figure("seconds", f"{figures['seconds']:,.0f}"),
            Figure("users a second", f"{USERS / figures['seconds']:,.1f}"),
            Figure("rows a second", f"{rows / figures['seconds']:,.0f}"),
        ],
    )
