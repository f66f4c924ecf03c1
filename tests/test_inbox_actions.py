"""What a user does with one thread on the inbox's pages: its status, whether it is read, its labels, who is blocked; undo."""

import json
from datetime import datetime

import pytest

from accounts.models import Profile
from interactions.api.throttling import BulkChanges
from interactions.clock import now
from interactions.models import BlockedAuthor, Decision, Interaction, Label, Moderation, Thread
from interactions.moderation import blocking
from interactions.threads import labels
from interactions.threads.decisions import decide, mark_read
from tests.expected_threads import check_threads
from tests.inbox_pages import (
    action,
    address,
    browser,
    covered,
    gone,
    listed,
    notices,
    open_thread,
    part,
    press,
    row_of,
    submit,
    tabs,
    toast,
    undo_form,
    whole,
)
from tests.thread_requests import everything, row
from tests.world import BRAND, DAY, HOUR, NOW, SECOND, T, at, comment, event, message, send, thread

ADA = {"id": "ada", "handle": "ada", "name": "Ada Lovelace"}
TOO_LONG = "must be a name of 1 to 50 characters in one line"


@pytest.fixture
def three(profile) -> list[Thread]:
    """Threads whose list is c1, c2, c3."""
    send(profile, *(comment(f"c{number}", T[4 - number], author=ADA) for number in (1, 2, 3)))
    return [thread(f"c{number}") for number in (1, 2, 3)]


def status_of(root: str) -> tuple[str, datetime | None, bool]:
    found = thread(root)
    return found.status, found.snoozed_until, found.unread


def later(hours: int = 1) -> datetime:
    return (now() + hours * HOUR).replace(microsecond=0)


# Status


@pytest.mark.parametrize(
    ("status", "sentence"),
    [("done", "Marked as done."), ("archived", "Archived."), ("snoozed", "Snoozed until")],
)
def test_done_archive_and_snooze_open_the_next_thread_and_offer_undo(page, three, status, sentence):
    before = whole(page, address(three[1]))
    fields = {"status": status, "until": at(later())} if status == "snoozed" else {"status": status}
    shown = press(page, action(three[1], "status"), **browser(before), **covered(before), **fields)
    assert open_thread(shown) == three[2].pk
    assert toast(shown).startswith(sentence)
    assert (gone(shown), shown.all(".row"), shown.one("title").text) == (
        [three[1].pk],
        [],
        "(2) Inbox · Perennial",
    )
    assert tabs(shown)["Open"] == 2
    assert status_of("c2")[0] == status
    address_of_undo, undo = undo_form(shown)
    listed_again = press(page, address_of_undo, "list", **undo)
    assert (listed(listed_again), open_thread(listed_again)) == (["c1", "c2", "c3"], three[1].pk)
    assert status_of("c2")[:2] == ("open", None)
    check_threads(now())


def test_after_the_last_thread_the_one_before_opens_and_after_the_only_one_none(page, three):
    for done, following in ((three[2], three[1]), (three[1], three[0]), (three[0], None)):
        before = whole(page, address(done))
        shown = press(page, action(done, "status"), **browser(before), status="done")
        assert open_thread(shown) == (following and following.pk)
    assert "Choose a thread" in shown.text


def test_opening_again_keeps_the_thread_in_the_pane(page, three):
    decide([three[0].pk], "archived", NOW)
    before = whole(page, address(three[0], query="status=archived"))
    shown = press(page, action(three[0], "status", query="status=archived"), **browser(before), status="open")
    assert (open_thread(shown), toast(shown)) == (three[0].pk, "Opened again.")
    assert status_of("c1") == ("open", None, False)
    assert (gone(shown), [one["data-id"] for one in shown.all(".row")]) == ([], [str(three[0].pk)])


def test_a_button_of_a_row_leaves_the_pane_and_brings_the_row_up_to_date(page, three):
    before = whole(page, address(three[0], query="status=all"))
    shown = press(page, action(three[1], "status", query="status=all"), "", **browser(before), status="done")
    assert (open_thread(shown), shown.all(".thread"), toast(shown)) == (None, [], "Marked as done.")
    assert row_of(shown, three[1]).one(".row-line").text == "done a comment"
    assert [one["data-id"] for one in shown.all(".row")] == [str(three[1].pk)]


