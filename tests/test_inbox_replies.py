"""Replies and notes written on the inbox's pages: what is stored, collisions, repetition, limits; a refusal keeps the text."""

import pytest
from django.db import transaction

from accounts.models import Profile
from interactions.clock import now
from interactions.models import Decision, Interaction, Note, Thread
from interactions.threads import noting
from tests.expected_threads import check_threads
from tests.inbox_pages import (
    action,
    address,
    browser,
    conversation,
    notices,
    open_thread,
    press,
    read,
    submit,
    toast,
    undo_form,
    whole,
)
from tests.thread_requests import everything, row
from tests.world import BRAND, NOW, SECOND, T, at, comment, event, message, send, thread


@pytest.fixture
def talk(profile) -> Thread:
    send(profile, message("m1", text="Hello"))
    return thread("talk")


def fields_of(found) -> dict[str, str]:
    """The hidden fields of the form below the thread."""
    form = found.one("#composer")
    return {name: form.one(f"name={name}")["value"] for name in ("key", "to", "seen_id", "covers")}


def write(page, one: Thread, code: int = 200, **fields):
    return press(page, action(one, "write"), code=code, **{"mode": "reply"} | fields)


def typed(shown) -> tuple[str, str]:
    """What stands in the form: the mode, and the text."""
    form = shown.one("#composer")
    [mode] = [one["value"] for one in form.all("name=mode") if "checked" in one]
    return mode, form.one("textarea").raw_text


def stored() -> list[tuple[str, str | None]]:
    return list(
        Interaction.objects.filter(direction="out").order_by("pk").values_list("text", "parent__platform_id")
    )


def test_a_reply_is_queued_and_shown_and_the_form_is_empty(page, talk):
    before = whole(page, address(talk))
    shown = write(page, talk, **browser(before), **fields_of(before), text="Welcome\r\nto us ")
    assert (toast(shown), open_thread(shown)) == ("Reply queued.", talk.pk)
    assert conversation(shown)[1] == "Hello"
    assert conversation(shown)[-1] == "Welcome to us"
    assert stored() == [("Welcome\nto us", "m1")]
    assert (typed(shown), shown.all(".error")) == (("reply", ""), [])
    assert fields_of(shown)["key"] != fields_of(before)["key"]
    assert fields_of(shown)["seen_id"] == str(Interaction.objects.get(direction="out").pk)
    assert (thread("talk").status, thread("talk").unread) == ("done", False)
    check_threads(now())


def test_any_comment_of_a_thread_is_answered(page, profile):
    send(profile, comment("c1"), comment("r1", T[1], parent_id="c1"), comment("r2", T[2], parent_id="c1"))
    one = thread("c1")
    before = whole(page, address(one))
    assert fields_of(before)["to"] == str(row("r2").pk)
    write(page, one, **fields_of(before) | {"to": row("c1").pk}, text="To the first")
    write(page, one, **fields_of(whole(page, address(one))), text="To the newest")
    assert stored() == [("To the first", "c1"), ("To the newest", "r2")]
    check_threads(now())


def test_what_is_answered_stays_the_one_that_was_shown(page, profile):
    """A comment that arrives while somebody types is not answered by accident."""
    send(profile, comment("c1"), comment("r1", T[1], parent_id="c1"))
    before = whole(page, address(thread("c1")))
    send(profile, comment("r2", T[2], parent_id="c1"))
    write(page, thread("c1"), **fields_of(before), text="To r1")
    assert stored() == [("To r1", "r1")]


def test_a_comment_that_was_deleted_meanwhile_is_not_answered(page, profile):
    send(profile, comment("c1"), comment("r1", T[1], parent_id="c1"))
    before = fields_of(whole(page, address(thread("c1"))))
    send(profile, event("comment.deleted", "r1", at(T[2])))
    shown = write(page, thread("c1"), 422, **before, text="Too late")
    assert shown.one("#composer-error").text.startswith("What you answer was deleted meanwhile.")
    assert (typed(shown), stored()) == (("reply", "Too late"), [])
    write(page, thread("c1"), **fields_of(shown), text="Too late")
    assert stored() == [("Too late", "c1")]


