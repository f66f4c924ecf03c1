"""What a user does with one comment or message on the inbox's pages: hide, unhide, delete, and take that back."""

import pytest

from accounts.models import Profile
from interactions.clock import now
from interactions.models import Interaction, Moderation
from interactions.pages import thread_pane
from tests.expected_threads import check_threads
from tests.inbox_pages import (
    address,
    browser,
    conversation,
    entry,
    gone,
    notices,
    open_thread,
    press,
    submit,
    tabs,
    toast,
    undo_form,
    whole,
)
from tests.test_moderation import asked, let_time_pass
from tests.thread_requests import everything, row
from tests.world import NOW, T, at, comment, event, message, send, thread

ACTIONS = ("hide", "unhide", "delete", "withdraw")


def act(page, one: Interaction, action: str, code: int = 200, query: str = "", **fields):
    return press(page, f"/inbox/rows/{one.pk}/{action}/{query}", code=code, **fields)


@pytest.fixture
def invented(alice) -> Profile:
    """A demo's profile."""
    return Profile.objects.create(
        owner=alice, platform="x", platform_id="demo", handle="invented", is_demo=True
    )


def fill(profile: Profile) -> None:
    """A comment with a reply of somebody else and one of the brand, and a message."""
    send(profile, comment("c1", T[0], text="first"), comment("c2", T[1], parent_id="c1", text="second"))
    send(
        profile,
        comment("a1", T[2], parent_id="c2", author={"id": profile.platform_id}, text="answer"),
        message("m1"),
    )


def requests() -> list[dict]:
    return list(Moderation.objects.order_by("pk").values())


# Demo rows change at once


def test_a_demos_comment_is_hidden_and_undo_shows_it_again(page, invented):
    fill(invented)
    before = whole(page, address(thread("c1")))
    shown = act(page, row("c2"), "hide", **browser(before))
    assert (toast(shown), open_thread(shown)) == ("Hidden: only its author sees it now.", thread("c1").pk)
    assert "hidden-row" in entry(shown, row("c2").pk).classes
    assert (row("c2").hidden_at is None, asked()) == (False, [])
    path, undo = undo_form(shown)
    shown = press(page, path, **undo)
    assert (toast(shown), row("c2").hidden_at) == ("Shown again.", None)
    path, undo = undo_form(shown)
    press(page, path, **undo)
    assert row("c2").hidden_at is not None
    check_threads(now())


def test_a_demos_comment_and_sent_message_are_deleted_without_undo(page, invented):
    fill(invented)
    send(invented, message("m2", T[1], author={"id": "demo"}))
    for name, root, left in (("c2", "c1", ["first", "answer"]), ("m2", "talk", ["a message"])):
        shown = act(page, row(name), "delete")
        assert (toast(shown), shown.one(".toast").all("form")) == ("Deleted.", [])
        assert conversation(shown)[-len(left) :] == left
        assert (open_thread(shown), asked()) == (thread(root).pk, [])
    check_threads(now())


def test_deleting_the_only_row_ends_its_thread_and_opens_the_next_one(page, invented):
    send(invented, comment("c1"), comment("c2"))
    before = whole(page, address(thread("c1")))
    shown = act(page, row("c1"), "delete", **browser(before))
    assert (toast(shown), "This thread is gone" in shown.text, gone(shown)) == (
        "Deleted.",
        False,
        [thread("c1").pk],
    )
    assert open_thread(shown) == thread("c2").pk
    assert tabs(shown)["All"] == 1
    shown = act(page, row("c2"), "delete", **browser(whole(page, address(thread("c2")))))
    assert (toast(shown), "This thread is gone" in shown.text, open_thread(shown)) == (
        "Deleted.",
        False,
        None,
    )


def test_without_htmx_deleting_the_only_row_leads_to_the_list(page, invented):
    send(invented, comment("c1"))
    path, shown = submit(page, f"/comments/rows/{row('c1').pk}/delete/?status=all")
    assert (path, notices(shown)) == ("/comments/?status=all", ["Deleted."])


# What is deleted with a comment


def detail(shown, one: Interaction) -> str:
    """What the dialog says before the row is deleted, beside its question."""
    return entry(shown, one.pk).one("data-dialog=delete-row")["data-detail"]


@pytest.fixture(params=[True, False], ids=["demo", "live"])
def on_facebook(request, alice) -> Profile:
    """A profile of a platform that deletes replies with the first comment."""
    return Profile.objects.create(
        owner=alice, platform="facebook", platform_id="brand", handle="brand", is_demo=request.param
    )


def test_the_dialog_tells_what_the_platform_deletes_with_the_first_comment(page, on_facebook):
    send(on_facebook, comment("c1", T[0]))
    path = address(thread("c1"))
    assert detail(whole(page, path), row("c1")) == ""
    send(on_facebook, comment("c2", T[1], parent_id="c1"))
    assert detail(whole(page, path), row("c1")) == "Its reply goes with it."
    send(on_facebook, comment("c3", T[2], parent_id="c2"))
    shown = whole(page, path)
    assert [detail(shown, row(id)) for id in ("c1", "c2", "c3")] == ["Its 2 replies go with it.", "", ""]


def test_the_dialog_has_no_number_of_replies_where_not_all_are_shown(page, on_facebook, monkeypatch):
    monkeypatch.setattr(thread_pane, "ROWS_SHOWN", 2)
    send(on_facebook, comment("c1", T[0]))
    send(on_facebook, *(comment(f"r{number}", T[number], parent_id="c1") for number in (1, 2, 3)))
    assert detail(whole(page, address(thread("c1"))), row("c1")) == "Its replies go with it."