def test_the_buttons_of_a_row_send_what_it_shows(page, three):
    buttons = row_of(whole(page), three[1]).one(".row-actions").all("button")
    sent = [json.loads(button["hx-vals"]) for button in buttons]
    assert [(one["status"], one["covers"]) for one in sent] == [
        *[("done", str(row("c2").pk)), ("snoozed", str(row("c2").pk))]
    ]
    press(page, buttons[1]["hx-post"], "", **sent[1])
    assert status_of("c2")[0] == "snoozed"


@pytest.mark.parametrize("status", ["done", "archived", "snoozed"])
def test_a_message_that_was_not_shown_keeps_the_thread_open_and_unread(page, profile, status):
    send(profile, message("m1"))
    before = whole(page, address(thread("talk")))
    send(profile, message("m2", T[1]), at=NOW + SECOND)
    fields = {"status": status} | ({"until": at(later())} if status == "snoozed" else {})
    shown = press(page, action(thread("talk"), "status"), **browser(before), **covered(before), **fields)
    assert (status_of("talk"), gone(shown)) == (("open", None, True), [])
    assert row_of(shown, thread("talk")).one(".row-line").text == "a message"
    assert press(page, action(thread("talk"), "status"), covers=row("m2").pk, **fields)
    assert status_of("talk")[0] == status
    check_threads(now())


def test_what_covers_a_row_that_is_not_of_the_thread_changes_nothing(page, three):
    before = everything()
    for covers in (row("c1").pk, 10**17):
        shown = press(page, action(three[1], "status"), code=422, status="done", covers=covers)
        assert open_thread(shown) == three[1].pk
        assert toast(shown) == "The thread has changed meanwhile. Look at it, then do it again."
    assert everything() == before


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Choose what to do with the thread: done, archive, snooze or open."),
        ({"status": "closed"}, "Choose what to do with the thread: done, archive, snooze or open."),
        ({"status": "snoozed"}, "Choose when the snooze ends."),
        ({"status": "snoozed", "until": "tomorrow"}, "Choose when the snooze ends."),
        ({"status": "snoozed", "until": "2026-03-04T09:00"}, "Choose a time in the future."),
        ({"status": "snoozed", "until": "0001-01-01T00:00"}, "Choose a time in the future."),
        (
            {"status": "snoozed", "until": "9999-12-31T23:59"},
            "A snooze ends within 365 days; choose an earlier time.",
        ),
    ],
)
def test_a_status_that_is_not_possible_is_refused_with_a_sentence(page, three, fields, sentence):
    before = everything()
    shown = press(page, action(three[0], "status"), code=422, **fields)
    assert (toast(shown), open_thread(shown)) == (sentence, three[0].pk)
    assert shown.one(".toast")["role"] == "alert"
    path, shown = submit(page, action(three[0], "status"), **fields)
    assert (path, notices(shown)) == (address(three[0]), [sentence])
    assert everything() == before


def test_a_snooze_ends_when_the_user_said_in_their_zone(page, alice, three):
    alice.time_zone = "Asia/Tokyo"
    alice.save()
    ahead = (now() + 3 * DAY).replace(hour=15, minute=30, second=0, microsecond=0)
    shown = press(
        page, action(three[0], "status"), status="snoozed", until=f"{ahead + 9 * HOUR:%Y-%m-%dT%H:%M}"
    )
    assert status_of("c1")[:2] == ("snoozed", ahead)
    assert toast(shown) == f"Snoozed until {ahead + 9 * HOUR:%a %-d %b, %H:%M}."


def test_a_repeated_status_changes_nothing(page, three):
    for fields in ({"status": "done"}, {"status": "snoozed", "until": at(later())}):
        press(page, action(three[0], "status"), **fields)
        before = everything()
        press(page, action(three[0], "status"), **fields)
        assert everything() == before
    assert Decision.objects.count() == 2


def test_undo_gives_back_status_and_snooze_and_repeated_changes_nothing(page, three):
    until = later(50)
    for given in ("archived", "snoozed", "open", "done"):
        decide([three[0].pk], given, now(), until=until if given == "snoozed" else None)
        shown = press(page, action(three[0], "status"), status="archived" if given == "done" else "done")
        path, undo = undo_form(shown)
        press(page, path, "list", **undo)
        assert status_of("c1")[:2] == (given, until if given == "snoozed" else None)
        before = everything()
        press(page, path, "list", **undo)
        assert everything() == before


