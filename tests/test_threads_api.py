"""Threads over REST: the list and its filters, a thread with its rows, changes, replies and notes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.db.models import Count
from django.test import Client

from accounts.models import Profile, User
from interactions.clock import now
from interactions.models import Content, Decision, Interaction, Label, Note, Thread, thread_lists
from interactions.threads import labels, noting
from interactions.threads.decisions import decide, mark_read
from interactions.threads.hiding import set_hidden
from tests.expected_threads import check_threads
from tests.lock_helpers import profiles_locked
from tests.test_inbox_api import pages
from tests.test_saved_replies import wait_for_locks
from tests.world import DAY, HOUR, NOW, SECOND, at, demo_of, event, send

JSON = "application/json"
LIST = "/api/v1/threads/"
T = [NOW - 5 * DAY + hours * HOUR for hours in range(6)]
BRAND = {"id": "brand"}


@pytest.fixture
def profile(alice) -> Profile:
    return Profile.objects.create(owner=alice, platform="facebook", platform_id="brand", handle="brand")


def comment(id: str, when: datetime = T[0], **fields) -> dict:
    return event("comment.created", id, at(when), **fields)


def message(id: str, when: datetime = T[0], **fields) -> dict:
    return event("message.created", id, at(when), **fields)


def thread(root: str) -> Thread:
    return Thread.objects.get(root_ref=root)


def row(platform_id: str) -> Interaction:
    return Interaction.objects.get(platform_id=platform_id)


def path_of(root: str, action: str = "") -> str:
    return f"{LIST}{thread(root).pk}/{action}"


def change(client: Client, root: str, **fields):
    return client.patch(path_of(root), fields, content_type=JSON)


def post(client: Client, path: str, **fields):
    return client.post(path, fields, content_type=JSON)


def roots(client: Client, query: str = "") -> list[str]:
    return [one["root_ref"] for one in client.get(f"{LIST}?{query}").json()["results"]]


def encoded(moment: datetime) -> str:
    return at(moment).replace("+", "%2B")


# The list


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


def shown(moment: datetime) -> str:
    return at(moment).replace("+00:00", "Z")


def test_the_list_names_the_newest_author_where_nothing_was_received_and_the_start_of_a_text(page, profile):
    send(profile, message("m1", author=BRAND, text="\U0001f33f" * 500))
    [found] = page.get(LIST).json()["results"]
    assert (found["author"]["id"], found["last"]["text"]) == ("brand", "\U0001f33f" * 200)


def test_threads_are_ordered_by_their_activity_and_those_without_a_visible_row_are_missing(page, profile):
    send(profile, comment("c1", T[2]), comment("c2", T[1]), comment("c3", T[0]), message("m1", T[0]))
    assert roots(page) == ["c1", "c2", "talk", "c3"]
    send(profile, comment("c4", T[3], parent_id="c3"), event("comment.deleted", "c1", at(T[4])))
    assert roots(page) == ["c3", "c2", "talk"]


@pytest.fixture
def world(alice, live) -> None:
    """Alice's demo on two platforms and her live profile, with threads in every state."""
    demo_of(alice, size="small", platforms=["instagram", "youtube"])
    ids = list(Thread.objects.shown().order_by("pk").values_list("pk", flat=True))
    for number, status in enumerate(("open", "snoozed", "done", "archived")):
        until = NOW + HOUR if status == "snoozed" else None
        decide(ids[number : 60 + number : 5], status, NOW, until=until)
    mark_read(ids[100:140], NOW)
    for number, sentiment in enumerate(("positive", "negative", "neutral")):
        chosen = ids[number::7]
        Interaction.objects.filter(thread__in=chosen).update(sentiment=sentiment)
        Thread.objects.filter(pk__in=chosen).update(sentiment=sentiment)
    for name, chosen in {"Urgent": ids[::9], "question": ids[::4]}.items():
        for one in Profile.objects.all():
            label = Label.objects.create(profile=one, is_demo=one.is_demo, name=name)
            for labelled in Thread.objects.filter(profile=one, pk__in=chosen):
                labelled.label_ids = sorted([*labelled.label_ids, label.pk])
                labelled.save()