def test_where_replies_stay_the_dialog_tells_nothing(page, invented):
    fill(invented)
    assert detail(whole(page, address(thread("c1"))), row("c1")) == ""


# Of live rows the network is asked


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        ("hide", "Hidden. Facebook is asked in 10 seconds."),
        ("delete", "It will be deleted. Facebook is asked in 10 seconds."),
    ],
)
def test_what_the_network_is_asked_can_be_taken_back_for_ten_seconds(page, profile, action, sentence):
    fill(profile)
    before = everything()
    shown = act(page, row("c2"), action, query="?status=all")
    assert (toast(shown), asked()) == (sentence, [action])
    assert len(entry(shown, row("c2").pk).all(".badge")) == 1
    path, undo = undo_form(shown)
    assert (path, undo) == (f"/inbox/rows/{row('c2').pk}/withdraw/?status=all", {"request": action})
    shown = press(page, path, **undo)
    assert (toast(shown), asked(), entry(shown, row("c2").pk).all(".badge")) == ("Taken back.", [], [])
    assert [one["hidden_at"] for one in everything()[1]] == [one["hidden_at"] for one in before[1]]
    check_threads(now())


def test_undo_takes_back_only_what_it_belongs_to(page, profile):
    fill(profile)
    path, undo = undo_form(act(page, row("c2"), "hide"))
    act(page, row("c2"), "delete")
    press(page, path, **undo)
    assert asked() == ["delete"]


@pytest.mark.parametrize("action", ["hide", "unhide", "withdraw", "retry"])
def test_a_row_that_was_deleted_is_not_changed(page, profile, action):
    fill(profile)
    shown = row("c2")
    send(profile, event("comment.deleted", "c2", at(T[5])))
    before = [everything(), requests()]
    act(page, shown, action, 404)
    assert [everything(), requests()] == before


@pytest.mark.parametrize("action", ["hide", "delete"])
def test_after_ten_seconds_nothing_is_taken_back(page, profile, action):
    fill(profile)
    act(page, row("c2"), action)
    let_time_pass()
    before = [everything(), requests()]
    shown = act(page, row("c2"), "withdraw", 409)
    assert toast(shown) == "It is too late to take that back: the network has been asked."
    assert (open_thread(shown), [everything(), requests()]) == (thread("c1").pk, before)


def test_a_row_that_is_being_deleted_is_neither_hidden_nor_shown_again(page, profile):
    fill(profile)
    act(page, row("c2"), "delete")
    before = [everything(), requests()]
    for action in ("hide", "unhide"):
        shown = act(page, row("c2"), action, 409)
        assert toast(shown) == "Its deletion is requested already."
    assert [everything(), requests()] == before


def test_unhiding_asks_the_network_where_it_has_hidden_the_comment(page, profile):
    fill(profile)
    send(profile, event("comment.hidden", "c2", at(NOW)))
    shown = act(page, row("c2"), "unhide")
    assert (toast(shown), asked(), row("c2").hidden_at) == (
        "Shown again. Facebook is asked in 10 seconds.",
        ["unhide"],
        None,
    )


# Both


@pytest.mark.parametrize("is_demo", [True, False])
@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        ("hide", "A direct message cannot be hidden; archive its thread."),
        ("unhide", "A direct message cannot be hidden or unhidden."),
        ("delete", "A message that somebody else sent cannot be deleted on networks; archive its thread."),
    ],
)
def test_what_networks_cannot_do_is_refused(page, profile, invented, is_demo, action, sentence):
    fill(invented if is_demo else profile)
    before = [everything(), requests()]
    shown = act(page, row("m1"), action, 422)
    assert (toast(shown), open_thread(shown)) == (sentence, thread("talk").pk)
    assert [everything(), requests()] == before


@pytest.mark.parametrize("is_demo", [True, False])
@pytest.mark.parametrize("action", ACTIONS)
def test_a_repeated_action_changes_nothing(page, profile, invented, is_demo, action):
    fill(invented if is_demo else profile)
    if action == "unhide":
        act(page, row("c2"), "hide")
        let_time_pass()
    act(page, row("c2"), action)
    before = [everything(), requests()]
    act(page, row("c2"), action)
    assert [everything(), requests()] == before
    check_threads(now())


def test_a_row_that_was_purged_meanwhile_is_404_with_a_sentence(page, invented):
    fill(invented)
    id = row("c2").pk
    Interaction.objects.filter(pk=id).delete()
    for action in ACTIONS:
        shown = press(page, f"/inbox/rows/{id}/{action}/", code=404)
        assert toast(shown) == "This comment or message is gone: it was deleted meanwhile."


def test_without_htmx_an_action_leads_to_the_thread_with_a_sentence(page, invented):
    fill(invented)
    path, shown = submit(page, f"/comments/rows/{row('c2').pk}/hide/?status=all")
    assert (path, notices(shown)) == (
        address(thread("c1"), "comments", "status=all"),
        ["Hidden: only its author sees it now."],
    )
    path, shown = submit(page, f"/messages/rows/{row('m1').pk}/hide/")
    assert notices(shown) == ["A direct message cannot be hidden; archive its thread."]


def test_an_unknown_action_is_no_route(page, profile):
    fill(profile)
    assert page.post(f"/inbox/rows/{row('c1').pk}/publish/").status_code == 404
