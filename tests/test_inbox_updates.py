"""What an open page of the inbox learns by asking: changed rows, rows that are gone, the number of new threads, the pane."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.http import urlencode

from accounts.models import Profile, User
from config.request_limits import MAX_ADDRESS_BYTES
from interactions import replies
from interactions.clock import now
from interactions.models import Interaction, Label, Note, Thread
from interactions.pages import thread_pane
from interactions.pages.shown_list import MAX_SHOWN
from interactions.threads.decisions import decide, mark_read
from interactions.threads.waking import wake_threads
from tests.inbox_pages import (
    action,
    address,
    browser,
    conversation,
    covered,
    gone,
    htmx,
    listed,
    open_thread,
    part,
    press,
    read,
    row_of,
    tabs,
    version_of,
    whole,
)
from tests.thread_requests import row
from tests.world import HOUR, NOW, SECOND, T, at, comment, event, message, send, thread

MINUTE = timedelta(minutes=1)


@pytest.fixture
def three(profile) -> list[Thread]:
    """Threads whose list is c1, c2, c3."""
    send(profile, *(comment(f"c{number}", T[4 - number]) for number in (1, 2, 3)))
    return [thread(f"c{number}") for number in (1, 2, 3)]


def ask(client: Client, before, query: str = "", place: str = "inbox", version: str | None = None, **changed):
    """The answer that the page `before` gets when it asks; `version` and `changed` replace what it tells."""
    told = urlencode(browser(before) | changed)
    sent = version_of(before) if version is None else version
    return client.get(f"/{place}/updates/?{query}&{told}", headers=htmx(client, "main") | {"X-Version": sent})


def poll(client: Client, before, query: str = "", place: str = "inbox", **changed):
    return read(ask(client, before, query, place, **changed))


def arrivals(shown) -> str:
    return shown.one("#arrivals").text


def arrive(profile: Profile, *events: dict) -> None:
    """Ingest the events as received now."""
    send(profile, *events, at=now())


# Rows


def test_nothing_changed_is_no_row_and_the_same_numbers(page, three):
    before = whole(page, address(three[0]))
    shown = poll(page, before)
    assert (shown.all(".row"), gone(shown), arrivals(shown)) == ([], [], "")
    assert (tabs(shown), shown.one("title").text) == (tabs(before), before.one("title").text)
    assert conversation(shown) == ["a comment"]


@pytest.mark.parametrize(
    "change",
    [
        lambda profile: mark_read([thread("c2").pk], NOW),
        lambda profile: send(profile, event("comment.edited", "c2", at(NOW), text="changed")),
        lambda profile: send(profile, comment("r2", T[5], parent_id="c2", text="a comment")),
        lambda profile: Interaction.objects.update(author_name="Another name"),
        lambda profile: Thread.objects.filter(root_ref="c2").update(
            label_ids=[Label.objects.create(profile=profile, is_demo=False, name="a").pk]
        ),
    ],
    ids=["read", "text", "reply", "author", "label"],
)
def test_a_row_that_looks_different_is_sent(page, profile, three, change):
    before = whole(page)
    change(profile)
    shown = poll(page, before)
    assert "c2" in listed(shown)
    assert [one for one in shown.all(".row") if one.attrs.get("hx-swap-oob") != "morph"] == []
    assert poll(page, whole(page)).all(".row") == []


def test_a_row_of_a_thread_that_was_read_before_changes_with_its_status_and_the_end_of_its_snooze(
    page, three
):
    decide([three[1].pk], "done", NOW)
    for status, hours in (("archived", 0), ("snoozed", 1), ("snoozed", 2), ("done", 0)):
        before = whole(page, "/inbox/?status=all")
        decide([three[1].pk], status, NOW, until=now() + hours * HOUR if hours else None)
        assert listed(poll(page, before, "status=all")) == ["c2"]


@pytest.mark.parametrize("status", ["queued", "sent", "failed"])
def test_the_state_of_a_sent_reply_is_part_of_its_row(page, three, status):
    replies.answer_thread(three[1], "Thank you!", NOW)
    Interaction.objects.filter(direction="out").update(send_status="sent" if status == "queued" else "queued")
    before = whole(page, "/inbox/?status=all")
    Interaction.objects.filter(direction="out").update(send_status=status)
    assert listed(poll(page, before, "status=all")) == ["c2"]


def test_a_status_that_the_filter_still_shows_changes_the_row_and_another_removes_it(page, three):
    everything, opened = whole(page, "/inbox/?status=all"), whole(page)
    decide([three[1].pk], "done", NOW)
    shown = poll(page, everything, "status=all")
    assert (listed(shown), gone(shown)) == (["c2"], [])
    shown = poll(page, opened)
    assert (listed(shown), gone(shown), tabs(shown)["Open"]) == ([], [three[1].pk], 2)


def test_rows_whose_comments_were_deleted_are_gone(page, profile, three):
    before = whole(page, "/inbox/?status=all")
    send(profile, event("comment.deleted", "c2", at(NOW)))
    shown = poll(page, before, "status=all")
    assert (gone(shown), tabs(shown)["All"]) == ([three[1].pk], 2)


def test_the_row_of_the_open_thread_stays_and_shows_its_status(page, three):
    before = whole(page, address(three[1]))
    decide([three[1].pk], "done", NOW)
    shown = poll(page, before)
    assert (gone(shown), listed(shown)) == ([], ["c2"])
    assert row_of(shown, three[1]).one(".row-line").text == "done a comment"
    assert row_of(shown, three[1])["aria-selected"] == "true"
    assert gone(poll(page, before, open="")) == [three[1].pk]


def test_rows_of_filters_are_those_that_still_match(page, profile, three):
    label = Label.objects.create(profile=profile, is_demo=False, name="a")
    Thread.objects.update(label_ids=[label.pk])
    before = whole(page, "/inbox/?label=a&unread=true")
    Thread.objects.filter(root_ref="c1").update(label_ids=[])
    mark_read([three[1].pk], NOW)
    shown = poll(page, before, "label=a&unread=true")
    assert sorted(gone(shown)) == [three[0].pk, three[1].pk]
    assert (tabs(shown)["Open"], shown.one("title").text) == (1, "(1) Inbox · Perennial")


def test_the_buttons_of_a_changed_row_are_complete(page, three):
    before = whole(page)
    mark_read([three[1].pk], NOW)
    shown = poll(page, before)
    [sent] = [
        one["hx-vals"] for one in row_of(shown, three[1]).all("button") if "Snooze" in one["aria-label"]
    ]
    press(page, action(three[1], "status"), "", **json.loads(sent))
    assert thread("c2").status == "snoozed"


def test_what_is_not_a_row_of_the_user_is_gone(page, bob, three):
    theirs = Profile.objects.create(owner=bob, platform="x", platform_id="b", handle="bob")
    send(theirs, comment("theirs"))
    other = thread("theirs")
    before = whole(page)
    shown = poll(page, before, shown=f"{other.pk}:x,999999999999999999:y", open=other.pk)
    assert sorted(gone(shown)) == [other.pk, 999999999999999999]
    assert "theirs" not in listed(shown)
    assert open_thread(shown) is None


# New threads


def test_new_threads_are_counted_and_do_not_move_the_list(page, profile, three):
    before = whole(page)
    arrive(profile, comment("n1", now()), comment("n2", T[0]), comment("r1", now(), parent_id="c3"))
    shown = poll(page, before)
    assert (arrivals(shown), listed(shown)) == ("2 new", ["c3"])
    button = shown.one("#arrivals").one("button")
    assert (button["hx-get"], button["hx-target"]) == ("/inbox/", "#list")
    assert tabs(shown)["Open"] == 5
    again = part(page, button["hx-get"], "list")
    assert listed(again) == listed(whole(page))
    assert arrivals(again) == ""


def test_new_threads_are_those_of_the_filters(page, profile, three):
    before = whole(page, "/messages/")
    arrive(profile, comment("n1", now()), message("m1", now()))
    assert arrivals(poll(page, before, place="messages")) == "1 new"
    assert arrivals(poll(page, before, "search=nothing", place="messages")) == ""
    assert arrivals(poll(page, before, "status=done", place="messages")) == ""


def test_a_row_that_was_received_before_the_list_was_read_and_stored_after_it_is_new(page, profile, three):
    before, received = whole(page), now() - 5 * SECOND
    send(profile, comment("n1", received), at=received)
    assert arrivals(poll(page, before)) == "1 new"


def test_a_thread_that_comes_back_from_a_snooze_is_new(page, three):
    decide([three[0].pk], "snoozed", NOW, until=now() + SECOND)
    before = whole(page)
    assert listed(before) == ["c2", "c3"]
    Thread.objects.filter(root_ref="c1").update(decided_until=now(), snoozed_until=now())
    wake_threads(now() + SECOND)
    assert (arrivals(poll(page, before)), thread("c1").unread) == ("1 new", True)


def test_more_than_99_new_threads_are_99_and_more(page, profile, three):
    before = whole(page)
    arrive(profile, *(comment(f"n{number}", now() - MINUTE) for number in range(99)))
    assert arrivals(poll(page, before)) == "99 new"
    arrive(profile, comment("n99", now() - MINUTE))
    assert arrivals(poll(page, before)) == "99+ new"


def test_without_the_time_of_the_list_nothing_is_new(page, profile, three):
    before = whole(page)
    arrive(profile, comment("n1", now()))
    for sent in ("", "yesterday", "\u202e"):
        assert arrivals(poll(page, before, listed=sent)) == ""
    assert arrivals(poll(page, before, listed="0001-01-01T00:00:00Z")) == "1 new"


# The pane


def test_what_arrives_in_the_open_thread_is_shown_and_covered_from_then_on(page, profile, three):
    before = whole(page, address(three[0]))
    arrive(profile, comment("r1", now(), parent_id="c1", text="a reply"))
    Note.objects.create(thread=three[0], profile=profile, is_demo=False, text="a note", created_at=now())
    shown = poll(page, before)
    assert conversation(shown) == ["a comment", "a reply", "note: a note"]
    part_of_pane = shown.one("#conversation")
    assert (part_of_pane["hx-swap-oob"], part_of_pane["data-thread"]) == ("morph", str(three[0].pk))
    assert part_of_pane["data-covers"] == part_of_pane["data-seen"] == str(row("r1").pk)
    assert covered(before)["covers"] == str(row("c1").pk)
    press(page, action(three[0], "status"), status="done", covers=part_of_pane["data-covers"])
    assert thread("c1").status == "done"


def marked_as_read(shown) -> str | None:
    """The row up to which the page marks the open thread as read once it shows the answer; None: it does not."""
    forms = shown.all("#read")
    return forms[0].one("name=covers")["value"] if forms else None


def test_what_arrives_in_the_open_thread_is_marked_as_read_by_the_page_that_shows_it(page, profile, three):
    mark_read([three[0].pk], NOW)
    before = whole(page, address(three[0]))
    arrive(profile, comment("r1", now(), parent_id="c1"))
    shown = poll(page, before)
    assert (marked_as_read(shown), thread("c1").unread) == (str(row("r1").pk), True)
    form = shown.one("#read")
    assert form["hx-trigger"] == "load"
    after = press(page, form["hx-post"], "", **browser(before), unread="0", covers=row("r1").pk)
    assert ("unread" in row_of(after, three[0]).classes, after.one("title").text) == (
        False,
        "(2) Inbox · Perennial",
    )


def test_a_thread_that_the_user_has_marked_as_unread_stays_so_until_a_row_arrives(page, profile, three):
    before = whole(page, address(three[0]))
    assert marked_as_read(before) == str(row("c1").pk)
    press(page, action(three[0], "unread"), "", **browser(before), unread="1")
    assert marked_as_read(poll(page, before)) is None
    assert marked_as_read(press(page, action(three[0], "labels"), **browser(before), new="a")) is None
    arrive(profile, comment("r1", now(), parent_id="c1"))
    assert marked_as_read(poll(page, before)) == str(row("r1").pk)


def test_what_arrives_in_a_thread_that_is_not_open_is_not_marked_as_read(page, profile, three):
    before = whole(page, address(three[0]))
    arrive(profile, comment("r2", now(), parent_id="c2"))
    assert marked_as_read(poll(page, before)) is None
    assert marked_as_read(poll(page, before, open="")) is None


def test_the_newest_rows_are_not_marked_as_read_by_a_page_that_shows_older_ones(page, profile, monkeypatch):
    monkeypatch.setattr(thread_pane, "ROWS_SHOWN", 2)
    send(profile, *(message(f"m{number}", T[0] + number * MINUTE) for number in range(4)))
    path = whole(page, address(thread("talk"))).one(".older-rows").one("a")["href"]
    before = whole(page, path)
    arrive(profile, message("m4", now()))
    rows = before.one("#conversation")["data-rows"]
    assert [marked_as_read(shown) for shown in (before, poll(page, before, rows=rows))] == [None, None]
    assert marked_as_read(poll(page, before)) == str(row("m4").pk)


def test_the_head_of_the_open_thread_follows_what_another_page_has_changed(page, three):
    before = whole(page, address(three[0], query="status=all"))
    press(page, action(three[0], "status"), status="archived")
    press(page, action(three[0], "labels"), new="urgent")
    top = poll(page, before, "status=all").one("#thread-top")
    assert (top["hx-swap-oob"], top["data-thread"]) == ("morph", str(three[0].pk))
    offered = [one.text for one in top.all("name=status") if one.tag == "button"]
    assert (offered, top.one(".thread-head").all(".badge")[0].text) == (["Open again"], "Archived")
    assert top.one(".thread-labels").text == "urgent"


def test_a_thread_that_disappears_while_it_is_open_is_said_to_be_gone(page, profile, three):
    before = whole(page, address(three[1]))
    send(profile, event("comment.deleted", "c2", at(NOW)))
    shown = poll(page, before)
    pane = shown.one("#thread")
    assert (pane["hx-swap-oob"], "This thread is gone" in pane.text) == ("innerHTML", True)
    assert (gone(shown), shown.all("#conversation")) == ([three[1].pk], [])


def test_a_page_without_an_open_thread_gets_no_pane(page, three):
    shown = poll(page, whole(page))
    assert [shown.all(place) for place in ("#conversation", "#thread-top", "#thread")] == [[], [], []]


# When nothing is sent


def test_a_page_with_invalid_filters_gets_nothing(page, three):
    before = whole(page)
    answer = ask(page, before, "unread=maybe")
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.fixture
def connected(transactional_db) -> tuple[Client, Profile]:
    """A client of a user with a profile; each change is committed."""
    user = User.objects.create_user("alice")
    client = Client()
    client.force_login(user)
    return client, Profile.objects.create(
        owner=user, platform="facebook", platform_id="brand", handle="brand"
    )


def test_as_long_as_nothing_has_changed_the_answer_is_204(connected):
    client, profile = connected
    send(profile, comment("c1"), comment("c2"))
    before = whole(client, address(thread("c1")))
    assert version_of(before) != ""
    assert [ask(client, before).status_code for _ in range(2)] == [204, 204]
    assert ask(client, before, version="").status_code == 200
    send(profile, comment("c3"))
    shown = poll(client, before)
    assert version_of(shown) not in ("", version_of(before))
    assert ask(client, before, version=version_of(shown)).status_code == 204


@pytest.mark.parametrize(
    "fields",
    [
        ("status", {"status": "done"}),
        ("unread", {"unread": "0"}),
        ("labels", {"new": "a"}),
        ("write", {"text": "Hello", "mode": "reply"}),
        ("write", {"text": "a note", "mode": "note"}),
        ("block", {"block": "{c1}"}),
    ],
    ids=str,
)
def test_every_action_is_noticed_by_another_page(connected, fields):
    client, profile = connected
    send(profile, comment("c1"), comment("c2"))
    before = whole(client)
    name, values = fields
    values = {key: row("c1").pk if value == "{c1}" else value for key, value in values.items()}
    press(client, action(thread("c1"), name), **values)
    assert ask(client, before).status_code == 200
    after = whole(client)
    press(client, f"/inbox/rows/{row('c2').pk}/hide/")
    assert ask(client, after).status_code == 200


def test_an_answer_that_does_not_show_the_pane_lets_the_page_ask_for_everything(connected):
    client, profile = connected
    send(profile, comment("c1"), comment("c2"))
    before = whole(client, address(thread("c1")))
    send(profile, comment("r1", T[1], parent_id="c1", text="missed"))
    for shown in (
        press(client, action(thread("c2"), "status"), "", **browser(before), status="done"),
        part(client, "/inbox/", "list"),
    ):
        assert version_of(shown) == ""
    shown = press(client, action(thread("c1"), "labels"), **browser(before), new="a")
    assert ask(client, before, version=version_of(shown)).status_code == 204


def test_the_address_of_a_poll_of_many_rows_is_short_enough(page, three):
    rows = ",".join(f"{10**10 + number}:{'f' * 8}" for number in range(MAX_SHOWN))
    query = "status=all&search=" + "%F0%9F%8C%BF" * 50
    answer = ask(page, whole(page, address(three[0])), query, shown=rows)
    assert (answer.status_code, len(gone(read(answer)))) == (200, MAX_SHOWN)
    assert len(answer.wsgi_request.get_full_path()) < MAX_ADDRESS_BYTES
