"""Costs that a user controls are limited: search terms, statements, pages, and simultaneous long reads."""

import json
import re
import shutil
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import partial
from html import unescape
from http.client import HTTPConnection
from urllib.parse import urlsplit

import psycopg
import pytest
import requests
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Profile, User
from interactions import analytics, read_limits, statement_timeouts
from interactions.locks import PROFILE_LOCKS
from interactions.models import MAX_PAGE_BYTES, DeadLetter, Interaction, Thread
from interactions.signing import sign
from tests.fault_injection import pooler
from tests.inbox_pages import htmx
from tests.response_times import get_healthz, is_below, max_seconds_during, max_seconds_for
from tests.service_stack import ApiClient, ServiceStack, running_stack
from tests.world import DAY, NOW, event, send

WORST = "a" * 99 + "b"  # the max_seconds_during search term for texts of "a" only
LONG = 65_536


@pytest.fixture(autouse=True)
def _reset_usage() -> None:
    read_limits.reset_usage()


@pytest.fixture
def slow_profile(transactional_db) -> Profile:
    """Create a profile of Alice's with posts whose texts make a search as slow as possible, and a comment."""
    alice = User.objects.create_user("alice")
    profile = Profile.objects.create(owner=alice, platform="x", platform_id="pile", handle="pile")
    send(profile, *(event("content.published", f"c{number}", text="a" * LONG) for number in range(70)))
    send(profile, event("comment.created", "comment"))
    return profile


@pytest.fixture
def short_limits(monkeypatch) -> None:
    monkeypatch.setattr(read_limits, "QUICK_MILLISECONDS", 10)
    monkeypatch.setattr(read_limits, "MAX_MILLISECONDS", 50)


@contextmanager
def other_connection(statement: str, *parameters: object) -> Iterator[psycopg.Connection]:
    """Yield another connection with an open transaction that has run the statement."""
    entry = connection.get_connection_params()
    names = ("dbname", "user", "host", "port", "password")
    with psycopg.connect(**{name: entry[name] for name in names if name in entry}) as other:
        other.execute(statement, parameters)
        yield other


def limit_of_the_session() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return cursor.fetchone()[0]


@pytest.mark.parametrize("path", ["interactions", "content"])
def test_a_search_term_has_at_most_a_hundred_characters(page, live, path):
    answer = page.get(f"/api/v1/{path}/?search={'a' * 101}")
    assert answer.status_code == 400
    assert answer.json()["errors"] == {"search": ["search must have at most 100 characters; it has 101."]}
    assert page.get(f"/api/v1/{path}/?search={'a' * 100}").status_code == 200


def test_a_slow_search_is_stopped_and_answered_with_a_problem(
    client, slow_profile, short_limits, monkeypatch
):
    client.force_login(slow_profile.owner)
    answer = client.get(f"/api/v1/content/?search={WORST}")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert (answer["Content-Type"], "posted_after" in answer.json()["hint"]) == (
        "application/problem+json",
        True,
    )
    read_limits.reset_usage()
    monkeypatch.setattr(read_limits, "MAX_MILLISECONDS", 4_000)
    found = client.get("/api/v1/content/?search=aaa").json()["results"]
    assert len(found) == MAX_PAGE_BYTES // LONG
    assert limit_of_the_session() == "0"


def test_the_admins_lists_have_the_same_read_limits(client, slow_profile, short_limits):
    client.force_login(User.objects.create_superuser("operator"))
    answer = client.get(f"/admin/interactions/content/?q={WORST}")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "That took too long" in answer.content.decode()


def test_a_slow_page_is_answered_with_an_error_page(client, slow_profile, monkeypatch):
    client.force_login(slow_profile.owner)
    id = Thread.objects.get().pk
    paths = ["/comments/", f"/comments/{id}/", "/comments/older/", "/inbox/updates/", f"/inbox/{id}/person/"]
    monkeypatch.setattr(statement_timeouts, "REQUEST_MILLISECONDS", 50)
    locked = other_connection("LOCK TABLE interactions_interaction, interactions_thread")
    with monkeypatch.context() as patched, locked:
        patched.setattr(read_limits, "MAX_MILLISECONDS", 100)
        answers = [client.get(path, headers=htmx(client)) for path in paths]
    for answer in answers:
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert "That took too long" in answer.content.decode()
    assert [client.get(path, headers=htmx(client)).status_code for path in paths] == [200] * 5


