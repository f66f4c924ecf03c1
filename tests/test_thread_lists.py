"""The list of threads over REST: its rows, their order, filters and pages."""

import pytest

from accounts.models import Profile
from interactions.models import Content, Label, Thread, thread_lists
from interactions.threads.hiding import set_hidden
from tests.test_inbox_api import pages
from tests.thread_filters import every_filter, matches
from tests.thread_requests import LIST, change, roots, row, shown
from tests.world import BRAND, HOUR, NOW, SECOND, T, at, comment, event, message, send, thread


def test_a_thread_of_the_list_has_its_newest_row_and_the_person(page, profile):
    send(profile, event("content.published", "piece"), comment("c1", text="x" * 300))
    ada = {"id": "ada", "handle": "ada", "name": "Ada"}
    send(profile, comment("c2", T[1], parent_id="c1", author=ada), at=NOW + SECOND)
    send(profile, comment("a1", T[2], parent_id="c2", author=BRAND, text="Thank you!"))
    [found] = page.get(LIST).json()["results"]
    assert found == {
        "id": thread("c1").pk,
        "profile": profile.pk,
        "platform": "facebook",
        "kind": "comment",
        "root_ref": "c1",
        "content": Content.objects.get().pk,
        "status": "done",
        "snoozed_until": None,
        "unread": False,
        "labels": [],
        "active_at": shown(T[2]),
        "last_at": shown(T[2]),
        "last_in_at": shown(T[1]),
        "last_out_at": shown(T[2]),
        "sentiment": None,
        "is_demo": False,
        "author": ada,
        "last": {
            "id": row("a1").pk,
            "direction": "out",
            "text": "Thank you!",
            "posted_at": shown(T[2]),
            "send_status": None,
        },
    }
    set_hidden([row("c2").pk], True, NOW)
    assert page.get(LIST).json()["results"][0]["author"]["id"] == "person-1"


def test_the_list_names_the_newest_author_where_nothing_was_received_and_the_start_of_a_text(page, profile):
    send(profile, message("m1", author=BRAND, text="\U0001f33f" * 500))
    [found] = page.get(LIST).json()["results"]
    assert (found["author"]["id"], found["last"]["text"]) == ("brand", "\U0001f33f" * 200)


def test_a_post_that_is_deleted_is_null(page, profile):
    send(
        profile,
        event("content.published", "piece"),
        comment("c1"),
        event("content.deleted", "piece", at(NOW)),
    )
    assert (thread("c1").content.platform_id, page.get(LIST).json()["results"][0]["content"]) == (
        "piece",
        None,
    )


def test_threads_are_ordered_by_their_activity_and_those_without_a_visible_row_are_missing(page, profile):
    send(profile, comment("c1", T[2]), comment("c2", T[1]), comment("c3", T[0]), message("m1", T[0]))
    assert roots(page) == ["c1", "c2", "talk", "c3"]
    send(profile, comment("c4", T[3], parent_id="c3"), event("comment.deleted", "c1", at(T[4])))
    assert roots(page) == ["c3", "c2", "talk"]


@pytest.mark.parametrize("max_labelled", [2_000, 1])
def test_every_filter_selects_exactly_its_threads(
    page, live, threads_in_every_state, monkeypatch, max_labelled
):
    """A label of more than `max_labelled` threads is read in another way."""
    monkeypatch.setattr(thread_lists, "MAX_LABELLED", max_labelled)
    rows = Thread.objects.shown().select_related("profile").prefetch_related("rows")
    every, names = list(rows.order_by("-active_at", "-id")), dict(Label.objects.values_list("pk", "name"))
    empty = []
    for query, wanted in every_filter(live).items():
        if max_labelled == 1 and "label" not in query:
            continue
        expected = [one.pk for one in every if matches(one, names, **wanted)]
        found = [id for ids in pages(page, f"{LIST}?page_size=40&{query}") for id in ids]
        assert found == expected, query
        if not expected:
            empty.append(query)
    assert len(empty) <= 5, empty


def test_previous_pages_are_the_same_pages(page, threads_in_every_state):
    forward = pages(page, f"{LIST}?page_size=30")
    last = page.get(f"{LIST}?page_size=30").json()
    while last["next"]:
        last = page.get(last["next"]).json()
    assert pages(page, last["previous"], "previous") == forward[-2::-1]


