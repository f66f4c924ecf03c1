"""Time of a search among 1,000,000 rows of one user; arrivals while words are stored. Peer: a search that reads every text. Limit: a page's rows by primary key.

The rows have words that are in every row, in every row of the older half only, and in one row. The last searches run while
the newest texts are as long and as repetitive as texts may be.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from multiprocessing import get_context
from statistics import median

from django.db import connection
from django.utils import timezone

from accounts.models import Profile, User
from benchmarks import workers
from benchmarks.bulk_insert import create_profiles, fill
from benchmarks.measurements import (
    Measurement,
    Table,
    at_most,
    at_most_p95,
    milliseconds,
    min_seconds,
)
from benchmarks.web_server import api_of
from interactions import search_filling
from interactions.ingest import IncomingEvent, ingest
from interactions.models import Enrichment, Interaction, UnindexedRange

LIST = "interactions/"
MAX_MILLISECONDS = 300
MAX_SLOWDOWN = 10  # per cent
APART = timedelta(seconds=30)
EVENTS = 100  # in a batch of arrivals
LONGEST = 65_536  # characters of a text
TERMS = {  # name: search text
    "absent": "xylophone",
    "in every row": "coffee",
    "three words in every row": "coffee weather the",
    "in every old row and in no newer one": "drought",
    "in one row": "{one}",
    "one of every row and one of one row": "coffee {one}",
    "a beginning of 256 words": "{beginning}",
    "a part of a word of every row": "offe",
    "a part of no word": "ylophon",
    "an emoji": "😀",
    "100 times '%'": "%" * 100,
    "100 times 'a'": "a" * 100,
    "one letter": "a",
    "one digit": "7",
    "36 words of one letter": " ".join("abcdefghijklmnopqrstuvwxyz0123456789"),
    "16 words of one letter that many rows have": " ".join("0123456789abcdef"),
}
LONG_TERMS = {"100 times 'a', the last one 'b'": "a" * 99 + "b", "'b' and 99 times 'a'": "b" + "a" * 99}


@dataclass(frozen=True)
class Size:
    rows: int
    requests: int  # of each search
    page: int  # the number of the deep page
    rounds: int  # of arrivals without filling, then with it
    seconds: float  # of half a round


FULL = Size(rows=1_000_000, requests=40, page=20, rounds=15, seconds=1.5)
SMALL = Size(rows=3_000, requests=2, page=3, rounds=1, seconds=0.1)


def run(size: Size) -> Iterator[Table]:
    owner = User.objects.create(username="bench-search")
    fill(create_profiles(owner), size.rows, timezone.now(), apart=APART, message_every=10)
    _change_texts(size.rows)
    yield Table(f"Words of {size.rows:,} old rows, and arrivals meanwhile", list(_filling(size, owner)))
    title = f"Searches among {size.rows:,} rows of one user, 95th percentile over HTTP"
    with api_of(owner) as get:
        yield Table(title, _searches(get, size, _terms(size.rows)))
        _lengthen_newest()
        yield Table(f"{title}; the newest texts have {LONGEST:,} letters", _searches(get, size, LONG_TERMS))
    yield Table("In process", list(_peers(size.rows)))


def _change_texts(rows: int) -> None:
    """Give every row of the old half a word that no newer row has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE interactions_interaction SET text = text || ' drought' WHERE substr(platform_id, 2)::bigint > %s",
            [rows // 2],
        )
        cursor.execute("VACUUM ANALYZE interactions_interaction")


def _lengthen_newest() -> None:
    newest = Interaction.objects.filter(platform_id__in=[f"p{number}" for number in range(1, 101)])
    newest.update(text="a" * LONGEST)
    search_filling.fill(timedelta(minutes=1))


def _terms(rows: int) -> dict[str, str]:
    """TERMS with the word of one old row, and with the first characters of one."""
    one = Interaction.objects.get(platform_id=f"p{rows - 1}").text.split()[4]
    return {name: term.format(one=one, beginning=one[:3]) for name, term in TERMS.items()}