def test_every_statement_of_a_request_has_a_timeout(client, slow_profile, monkeypatch):
    client.force_login(slow_profile.owner)
    row = Interaction.objects.first()
    monkeypatch.setattr(statement_timeouts, "REQUEST_MILLISECONDS", 50)
    with other_connection("SELECT pg_advisory_xact_lock(%s)", PROFILE_LOCKS | slow_profile.pk):
        answer = client.post(
            f"/api/v1/interactions/{row.pk}/reply/", {"text": "x"}, content_type="application/json"
        )
    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        "The request took too long and was stopped.",
    )
    assert answer.json()["hint"] == "Nothing was stored; send the same request again in a few seconds."
    assert not Interaction.objects.filter(direction="out").exists()
    assert limit_of_the_session() == "0"


def test_the_insert_of_a_batch_has_a_timeout_too(client, slow_profile, monkeypatch):
    """Its parameters are bound, so it cannot have the timeout in front."""
    batch = {"type": "events", "data": {"events": [event("comment.created", "late")]}}
    body = json.dumps(batch).encode()
    headers = sign(slow_profile.webhook_secrets[0], "msg_1", int(time.time()), body)
    address = f"/api/v1/webhooks/profiles/{slow_profile.uuid}/"

    def post() -> int:
        return client.post(address, body, content_type="application/json", headers=headers).status_code

    monkeypatch.setattr(statement_timeouts, "REQUEST_MILLISECONDS", 50)
    with other_connection("LOCK TABLE interactions_thread IN SHARE MODE"):
        assert post() == 503
    monkeypatch.undo()
    assert not Interaction.objects.filter(platform_id="late").exists()
    assert (post(), limit_of_the_session()) == (200, "0")


def test_a_commands_statements_have_no_timeout(transactional_db, monkeypatch):
    monkeypatch.setattr(statement_timeouts, "REQUEST_MILLISECONDS", 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.05)")


def test_a_user_has_one_long_read_at_a_time_and_others_are_not_affected(
    client, slow_profile, short_limits, bob
):
    client.force_login(slow_profile.owner)
    with other_connection("SELECT pg_advisory_xact_lock(%s)", read_limits.READ_LOCKS | slow_profile.owner.pk):
        answer = client.get(f"/api/v1/content/?search={WORST}")
        assert (answer.status_code, answer["Retry-After"]) == (429, "1")
        client.force_login(bob)
        assert client.get(f"/api/v1/content/?search={WORST}").status_code == 200


def test_the_inbox_has_the_same_read_limits(client, slow_profile, short_limits, monkeypatch):
    client.force_login(slow_profile.owner)
    id = Thread.objects.get().pk
    paths = ["/comments/", f"/comments/{id}/", "/comments/older/", "/inbox/updates/", f"/inbox/{id}/person/"]
    with other_connection("LOCK TABLE interactions_interaction, interactions_thread"):
        monkeypatch.setattr(statement_timeouts, "REQUEST_MILLISECONDS", 30_000)
        stopped = client.get("/comments/")
    assert (stopped.status_code, stopped["Retry-After"]) == (503, "5")
    assert "That took too long" in stopped.content.decode()
    monkeypatch.setattr(read_limits, "MAX_SECONDS_PER_MINUTE", 0.001)
    for path in paths:
        refused = client.get(path, headers=htmx(client))
        assert (refused.status_code, int(refused["Retry-After"]) >= 1) == (429, True), path
        assert "That took too long" in refused.content.decode()


def test_a_users_long_reads_have_a_maximum_time_per_minute(
    client, slow_profile, short_limits, monkeypatch, bob
):
    monkeypatch.setattr(read_limits, "MAX_SECONDS_PER_MINUTE", 0.1)
    client.force_login(slow_profile.owner)
    codes = [client.get(f"/api/v1/content/?search={WORST}").status_code for _ in range(4)]
    refused = client.get("/api/v1/interactions/")
    assert codes[0] == 503
    assert (codes[-1], refused.status_code, int(refused["Retry-After"]) >= 1) == (429, 429, True)
    client.force_login(bob)
    assert client.get("/api/v1/interactions/").status_code == 200