def test_pages_do_not_shift_while_threads_arrive_or_become_active(page, profile):
    send(profile, *(comment(f"c{number:02}") for number in range(30)))
    before = [one["id"] for one in page.get(f"{LIST}?page_size=30").json()["results"]]
    first = page.get(f"{LIST}?page_size=10").json()
    last, active = before[-1], Thread.objects.get(pk=before[15])
    send(profile, comment("new", T[1]), comment("old", T[0] - HOUR), comment("equal"))
    send(profile, comment("reply", T[2], parent_id=active.root_ref))
    rest = [id for ids in pages(page, first["next"]) for id in ids]
    seen = [one["id"] for one in first["results"]] + rest
    assert [id for id in seen if id in before] == [id for id in before if id != active.pk]
    assert (len(seen), seen.index(last)) == (len(set(seen)), 28)
    back = page.get(page.get(first["next"]).json()["previous"]).json()
    assert back["results"][0]["id"] == before[0]
    newer = page.get(back["previous"]).json()["results"]
    assert [one["root_ref"] for one in newer] == [active.root_ref, "new", "equal"]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("kind=letter", "Select a valid choice"),
        ("platform=myspace", "Select a valid choice"),
        ("status=hidden", "Select a valid choice"),
        ("sentiment=angry", "Select a valid choice"),
        ("profile=x", "Send a whole number"),
        ("content=1.5", "Send a whole number"),
        ("unread=yes", "Send true or false."),
        ("is_demo=2", "Send true or false."),
        ("label=%E2%80%8B", "label must be a name of 1 to 50 characters in one line"),
        (f"label={'x' * 51}", "label must be a name of 1 to 50 characters in one line; it has 51"),
        (f"search={'x' * 101}", "search must have at most 100 characters; it has 101."),
        ("active_after=soon", "Send a day such as 2026-01-31"),
        (
            "active_after=2026-03-02&active_before=2026-03-01",
            "active_after must be earlier than active_before",
        ),
    ],
)
def test_an_invalid_filter_is_400_and_named(page, query, sentence):
    answer = page.get(f"{LIST}?{query}")
    [(name, [error])] = answer.json()["errors"].items()
    assert (answer.status_code, name, error.startswith(sentence)) == (400, query.split("=")[0], True), error


@pytest.mark.parametrize(
    "query", ["profile=99999999999999999999", "content=99999999999999999999", "label=none", "search=nowhere"]
)
def test_a_filter_without_matches_returns_an_empty_page(page, live, query):
    assert page.get(f"{LIST}?{query}").json() == {"next": None, "previous": None, "results": []}


def test_the_lists_query_count_is_constant(page, profile, django_assert_num_queries):
    counts = {  # session, user, threads, rows, labels; for a label also labels, its threads, profiles
        "": 5,
        "status=open&unread=true": 5,
        "content=1": 5,
        "label=urgent": 8,
    }
    for size in (1, 40):
        send(profile, *(comment(f"{size}-{number}") for number in range(size)))
        for one in Thread.objects.all()[: size * 2 : 2]:
            change(page, one.root_ref, labels=["urgent", f"label {one.pk}"])
        for query, count in counts.items():
            with django_assert_num_queries(count):
                assert page.get(f"{LIST}?{query}").status_code == 200


def test_lists_and_filters_show_no_other_users_threads(page, profile, bob):
    send(profile, comment("c1"))
    change(page, "c1", labels=["urgent"])
    queries = (
        "",
        f"profile={profile.pk}",
        "label=urgent",
        "search=comment",
        "status=open",
        "sentiment=positive",
    )
    Thread.objects.update(sentiment="positive")
    page.force_login(bob)
    assert [roots(page, query) for query in queries] == [[]] * 6


def hide(profile, *ids: str) -> None:
    send(profile, *(event("comment.hidden", id, at(NOW)) for id in ids))


def test_an_answered_thread_whose_received_comments_are_hidden_is_named_after_its_first_comment(page, alice):
    profile = Profile.objects.create(owner=alice, platform="x", platform_id="brand", handle="brand")
    send(
        profile, comment("c1", T[0], author={"id": "ada"}), comment("a1", T[2], parent_id="c1", author=BRAND)
    )
    send(profile, comment("c2", T[1], parent_id="c1", author={"id": "bob"}))
    assert author(page) == "bob"
    hide(profile, "c2")
    assert author(page) == "ada"
    hide(profile, "c1")
    assert author(page) == "ada"
    send(profile, event("comment.deleted", "c1", at(NOW)))
    assert author(page) == "brand"


def test_a_thread_that_the_brand_began_is_named_after_its_newest_row_when_the_others_are_hidden(
    page, profile
):
    send(profile, comment("a1", T[0], author=BRAND), comment("c1", T[1], parent_id="a1"))
    send(profile, comment("c2", T[2], parent_id="a1", author={"id": "bob"}))
    hide(profile, "c1", "c2")
    assert author(page) == "bob"


def test_a_conversation_is_not_named_after_a_comment_that_has_its_id(page, profile):
    send(profile, comment("talk", T[0], author={"id": "ada"}), message("m1", T[1], author=BRAND))
    assert page.get(LIST + "?kind=message").json()["results"][0]["author"]["id"] == "brand"


def author(page) -> str:
    """The id of the person of the only thread, as the list and the thread itself have it."""
    [listed] = page.get(LIST).json()["results"]
    found = page.get(f"{LIST}{listed['id']}/").json()
    assert found["author"] == listed["author"]
    return found["author"]["id"]
