"""The list of the inbox's pages: its rows, tabs, filters and pages."""

from datetime import timedelta

import pytest

from accounts.models import Profile
from interactions.ages import clock_or_day
from interactions.clock import now
from interactions.models import Label, Thread
from interactions.pages.inbox_list import PAGE_SIZE
from interactions.pages.inbox_query import NAMES
from interactions.text_search import MAX_SEARCH_LENGTH
from interactions.threads.decisions import decide, mark_read, mark_unread
from tests.inbox_pages import (
    LIST,
    address,
    chosen_tab,
    listed,
    open_thread,
    part,
    row_of,
    tabs,
    whole,
)
from tests.thread_filters import every_filter, matches
from tests.world import BRAND, HOUR, NOW, SECOND, T, comment, event, message, send, thread

MINUTE = timedelta(minutes=1)
ADA = {"id": "ada", "handle": "ada", "name": "Ada Lovelace"}


def label(one: Thread, *names: str) -> None:
    for name in names:
        of_profile = {"profile_id": one.profile_id, "is_demo": one.is_demo}
        row, _ = Label.objects.get_or_create(name=name, **of_profile)
        one.label_ids = [*one.label_ids, row.pk]
    one.save()


# Rows


def test_the_three_pages_show_both_kinds_or_one_newest_first(page, profile):
    send(profile, comment("c1", T[2]), comment("c2", T[0]), message("m1", T[1]))
    assert listed(whole(page, "/inbox/")) == ["c1", "talk", "c2"]
    assert listed(whole(page, "/comments")) == ["c1", "c2"]
    assert listed(whole(page, "/messages/")) == ["talk"]


def test_a_row_has_the_person_the_newest_text_and_its_age(page, profile):
    recent = now() - 3 * HOUR
    send(profile, comment("c1", recent - HOUR, author=ADA), at=recent)
    send(profile, comment("c2", recent, parent_id="c1", author=ADA, text="Is it\nopen?"), at=recent)
    row = row_of(whole(page), thread("c1"))
    assert [one.text for one in row.all(".row-head")] == ["Ada Lovelace unread 3h"]
    assert row.one(".row-line").text == "Is it open?"
    assert ("unread" in row.classes, row["aria-selected"]) == (True, "false")
    assert row.one(".row-link")["href"] == address(thread("c1"))
    assert row.one(".avatar").one(".glyph").classes == ["glyph", "facebook"]


def test_a_row_tells_its_status_and_who_wrote_last(page, profile):
    send(profile, *(comment(f"c{number}", T[number], author=ADA) for number in range(5)))
    send(profile, comment("a", NOW - HOUR, parent_id="c4", author=BRAND, text="Thank you!"))
    for name, status in (("c1", "snoozed"), ("c2", "done"), ("c3", "archived")):
        decide([thread(name).pk], status, NOW, until=now() + HOUR if status == "snoozed" else None)
    shown = whole(page, "/inbox/?status=all")
    lines = {name: row_of(shown, thread(name)).one(".row-line").text for name in listed(shown)}
    assert lines == {
        "c4": "done You: Thank you!",
        "c3": "archived a comment",
        "c2": "done a comment",
        "c1": f"snoozed {clock_or_day(thread('c1').snoozed_until)} a comment",
        "c0": "a comment",
    }
    actions = {
        name: [
            button["aria-label"] for button in row_of(shown, thread(name)).one(".row-actions").all("button")
        ]
        for name in lines
    }
    assert actions == {
        **{name: [] for name in ("c2", "c3", "c4")},
        "c1": ["Mark as done"],
        "c0": ["Mark as done", "Snooze until tomorrow"],
    }


def test_a_row_shows_one_label_and_the_number_of_the_others(page, profile):
    send(profile, comment("c1"), comment("c2"))
    label(thread("c1"), "zebra", "Apple", "a name of more letters")
    label(thread("c2"), "a name of more letters")
    shown = whole(page)
    assert row_of(shown, thread("c1")).one(".row-line").text == "a comment a name of mor…+2"
    assert row_of(shown, thread("c2")).one(".row-line").text == "a comment a name of mor…"


