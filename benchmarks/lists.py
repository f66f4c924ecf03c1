"""The API's lists and the admin's over 1,000,000 rows of one user, beside the usual ways of paging."""

from collections.abc import Callable
from datetime import timedelta

import requests
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from knox.models import get_token_model

from accounts.models import Platform, Profile, User
from benchmarks.figures import Figure, durations, milliseconds, p95, shortest, show
from benchmarks.rows import fill
from benchmarks.web import web_server
from interactions.models import Interaction

ROWS = 1_000_000
ASKED = 200
PAGE = 50
NEWEST = ("-posted_at", "-id")


def run() -> None:
    owner = User.objects.create_superuser("bench-lists")
    profiles = [_profile(owner, platform) for platform in Platform.values[:5]]
    fill(profiles, ROWS, timezone.now(), apart=timedelta(seconds=30), message_every=10)
    token = get_token_model().objects.create(owner)[1]
    with web_server() as url:
        ask = _asker(f"{url}/api/v1/interactions/", token)
        first = durations(ASKED, lambda: ask({}))
        deep = ask({})["next"]
        for _ in range(998):
            deep = ask({}, deep)["next"]
        thousandth = durations(ASKED, lambda: ask({}, deep))
        messages = durations(ASKED, lambda: ask({"type": "message"}))
        platform = durations(ASKED, lambda: ask({"platform": "youtube"}))
    own = Interaction.objects.visible_to(owner).select_related("profile").order_by(*NEWEST)
    ids = list(own.values_list("pk", flat=True)[:PAGE])
    show(
        f"Lists over {ROWS:,} rows of one user, pages of {PAGE}, 95th percentile over HTTP",
        [
            milliseconds("the first page", p95(first)),
            milliseconds("the thousandth page", p95(thousandth)),
            milliseconds("the first page of messages", p95(messages)),
            milliseconds("the first page of one platform", p95(platform)),
            milliseconds(
                "in process: rows by primary key, the least there is",
                _fastest(lambda: Interaction.objects.filter(pk__in=ids).select_related("profile")),
            ),
            milliseconds("in process: our first page", _fastest(lambda: own.page_for(owner, PAGE))),
            milliseconds("in process: ORDER BY and LIMIT", _fastest(lambda: own[:PAGE])),
            milliseconds(
                "in process: OFFSET to the thousandth page", _fastest(lambda: own[999 * PAGE : 1000 * PAGE])
            ),
        ],
    )
    show("The admin over the same rows, in process", _admin(owner))


def _admin(owner: User) -> list[Figure]:
    client = Client()
    client.force_login(owner)
    address = reverse("admin:interactions_interaction_changelist")
    queries = {
        "the list": {},
        "filtered by type and status": {"type__exact": "message", "status__exact": "new"},
        "filtered by a status that no row has": {"status__exact": "hidden"},
        "an exact id": {"q": "p500000"},
        "a profile's handle": {"q": "youtube"},
        "a word that many rows have": {"q": "weather"},
        "a word that no row has": {"q": "xylophone"},
    }
    return [
        milliseconds(
            name, shortest(3, lambda query=query: client.get(address, query, headers={"host": "localhost"}))
        )
        for name, query in queries.items()
    ]


def _profile(owner: User, platform: str) -> Profile:
    return Profile.objects.create(owner=owner, platform=platform, platform_id=platform, handle=platform)


def _asker(address: str, token: str) -> Callable[..., dict]:
    session = requests.Session()
    session.headers["Authorization"] = f"Token {token}"

    def ask(query: dict, page: str = address) -> dict:
        answer = session.get(page, params=query, timeout=60)
        assert len(answer.json()["results"]) == PAGE, answer.text[:300]
        return answer.json()

    return ask


def _fastest(rows: Callable) -> float:
    return shortest(5, lambda: list(rows()))