def test_a_summary_has_the_same_read_limits(client, slow_profile, short_limits):
    client.force_login(slow_profile.owner)
    with other_connection("LOCK TABLE interactions_interaction"):
        answer = client.get("/api/v1/analytics/summary/")
    assert (answer.status_code, "from and to" in answer.json()["hint"]) == (503, True)


def test_a_summary_of_too_many_days_is_400(page, live, monkeypatch):
    monkeypatch.setattr(analytics, "MAX_CELLS", 3)
    send(live, *(event("comment.created", f"c{n}", (NOW - n * DAY).isoformat()) for n in range(3)))
    answer = page.get("/api/v1/analytics/summary/")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["from"])
    assert page.get("/api/v1/analytics/summary/?from=2026-03-01").status_code == 200


def wide(profile: Profile, number: int) -> list[int]:
    """Create comments of the maximum length; return their ids."""
    text = "\U0001f600" * LONG
    rows = [event("comment.created", f"w{n:02}", text=text, parent_id="comment") for n in range(number)]
    send(profile, event("content.edited", "piece", NOW.isoformat(), text=text))
    send(profile, event("comment.edited", "comment", NOW.isoformat(), text=text))
    return [result.id for result in send(profile, *rows)]


def walk(client, path: str | None, direction: str = "next") -> list[list[int]]:
    found = []
    while path:
        body = client.get(path).json()
        found.append([row["id"] for row in body["results"]])
        path, last = body[direction], body
    walk.last = last
    return found


def test_a_page_of_large_texts_ends_early_and_no_row_is_missing(page, live):
    ids = wide(live, 20)
    rest = [row.pk for row in Interaction.objects.order_by("-posted_at", "-id") if row.pk not in ids]
    forward = walk(page, "/api/v1/interactions/?page_size=200")
    size = MAX_PAGE_BYTES // (4 * LONG)
    assert [id for ids in forward for id in ids] == ids[::-1] + rest
    assert [len(ids) for ids in forward[:2]] == [size, size]
    back = walk(page, walk.last["previous"], "previous")
    assert [id for ids in back[::-1] for id in ids] == [id for ids in forward[:-1] for id in ids]