@pytest.mark.parametrize("to", ["abc", "-1", "9" * 30, "0"])
def test_an_id_of_no_comment_is_answered_as_one_that_was_deleted(page, talk, to):
    shown = write(page, talk, 422, **fields_of(whole(page, address(talk))) | {"to": to}, text="To nobody")
    assert shown.one("#composer-error").text.startswith("What you answer was deleted meanwhile.")
    assert (typed(shown), stored()) == (("reply", "To nobody"), [])


def test_a_reply_sent_again_after_its_comment_was_deleted_is_told_as_sent(page, profile):
    send(profile, comment("c1"), comment("r1", T[1], parent_id="c1"))
    before = fields_of(whole(page, address(thread("c1"))))
    write(page, thread("c1"), **before, text="Once")
    send(profile, event("comment.deleted", "r1", at(T[2])))
    again = write(page, thread("c1"), **before, text="Once")
    assert again.all("#composer-error") == []
    assert [text for text, _ in stored()] == ["Once"]


@pytest.mark.parametrize("to", ["c9", "elsewhere"])
def test_a_row_of_another_thread_is_not_answered(page, alice, profile, to):
    other = Profile.objects.create(owner=alice, platform="x", platform_id="x1", handle="other")
    send(profile, comment("c1"), comment("c9"))
    send(other, comment("elsewhere"))
    write(
        page,
        thread("c1"),
        422,
        **fields_of(whole(page, address(thread("c1")))) | {"to": row(to).pk},
        text="No",
    )
    assert stored() == []


def test_send_and_done_opens_the_next_thread_and_can_be_undone(page, alice, profile, talk):
    alice.answers_close_threads = False
    alice.save()
    send(profile, comment("c1", T[0] - SECOND))
    before = whole(page, address(talk))
    shown = write(page, talk, **browser(before), **fields_of(before), text="Welcome", then="done")
    assert (toast(shown), open_thread(shown)) == ("Reply queued, marked as done.", thread("c1").pk)
    assert (thread("talk").status, Decision.objects.count()) == ("done", 1)
    path, undo = undo_form(shown)
    press(page, path, "list", **undo)
    assert (thread("talk").status, len(stored())) == ("open", 1)


def test_send_and_done_leaves_a_thread_open_that_got_a_message_which_was_not_shown(
    page, alice, profile, talk
):
    alice.answers_close_threads = False
    alice.save()
    before = whole(page, address(talk))
    send(profile, message("m2", T[1]), at=NOW + SECOND)
    write(page, talk, **fields_of(before), text="Welcome", then="done")
    assert (stored(), thread("talk").status, thread("talk").unread) == ([("Welcome", "m1")], "open", True)
    check_threads(now())


def test_a_reply_that_is_sent_twice_is_stored_once(page, talk):
    before = whole(page, address(talk))
    for _ in range(2):
        shown = write(page, talk, **fields_of(before), text="Welcome")
        assert toast(shown) == "Reply queued."
    assert stored() == [("Welcome", "m1")]
    shown = write(page, talk, 422, **fields_of(before), text="Welcome again")
    assert (
        shown.one("#composer-error").text == "This was sent already. Change the text to send another reply."
    )
    assert (typed(shown), len(stored())) == (("reply", "Welcome again"), 1)


def test_who_sends_second_is_told_what_the_first_has_answered_and_may_send_anyway(page, talk):
    first, second = whole(page, address(talk)), whole(page, address(talk))
    write(page, talk, **fields_of(first), text="From the first tab")
    shown = write(page, talk, 409, **fields_of(second), text="From the second tab")
    notice = shown.one("#composer").one("role=alert")
    assert "Somebody has answered meanwhile." in notice.text
    assert notice.one("blockquote").text == "From the first tab"
    assert (typed(shown), len(stored()), toast(shown)) == (("reply", "From the second tab"), 1, None)
    button = shown.one("name=anyway")
    assert (button.text, button["value"]) == ("Send anyway", "1")
    fields = fields_of(second)  # not those of the answer, which has shown the first reply
    shown = write(page, talk, **fields, text="From the second tab", anyway="1")
    assert (toast(shown), [text for text, _ in stored()]) == (
        "Reply queued.",
        ["From the first tab", "From the second tab"],
    )