def matches(one: Thread, names: dict[int, str], **wanted) -> bool:
    """Whether the thread has these values; a plain recount of the filters. `names` are those of labels."""
    texts = [found.text.lower() for found in one.rows.all() if found.deleted_at is None]
    rules = {
        "platform": lambda value: one.profile.platform == value,
        "label": lambda value: value in [names[id] for id in one.label_ids],
        "search": lambda value: any(value in text for text in texts),
        "active_after": lambda value: one.active_at >= value,
        "active_before": lambda value: one.active_at < value,
        "content": lambda value: one.content_id == value,
        "profile": lambda value: one.profile_id == value,
    }
    return all(
        rules[name](value) if name in rules else getattr(one, name) == value for name, value in wanted.items()
    )


def every_filter(live: Profile) -> dict[str, dict]:
    """Queries, and what they mean."""
    middle = Thread.objects.shown().order_by("active_at")[80].active_at
    posts = Thread.objects.shown().filter(is_demo=True).exclude(content=None).values_list("content")
    [post, _] = posts.annotate(number=Count("pk")).order_by("-number", "content").first()
    word = Interaction.objects.filter(is_demo=True, type="comment").first().text.split()[0].lower()
    queries = {
        "": {},
        "kind=message": {"kind": "message"},
        **{f"platform={one}": {"platform": one} for one in ("youtube", "instagram")},
        f"profile={live.pk}": {"profile": live.pk},
        f"content={post}": {"content": post},
        **{f"status={one}": {"status": one} for one in ("open", "snoozed", "done", "archived")},
        "status=new": {"status": "open"},
        "unread=true": {"unread": True},
        "unread=false": {"unread": False},
        "sentiment=negative": {"sentiment": "negative"},
        "label=uRGent": {"label": "Urgent"},
        "label=%20question": {"label": "question"},
        "is_demo=false": {"is_demo": False},
        f"search={word.upper()}": {"search": word},
        f"active_after={encoded(middle)}": {"active_after": middle},
        f"active_before={encoded(middle)}": {"active_before": middle},
    }
    combinations = [
        ("platform=youtube", "kind=message"),
        ("platform=youtube", "status=new", "unread=true"),
        ("sentiment=negative", "status=archived"),
        ("sentiment=negative", f"content={post}"),
        ("label=uRGent", "status=done", "is_demo=false"),
        ("label=uRGent", "unread=true", f"active_after={encoded(middle)}"),
        ("label=uRGent", "sentiment=negative"),
        (f"search={word.upper()}", "label=uRGent", "unread=true"),
        (f"search={word.upper()}", "platform=instagram", f"active_before={encoded(middle)}"),
        (f"content={post}", "status=open", "unread=true"),
        (f"content={post}", "kind=message"),
        (f"content={post}", f"profile={live.pk}"),
    ]
    for some in combinations:
        wanted = {name: value for one in some for name, value in queries[one].items()}
        queries["&".join(some)] = wanted
    return queries


@pytest.mark.parametrize("max_labelled", [2_000, 1])
def test_every_filter_selects_exactly_its_threads(page, live, world, monkeypatch, max_labelled):
    """A label of more than `max_labelled` threads is read in another way."""
    monkeypatch.setattr(thread_lists, "MAX_LABELLED", max_labelled)
    rows = Thread.objects.shown().select_related("profile").prefetch_related("rows")
    every, names = list(rows.order_by("-active_at", "-id")), dict(Label.objects.values_list("pk", "name"))
    empty = []
    for query, wanted in every_filter(live).items():
        expected = [one.pk for one in every if matches(one, names, **wanted)]
        found = [id for ids in pages(page, f"{LIST}?page_size=40&{query}") for id in ids]
        assert found == expected, query
        if not expected:
            empty.append(query)
    assert len(empty) <= 5, empty


def test_previous_pages_are_the_same_pages(page, world):
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


# A thread


def test_a_thread_has_its_visible_rows_oldest_first_page_by_page(page, profile):
    send(profile, *(message(f"m{number}", T[0] + number * SECOND) for number in range(9)))
    send(profile, event("message.deleted", "m0", at(T[1])))
    path = path_of("talk")
    first = page.get(f"{path}?page_size=3").json()
    assert (texts(first), first["previous"], first["root_ref"]) == (["m1", "m2", "m3"], None, "talk")
    second = page.get(first["next"]).json()
    third = page.get(second["next"]).json()
    assert [texts(second), texts(third), third["next"]] == [["m4", "m5", "m6"], ["m7", "m8"], None]
    assert page.get(third["previous"]).json()["interactions"] == second["interactions"]
    end = page.get(first["end"]).json()
    assert [texts(end), end["next"] is None] == [["m6", "m7", "m8"], False]
    assert page.get(end["next"]).json()["interactions"] == []
    assert texts(page.get(end["previous"]).json()) == ["m3", "m4", "m5"]
    [listed] = page.get(LIST).json()["results"]
    assert {name: first[name] for name in listed} == listed


