"""Time of the inbox's pages and polls, 1,000,000 rows of one user. Peer: loading the page again. Limit: `/healthz`, which reads no rows.

An open page polls every five seconds. A poll that finds nothing changed asks no database.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

import requests

from accounts.models import User
from benchmarks.measurements import Measurement, Table, at_most, milliseconds, p95, seconds_of_each
from benchmarks.thread_lists import fill
from benchmarks.web_server import session_of
from interactions.models import Thread

MAX_IDLE_MILLISECONDS = 5


@dataclass(frozen=True)
class Size:
    rows: int
    requests: int  # of each kind


FULL = Size(rows=1_000_000, requests=200)
SMALL = Size(rows=5_000, requests=5)


def run(size: Size) -> Iterator[Table]:
    owner = User.objects.create(username="bench-inbox")
    fill(owner, size.rows)
    with session_of(owner) as (session, url):
        title = (
            f"The inbox over {size.rows:,} rows of one user, {size.requests} requests of each kind over HTTP"
        )
        yield Table(title, list(_measure(owner, session, url, size.requests)))


def _measure(owner: User, session: requests.Session, url: str, runs: int) -> Iterator[Measurement]:
    newest = Thread.objects.filter(profile__owner=owner, status="open").latest("active_at")
    page = f"{url}/inbox/{newest.pk}/"
    shown, version = _shown(session.get(page).text)

    def get(address: str, code: int = 200, **options: object) -> None:
        answer = session.get(address, timeout=60, **options)
        assert answer.status_code == code, answer.text[:300]

    def poll(code: int, version: str) -> None:
        get(f"{url}/inbox/updates", code, params=shown, headers={"HX-Request": "true", "X-Version": version})

    limit, idle = (_times(runs, lambda: get(f"{url}/healthz")), _times(runs, lambda: poll(204, version)))
    changed = _times(runs, lambda: poll(200, ""))
    pane = _times(runs, lambda: get(page, headers={"HX-Request": "true", "HX-Target": "thread"}))
    whole = _times(runs, lambda: get(page))
    yield milliseconds("/healthz, median", median(limit))
    yield at_most(
        "a poll that finds nothing changed, median", median(idle) * 1_000, MAX_IDLE_MILLISECONDS, " ms"
    )
    yield milliseconds("the same, 95th percentile", p95(idle))
    yield milliseconds("a poll that compares every row, median", median(changed))
    yield milliseconds("one thread, which htmx loads, median", median(pane))
    yield milliseconds("the page with the list and this thread, median", median(whole))
    yield Measurement("the page in idle polls", f"{median(whole) / median(idle):.1f}")


def _times(runs: int, call: Callable[[], None]) -> list[float]:
    call()  # connections and caches are warm, as they are for an open page
    return seconds_of_each(runs, call)


def _shown(page: str) -> tuple[dict[str, str], str]:
    """The parameters of a poll and its version, as the script of the page sends them."""
    rows = re.findall(r'data-id="(\d+)" data-version="(\w+)"', page)
    [open_id] = re.findall(r'id="conversation" data-thread="(\d+)"', page)
    fields = dict(re.findall(r'<input id="(listed|version)" name="\w+" value="([^"]*)"', page))
    assert rows
    assert all(fields.values()), fields
    version = fields.pop("version")
    return fields | {"shown": ",".join(f"{id}:{row}" for id, row in rows), "open": open_id}, version
