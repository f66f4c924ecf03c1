"""Signed batches over HTTP to one web server with two processes, beside the same events handed to the ingest in process."""

import json
import statistics
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import requests
from django.utils import timezone

from accounts.models import Profile, User
from benchmarks.figures import Figure, at_least, durations, milliseconds, p95, show
from benchmarks.web import web_server
from demo import simulator
from interactions.ingest import IncomingEvent, ingest
from interactions.signing import sign

BATCH, BATCHES, CLIENTS = 100, 200, 4
SINGLES = 300
_number = count()


def run() -> None:
    owner = User.objects.create(username="bench-webhook")
    profiles = [_profile(owner) for _ in range(CLIENTS)]
    with web_server() as url:
        _send_all(url, profiles, 10)  # warm
        rate = _send_all(url, profiles, BATCHES)
        single = _singles(url, profiles[0])
        bare = _bare(url)
    inside = _in_process(profiles[0])
    show(
        f"Webhook over HTTP, one gunicorn with two processes, {CLIENTS} senders",
        [
            at_least(f"events a second in batches of {BATCH}", rate, 4_000),
            Figure("the ingest alone, in one process, same batches", f"{inside:,.0f}"),
            milliseconds("a single event, median", statistics.median(single)),
            milliseconds("a single event, 95th percentile", p95(single)),
            milliseconds("/healthz, which does nothing, 95th percentile", p95(bare)),
        ],
    )


def _profile(owner: User) -> Profile:
    name = f"bench-{next(_number)}"
    return Profile.objects.create(owner=owner, platform="instagram", platform_id=name, handle=name)


def _events(number: int) -> Iterator[list[dict]]:
    """Batches of new events: a story's comments under ids of their own."""
    world = simulator.World(1, ("instagram",), simulator.DEFAULT_NICHE, "Bench", "en")
    story = simulator.initial(world, simulator.Quota(35, 1_000, 0), timezone.now())
    told = [simulator.event_payload(event) | {"occurred_at": event.at.isoformat()} for event in story]
    comments = [event for event in told if event["type"] == simulator.COMMENT]
    for start in range(number):
        tag = uuid.uuid4().hex
        chosen = [comments[(start * BATCH + place) % len(comments)] for place in range(BATCH)]
        yield [event | {"id": f"{tag}-{place}", "parent_id": None} for place, event in enumerate(chosen)]


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
    """Events a second, from as many senders at once as there are profiles."""
    work = [(profile, list(_events(batches // len(profiles)))) for profile in profiles]

    def send(profile: Profile, own: list[list[dict]]) -> int:
        with requests.Session() as session:
            for events in own:
                _post(session, url, profile, events)
        return sum(map(len, own))

    started = time.perf_counter()
    with ThreadPoolExecutor(len(work)) as pool:
        sent = sum(pool.map(lambda job: send(*job), work))
    return sent / (time.perf_counter() - started)


def _singles(url: str, profile: Profile) -> list[float]:
    with requests.Session() as session:
        batches = [events for _ in range(SINGLES // BATCH) for events in _events(1)]
        return [_post(session, url, profile, [event]) for events in batches for event in events]


def _bare(url: str) -> list[float]:
    with requests.Session() as session:
        return durations(SINGLES, lambda: session.get(f"{url}/healthz"))


def _in_process(profile: Profile) -> float:
    batches = [[IncomingEvent(profile.pk, event) for event in events] for events in _events(50)]
    started = time.perf_counter()
    for arrivals in batches:
        ingest(arrivals, timezone.now())
    return sum(map(len, batches)) / (time.perf_counter() - started)