def texts(body: dict) -> list[str]:
    return [one["platform_id"] for one in body["interactions"]]


def test_the_rows_of_a_thread_are_those_of_the_list_of_interactions(page, profile):
    send(profile, comment("c1"), comment("c2", T[1], parent_id="c1"), comment("other"))
    rows = page.get(path_of("c1")).json()["interactions"]
    assert rows == [page.get(f"/api/v1/interactions/{row(id).pk}/").json() for id in ("c1", "c2")]


def test_pages_of_a_thread_do_not_shift_while_rows_arrive(page, profile):
    send(profile, *(message(f"m{number}", T[1]) for number in range(6)))
    first = page.get(f"{path_of('talk')}?page_size=3").json()
    send(profile, message("old", T[0]), message("new", T[2]), message("equal", T[1]))
    second = page.get(first["next"]).json()
    assert texts(first) + texts(second) == [f"m{number}" for number in range(6)]
    assert texts(page.get(second["next"]).json()) == ["equal", "new"]
    assert texts(page.get(page.get(second["previous"]).json()["previous"]).json()) == ["old"]


def test_a_thread_has_the_newest_hundred_notes_and_decisions(page, profile):
    send(profile, comment("c1"))
    one = thread("c1")
    of_thread = {"profile": profile, "is_demo": False, "thread": one}
    times = [NOW + number * SECOND for number in range(103)]
    Note.objects.bulk_create(Note(text=str(time), created_at=time, **of_thread) for time in times)
    Decision.objects.bulk_create(Decision(status="open", at=time, **of_thread) for time in times)
    body = page.get(path_of("c1")).json()
    assert [note["created_at"] for note in body["notes"]] == [shown(time) for time in times[3:]]
    assert [made["at"] for made in body["decisions"]] == [shown(time) for time in times[3:]]
    assert body["notes"][0] == {
        "id": Note.objects.get(created_at=times[3]).pk,
        "author_name": "",
        "text": str(times[3]),
        "created_at": shown(times[3]),
    }


def test_the_query_count_of_a_thread_is_constant(page, profile, django_assert_num_queries):
    for size in (1, 40):
        send(profile, *(message(f"{size}-{number}") for number in range(size)))
        path = path_of("talk")
        post(page, f"{path}notes/", text="a note")
        with django_assert_num_queries(
            8
        ):  # session, user, thread, interactions, notes, decisions, rows, labels
            page.get(path)


# Whose


