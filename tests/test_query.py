"""Each query parameter must have the form in the schema and must not be empty."""

from collections.abc import Iterator

import pytest

from interactions.models import Content, Interaction, Thread
from tests.test_schema import operations
from tests.world import event, send

LIST, SUMMARY = "/api/v1/interactions/", "/api/v1/analytics/summary/"
EMPTY = ["", "%20", "+", "%09", "%E2%80%83"]
NO_WHOLE = [
    "x",
    "1_0",
    "%D9%A3",
    "%203",
    "3%20",
    "+3",
    "%2B3",
    "3.0",
    "3e0",
    "0x3",
    "9" * 5_000,
    "--3",
    "null",
]
NO_FLAG = ["2", "10", "yes", "no", "n", "on", "%20true", "null"]
NO_DAY = [
    *("2026-W01-1", "2026-W44-7T10:00:00Z", "2026-11-01%2010:00", "2026-11-01T10:00:00", "2026-11-01T10:00Z"),
    *("2026-11-01T10:00:00,5Z", "20261101T100000Z", "2026-11-01T24:00:00Z", "%202026-11-01T10:00:00Z"),
    *("2026-11-01T10:00:00%2B0100", "2026-11-01T10:00:00%2B01:00%20", "0001-01-01T00:00:00%2B10:00", "20261101"),
    *("2026-305", "2026-11-01T10:00:00+01:00", "%D9%A22026-11-01", "2026-11-1", "now"),
]  # fmt: skip
TIMES = [
    *("2026-11-01T10:00:00Z", "2026-11-01t10:00:00.25z", "2026-11-01T10:00:00%2B01:00"),
    *("2026-11-01T10:00:00.123456789-16:08", "2026-06-30T23:59:60Z"),
]


def parameters(method: str = "") -> Iterator[tuple[str, str, str, dict]]:
    """Yield method, path, name and schema of each query parameter."""
    for name, operation in operations():
        verb, path = name.split()
        for one in operation.get("parameters", []):
            if one["in"] == "query" and method in verb and path != "/api/v1/schema/":
                yield verb, path, one["name"], one["schema"]


def named(type: str, format: str | None = None) -> list[tuple[str, str]]:
    """Return path and name of the parameters of that type."""
    found = [row for row in parameters("GET") if (row[3]["type"], row[3].get("format")) == (type, format)]
    return [(path, name) for _, path, name, _ in found]


def get(client, path: str, query: str):
    """The answer, read to its end: a user may run one export at a time."""
    answer = client.get(path, QUERY_STRING=query)
    if answer.streaming:
        answer.getvalue()
    return answer


def assert_refused(answer, name: str, *, also: str = "") -> None:
    context = (name, answer.request["QUERY_STRING"], answer.content)
    assert answer.status_code == 400, context
    assert name in answer.json()["detail"], context
    assert also in answer.json()["detail"], context


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.long)])
def test_an_empty_parameter_of_any_route_is_400_and_named(page, live, step):
    found = list(parameters())
    assert {"status", "mode", "user", "cursor", "page_size", "is_demo", "search", "to"} <= {
        name for _, _, name, _ in found
    }
    for number, (method, path, name, _) in enumerate(found):
        address = path.replace("{name}", "viral-spike").replace("{id}", "1")
        for value in EMPTY[number % step :: step]:
            answer = page.generic(method, address, QUERY_STRING=f"{name}={value}")
            assert_refused(answer, name, also=f"{name} is empty; give it a value or leave it out.")


def test_the_pages_ignore_empty_parameters(page, live):
    for path in ("/comments/", "/messages/", "/"):
        assert page.get(f"{path}?cursor=&search=&status=").status_code == 200


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.long)])
def test_whole_numbers_are_plain_digits(page, live, step):
    found, thread = named("integer"), Thread.objects.first().pk
    assert {name for _, name in found} == {"profile", "content", "page_size"}
    for number, (path, name) in enumerate(found):
        for value in NO_WHOLE[number % step :: step]:
            assert_refused(page.get(path.replace("{id}", str(thread)), QUERY_STRING=f"{name}={value}"), name)
    content = Content.objects.get().pk
    for query in (f"profile={live.pk}", f"content={content}", f"content=000{content}", "page_size=7"):
        assert page.get(LIST, QUERY_STRING=query).json()["results"], query
    assert page.get(LIST, QUERY_STRING="profile=-3").json()["results"] == []