def test_rows_are_marked_as_demo_only_where_live_and_demo_mix(page, alice, profile):
    invented = Profile.objects.create(
        owner=alice, platform="x", platform_id="demo", handle="invented", is_demo=True
    )
    send(invented, comment("d1"))
    send(profile, comment("c1"))
    shown = whole(page)
    marks = {name: len(row_of(shown, thread(name)).all(".demo")) for name in ("c1", "d1")}
    assert marks == {"c1": 0, "d1": 1}
    Thread.objects.filter(is_demo=False).delete()
    profile.delete()
    assert row_of(whole(page), thread("d1")).all(".demo") == []


def test_the_open_threads_row_is_selected(page, profile):
    send(profile, comment("c1", T[0]), comment("c2", T[1]))
    shown = whole(page, f"/inbox/{thread('c1').pk}")
    assert [row["aria-selected"] for row in shown.all(".row")] == ["false", "true"]
    assert open_thread(shown) == thread("c1").pk


def test_only_the_list_is_sent_when_htmx_asks_for_it(page, profile):
    send(profile, comment("c1"), comment("c2"))
    shown = part(page, "/inbox/?search=comment", LIST)
    assert (sorted(listed(shown)), open_thread(shown), shown.all("#thread")) == (["c1", "c2"], None, [])
    assert shown.one("title").text == "(2) Inbox · Perennial"


# Tabs


def test_tabs_have_true_counts_and_open_is_the_first_choice(page, profile):
    send(profile, *(comment(f"c{number}", T[0] + number * MINUTE) for number in range(10)))
    decide([thread(name).pk for name in ("c0", "c1")], "snoozed", NOW, until=now() + HOUR)
    decide([thread(name).pk for name in ("c2", "c3", "c4")], "done", NOW)
    decide([thread("c5").pk], "archived", NOW)
    counts = {"Open": 4, "Snoozed": 2, "Done": 3, "All": 10}
    shown = whole(page)
    assert (tabs(shown), chosen_tab(shown), listed(shown)) == (counts, "Open", ["c9", "c8", "c7", "c6"])
    for status, tab, names in (
        ("snoozed", "Snoozed", ["c1", "c0"]),
        ("done", "Done", ["c4", "c3", "c2"]),
        ("archived", None, ["c5"]),
        ("all", "All", [f"c{number}" for number in range(9, -1, -1)]),
        ("open", "Open", ["c9", "c8", "c7", "c6"]),
        ("new", "Open", ["c9", "c8", "c7", "c6"]),
    ):
        shown = whole(page, f"/inbox/?status={status}")
        assert (tabs(shown), chosen_tab(shown), listed(shown)) == (counts, tab, names)


def test_tabs_keep_the_filters_and_count_what_they_match(page, profile):
    send(profile, comment("c1", text="ripe plums"), comment("c2"), message("m1", text="no plums"))
    decide([thread("c1").pk], "done", NOW)
    shown = whole(page, "/inbox/?kind=comment&status=all")
    assert tabs(shown) == {"Open": 1, "Snoozed": 0, "Done": 1, "All": 2}
    assert [tab["href"] for tab in shown.all(".tab")] == [
        "/inbox/?kind=comment",
        "/inbox/?kind=comment&status=snoozed",
        "/inbox/?kind=comment&status=done",
        "/inbox/?kind=comment&status=all",
    ]
    assert tabs(whole(page, "/comments/")) == {"Open": 1, "Snoozed": 0, "Done": 1, "All": 2}


def test_large_numbers_have_commas(page, profile):
    send(profile, *(comment(f"c{number}", T[0] + number * SECOND) for number in range(1_001)))
    assert whole(page).all(".tab")[0].text == "Open 1,001"


@pytest.mark.parametrize(
    ("path", "name"), [("/inbox/", "Inbox"), ("/comments/", "Comments"), ("/messages/", "Messages")]
)
def test_the_title_has_the_number_of_unread_open_threads(page, profile, path, name):
    send(profile, *(comment(f"c{number}") for number in range(3)), message("m1"))
    send(profile, *(message(f"n{number}", conversation_id=f"n{number}") for number in range(2)))
    decide([thread("c0").pk], "done", NOW)
    mark_unread([thread("c0").pk], NOW)
    mark_read([thread("n0").pk], NOW)
    number = {"Inbox": 4, "Comments": 2, "Messages": 2}[name]
    assert whole(page, path).one("title").text == f"({number}) {name} · Perennial"
    mark_read(Thread.objects.values_list("pk", flat=True), NOW)
    assert whole(page, path).one("title").text == f"{name} · Perennial"