@pytest.mark.parametrize("status", ["done", "archived", "snoozed"])
@pytest.mark.parametrize("unread", [True, False])
def test_undo_gives_back_whether_the_thread_was_unread(page, three, status, unread):
    if not unread:
        mark_read([three[0].pk], NOW)
    shown = press(page, action(three[0], "status"), status=status, until=at(later()))
    path, undo = undo_form(shown)
    assert status_of("c1")[2] is False
    shown = press(page, path, "list", **undo)
    assert (status_of("c1"), "unread" in row_of(shown, three[0]).classes) == (("open", None, unread), unread)
    assert (open_thread(shown), shown.all("#read")) == (three[0].pk, [])
    check_threads(now())


def test_undo_leaves_a_thread_of_which_a_row_has_arrived_since(page, profile, three):
    mark_read([three[0].pk], NOW)
    decide([three[0].pk], "archived", NOW)
    path, undo = undo_form(press(page, action(three[0], "status"), status="done"))
    send(profile, comment("r1", now(), parent_id="c1"), at=now())
    before = everything()
    shown = press(page, path, "list", **undo)
    assert (status_of("c1"), everything()) == (("open", None, True), before)
    assert toast(shown) == "1 thread was left as it is: it has changed since."


def test_undo_of_a_change_in_the_list_leaves_the_pane_as_it_is(page, three):
    before = whole(page, address(three[1]))
    shown = press(page, action(three[0], "status"), "", status="done", **browser(before))
    path, undo = undo_form(shown)
    shown = press(page, path, "list", **undo, **browser(before))
    assert (open_thread(shown), status_of("c1")[0]) == (three[1].pk, "open")


def test_undo_leaves_a_thread_on_which_somebody_has_decided_since(page, three):
    path, undo = undo_form(press(page, action(three[0], "status"), status="done"))
    until = later(50)
    press(page, action(three[0], "status"), status="snoozed", until=at(until))
    shown = press(page, path, "list", **undo)
    assert status_of("c1")[:2] == ("snoozed", until)
    assert toast(shown) == "1 thread was left as it is: it has changed since."


def test_what_was_shown_must_be_an_id(page, three):
    before = everything()
    for covers in ("-1", "9" * 30, "<b>"):
        shown = press(page, action(three[0], "status"), code=422, status="done", covers=covers)
        assert toast(shown) == "The thread has changed meanwhile. Look at it, then do it again."
    assert everything() == before


def test_too_many_undos_within_a_minute_are_refused(page, three, monkeypatch):
    monkeypatch.setitem(BulkChanges.THROTTLE_RATES, "bulk", "1/min")
    path, undo = undo_form(press(page, action(three[0], "status"), status="done"))
    press(page, path, "list", **undo)
    press(page, action(three[0], "status"), status="done")
    shown = press(page, path, "list", **undo)
    assert (toast(shown), status_of("c1")[0]) == (
        "Too many changes within a minute; try again in a moment.",
        "done",
    )


def test_undo_of_a_snooze_that_has_ended_meanwhile_opens_the_thread(page, three):
    restore = f"{three[0].pk} snoozed {at(NOW)},{three[1].pk} snoozed {at(later())}"
    for one in three[:2]:
        press(page, action(one, "status"), status="done")
    press(page, "/inbox/undo/", "list", restore=restore)
    assert [status_of(name)[0] for name in ("c1", "c2", "c3")] == ["open", "snoozed", "open"]
    assert (thread("c1").decision, thread("c1").unread) == ("open", False)


def test_undo_gives_back_those_that_are_left(page, profile, three):
    restore = ",".join(f"{one.pk} open" for one in three)
    for one in three:
        press(page, action(one, "status"), status="done")
    send(profile, event("comment.deleted", "c2", at(NOW)))
    shown = press(page, "/inbox/undo/", "list", restore=restore)
    assert (listed(shown), status_of("c1")[0], status_of("c3")[0]) == (["c1", "c3"], "open", "open")


@pytest.mark.parametrize(
    "restore",
    [
        "",
        "x",
        "{id}",
        "{id} closed",
        "{id} snoozed",
        "{id} snoozed never",
        "{id} snoozed 9999-01-01T00:00:00Z",
        "0 open",
        "9" * 40,
    ],
)
def test_an_undo_that_cannot_be_read_changes_nothing(page, three, restore):
    decide([three[0].pk], "done", NOW)
    before = everything()
    shown = press(page, "/inbox/undo/?status=all", "list", restore=restore.format(id=three[0].pk))
    assert (listed(shown), everything()) == (["c1", "c2", "c3"], before)