def test_a_threads_page_of_large_texts_ends_early_and_no_row_is_missing(page, live):
    """The first comment and the post are there beside the page's rows."""
    ids = wide(live, 20)
    thread = Thread.objects.get(root_ref="comment")
    sizes, shown, path = [], [], f"/comments/{thread.pk}/"
    while path:
        answer = page.get(path, headers={"HX-Request": "true", "HX-Target": "thread"}).content.decode()
        sizes.append(len(answer.encode()))
        shown += re.findall(r'id="row-(\d+)-entry"', answer)
        earlier = re.search(r'<p class="older-rows"><a class="button plain" href="([^"]+rows=[^"]+)"', answer)
        path = earlier and unescape(earlier[1])
    first = Interaction.objects.get(platform_id="comment").pk
    assert {int(id) for id in shown} == {first, *ids}
    size = MAX_PAGE_BYTES // (4 * LONG)
    assert len(sizes) == -(-21 // size)
    preview = 4 * 600 * (size + 1)
    assert max(sizes) < MAX_PAGE_BYTES + 3 * 4 * LONG + preview + 60_000


def test_the_inbox_shows_no_more_than_the_start_of_any_text(page, live):
    wide(live, 20)
    for path in ("/comments/", "/comments/older/"):
        assert len(page.get(path).content) < 60_000


@pytest.mark.parametrize("path", ["/comments/", "/comments/older/", "/comments/updates/?shown={thread}:0"])
def test_the_inbox_does_not_load_the_texts_of_rows_and_posts(page, live, path):
    wide(live, 1)
    thread = Thread.objects.get(root_ref="comment").pk
    with CaptureQueriesContext(connection) as captured:
        shown = page.get(path.format(thread=thread), headers=htmx(page))
    assert shown.content.decode().count(f'id="row-{thread}"') == 1
    texts = r'(?<!LEFT\()"interactions_(?:content|interaction)"."text"'
    assert [query["sql"] for query in captured if re.search(texts, query["sql"])] == []


@pytest.mark.parametrize(
    "path", ["/api/v1/interactions/", "/comments/{thread}/", "/comments/{thread}/person/"]
)
def test_a_list_does_not_load_the_texts_of_content_and_parents(page, live, path):
    wide(live, 1)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        path = path.format(thread=Thread.objects.get(root_ref="comment").pk)
        assert page.get(path, headers=htmx(page)).status_code == 200
    [listed] = [query["sql"] for query in captured if "bytes_before" in query["sql"]]
    assert re.findall(r'(?<!LEFT\()"interactions_content"."text"|T\d+."text"(?!, 100)', listed) == []


def test_the_admins_list_of_dead_letters_loads_only_their_first_bytes(operator, live):
    send(live, {"type": "nonsense", "text": "x" * 1_000_000})
    with CaptureQueriesContext(connection) as captured:
        shown = operator.get("/admin/interactions/deadletter/")
    assert shown.content.count(b"x" * 80) == 1
    read = r'(?<!SUBSTRING\()"interactions_deadletter"."raw"'
    assert not [query for query in captured if re.search(read, query["sql"])]
    letter = DeadLetter.objects.latest("pk")
    assert "x" * 1_000 in operator.get(f"/admin/interactions/deadletter/{letter.pk}/change/").content.decode()


def test_the_schema_is_generated_once(client, db):
    client.get("/api/v1/schema/")
    client.get("/api/v1/schema/?format=json")
    began = time.monotonic()
    for _ in range(50):
        client.get("/api/v1/schema/")
        client.get("/api/v1/schema/?format=json")
    assert time.monotonic() - began < 5


def abandoned(caller: ApiClient, path: str, times: int) -> None:
    """Send eight simultaneous requests and abandon each after 0.7 s, repeated `times`."""

    def ask(_: int) -> None:
        with suppress(requests.ReadTimeout):
            requests.get(f"{caller.stack.url}/api/v1/{path}", headers=caller.headers, timeout=0.7)

    with ThreadPoolExecutor(8) as pool:
        for _ in range(times):
            list(pool.map(ask, range(8)))


PILE = (
    "INSERT INTO interactions_content (profile_id, is_demo, platform_id, text, posted_at, received_at, updated_at,"
    " created_digest, text_at, text_digest, kind, url, views, likes, shares)"
    " SELECT %s, false, 'c' || n, repeat('a', 65536), now(), now(), now(), 1, now(), 1, 'post', '', 0, 0, 0"
    " FROM generate_series(1, 1000) n"
)


def create_slow_profile(stack: ServiceStack, name: str) -> None:
    script = f"Profile.objects.create(owner=User.objects.get(username={name!r}), platform='x', platform_id='p', handle='p')"
    stack.manage("shell", "-v0", "-c", f"from accounts.models import *; {script}")
    stack.sql(PILE, stack.sql("SELECT max(id) FROM accounts_profile")[0][0])


def delay_by_abandoned_searches(stack: ServiceStack, of: str) -> float:
    """The seconds that two requests of others take at most while a new user named `of` abandons searches."""
    caller, other = stack.create_user(of), stack.create_user(f"beside-{of}")
    create_slow_profile(stack, of)

    def others() -> None:
        get_healthz(stack.url)
        lists = requests.get(f"{stack.url}/api/v1/interactions/", headers=other.headers, timeout=20)
        assert lists.status_code == 200

    return max_seconds_during(others, lambda: abandoned(caller, f"content/?search={WORST}", 4))


@pytest.mark.long
@pytest.mark.flow
def test_abandoned_searches_of_one_user_delay_nobody():
    names = iter(["mallory", "malory", "mallorie"])
    with running_stack("web") as stack:
        assert is_below(1, lambda: delay_by_abandoned_searches(stack, next(names)))


LONG_READS = (
    "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND backend_type = 'client backend'"
    " AND pid <> pg_backend_pid() AND clock_timestamp() - query_start > interval '1 second'"
)


@pytest.mark.long
@pytest.mark.flow
def test_abandoned_searches_of_one_user_run_one_at_a_time():
    with running_stack("web") as stack, stack.connect() as database:
        caller = stack.create_user("mallory")
        create_slow_profile(stack, "mallory")
        max_seconds_for(caller.demo, 1)  # requests are dropped while the first ones of a process take long
        running = set()
        with ThreadPoolExecutor(1) as pool:
            searches = pool.submit(abandoned, caller, f"content/?search={WORST}", 4)
            while not searches.done():
                running.add(database.execute(LONG_READS).fetchone()[0])
                time.sleep(0.05)
        searches.result()
    assert running == {0, 1}


def abandoned_batches(stack: ServiceStack, profile: dict, secret: str) -> None:
    """Send 32 signed bodies of 5 MB and disconnect without reading the answers; then one event as large as a body."""
    event = b"[" + b"[]," * 1_700_000 + b"1e]"
    body = b'{"type":"events","data":{"events":[' + event + b"]}}"
    headers = sign(secret, "msg_1", int(time.time()), body)

    def send(_: int) -> None:
        with closing(HTTPConnection(urlsplit(stack.url).netloc, timeout=60)) as http, suppress(OSError):
            http.request("POST", f"/api/v1/webhooks/profiles/{profile['uuid']}/", body, headers)

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(send, range(32)))