# Filters


def all_pages(page, query: str) -> list[int]:
    """The ids of all threads of the query, page by page."""
    shown, ids = whole(page, f"/inbox/?{query}"), []
    while True:
        ids += [int(row["data-id"]) for row in shown.all(".row")]
        links = [link for one in shown.all(".older") for link in one.all("a")]
        if not links:
            return ids
        shown = part(page, links[0]["hx-get"])


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.long)])
def test_every_filter_of_the_address_selects_exactly_its_threads(page, live, threads_in_every_state, step):
    names = dict(Label.objects.values_list("pk", "name"))
    threads = list(Thread.objects.shown().prefetch_related("rows").order_by("-active_at", "-pk"))
    for query, wanted in list(every_filter(live).items())[::step]:
        if "status" in query:
            expected = {query: wanted}
        else:
            expected = {f"{query}&status=all": wanted, query: wanted | {"status": "open"}}
        for sent, values in expected.items():
            assert all_pages(page, sent) == [one.pk for one in threads if matches(one, names, **values)], sent


def test_a_day_is_a_day_of_the_users_zone(page, alice, profile):
    alice.time_zone = "Asia/Tokyo"
    alice.save()
    for name, moment in (
        ("c1", "2026-03-01T14:59:59Z"),
        ("c2", "2026-03-01T15:00:00Z"),
        ("c3", "2026-03-02T15:00:00Z"),
    ):
        send(profile, event("comment.created", name, moment))
    assert listed(whole(page, "/inbox/?active_after=2026-03-02")) == ["c3", "c2"]
    assert listed(whole(page, "/inbox/?active_before=2026-03-03&active_after=2026-03-02")) == ["c2"]
    assert listed(whole(page, "/inbox/?active_after=2026-03-02T15:00:00Z")) == ["c3"]


def test_each_filter_is_shown_in_words_and_can_be_removed(page, profile):
    send(profile, comment("c1"), message("m1"))
    query = {
        "kind": ("comment", "Comments"),
        "platform": ("facebook", "Facebook"),
        "profile": (profile.pk, "@brand"),
        "unread": ("TRUE", "Unread"),
        "label": ("Urgent", "Urgent"),
        "is_demo": ("FALSE", "Live"),
        "sentiment": ("negative", "Negative"),
        "search": ("ripe plums", "“ripe plums”"),
        "active_after": ("2026-03-01", "From 2026-03-01"),
        "active_before": ("2026-03-09", "Before 2026-03-09"),
    }
    path = "/inbox/?" + "&".join(f"{name}={value}" for name, (value, _) in query.items())
    chips = whole(page, path.replace(" ", "+")).one(".chips").all("a")
    assert sorted(chip.text for chip in chips) == sorted(words for _, words in query.values())
    for chip in chips:
        assert chip["aria-label"] == f"Remove the filter {chip.text}"
        left = {part.split("=")[0] for part in chip["href"].partition("?")[2].split("&")}
        assert len(left) == len(query) - 1
    assert whole(page, "/inbox/?status=done").all(".chips") == []


def test_a_list_of_archived_threads_says_so_and_leads_back_to_open(page, profile):
    send(profile, comment("c1"))
    chips = whole(page, "/inbox/?status=archived&kind=comment").one(".chips").all("a")
    assert [chip.text for chip in chips] == ["Archived", "Comments"]
    assert [chip["href"] for chip in chips] == ["/inbox/?kind=comment", "/inbox/?status=archived"]
    assert chips[0]["aria-label"] == "Remove the filter Archived"
    [chip] = whole(page, "/inbox/?status=archived").one(".chips").all("a")
    assert (chip.text, chip["href"]) == ("Archived", "/inbox/")


def statuses(shown) -> dict[str, str]:
    """The statuses that the filters offer, with their values."""
    return {one.text: one["value"] for one in shown.one("#filter-status").all("option")}


def selected_status(shown) -> list[str]:
    return [one.text for one in shown.one("#filter-status").all("option") if "selected" in one]


def test_the_filters_offer_every_status_and_open_is_the_first_one(page, profile):
    values = {"Open": "", "Snoozed": "snoozed", "Done": "done", "Archived": "archived", "All": "all"}
    shown = whole(page)
    assert list(statuses(shown).items()) == list(values.items())
    assert selected_status(shown) == []
    assert selected_status(whole(page, "/inbox/?status=open")) == []
    for status in ("Snoozed", "Done", "Archived", "All"):
        assert selected_status(whole(page, f"/inbox/?status={values[status]}")) == [status]