def test_a_thread_that_is_gone_is_404_with_a_sentence(page, profile, three):
    send(profile, event("comment.deleted", "c2", at(NOW)))
    before = everything()
    for name, fields in (
        ("status", {"status": "done"}),
        ("unread", {"unread": "1"}),
        ("labels", {"new": "a"}),
        ("write", {"text": "Hello", "mode": "reply"}),
        ("block", {"block": "1"}),
    ):
        shown = press(page, action(three[1], name), code=404, **fields)
        sentence = "This thread is gone: it was deleted meanwhile."
        assert (toast(shown), shown.all("h2")[0].text) == (sentence, "This thread is gone")
        if name != "write":
            path, shown = submit(page, action(three[1], name), **fields)
            assert (path, notices(shown)) == (address(three[1]), [sentence])
    assert everything() == before


def test_without_htmx_a_form_leads_to_the_list_or_the_thread_with_a_sentence(page, three):
    path, shown = submit(page, action(three[0], "status", query="status=all"), status="done")
    assert (path, notices(shown)) == ("/inbox/?status=all", ["Marked as done."])
    path, shown = submit(page, action(three[0], "status", "comments"), status="done", next=three[1].pk)
    assert (path, notices(shown)) == (address(three[1], "comments"), ["Marked as done."])
    path, shown = submit(page, action(three[0], "status"), status="open")
    assert (path, notices(shown)) == (address(three[0]), ["Opened again."])
    path, shown = submit(page, action(three[0], "status"), status="snoozed")
    assert (path, notices(shown)) == (address(three[0]), ["Choose when the snooze ends."])


# Read and unread


def test_a_thread_is_marked_as_read_without_a_word_and_as_unread_with_one(page, three):
    before = whole(page, address(three[0]))
    shown = press(page, action(three[0], "unread"), "", **browser(before), unread="0")
    assert (status_of("c1"), toast(shown), shown.one("title").text) == (
        ("open", None, False),
        None,
        "(2) Inbox · Perennial",
    )
    assert "unread" not in row_of(shown, three[0]).classes
    shown = press(page, action(three[0], "unread"), "", **browser(before), unread="1")
    assert (status_of("c1"), toast(shown)) == (("open", None, True), "Marked as unread.")


def test_what_was_not_shown_stays_unread(page, profile):
    send(profile, message("m1"))
    before = whole(page, address(thread("talk")))
    send(profile, message("m2", T[1]), at=NOW + SECOND)
    press(page, action(thread("talk"), "unread"), "", **browser(before), unread="0", **covered(before))
    assert status_of("talk") == ("open", None, True)
    press(page, action(thread("talk"), "unread"), "", unread="0", covers=row("m2").pk)
    assert status_of("talk") == ("open", None, False)
    check_threads(now())


def test_repeated_marks_change_nothing(page, three):
    for unread in ("0", "1"):
        press(page, action(three[0], "unread"), "", unread=unread)
        before = everything()
        press(page, action(three[0], "unread"), "", unread=unread)
        assert everything() == before


# Labels


def names_of(one: Thread) -> list[str]:
    return sorted(
        Label.objects.filter(pk__in=Thread.objects.get(pk=one.pk).label_ids).values_list("name", flat=True)
    )


def test_labels_are_chosen_added_and_removed(page, three):
    before = whole(page, address(three[0]))
    shown = press(page, action(three[0], "labels"), **browser(before), new=" Billing  question ")
    assert (names_of(three[0]), open_thread(shown)) == (["Billing question"], three[0].pk)
    assert shown.one(".thread-labels").text == "Billing question"
    assert row_of(shown, three[0]).one(".label").text == "Billing quest…"
    press(page, action(three[0], "labels"), label=["Billing question"], new="urgent")
    assert names_of(three[0]) == ["Billing question", "urgent"]
    stored = everything()
    press(page, action(three[0], "labels"), label=["Billing question", "urgent"])
    assert everything() == stored
    both = ["Billing question", "urgent"]
    press(page, action(three[0], "labels"), shown_label=both, label=["urgent"], new="URGENT")
    assert names_of(three[0]) == ["urgent"]
    press(page, action(three[0], "labels"), shown_label=["urgent"])
    assert names_of(three[0]) == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"new": "x" * 51}, f"The label {TOO_LONG}; it has 51."),
        ({"new": "a\u202eb"}, f"The label {TOO_LONG}; remove U+202E"),
        ({"label": ["fine", "\u200b"]}, f"The label {TOO_LONG}"),
        ({"label": [f"l{number}" for number in range(21)]}, "A thread has at most 20 labels."),
    ],
)
def test_labels_that_are_not_possible_are_refused_with_a_sentence(page, three, fields, sentence):
    before = everything()
    shown = press(page, action(three[0], "labels"), code=422, **fields)
    assert (toast(shown).startswith(sentence), open_thread(shown), everything()) == (
        True,
        three[0].pk,
        before,
    )