def _searches(get: Callable[..., dict], size: Size, terms: dict[str, str]) -> Iterator[Measurement]:
    for name, term in terms.items():
        search = partial(get, LIST, search=term)
        yield at_most_p95(name, size.requests, search, MAX_MILLISECONDS)
        if address := _deep_page(get, search()["next"], size.page):
            yield at_most_p95(f"… page {size.page}", size.requests, partial(get, address), MAX_MILLISECONDS)


def _deep_page(get: Callable[..., dict], second: str | None, number: int) -> str | None:
    """The address of the page, from that of the second one; None if the search has fewer pages."""
    address = second
    for _ in range(number - 2):
        address = address and get(address)["next"]
    return address


def _filling(size: Size, owner: User) -> Iterator[Measurement]:
    """The arrivals' slowdown while another process stores words, then how fast these are stored without arrivals."""
    profile = Profile.objects.filter(owner=owner).latest("pk")
    seconds: dict[bool, list[float]] = {False: [], True: []}  # of a batch, by whether words are stored
    with _filler() as is_filling:
        for number in range(size.rounds):
            for fills in (number % 2 == 0, number % 2 == 1):
                (is_filling.set if fills else is_filling.clear)()
                seconds[fills] += _arrive(profile, size.seconds)
    alone, beside = median(seconds[False]), median(seconds[True])
    yield milliseconds(f"ingest of {EVENTS} events alone, median", alone)
    yield milliseconds("… while words are stored", beside)
    yield at_most("… slower by", (beside / alone - 1) * 100, MAX_SLOWDOWN, " %")
    yield Measurement("… rows whose words were stored meanwhile", f"{Enrichment.objects.count():,}")
    yield Measurement("rows a second without arrivals and pauses", f"{_fill_the_rest():,.0f}")


def _fill_the_rest() -> float:
    """Store the words of all other rows without the task's pauses; return how many rows a second."""
    search_filling.PAUSE = 0
    before, started = Enrichment.objects.count(), time.perf_counter()
    search_filling.fill(timedelta(hours=1))
    seconds = time.perf_counter() - started
    assert not UnindexedRange.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE interactions_enrichment")
    return (Enrichment.objects.count() - before) / seconds


@contextmanager
def _filler() -> Iterator:
    """Run a process that stores words while the event that is yielded is set."""
    with get_context("spawn").Manager() as manager, workers.processes(1) as process:
        is_filling, is_over = manager.Event(), manager.Event()
        filling = process.submit(_fill_while, is_filling, is_over)
        try:
            yield is_filling
        finally:
            is_over.set()
            is_filling.set()
            filling.result()


def _fill_while(is_filling, is_over) -> None:
    while not is_over.is_set():
        is_filling.wait()
        search_filling.fill(timedelta(seconds=0.1))


def _arrive(profile: Profile, seconds: float) -> list[float]:
    """Ingest batches of new messages of the profile for that time; the seconds of each."""
    durations = []
    deadline = time.perf_counter() + seconds
    while not durations or time.perf_counter() < deadline:
        events = [IncomingEvent(profile.pk, _message()) for _ in range(EVENTS)]
        durations.append(min_seconds(1, ingest, lambda events=events: (events, timezone.now())))
    return durations


def _message() -> dict:
    return {
        "type": "message.created",
        "id": f"new-{time.perf_counter_ns()}",
        "occurred_at": "2020-01-01T00:00:00Z",  # older than all other rows
        "author": {"id": "a", "name": "Ada Lovelace", "handle": "ada"},
        "conversation_id": "t",
        "text": "Is it roasted for filter, and do you ship to the harbour in winter?",
    }


def _peers(rows: int) -> Iterator[Measurement]:
    absent = Interaction.objects.filter(text__contains_text="xylophone")
    yield milliseconds(
        "a search for an absent word that reads every text", min_seconds(2, lambda: list(absent.all()))
    )
    page = Interaction.objects.filter(platform_id__in=[f"p{number}" for number in range(1, 51)])
    ids = list(page.values_list("pk", flat=True))
    by_key = Interaction.objects.filter(pk__in=ids).select_related("profile")
    yield milliseconds("the rows of a page by primary key", min_seconds(5, lambda: list(by_key.all())))