def test_a_filter_and_the_search_keep_the_others(page, profile):
    send(profile, comment("c1"))
    names = ("status", "is_demo", "sentiment", "label", "search", "content")
    query = dict(zip(names, ("all", "false", "positive", "x", "y", "7"), strict=True))
    shown = whole(page, "/inbox/?" + "&".join(f"{name}={value}" for name, value in query.items()))
    for form in (shown.one("role=search"), shown.one("#filters").one("form")):
        assert sent_by(form) == query


def sent_by(form) -> dict[str, str]:
    """What the form sends, without empty values."""
    inputs = {one["name"]: one["value"] for one in form.all("input")}
    chosen = {
        select["name"]: option["value"]
        for select in form.all("select")
        for option in select.all("option")
        if "selected" in option
    }
    return {name: value for name, value in (inputs | chosen).items() if value}


def test_the_field_of_the_search_takes_as_much_as_the_search(page, alice):
    assert int(whole(page).one("#search")["maxlength"]) == MAX_SEARCH_LENGTH


def test_the_first_and_the_last_day_are_days_in_every_zone(page, alice, profile):
    send(profile, comment("c1"))
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        alice.time_zone = zone
        alice.save()
        assert listed(whole(page, "/inbox/?active_after=0001-01-01&active_before=9999-12-31")) == ["c1"]


def test_an_empty_filter_is_none_and_an_unknown_parameter_is_ignored(page, profile):
    send(profile, comment("c1"))
    shown = whole(page, "/inbox/?platform=&search=&utm_source=mail&cursor=nonsense&rows=nonsense")
    assert (listed(shown), shown.all(".chips")) == (["c1"], [])


def test_the_kind_of_a_page_with_one_kind_is_not_a_filter(page, profile):
    send(profile, comment("c1"), message("m1"))
    shown = whole(page, "/comments/?kind=message")
    assert (listed(shown), shown.all(".chips"), shown.all("#filter-kind")) == (["c1"], [], [])
    assert len(whole(page, "/inbox/").all("#filter-kind")) == 1


INVALID = {
    "status=nonsense": "Status: Choose open, snoozed, done, archived or all.",
    "kind=post": "Type: Choose comments or messages.",
    "platform=myspace": "Platform: Choose a platform of the list.",
    "profile=x": "Profile: Choose one of your profiles.",
    "content=1.5": "Post: Choose one of your posts.",
    "unread=maybe": "Read or unread: Choose read or unread.",
    "is_demo=2": "Demo or live: Choose demo or live.",
    "sentiment=angry": "Sentiment: Choose positive, neutral or negative.",
    f"label={'x' * 51}": "Label: A label has at most 50 characters, in one line and all visible.",
    f"search={'x' * 201}": "Search: Search for at most 100 characters.",
    "active_after=tomorrow": "Active from: Give a day such as 2026-01-31.",
    "active_before=2026-02-30": "Active before: Give a day such as 2026-01-31.",
    "active_after=2026-03-05&active_before=2026-03-04": "Active from: The day must be before that of “Active before”.",
}


def test_every_filter_has_a_sentence_for_people():
    assert {query.split("=")[0] for query in INVALID} == set(NAMES)


@pytest.mark.parametrize("query", INVALID)
def test_an_invalid_filter_is_400_with_a_sentence(page, profile, query):
    send(profile, comment("c1"))
    for place in ("", f"{thread('c1').pk}", "older/"):
        shown = whole(page, f"/inbox/{place}?{query}", code=400)
        assert [one.text for one in shown.one(".empty").all("p")] == [INVALID[query]]
        assert shown.one(".empty").one("a")["href"] == "/inbox/"
    answer = page.get(f"/inbox/?{query}", headers={"HX-Request": "true", "HX-Target": "list"})
    assert answer.status_code == 400


def test_an_id_that_is_not_of_the_user_matches_nothing(page, profile, bob):
    send(profile, comment("c1"))
    theirs = Profile.objects.create(owner=bob, platform="x", platform_id="b", handle="bob")
    send(theirs, comment("theirs"))
    for query in (f"profile={theirs.pk}", "profile=99999999999999999999", "content=1", "label=unknown"):
        shown = whole(page, f"/inbox/?{query}")
        assert (listed(shown), tabs(shown)) == ([], {"Open": 0, "Snoozed": 0, "Done": 0, "All": 0})