def test_a_label_that_the_thread_got_meanwhile_stays(page, three):
    press(page, action(three[0], "labels"), new="old")
    form = whole(page, address(three[0])).one("#label-menu")
    shown = [field["value"] for field in form.all("input") if field.attrs.get("name") == "shown_label"]
    press(page, action(three[0], "labels"), new="meanwhile")
    press(page, action(three[0], "labels"), shown_label=shown, label=[], new="mine")
    assert names_of(three[0]) == ["meanwhile", "mine"]


def test_a_profile_that_has_all_its_labels_gets_no_other(page, three, monkeypatch):
    monkeypatch.setattr(labels, "MAX_LABELS", 2)
    press(page, action(three[0], "labels"), label=["a", "b"])
    before = everything()
    shown = press(page, action(three[1], "labels"), code=409, new="c")
    assert toast(shown).startswith("The profile has as many labels as it may have.")
    assert everything() == before


# Blocking


def test_a_person_is_blocked_which_hides_what_they_wrote_and_unblocked(page, profile, three):
    send(profile, comment("c4", T[4], author={"id": "bob"}), comment("c5", T[5], parent_id="c4", author=ADA))
    shown = press(page, action(three[0], "block"), block=row("c1").pk)
    assert toast(shown) == "Ada Lovelace is blocked. What they write is hidden."
    assert open_thread(shown) == three[0].pk
    hidden = Interaction.objects.exclude(hidden_at=None).values_list("platform_id", flat=True)
    assert sorted(hidden) == ["c1", "c2", "c3", "c5"]
    assert Moderation.objects.filter(action="hide").count() == 4
    path, undo = undo_form(shown)
    assert (path.partition("?")[0], undo) == (
        action(three[0], "block"),
        {"unblock": str(row("c1").pk), "show": "1"},
    )
    shown = press(page, path, **undo)
    assert (toast(shown), BlockedAuthor.objects.exists()) == ("Ada Lovelace is not blocked any more.", False)
    assert list(Interaction.objects.exclude(hidden_at=None)) == []
    assert Moderation.objects.filter(action="hide").count() == 0
    check_threads(now())


def test_undoing_a_block_leaves_what_was_hidden_before_and_other_people(page, profile, three):
    send(profile, comment("c4", T[4], author={"id": "bob"}))
    send(profile, event("comment.hidden", "c2", at(NOW)), event("comment.hidden", "c4", at(NOW)))
    path, undo = undo_form(press(page, action(three[0], "block"), block=row("c1").pk))
    press(page, path, **undo)
    hidden = Interaction.objects.exclude(hidden_at=None).values_list("platform_id", flat=True)
    assert sorted(hidden) == ["c2", "c4"]


def test_unblocking_later_leaves_hidden_what_is_hidden(page, profile, three):
    press(page, action(three[0], "block"), block=row("c1").pk)
    shown = press(page, action(three[0], "block"), unblock=row("c1").pk)
    assert (
        toast(shown)
        == "Ada Lovelace is not blocked any more. What is hidden stays hidden; unhide it where you want."
    )
    assert Interaction.objects.exclude(hidden_at=None).count() == 3


def test_the_person_is_shown_as_blocked(page, three):
    press(page, action(three[0], "block"), block=row("c1").pk)
    shown = part(page, f"/inbox/{three[1].pk}/person/")
    assert ([one.text for one in shown.all(".danger")], [one.text for one in shown.all("button")]) == (
        ["Blocked"],
        ["Unblock"],
    )
    button = shown.one("button")
    assert (button["name"], button["value"]) == ("unblock", str(row("c2").pk))