@pytest.mark.long
@pytest.mark.flow
def test_abandoned_batches_of_one_sender_delay_nobody():
    with running_stack("web") as stack:
        mallory = stack.create_user("mallory")
        create_slow_profile(stack, "mallory")
        api = f"{stack.url}/api/v1/profiles/"
        [profile] = requests.get(api, headers=mallory.headers, timeout=20).json()["results"]
        secret = mallory.post(f"profiles/{profile['id']}/rotate-secret").json()["webhook_secret"]
        worst = max_seconds_during(
            partial(get_healthz, stack.url), lambda: abandoned_batches(stack, profile, secret)
        )
        assert worst < 3  # 0.25 s on an idle machine
        stored = "SELECT count(*), max(octet_length(raw)) FROM interactions_deadletter"
        stack.until(lambda: stack.sql(stored) == [(1, 2**20 + 1)], "the event is a dead letter, once")


@pytest.mark.long
@pytest.mark.flow
def test_readyz_with_a_hanging_broker_delays_no_other_request():
    silent = socket.create_server(("127.0.0.1", 0), backlog=64)
    with silent, running_stack("web", REDIS_URL=f"redis://127.0.0.1:{silent.getsockname()[1]}/0") as stack:

        def ask(path: str) -> int:
            return requests.get(f"{stack.url}/{path}", timeout=20).status_code

        def many() -> None:
            with ThreadPoolExecutor(16) as pool:
                assert set(pool.map(ask, ["readyz"] * 32)) == {503}

        assert is_below(1, partial(max_seconds_during, partial(get_healthz, stack.url), many))


@pytest.mark.flow
@pytest.mark.long
def test_the_timeout_affects_no_other_connection_behind_a_transaction_pooler():
    if not shutil.which("pgbouncer"):
        pytest.skip("no pgbouncer here")
    stack = ServiceStack()
    try:
        stack.servers.ensure()
        with pooler(stack) as url:
            stack.environment |= {"DATABASE_URL": url, "DB_POOLER": "1", "SECRET_KEY": "pooled"}
            stack.environment |= {"ALLOWED_HOSTS": "*", "DEBUG": "1"}
            stack.manage("migrate", "-v0")
            stack.start("web")
            caller = stack.create_user("pooled")
            create_slow_profile(stack, "pooled")
            ask = {"headers": caller.headers, "timeout": 20}
            searched = requests.get(f"{stack.url}/api/v1/content/?search={WORST}", **ask)
            assert (searched.status_code, searched.json()["status"]) == (503, 503)
            assert requests.get(f"{stack.url}/api/v1/demo/", **ask).status_code == 200
            limits = set()
            for _ in range(8):  # to use every connection of the pool
                with psycopg.connect(url, autocommit=True, prepare_threshold=None) as pooled:
                    limits |= set(pooled.execute("SHOW statement_timeout").fetchone())
            assert limits == {"0"}
    finally:
        stack.stop()
