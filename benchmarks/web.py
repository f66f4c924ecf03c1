"""The web server of a benchmark, as the Procfile runs it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from tests.house import answers, free_port, until


@contextmanager
def web_server() -> Iterator[str]:
    """The web server one gunicorn with two processes on this run's database; its address."""
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
