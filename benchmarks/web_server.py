"""Runs the web server as the Procfile does, on the benchmark's database, for `lists` and `webhook`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from benchmarks.services import answers, free_port, until


@contextmanager
def web_server() -> Iterator[str]:
    """Run one gunicorn with two processes; yield its address."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    environment = os.environ | {"PORT": str(port), "WEB_CONCURRENCY": "2", "DEBUG": "0", "HTTPS": "0"}
    with (settings.DATA_DIR / "web.log").open("ab") as log:
        web = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "config.wsgi"], env=environment, stdout=log, stderr=log
        )
    try:
        until(lambda: answers(f"{url}/healthz"), "the web server answers")
        yield url
    finally:
        web.terminate()
        web.wait()