@pytest.mark.parametrize("whose", ["another user's", "invisible", "unknown"])
def test_every_route_of_such_a_thread_is_404_and_changes_nothing(page, profile, alice, bob, whose):
    send(profile, comment("c1"))
    id = thread("c1").pk
    if whose == "another user's":
        page.force_login(bob)
    elif whose == "invisible":
        send(profile, event("comment.deleted", "c1", at(NOW)))
    else:
        id = 10**17
    before = everything()
    path = f"{LIST}{id}/"
    answers = [
        page.get(path),
        page.head(path),
        page.patch(path, {"status": "done", "labels": ["mine"], "unread": False}, content_type=JSON),
        post(page, f"{path}reply/", text="hello"),
        post(page, f"{path}notes/", text="hello"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert page.get(f"{LIST}?profile={profile.pk}").json()["results"] == [] or whose == "unknown"
    assert everything() == before


def everything() -> list:
    return [
        list(table.objects.order_by("pk").values()) for table in (Thread, Interaction, Note, Decision, Label)
    ]


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


@pytest.mark.parametrize(
    ("method", "action"), [("put", ""), ("post", ""), ("delete", ""), ("get", "reply/"), ("patch", "notes/")]
)
def test_other_methods_are_405(page, profile, method, action):
    send(profile, comment("c1"))
    assert getattr(page, method)(path_of("c1", action), {}, content_type=JSON).status_code == 405


# Changes


def test_a_repeated_decision_marks_as_read_what_was_marked_unread(page, profile):
    send(profile, comment("c1"))
    bodies = [
        change(page, "c1", **fields).json()
        for fields in ({"status": "done"}, {"unread": True}, {"status": "done"})
    ]
    assert [(body["status"], body["unread"]) for body in bodies] == [
        ("done", False),
        ("done", True),
        ("done", False),
    ]


def test_a_decision_on_what_was_shown_leaves_later_rows_open_and_unread(page, profile):
    send(profile, comment("c1"), at=NOW)
    send(profile, comment("c2", T[1], parent_id="c1"), at=NOW + SECOND)
    seen = change(page, "c1", status="done", covers=row("c1").pk).json()
    assert (seen["status"], seen["unread"]) == ("open", True)
    assert change(page, "c1", status="done", covers=row("c2").pk).json()["status"] == "done"
    check_threads(now())


@pytest.mark.parametrize("status", ["open", "new", "done", "archived"])
def test_a_status_covers_everything_and_is_read_unless_covers_is_sent(page, profile, status):
    send(profile, comment("c1"), comment("c2", T[1], parent_id="c1"))
    body = change(page, "c1", status=status).json()
    assert (body["status"], body["unread"]) == ("open" if status == "new" else status, False)
    assert page.get(path_of("c1")).json()["decisions"][0]["status"] == body["status"]
    check_threads(now())
    send(profile, comment("c3", T[2], parent_id="c1"), at=now())
    assert (thread("c1").status, thread("c1").unread) == ("open", True)


def test_a_snooze_has_an_end_and_another_status_removes_it(page, profile):
    send(profile, comment("c1"))
    end = now() + HOUR
    assert change(page, "c1", status="snoozed", snoozed_until=at(end)).json()["snoozed_until"] == shown(end)
    check_threads(now())
    assert change(page, "c1", status="open").json()["snoozed_until"] is None
    check_threads(now())


def test_unread_changes_alone_and_not_in_an_answered_thread(page, profile):
    send(profile, comment("c1"), comment("c2"), comment("a2", T[1], parent_id="c2", author=BRAND))
    for unread in (False, False, True, True):
        body = change(page, "c1", unread=unread).json()
        assert (body["unread"], body["status"]) == (unread, "open")
        check_threads(now())
    assert change(page, "c2", unread=True).json()["unread"] is False


def test_reading_what_was_shown_leaves_later_rows_unread(page, profile):
    send(profile, message("m1"), at=NOW)
    send(profile, message("m2", T[1]), at=NOW + SECOND)
    assert change(page, "talk", unread=False, covers=row("m1").pk).json()["unread"] is True
    assert change(page, "talk", unread=False, covers=row("m2").pk).json()["unread"] is False
    assert Decision.objects.count() == 0


def test_done_and_unread_can_be_sent_together(page, profile):
    send(profile, comment("c1"))
    body = change(page, "c1", status="done", unread=True).json()
    assert (body["status"], body["unread"]) == ("done", True)
    check_threads(now())


def test_labels_are_the_whole_list_and_differ_in_more_than_case(page, profile):
    send(profile, comment("c1"), message("m1"))
    assert change(page, "c1", labels=["  Urgent  case", "vip", "VIP", "Éclair"]).json()["labels"] == [
        "Urgent case",
        "vip",
        "Éclair",
    ]
    assert change(page, "talk", labels=["URGENT CASE", "éclair"]).json()["labels"] == [
        "Urgent case",
        "Éclair",
    ]
    assert Label.objects.count() == 3
    assert change(page, "c1", labels=[]).json()["labels"] == []
    assert [roots(page, f"label={name}") for name in ("vip", "urgent case")] == [[], ["talk"]]
    assert (thread("c1").status, Decision.objects.count()) == ("open", 0)


def test_a_repeated_change_changes_nothing(page, profile):
    send(profile, comment("c1"))
    end = at(now() + HOUR)
    for fields in (
        {"status": "done", "covers": row("c1").pk, "labels": ["b", "a"]},
        {"status": "snoozed", "snoozed_until": end, "unread": False},
        {"status": "archived", "unread": True},
        {"unread": False},
        {},
    ):
        first = change(page, "c1", **fields)
        before = {**Thread.objects.values().get(), "decided_at": None, "read_at": None}
        again = change(page, "c1", **fields)
        assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
        assert {**Thread.objects.values().get(), "decided_at": None, "read_at": None} == before
    assert Label.objects.count() == 2


def test_a_repeated_decision_is_not_in_the_history_twice(page, profile):
    send(profile, comment("c1"))
    for status in ("done", "done", "open", "done", "done"):
        change(page, "c1", status=status)
    assert list(Decision.objects.order_by("pk").values_list("status", flat=True)) == ["done", "open", "done"]


YEAR = timedelta(days=366)


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"status": "hidden"}, "status", '"hidden" is not a valid choice.'),
        (
            {"status": "snoozed"},
            "snoozed_until",
            "Send snoozed_until, the end of the snooze, with the status snoozed.",
        ),
        ({"snoozed_until": "{end}"}, "snoozed_until", "Send snoozed_until only with the status snoozed."),
        ({"status": "done", "snoozed_until": "{end}"}, "snoozed_until", "Send snoozed_until only with"),
        (
            {"status": "snoozed", "snoozed_until": "{past}"},
            "snoozed_until",
            "snoozed_until must be in the future.",
        ),
        (
            {"status": "snoozed", "snoozed_until": "{far}"},
            "snoozed_until",
            "snoozed_until must be at most 365 days",
        ),
        (
            {"status": "snoozed", "snoozed_until": "2026-01-31"},
            "snoozed_until",
            "Send a time with an offset such as",
        ),
        (
            {"status": "snoozed", "snoozed_until": None},
            "snoozed_until",
            "snoozed_until must be a string, not null.",
        ),
        ({"unread": "yes"}, "unread", "unread must be true or false, not a string."),
        ({"labels": "urgent"}, "labels", "labels must be a list, not a string."),
        ({"labels": [5]}, "labels", "Each of labels must be a string, not a number."),
        ({"labels": [""]}, "labels", ""),
        ({"labels": ["\u200b"]}, "labels", ""),
        ({"labels": ["a\nb"]}, "labels", ""),
        ({"labels": ["x" * 51]}, "labels", ""),
        ({"labels": [str(number) for number in range(21)]}, "labels", ""),
        ({"covers": 5}, "covers", "Send covers with status or unread."),
        (
            {"status": "done", "covers": "{other}"},
            "covers",
            "covers must be the id of an interaction of this thread",
        ),
        ({"status": "done", "covers": 2**63}, "covers", "Ensure this value is less than"),
        ({"id": 7}, "id", "There is no such field; there are status, snoozed_until, unread, labels, covers."),
    ],
)
def test_an_invalid_change_is_400_and_changes_nothing(page, profile, fields, field, sentence):
    send(profile, comment("c1"), message("m1"))
    values = {
        "{end}": at(now() + HOUR),
        "{past}": at(now()),
        "{far}": at(now() + YEAR),
        "{other}": row("m1").pk,
    }
    fields = {
        name: values.get(value, value) if isinstance(value, str) else value for name, value in fields.items()
    }
    before = everything()
    answer = change(page, "c1", **fields)
    errors = answer.json()["errors"]
    assert (answer.status_code, list(errors), sentence in str(errors)) == (400, [field], True), errors
    assert everything() == before