def test_the_answer_to_a_collision_has_shown_the_newer_reply(page, talk):
    first, second = whole(page, address(talk)), whole(page, address(talk))
    write(page, talk, **fields_of(first), text="first")
    shown = write(page, talk, 409, **fields_of(second), text="second")
    assert fields_of(shown)["key"] == fields_of(second)["key"]
    write(page, talk, **fields_of(shown), text="second")
    assert [text for text, _ in stored()] == ["first", "second"]


def test_a_received_message_that_was_not_shown_is_no_collision(page, profile, talk):
    before = whole(page, address(talk))
    send(profile, message("m2", T[1]))
    write(page, talk, **fields_of(before), text="Welcome")
    assert stored() == [("Welcome", "m1")]


@pytest.mark.parametrize("field", ["key", "seen_id", "covers"])
def test_a_hidden_field_that_was_changed_does_no_harm(page, talk, field):
    fields = fields_of(whole(page, address(talk)))
    for value in ("", "x" * 500, "-1", "9" * 30, "\u202e"):
        with transaction.atomic():  # rolled back
            write(page, talk, **fields | {field: value}, text="Welcome")
            assert stored() == [("Welcome", "m1")], value
            transaction.set_rollback(True)


# Refused replies


@pytest.mark.parametrize("text", ["", "  \r\n ", "\u200b\u3164", "\u202e"])
def test_a_reply_without_visible_text_is_refused(page, talk, text):
    shown = write(page, talk, 422, text=text)
    assert shown.one("#composer-error").text == "Write the reply first."
    assert (shown.one("textarea")["aria-invalid"], stored()) == ("true", [])


LIMITS = [  # platform, kind, a text of the greatest length, how much one character more is
    ("instagram", "comment", "é" * 2_200, "1 character"),
    ("instagram", "message", "é" * 500, "2 bytes"),
    ("facebook", "comment", "\U0001f33f" * 8_000, "1 character"),
    ("facebook", "message", "x" * 2_000, "1 character"),
    ("youtube", "comment", "x" * 10_000, "1 character"),
    ("x", "message", "x" * 65_536, "1 character"),
]


@pytest.mark.parametrize(("platform", "kind", "text", "excess"), LIMITS)
def test_a_reply_may_be_as_long_as_the_platform_allows(page, alice, platform, kind, text, excess):
    profile = Profile.objects.create(owner=alice, platform=platform, platform_id="p", handle="brand")
    send(profile, comment("c1") if kind == "comment" else message("m1"))
    one = thread("c1" if kind == "comment" else "talk")
    label = profile.get_platform_display()
    shown = write(page, one, 422, text=text + text[0])
    assert shown.one("#composer-error").text == (
        f"The reply is {excess} too long for {label}. Shorten it; nothing was sent."
    )
    assert (typed(shown)[1], stored()) == (text + text[0], [])
    write(page, one, text=text)
    assert [text for text, _ in stored()] == [text]


def test_a_refused_reply_keeps_its_key_and_its_mode(page, talk):
    shown = write(page, talk, 422, key="mine", text="x" * 2_001)
    assert (fields_of(shown)["key"], shown.one("textarea")["id"], typed(shown)[0]) == (
        "mine",
        "text-mine",
        "reply",
    )
    shown = write(page, talk, 422, key="mine", mode="note", text=" ")
    assert (fields_of(shown)["key"], typed(shown)[0]) == ("mine", "note")


def test_without_htmx_a_refusal_keeps_the_text_and_a_reply_leads_to_the_thread(page, talk):
    answer = page.post(action(talk, "write"), {"text": "x" * 2_001, "mode": "reply"})
    assert answer.status_code == 422
    shown = read(answer, 422)
    assert (shown.one("#composer-error").text, typed(shown)) == (
        "The reply is 1 character too long for Facebook. Shorten it; nothing was sent.",
        ("reply", "x" * 2_001),
    )
    path, shown = submit(page, action(talk, "write"), text="Welcome", mode="reply")
    assert (path, notices(shown), conversation(shown)[-1]) == (address(talk), ["Reply queued."], "Welcome")