# Nothing to show


def empty(page, path: str) -> tuple[str, str]:
    """The heading and the link of a list without threads."""
    shown = whole(page, path).one(".list-scroll")
    links = shown.all("a")
    return shown.one("h2").text, links[0]["href"] if links else ""


def test_an_empty_list_says_why_and_what_to_do(page, alice):
    assert empty(page, "/inbox/") == ("Your inbox is empty", "/")
    profile = Profile.objects.create(owner=alice, platform="facebook", platform_id="brand", handle="brand")
    assert empty(page, "/inbox/") == ("All done", "/inbox/?status=all")
    assert empty(page, "/inbox/?status=snoozed") == ("Nothing is snoozed", "")
    assert empty(page, "/inbox/?status=all") == ("Nothing here yet", "")
    send(profile, comment("c1"))
    assert empty(page, "/inbox/?search=plums&status=done") == ("Nothing matches", "/inbox/?status=done")
    assert empty(page, "/messages/?label=a") == ("Nothing matches", "/messages/")


def test_a_filtered_list_in_which_nothing_is_open_says_that_all_is_done(page, profile):
    send(profile, comment("c1"))
    decide([thread("c1").pk], "done", NOW)
    path = "/inbox/?kind=comment&platform=facebook"
    assert empty(page, path) == ("All done here", path + "&status=all")
    shown = whole(page, path).one("#threads")
    assert [one["href"] for one in shown.all("a")] == [path + "&status=all", "/inbox/"]
    assert shown.one("p").text == "No thread is open that matches these filters: Comments, Facebook"
    assert empty(page, path + "&status=snoozed")[0] == "Nothing matches"
    assert empty(page, "/inbox/?kind=message")[0] == "Nothing matches"


# Pages


@pytest.fixture
def many(profile) -> list[str]:
    """Threads of three pages, newest first; some have the same time."""
    moments = {f"c{number:03}": T[0] + (number // 3) * SECOND for number in range(2 * PAGE_SIZE + 7)}
    send(profile, *(comment(name, moment) for name, moment in moments.items()))
    rows = Thread.objects.order_by("-active_at", "-pk")
    return list(rows.values_list("root_ref", flat=True))


def older(shown) -> str:
    return shown.one(".older").one("a")["hx-get"]


def test_older_threads_follow_page_by_page_each_once_whatever_arrives(page, profile, many):
    first = whole(page)
    assert listed(first) == many[:PAGE_SIZE]
    send(profile, comment("newer", NOW), comment("reply", NOW, parent_id=many[60]))
    second = part(page, older(first))
    rest = [name for name in many if name != many[60]]
    assert listed(second) == rest[PAGE_SIZE : 2 * PAGE_SIZE]
    third = part(page, older(second))
    assert (listed(third), third.all(".older")) == (rest[2 * PAGE_SIZE :], [])


def test_older_threads_keep_the_filters(page, profile, many):
    mark_read(Thread.objects.filter(root_ref__endswith="0").values_list("pk", flat=True), NOW)
    first = whole(page, "/inbox/?unread=true&status=all")
    rest = [name for name in many if not name.endswith("0")]
    assert listed(first) + listed(part(page, older(first))) == rest[: 2 * PAGE_SIZE]


def test_without_htmx_older_threads_are_a_whole_page(page, many):
    link = whole(page).one(".older").one("a")["href"]
    shown = whole(page, link)
    assert (listed(shown), tabs(shown)["Open"]) == (many[PAGE_SIZE : 2 * PAGE_SIZE], len(many))


@pytest.mark.parametrize("cursor", ["nonsense", "W10=", "WzEsbnVsbCwwXQ==", "%F0%9F%A6%80"])
def test_an_invalid_cursor_is_404_with_a_link_to_the_list(page, many, cursor):
    shown = whole(page, f"/inbox/older/?cursor={cursor}", code=404).one(".empty")
    assert "This page of the list does not exist." in shown.text
    assert shown.one("a")["href"] == "/inbox/"
    assert page.get(f"/inbox/older/?cursor={cursor}", headers={"HX-Request": "true"}).status_code == 404