def test_a_profile_has_at_most_so_many_labels_and_unused_ones_make_place(page, profile, monkeypatch):
    monkeypatch.setattr(labels, "MAX_LABELS", 4)
    send(profile, comment("c1"), comment("c2"), comment("c3"))
    change(page, "c1", labels=["a", "b"])
    change(page, "c2", labels=["c", "d"])
    before = everything()
    refused = change(page, "c3", labels=["e"], status="done")
    assert (refused.status_code, "200 labels in use" in refused.json()["detail"]) == (409, True)
    assert everything() == before
    change(page, "c1", labels=[])
    assert change(page, "c3", labels=["A", "e"]).json()["labels"] == ["a", "e"]
    assert sorted(Label.objects.values_list("name", flat=True)) == ["a", "c", "d", "e"]


def test_labels_of_profiles_are_separate(page, profile, alice):
    other = Profile.objects.create(owner=alice, platform="x", platform_id="other", handle="other")
    send(profile, comment("c1"))
    send(other, message("m1"))
    change(page, "c1", labels=["urgent"])
    change(page, "talk", labels=["Urgent"])
    assert (roots(page, "label=URGENT"), Label.objects.count()) == (["talk", "c1"], 2)


@pytest.mark.django_db(transaction=True)
def test_simultaneous_changes_store_a_label_once(alice):
    profile = Profile.objects.create(owner=alice, platform="facebook", platform_id="brand", handle="brand")
    send(profile, *(comment(f"c{number}") for number in range(4)))
    answers = simultaneously(
        alice, [profile.pk], *(lambda client, n=n: change(client, f"c{n}", labels=["new"]) for n in range(4))
    )
    assert ([answer.status_code for answer in answers], Label.objects.count()) == ([200] * 4, 1)