def test_a_thread_whose_rows_are_gone_is_not_answered(page, profile, talk):
    Interaction.objects.update(deleted_at=NOW)
    before = everything()
    write(page, talk, 404, text="Welcome")
    assert everything() == before


@pytest.mark.parametrize("mode", ["Note", "", "reply ", "notes"])
def test_a_text_of_an_unknown_kind_is_not_published(page, talk, mode):
    shown = write(page, talk, 422, mode=mode, text="For the team only")
    assert shown.one("#composer-error").text == "Choose whether you write a reply or a note."
    assert (typed(shown)[1], stored(), Note.objects.count()) == ("For the team only", [], 0)


# Notes


def test_a_note_is_stored_and_shown_and_not_sent(page, talk):
    before = whole(page, address(talk))
    shown = write(page, talk, **fields_of(before), mode="note", text=" ask Ada\r\nfirst ")
    assert (toast(shown), open_thread(shown)) == ("Note added.", talk.pk)
    assert conversation(shown)[-1] == "note: ask Ada first"
    assert (Note.objects.get().text, stored()) == ("ask Ada\nfirst", [])
    assert (thread("talk").status, thread("talk").unread) == ("open", True)


def test_send_and_done_does_not_apply_to_a_note(page, talk):
    write(page, talk, mode="note", text="a note", then="done")
    assert (thread("talk").status, Note.objects.count()) == ("open", 1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (" ", "Write the note first."),
        ("x" * 10_001, "A note has at most 10000 characters."),
    ],
)
def test_a_note_that_is_not_possible_is_refused_and_kept(page, talk, text, sentence):
    shown = write(page, talk, 422, mode="note", text=text)
    assert shown.one("#composer-error").text == sentence
    assert (typed(shown), Note.objects.exists()) == (("note", text.strip()), False)
    write(page, talk, mode="note", text="x" * 10_000)


def test_a_thread_that_has_all_its_notes_gets_no_other(page, talk, monkeypatch):
    monkeypatch.setattr(noting, "MAX_NOTES", 1)
    write(page, talk, mode="note", text="first")
    shown = write(page, talk, 422, mode="note", text="second")
    assert shown.one("#composer-error").text == "The thread has as many notes as it may have."
    assert (typed(shown), Note.objects.count()) == (("note", "second"), 1)


def test_a_note_does_not_collide_with_an_answer(page, profile, talk):
    before = whole(page, address(talk))
    send(profile, message("a1", T[1], author=BRAND))
    write(page, talk, **fields_of(before), mode="note", text="a note")
    assert Note.objects.count() == 1


def test_a_reply_that_cannot_be_marked_as_done_is_not_sent(page, profile, talk):
    send(profile, comment("c1"))
    other = Interaction.objects.get(platform_id="c1").pk
    shown = write(page, talk, 422, text="Thank you", then="done", covers=other)
    assert (stored(), typed(shown)) == ([], ("reply", "Thank you"))
    assert shown.one(".error").text == "The thread has changed meanwhile. Look at it, then send again."


def test_a_note_that_is_sent_twice_is_stored_once(page, talk):
    for _ in range(2):
        write(page, talk, mode="note", text="Ask Ada", key="one")
    write(page, talk, mode="note", text="Ask Ada", key="two")
    write(page, talk, mode="note", text="Ask Bob", key="two")
    assert sorted(Note.objects.values_list("text", flat=True)) == ["Ask Ada", "Ask Ada", "Ask Bob"]


def test_what_was_written_to_a_thread_that_is_gone_is_shown(page, profile, talk):
    send(profile, event("message.deleted", "m1", at(T[1])))
    shown = write(page, talk, 404, text="Thank you,\r\nAda")
    assert shown.one("#unsent").raw_text == "Thank you,\r\nAda"
    assert stored() == []


def test_without_htmx_a_page_shows_what_was_written_to_a_thread_that_is_gone(page, profile, talk):
    send(profile, event("message.deleted", "m1", at(T[1])))
    shown = read(page.post(action(talk, "write"), {"text": "Thank you", "mode": "reply"}), 404)
    assert shown.one("#unsent").raw_text == "Thank you"
