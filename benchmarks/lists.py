"""Time of a page of the API and the admin, 1,000,000 rows. Peer: ORDER BY and OFFSET. Limit: a page's rows by primary key."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from benchmarks.bulk_insert import create_profiles, fill
from benchmarks.measurements import Measurement, Table, milliseconds, min_seconds, p95, seconds_of_each
from benchmarks.web_server import api_of
from interactions.models import Interaction

PAGE = 50  # rows
LIST = "interactions/"
NEWEST_FIRST = ("-posted_at", "-id")


@dataclass(frozen=True)
class Size:
    rows: int
    requests: int  # of each kind
    page: int  # the number of a page far from the first
    runs: int  # in process


FULL = Size(rows=1_000_000, requests=200, page=1_000, runs=5)
SMALL = Size(rows=5_000, requests=2, page=5, runs=1)


def run(size: Size) -> Iterator[Table]:
    owner = User.objects.create_superuser("bench-lists")
    fill(create_profiles(owner), size.rows, timezone.now(), apart=timedelta(seconds=30), message_every=10)
    title = f"Lists over {size.rows:,} rows of one user, pages of {PAGE}"
    yield Table(f"{title}, 95th percentile over HTTP", list(_over_http(owner, size)))
    yield Table(f"{title}, in process", _in_process(owner, size))
    yield Table("The admin over the same rows, in process", _admin(owner, size))


def _over_http(owner: User, size: Size) -> Iterator[Measurement]:
    with api_of(owner) as get:

        def measurement(name: str, address: str = LIST, **query: str) -> Measurement:
            assert len(get(address, **query)["results"]) == PAGE, name
            return milliseconds(name, p95(seconds_of_each(size.requests, lambda: get(address, **query))))

        yield measurement("the first page")
        address = get(LIST)["next"]
        for _ in range(size.page - 2):
            address = get(address)["next"]
        yield measurement(f"page {size.page:,}", address)
        yield measurement("the first page of messages", type="message")
        yield measurement("the first page of one platform", platform="youtube")


def _in_process(owner: User, size: Size) -> list[Measurement]:
    own = Interaction.objects.visible_to(owner).select_related("profile").order_by(*NEWEST_FIRST)
    ids = list(own.values_list("pk", flat=True)[:PAGE])
    end = size.page * PAGE
    queries = {
        "the rows of the first page by primary key": lambda: Interaction.objects.filter(
            pk__in=ids
        ).select_related("profile"),
        "the first page": lambda: own.page_for(owner, PAGE),
        "the first page by ORDER BY and LIMIT": lambda: own[:PAGE],
        f"page {size.page:,} by OFFSET": lambda: own[end - PAGE : end],
    }
    return [
        milliseconds(name, min_seconds(size.runs, lambda query=query: list(query())))
        for name, query in queries.items()
    ]


def _admin(owner: User, size: Size) -> list[Measurement]:
    client = Client()
    client.force_login(owner)
    address = reverse("admin:interactions_interaction_changelist")
    queries = {
        "the list": {},
        "filtered by type and status": {"type__exact": "message", "status": "open"},
        "filtered by a status that no row has": {"status": "hidden"},
        "an exact id": {"q": f"p{size.rows // 2}"},
        "a profile's handle": {"q": "youtube"},
        "a word that many rows have": {"q": "weather"},
        "a word that no row has": {"q": "xylophone"},
    }

    def get(query: dict[str, str]) -> None:
        assert client.get(address, query, headers={"host": "localhost"}).status_code == 200, query

    return [
        milliseconds(name, min_seconds(size.runs, get, lambda query=query: (query,)))
        for name, query in queries.items()
    ]