def simultaneously(user: User, profiles: list[int], *requests):
    """Send the requests by as many clients; all wait for the profiles' locks until each has begun."""

    def send_one(request):
        client = Client()
        client.force_login(user)
        try:
            return request(client)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(requests)) as pool:
        with profiles_locked(profiles):
            started = [pool.submit(send_one, request) for request in requests]
            wait_for_locks(len(requests))
        return [future.result() for future in started]


# Replies


def reply(client: Client, root: str, key: str | None = None, **fields):
    headers = {"Idempotency-Key": key} if key else {}
    body = {"text": "Thank you!"} | fields
    return client.post(path_of(root, "reply/"), body, content_type=JSON, headers=headers)


def test_a_reply_answers_the_newest_received_row(page, profile):
    send(profile, comment("c1"), comment("c2", T[1], parent_id="c1"), comment("c3", T[2], parent_id="c1"))
    send(profile, comment("a1", T[3], parent_id="c3", author=BRAND), event("comment.hidden", "c3", at(T[4])))
    answer = reply(page, "c1")
    body = answer.json()
    assert (answer.status_code, body["parent"], body["send_status"]) == (201, row("c2").pk, "queued")
    assert (body["thread"], body["direction"]) == (thread("c1").pk, "out")
    check_threads(now())


def test_a_reply_answers_the_newest_row_where_nothing_was_received(page, profile):
    send(profile, message("m1", author=BRAND), message("m2", T[1], author=BRAND))
    assert reply(page, "talk").json()["parent"] == row("m2").pk


def test_a_reply_after_an_answer_that_was_not_seen_is_409_with_that_answer(page, profile):
    send(profile, comment("c1"))
    first = reply(page, "c1", seen_id=row("c1").pk)
    second = reply(page, "c1", seen_id=row("c1").pk)
    assert (first.status_code, second.status_code) == (201, 409)
    problem = second.json()
    assert problem["newer"] == page.get(f"/api/v1/interactions/{first.json()['id']}/").json()
    assert ("newer answer" in problem["detail"], "seen_id" in problem["hint"]) == (True, True)
    assert reply(page, "c1", seen_id=first.json()["id"]).status_code == 201
    assert reply(page, "c1", seen_id=row("c1").pk, anyway=True).status_code == 201
    assert reply(page, "c1").status_code == 201
    assert Interaction.objects.filter(direction="out").count() == 4


def test_an_answer_that_the_network_sent_counts_even_if_it_is_dated_before_another(page, profile):
    send(profile, comment("c1"), comment("a2", T[2], parent_id="c1", author=BRAND))
    seen = row("a2").pk
    assert reply(page, "c1", seen_id=seen).status_code == 201
    send(profile, comment("c2", NOW, parent_id="c1"))
    seen = Interaction.objects.latest("pk").pk
    send(profile, comment("a1", T[1], parent_id="c1", author=BRAND))
    answer = reply(page, "c1", seen_id=seen)
    assert (answer.status_code, answer.json()["newer"]["platform_id"]) == (409, "a1")


def test_a_received_row_that_was_not_seen_is_no_collision(page, profile):
    send(profile, comment("c1"), comment("a1", T[1], parent_id="c1", author=BRAND))
    seen = row("a1").pk
    send(profile, comment("c2", T[3], parent_id="c1"))
    assert reply(page, "c1", seen_id=seen).status_code == 201


def test_an_answer_that_is_deleted_is_no_collision(page, profile):
    send(profile, comment("c1"), comment("a1", T[1], parent_id="c1", author=BRAND))
    send(profile, event("comment.deleted", "a1", at(T[2])), comment("c2", T[3], parent_id="c1"))
    assert reply(page, "c1", seen_id=row("c1").pk).status_code == 201


