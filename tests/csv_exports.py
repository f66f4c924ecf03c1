"""Starts exports, ends their responses and reads their files; called by the tests of exports."""

import csv
import io
import json
from typing import Any
from unittest.mock import patch

from django.core.signals import request_finished
from django.db import close_old_connections
from django.test import Client

INTERACTIONS = "/api/v1/interactions/export.csv"


def start(client: Client, query: str = "", path: str = INTERACTIONS, **environment: Any):
    """Begin an export, whose first page is read; the test ends it by `rest` or `leave`."""
    return client.get(path + query, **environment)


def rest(answer) -> bytes:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def leave(answer) -> None:
    """End the response as the web server does when its client has disconnected, and keep the test's connection."""
    request_finished.disconnect(close_old_connections)
    with patch.object(request_finished, "connect"):  # which Django's test client calls when a part was read
        answer.close()
    request_finished.connect(close_old_connections)


def read(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode(), newline=""), strict=True))


def listed(client: Client, path: str, query: str = "") -> list[dict]:
    """All rows of the API's list."""
    address, rows = f"{path}?page_size=200&{query}", []
    while address:
        body = client.get(address).json()
        rows, address = rows + body["results"], body["next"]
    return rows


def cell(value: str | int | bool | list | None) -> str:
    """A value of the API as a cell of the file."""
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        return f"'{value}" if value.startswith(("=", "+", "-", "@")) else value
    if value is None or isinstance(value, bool):
        return {None: "", True: "true", False: "false"}[value]
    return str(value)


def assert_busy(client: Client, path: str = INTERACTIONS) -> None:
    """Assert that an export of the user is refused, as another one runs."""
    answer = start(client, path=path)
    assert (answer.status_code, answer["Retry-After"]) == (429, "10")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"].startswith("Another export of yours is running.")