def test_an_answered_thread_is_named_after_its_person_who_was_blocked(page, profile):
    send(profile, comment("c1", T[0], author=ADA), comment("a1", T[1], parent_id="c1", author=BRAND))
    one = thread("c1")
    shown = press(page, action(one, "block"), block=row("c1").pk)
    assert shown.one(f"#thread-name-{one.pk}").text == "Ada Lovelace"
    assert row_of(whole(page, "/inbox/?status=all"), one).all(".row-head")[0].text.startswith("Ada Lovelace")
    shown = part(page, f"/inbox/{one.pk}/person/")
    assert ([one.text for one in shown.all(".danger")], [one.text for one in shown.all("button")]) == (
        ["Blocked"],
        ["Unblock"],
    )
    assert shown.one("button")["value"] == str(row("c1").pk)
    assert page.get(f"/api/v1/threads/{one.pk}/").json()["author"]["id"] == "ada"


def test_repeated_blocks_and_unblocks_change_nothing(page, three):
    for name in ("block", "unblock"):
        fields = {name: row("c1").pk}
        press(page, action(three[0], "block"), **fields)
        before = [everything(), list(BlockedAuthor.objects.values()), list(Moderation.objects.values())]
        press(page, action(three[0], "block"), **fields)
        after = [everything(), list(BlockedAuthor.objects.values()), list(Moderation.objects.values())]
        assert after == before


def test_a_person_with_the_longest_handle_and_no_name_is_blocked(page, profile):
    send(profile, comment("c1", author={"id": "x" * 255, "handle": "h" * 255}))
    press(page, action(thread("c1"), "block"), block=row("c1").pk)
    assert BlockedAuthor.objects.get().author_id == "x" * 255


def test_the_brand_is_not_blocked(page, profile):
    send(profile, comment("c1", author=BRAND))
    shown = press(page, action(thread("c1"), "block"), code=422, block=row("c1").pk)
    assert (toast(shown), BlockedAuthor.objects.exists()) == (
        "This thread has nobody who can be blocked.",
        False,
    )


def test_a_profile_that_has_blocked_as_many_as_it_may_blocks_no_other(page, three, monkeypatch):
    monkeypatch.setattr(blocking, "MAX_BLOCKED", 0)
    shown = press(page, action(three[0], "block"), code=422, block=row("c1").pk)
    assert toast(shown).startswith("The profile has as many blocked people as it may have.")
    assert not BlockedAuthor.objects.exists()


def test_anybody_who_wrote_in_the_thread_is_blocked_and_the_undo_is_of_that_person(page, profile):
    send(profile, comment("c1", author={"id": "spam", "name": "Spammer"}))
    send(
        profile,
        comment("r1", T[1], parent_id="c1", author=ADA),
        comment("r2", T[2], parent_id="c1", author=ADA),
    )
    spam, root = row("c1"), thread("c1")
    path, undo = undo_form(press(page, action(root, "block"), block=spam.pk))
    assert list(BlockedAuthor.objects.values_list("author_id", flat=True)) == ["spam"]
    assert (row("c1").hidden_at is None, row("r1").hidden_at) == (False, None)
    assert toast(press(page, path, **undo)) == "Spammer is not blocked any more."
    assert (BlockedAuthor.objects.count(), row("c1").hidden_at) == (0, None)
    path, undo = undo_form(press(page, action(root, "block"), block=row("r2").pk))
    assert toast(press(page, path, **undo)) == "Ada Lovelace is not blocked any more."
    assert (BlockedAuthor.objects.count(), Interaction.objects.exclude(hidden_at=None).count()) == (0, 0)


@pytest.mark.parametrize("fields", [{}, {"block": ""}, {"block": "x"}, {"unblock": "-1"}])
def test_without_a_row_nobody_is_blocked(page, three, fields):
    assert toast(press(page, action(three[0], "block"), code=422, **fields)) == "Choose whom to block."
    assert not BlockedAuthor.objects.exists()


def test_a_row_of_another_thread_blocks_nobody(page, three):
    press(page, action(three[0], "block"), code=404, block=row("c2").pk)
    assert not BlockedAuthor.objects.exists()


def test_blocking_is_of_one_profile(page, alice, three):
    other = Profile.objects.create(owner=alice, platform="x", platform_id="x1", handle="other")
    send(other, comment("elsewhere", author=ADA))
    press(page, action(three[0], "block"), block=row("c1").pk)
    assert row("elsewhere").hidden_at is None
    press(page, action(thread("elsewhere"), "block"), unblock=row("elsewhere").pk)
    assert BlockedAuthor.objects.count() == 1
