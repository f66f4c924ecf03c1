"""Runs the web server as the Procfile does, on the benchmark's database, for `inbox`, `lists`, `search`, `thread_lists` and `webhook`."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urljoin

import requests
from django.conf import settings
from django.test import Client
from knox.models import get_token_model

from accounts.models import User
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


@contextmanager
def api_of(user: User) -> Iterator[Callable[..., dict]]:
    """Run the web server; yield a function that gets a page of the API as the user.

    It takes the page's address, such as "threads/" or what a list has as `next`, and the query's parameters.
    """
    session = requests.Session()
    session.headers["Authorization"] = f"Token {get_token_model().objects.create(user)[1]}"
    with web_server() as url:

        def get(address: str, **query: object) -> dict:
            answer = session.get(urljoin(f"{url}/api/v1/", address), params=query, timeout=60)
            assert answer.status_code == 200, answer.text[:300]
            return answer.json()

        yield get


@contextmanager
def session_of(user: User) -> Iterator[tuple[requests.Session, str]]:
    """Run the web server; yield a browser's session of the user, and the server's address."""
    client = Client()
    client.force_login(user)
    session = requests.Session()
    session.cookies.update({name: cookie.value for name, cookie in client.cookies.items()})
    with web_server() as url:
        yield session, url
