"""Events a second over signed webhooks, one gunicorn. Peer: the ingest without HTTP. Limit: two cores.

A single event is measured beside `/healthz`, which only answers.
"""

import json
import statistics
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import chain, count, islice
from math import ceil

import requests
from django.utils import timezone

from accounts.models import Profile, User
from benchmarks.measurements import Measurement, Table, at_least, milliseconds, p95, seconds_of_each
from benchmarks.web_server import web_server
from demo import simulator
from demo.models import DemoAccount
from interactions.ingest import IncomingEvent, ingest
from interactions.signing import sign

BATCH = 100  # events
CLIENTS = 4
STORY = simulator.Quota(35, 1_000, 0)  # whose comments are sent again and again, each time with new ids
_number = count()


@dataclass(frozen=True)
class Size:
    batches: int
    warm_up: int  # batches
    batches_in_process: int
    singles: int  # requests with one event each


FULL = Size(batches=200, warm_up=10, batches_in_process=50, singles=300)
SMALL = Size(batches=4, warm_up=4, batches_in_process=1, singles=5)


def run(size: Size) -> Iterator[Table]:
    owner = User.objects.create(username="bench-webhook")
    profiles = [_profile(owner) for _ in range(CLIENTS)]
    with web_server() as url:
        _send_all(url, profiles, size.warm_up)
        rate = _send_all(url, profiles, size.batches)
        single = _singles(url, profiles[0], size.singles)
        bare = _bare(url, size.singles)
    in_process = _in_process(profiles[0], size.batches_in_process)
    yield Table(
        f"Webhook over HTTP, one gunicorn with two processes, {CLIENTS} senders",
        [
            at_least(f"events a second in batches of {BATCH}", rate, 4_000),
            Measurement("the ingest alone, in one process, same batches", f"{in_process:,.0f}"),
            milliseconds("a single event, median", statistics.median(single)),
            milliseconds("a single event, 95th percentile", p95(single)),
            milliseconds("/healthz, which only answers, 95th percentile", p95(bare)),
        ],
    )


def _profile(owner: User) -> Profile:
    name = f"bench-{next(_number)}"
    return Profile.objects.create(owner=owner, platform="instagram", platform_id=name, handle=name)


def _batches(number: int) -> Iterator[list[dict]]:
    """`number` batches of new events: the comments of one story, with new ids."""
    comments = _comments()
    for start in range(number):
        prefix = uuid.uuid4().hex
        chosen = [comments[(start * BATCH + index) % len(comments)] for index in range(BATCH)]
        yield [event | {"id": f"{prefix}-{index}", "parent_id": None} for index, event in enumerate(chosen)]


@cache
def _comments() -> list[dict]:
    """The payloads of a story's comments."""
    world = DemoAccount(seed=1, platforms=["instagram"], brand="Bench").world
    story = simulator.initial_batch(world, STORY, timezone.now())
    payloads = [simulator.event_payload(event) | {"occurred_at": event.at.isoformat()} for event in story]
    return [payload for payload in payloads if payload["type"] == simulator.COMMENT]


def _post(session: requests.Session, url: str, profile: Profile, events: list[dict]) -> float:
    """Send one signed batch; return the seconds that it took."""
    body = json.dumps({"type": "events", "data": {"events": events}}).encode()
    headers = sign(profile.webhook_secret, f"msg_{uuid.uuid4().hex}", int(time.time()), body)
    started = time.perf_counter()
    answer = session.post(f"{url}/api/v1/webhooks/profiles/{profile.uuid}/", data=body, headers=headers)
    seconds = time.perf_counter() - started
    assert answer.json()["created"] == len(events), answer.text[:300]
    return seconds


def _send_all(url: str, profiles: list[Profile], batches: int) -> float:
    """Events a second, from as many concurrent senders as there are profiles; `batches` are divided among them."""
    work = [(profile, list(_batches(batches // len(profiles)))) for profile in profiles]

    def send(profile: Profile, own: list[list[dict]]) -> int:
        with requests.Session() as session:
            for events in own:
                _post(session, url, profile, events)
        return sum(map(len, own))

    started = time.perf_counter()
    with ThreadPoolExecutor(len(work)) as pool:
        sent = sum(pool.map(lambda job: send(*job), work))
    return sent / (time.perf_counter() - started)


def _singles(url: str, profile: Profile, number: int) -> list[float]:
    """The seconds of each of `number` successive requests with one event each."""
    events = islice(chain.from_iterable(_batches(ceil(number / BATCH))), number)
    with requests.Session() as session:
        return [_post(session, url, profile, [event]) for event in events]


def _bare(url: str, number: int) -> list[float]:
    with requests.Session() as session:
        return seconds_of_each(number, lambda: session.get(f"{url}/healthz"))


def _in_process(profile: Profile, number: int) -> float:
    """Events a second of the ingest for `number` batches without HTTP."""
    batches = [[IncomingEvent(profile.pk, event) for event in events] for events in _batches(number)]
    started = time.perf_counter()
    for arrivals in batches:
        ingest(arrivals, timezone.now())
    return sum(map(len, batches)) / (time.perf_counter() - started)