def test_a_repeated_reply_is_answered_like_the_first_time_in_spite_of_newer_rows(page, profile):
    send(profile, comment("c1"))
    first = reply(page, "c1", "key", seen_id=row("c1").pk)
    send(profile, comment("c2", NOW, parent_id="c1"))
    reply(page, "c1", anyway=True)
    again = reply(page, "c1", "key", seen_id=row("c1").pk)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert reply(page, "c1", "key", text="Something else").status_code == 422
    assert Interaction.objects.filter(direction="out").count() == 2


def test_a_repeated_reply_is_answered_after_its_thread_became_invisible(page, profile):
    send(profile, comment("c1"))
    first = reply(page, "c1", "key").json()
    send(
        profile,
        event("comment.deleted", "c1", at(NOW)),
        event("comment.deleted", first["platform_id"], at(NOW)),
    )
    Interaction.objects.update(deleted_at=NOW)
    assert reply(page, "c1", "key").json()["id"] == first["id"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "\u200b"}, "text"),
        ({"text": "x" * 65_537}, "text"),
        ({"seen_id": -1}, "seen_id"),
        ({"seen_id": "5"}, "seen_id"),
        ({"seen_id": 2**63}, "seen_id"),
        ({"anyway": 1}, "anyway"),
        ({"parent": 5}, "parent"),
    ],
)
def test_an_invalid_reply_is_400_and_stores_nothing(page, profile, fields, field):
    send(profile, comment("c1"))
    before = everything()
    answer = reply(page, "c1", **fields)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert everything() == before


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_replies_one_is_stored_and_the_others_are_409(alice):
    profile = Profile.objects.create(owner=alice, platform="facebook", platform_id="brand", handle="brand")
    send(profile, comment("c1"))
    seen = row("c1").pk
    answers = simultaneously(
        alice, [profile.pk], *(lambda client: reply(client, "c1", seen_id=seen) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    [stored] = Interaction.objects.filter(direction="out")
    assert {answer.json()["newer"]["id"] for answer in answers if answer.status_code == 409} == {stored.pk}


# Notes


def test_a_note_is_stored_and_shown_with_its_thread(page, profile):
    send(profile, comment("c1"))
    answer = post(page, path_of("c1", "notes"), text="Ask the \U0001f33f team.\nToday.")
    assert (answer.status_code, answer.json()["text"]) == (201, "Ask the \U0001f33f team.\nToday.")
    assert page.get(path_of("c1")).json()["notes"] == [answer.json()]
    assert (thread("c1").unread, thread("c1").last_ref) == (True, "c1")


@pytest.mark.parametrize("text", ["", " \n", "\u2800", "x" * 10_001, "a\x00b", None, 5])
def test_an_invalid_note_is_400_and_stores_nothing(page, profile, text):
    send(profile, comment("c1"))
    answer = post(page, path_of("c1", "notes/"), text=text)
    assert (answer.status_code, list(answer.json()["errors"]), Note.objects.count()) == (400, ["text"], 0)


def test_a_thread_has_at_most_so_many_notes(page, profile, monkeypatch):
    monkeypatch.setattr(noting, "MAX_NOTES", 2)
    send(profile, comment("c1"), message("m1"))
    codes = [post(page, path_of("c1", "notes/"), text="a note").status_code for _ in range(3)]
    assert (codes, post(page, path_of("talk", "notes/"), text="a note").status_code) == ([201, 201, 409], 201)


def test_the_query_counts_of_changes_are_constant(page, profile, django_assert_num_queries):
    send(profile, comment("c1"))
    change(page, "c1", labels=["a", "b", "c"])
    path, covers = path_of("c1"), row("c1").pk
    for number, status in enumerate(("done", "open")):
        # Session, user, thread, time, savepoint, lock, thread, covered row, labels, three for the decision, two for unread,
        # savepoint, thread, rows, labels.
        with django_assert_num_queries(19):
            fields = {
                "status": status,
                "covers": covers,
                "labels": [["b"], ["a", "c"]][number],
                "unread": True,
            }
            assert page.patch(path, fields, content_type=JSON).status_code == 200
        with django_assert_num_queries(
            10
        ):  # session, user, thread, time, savepoint, lock, thread, count, note, savepoint
            post(page, f"{path}notes/", text="a note")
        send(profile, *(comment(f"{number}-{other}", parent_id="c1") for other in range(20)))