def test_a_boolean_is_true_or_false(page, live):
    found = named("boolean")
    assert [name for _, name in found] == [*["is_demo"] * 3, *["is_demo", "unread"] * 2]
    for path, name in found:
        for value in NO_FLAG:
            assert_refused(get(page, path, f"{name}={value}"), name)
        if path.endswith(".csv/"):
            continue
        rows = [
            page.get(path, QUERY_STRING=f"{name}={value}").json()["results"]
            for value in ("false", "True", "0", "1")
        ]
        assert [bool(one) for one in rows] == [name == "is_demo", name == "unread"] * 2


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.long)])
def test_times_of_lists_have_the_form_of_events(page, live, step):
    found = named("string", "date-time")
    posted, active = (["posted_after", "posted_before"], ["active_after", "active_before"])
    assert [name for _, name in found] == [*posted * 3, *active * 2]
    for number, (path, name) in enumerate(found):
        for value in NO_DAY[number % step :: step]:
            assert_refused(page.get(path, QUERY_STRING=f"{name}={value}"), name, also="2026-01-31T12:00:00Z")
        for value in [*TIMES, "2026-11-01"][number % step :: step]:
            assert get(page, path, f"{name}={value}").status_code == 200, value


@pytest.mark.parametrize("name", ["from", "to"])
def test_a_period_is_given_in_days_or_times_of_events(page, live, name):
    for value in [*NO_DAY, "9999-12-31T23:59:59-01:00", "%D9%A2026-11-01", "2026-02-30"]:
        assert_refused(page.get(SUMMARY, QUERY_STRING=f"{name}={value}"), name, also="2026-01-31")
    for value in [*TIMES, "2026-11-01", "2024-02-29"]:
        assert page.get(SUMMARY, QUERY_STRING=f"{name}={value}").status_code == 200, value


@pytest.mark.parametrize(
    ("path", "first", "last"),
    [
        (SUMMARY, "from=2026-03-02", "to=2026-03-01"),
        (SUMMARY, "from=2026-03-02T00:00:00Z", "to=2026-03-01"),
        (SUMMARY, "from=2026-03-02T00:00:01Z", "to=2026-03-02T00:00:00Z"),
        (SUMMARY, "from=2026-03-02T00:00:00Z", "to=2026-03-02T00:30:00%2B01:00"),
        (LIST, "posted_after=2026-03-02T00:00:01Z", "posted_before=2026-03-02T00:00:00Z"),
        ("/api/v1/threads/", "active_after=2026-03-02T00:00:01Z", "active_before=2026-03-02T00:00:00Z"),
        ("/api/v1/content/", "posted_after=2026-03-02T00:00:00Z", "posted_before=2026-03-02T00:00:00Z"),
    ],
)
def test_a_period_that_ends_before_it_begins_is_400(page, live, path, first, last):
    begin, end = (text.split("=")[0] for text in (first, last))
    answer = page.get(path, QUERY_STRING=f"{first}&{last}")
    assert (answer.status_code, answer.json()["errors"]) == (
        400,
        {begin: [f"{begin} must be earlier than {end}."]},
    )


def test_a_period_may_be_one_day_or_one_second(page, live):
    send(live, event("comment.created", "one", "2026-03-02T10:00:00Z"))
    for query in ("from=2026-03-02&to=2026-03-02", "from=2026-03-02T10:00:00Z&to=2026-03-02T10:00:01Z"):
        assert page.get(SUMMARY, QUERY_STRING=query).json()["interactions"] == 1
    seconds = "posted_after=2026-03-02T10:00:00Z&posted_before=2026-03-02T10:00:01Z"
    [row] = page.get(LIST, QUERY_STRING=seconds).json()["results"]
    assert row["id"] == Interaction.objects.get(platform_id="one").pk


def test_the_schema_has_the_limits_of_parameters():
    found = {(path, name): given for _, path, name, given in parameters("GET")}
    assert found[LIST, "page_size"] == {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
    assert found[LIST, "search"] == {"type": "string", "minLength": 1, "maxLength": 100}
    assert (found[LIST, "profile"], found[LIST, "content"]) == ({"type": "integer"}, {"type": "integer"})


def test_the_schema_has_400_and_414_for_every_get_with_parameters():
    taking = {path for _, path, _, _ in parameters("GET")}
    for name, operation in operations():
        verb, path = name.split()
        if verb == "GET" and path in taking:
            assert {"400", "414"} <= set(operation["responses"]), name


def test_a_too_long_url_is_414_as_in_the_schema(page):
    assert page.get(f"{LIST}?search={'x' * 9_000}").status_code == 414
