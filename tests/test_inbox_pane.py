"""The pane of a thread: the post, comments as a tree, messages by day, notes, decisions, hidden and older rows, the person."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Profile
from interactions import replies
from interactions.clock import now
from interactions.models import MAX_REPLIES, Interaction, Label, Note, SavedReply, Thread
from interactions.pages import thread_pane
from interactions.threads.decisions import decide
from interactions.threads.noting import MAX_NOTES
from tests.inbox_pages import (
    PANE,
    action,
    address,
    conversation,
    entry,
    htmx,
    listed,
    open_thread,
    part,
    whole,
)
from tests.thread_requests import row
from tests.world import BRAND, DAY, HOUR, NOW, SECOND, T, at, comment, event, message, send, thread, work_on

MINUTE = timedelta(minutes=1)
ADA = {"id": "ada", "handle": "ada", "name": "Ada Lovelace"}
BOB = {"id": "bob", "handle": "bob", "name": "Bob"}


def pane(page, root: str = "c1", query: str = "", **options):
    return part(page, address(thread(root), query=query), PANE, **options)


def depths(shown) -> dict[str, int]:
    """The step to the right of each comment, by its text."""
    return {
        one.all(".text")[0].text: int(next(name for name in one.classes if name.startswith("depth-"))[-1])
        for one in shown.all(".entry")
    }


# A comment


def test_a_comment_is_shown_with_its_replies_below_it(page, profile):
    send(profile, comment("c1", T[0], text="first"), comment("c2", T[1], parent_id="c1", text="second"))
    send(profile, comment("c3", T[2], parent_id="c2", text="third", author=ADA))
    send(
        profile,
        comment("c4", T[3], parent_id="c3", text="fourth"),
        comment("c5", T[4], parent_id="c1", text="fifth"),
    )
    shown = pane(page)
    assert conversation(shown) == ["first", "second", "third", "fourth", "fifth"]
    assert depths(shown) == {"first": 0, "second": 1, "third": 2, "fourth": 2, "fifth": 1}
    heads = {
        one.all(".text")[0].text: [head.text for head in one.one(".bubble").all("p")][:2]
        for one in shown.all(".entry")
    }
    assert heads["fourth"] == ["A Person @person", "replying to Ada Lovelace"]
    assert heads["third"] == ["Ada Lovelace @ada", "third"]
    assert open_thread(shown) == thread("c1").pk


def test_the_head_names_the_person_the_platform_and_the_profile(page, profile):
    send(profile, comment("c1", author=ADA), message("m1", author=BOB))
    assert pane(page).one(".thread-who").text == "Ada Lovelace @ada · commented on Facebook, @brand"
    assert pane(page, "talk").one(".thread-who").text == "Bob @bob · wrote on Facebook to @brand"


def test_the_sides_are_by_direction_and_the_state_of_sending_is_in_words(page, profile):
    send(profile, message("m1", T[0], text="Hello"))
    for number, status in enumerate(("queued", "sent", "failed")):
        replies.answer_thread(thread("talk"), status, T[1] + number * HOUR)
        Interaction.objects.filter(text=status).update(send_status=status)
    shown = pane(page, "talk")
    found = [(one.classes[1], one.one(".entry-foot").text.partition(" · ")[2]) for one in shown.all(".entry")]
    assert found == [
        ("in", ""),
        ("out", "Waiting to be sent"),
        ("out", "Sent"),
        ("out", "Not sent"),
    ]


def test_the_post_is_on_top_with_its_figures_and_says_when_it_is_gone(page, profile):
    send(profile, event("content.published", "piece", at(T[0]), text="Plums\nare ripe"), comment("c1", T[1]))
    send(
        profile,
        event("content.metrics", "piece", at(T[2]), metrics={"views": 38_712, "likes": 1_250, "shares": 9}),
    )
    post = pane(page).one(".post")
    assert post.one(".post-caption").all("bdi")[0].text == "Plums are ripe"
    assert post.one(".figures").text.partition(" · ")[2] == "views 38k likes 1.2k shares 9"
    assert post.one(".text").raw_text == "Plums\nare ripe"
    send(profile, event("content.deleted", "piece", at(T[3])))
    shown = pane(page)
    assert (shown.all(".post"), shown.one(".post-gone").text) == (
        [],
        "The post was deleted, or has not arrived yet.",
    )
    send(profile, message("m1"))
    assert pane(page, "talk").all(".post-gone") == []


def test_a_thread_without_its_first_comment_shows_the_replies(page, profile):
    send(profile, comment("c1"), comment("c2", T[1], parent_id="c1", text="a reply"))
    Interaction.objects.filter(platform_id="c1").update(deleted_at=NOW)
    assert conversation(pane(page)) == ["a reply"]


def test_notes_and_decisions_stand_between_the_replies(page, profile):
    send(profile, comment("c1", T[0], text="first"), comment("c2", T[3], parent_id="c1", text="second"))
    made = thread("c1")
    Note.objects.create(thread=made, profile=profile, is_demo=False, text="ask\nAda", created_at=T[1])
    Note.objects.create(
        thread=made, profile=profile, is_demo=False, text="asked", created_at=T[4], author_name="A rule"
    )
    until = datetime(2026, 3, 9, 9, tzinfo=UTC)
    for moment, status in ((T[2], "done"), (T[5], "snoozed")):
        decide([made.pk], status, moment, until=until if status == "snoozed" else None)
    shown = pane(page)
    assert conversation(shown) == [
        "first",
        "note: ask Ada",
        f"You marked this done, {T[2]:%H:%M}",
        "second",
        "note: asked",
        f"You snoozed this until Mon 9 Mar, 09:00, {T[5]:%H:%M}",
    ]
    notes = [one.all(".meta")[0].text.partition(" · ")[0] for one in shown.all(".team-note")]
    assert notes == ["Your note", "A rule"]


@pytest.mark.parametrize(
    ("status", "own", "named"),
    [
        ("done", "You marked this done", "Ada marked this done"),
        ("archived", "You archived this", "Ada archived this"),
        ("open", "You opened this again", "Ada opened this again"),
        ("snoozed", "You snoozed this until Sun 1 Mar, 07:30", "Ada snoozed this until Sun 1 Mar, 07:30"),
    ],
)
def test_a_decision_is_a_sentence(page, profile, status, own, named):
    send(profile, message("m1"))
    made = thread("talk")
    of_thread = {"thread": made, "profile": profile, "is_demo": False, "status": status}
    until = T[0] + 2 * DAY if status == "snoozed" else None
    for number, name in enumerate(("", "Ada")):
        thread_pane.Decision.objects.create(**of_thread, at=T[number + 1], until=until, author_name=name)
    assert conversation(pane(page, "talk"))[2:] == [f"{own}, {T[1]:%H:%M}", f"{named}, {T[2]:%H:%M}"]


def test_of_many_notes_and_decisions_the_newest_are_shown(page, profile, monkeypatch):
    monkeypatch.setattr(thread_pane, "NOTES_SHOWN", 2)
    send(profile, message("m1"))
    of_thread = {"thread": thread("talk"), "profile": profile, "is_demo": False}
    for number in range(4):
        Note.objects.create(**of_thread, text=f"n{number}", created_at=T[0] + number * MINUTE)
        decide([thread("talk").pk], "done" if number % 2 else "open", T[0] + number * MINUTE + SECOND)
    assert conversation(pane(page, "talk"))[2:] == [
        *["note: n2", "You opened this again, 07:32", "note: n3", "You marked this done, 07:33"]
    ]


def actions_of(shown) -> list[str]:
    """What the menu of an entry offers."""
    buttons = [button.attrs for button in shown.all("button") if "item" in button.classes]
    addresses = [one.get("formaction") or one.get("data-address") for one in buttons]
    return [address.split("/")[-2] for address in addresses if address]


def test_a_hidden_comment_is_shown_as_hidden_and_a_deleted_one_is_not(page, profile):
    send(profile, comment("c1", T[0], text="first"), comment("c2", T[1], parent_id="c1", text="hidden"))
    send(profile, comment("c3", T[2], parent_id="c1", text="deleted"))
    send(profile, event("comment.hidden", "c2", at(T[3])), event("comment.deleted", "c3", at(T[3])))
    shown = pane(page)
    assert conversation(shown) == ["first", "hidden"]
    hidden = entry(shown, row("c2").pk)
    assert ("hidden-row" in hidden.classes, [badge.text for badge in hidden.all(".badge")]) == (
        True,
        ["Hidden"],
    )
    assert actions_of(hidden) == ["unhide", "delete", "block"]
    visible = entry(shown, row("c1").pk)
    assert ("hidden-row" in visible.classes, visible.all(".badge")) == (False, [])
    assert actions_of(visible) == ["hide", "delete", "block"]


def test_a_comment_that_is_being_deleted_says_so(page, live):
    page.post(f"/inbox/rows/{row('comment').pk}/delete/")
    shown = entry(pane(page, "comment"), row("comment").pk)
    assert [badge.text for badge in shown.all(".badge")] == ["Is being deleted"]


def test_a_message_of_somebody_else_offers_neither_hiding_nor_deleting(page, profile):
    send(profile, message("m1"), message("m2", T[1], author=BRAND))
    shown = pane(page, "talk")
    assert actions_of(entry(shown, row("m1").pk)) == []
    assert actions_of(entry(shown, row("m2").pk)) == ["delete"]


def test_an_attachment_is_a_link_only_if_it_leads_to_the_web(page, profile):
    attachments = [
        {"kind": "image", "url": "https://cdn.example/plum.png", "title": "A plum"},
        {"kind": "link", "url": "javascript:alert(1)", "title": "Click"},
        {"kind": "video", "url": "http://[broken"},
        {"kind": "file"},
    ]
    send(profile, message("m1"))
    Interaction.objects.update(attachments=attachments)
    shown = [
        (one.text, [link["href"] for link in one.all("a")]) for one in pane(page, "talk").all(".attachment")
    ]
    assert shown == [("A plum", ["https://cdn.example/plum.png"]), ("Click", []), ("video", []), ("file", [])]


# Messages


def test_messages_stand_below_the_days_of_the_users_zone(page, alice, profile):
    alice.time_zone = "Asia/Tokyo"
    alice.save()
    for name, moment in (
        ("a", "2025-03-01T14:58:00Z"),
        ("b", "2025-03-01T15:01:00Z"),
        ("c", "2025-03-01T15:02:00Z"),
    ):
        send(profile, event("message.created", name, moment, text=name))
    shown = pane(page, "talk")
    assert conversation(shown) == ["1 March 2025", "a", "2 March 2025", "b", "c"]
    assert ["continues" in one.classes for one in shown.all(".entry")] == [False, False, True]
    assert [one.one("time").text for one in shown.all(".entry")] == ["23:58", "00:01", "00:02"]
    alice.time_zone = "UTC"
    alice.save()
    assert conversation(pane(page, "talk")) == ["1 March 2025", "a", "b", "c"]


def test_the_browsers_zone_is_taken_where_the_user_has_chosen_none(page, profile):
    send(profile, event("message.created", "a", "2025-03-01T15:01:00Z", text="a"))
    page.cookies["zone"] = "Asia/Tokyo"
    assert conversation(pane(page, "talk")) == ["2 March 2025", "a"]


def test_today_and_yesterday_are_named(page, profile):
    moment = now()
    send(profile, message("m1", moment - DAY, text="a"), message("m2", moment - SECOND, text="b"), at=moment)
    days = [text for text in conversation(pane(page, "talk")) if text not in "ab"]
    assert days == ["Yesterday", "Today"]


# Older rows


@pytest.fixture
def three_pages(monkeypatch, profile) -> None:
    """A thread of messages and one of comments, each with 7 rows; a page has 3."""
    monkeypatch.setattr(thread_pane, "ROWS_SHOWN", 3)
    send(profile, *(message(f"m{number}", T[0] + number * MINUTE, text=f"m{number}") for number in range(7)))
    send(profile, comment("c0", text="c0"))
    send(
        profile,
        *(
            comment(f"c{number}", T[0] + number * MINUTE, parent_id="c0", text=f"c{number}")
            for number in range(1, 7)
        ),
    )


def turn(page, shown, word: str):
    """Follow the link to earlier or to the newest rows."""
    [link] = [one for box in shown.all(".older-rows") for one in box.all("a") if one.text == word]
    assert link["href"] == link["hx-get"]
    return part(page, link["href"], PANE)


def links(shown) -> list[str]:
    return [one.text for box in shown.all(".older-rows") for one in box.all("a")]


def test_a_page_shows_the_notes_and_decisions_of_its_time(page, profile, three_pages):
    of = {"thread": thread("talk"), "profile": profile, "is_demo": False}
    for minutes in (0, 3, 6):
        Note.objects.create(**of, text=f"n{minutes}", created_at=T[0] + minutes * MINUTE + SECOND)
    decide([thread("talk").pk], "done", T[0] + 2 * MINUTE + SECOND)
    shown = pane(page, "talk", "status=all")
    pages = [conversation(shown)[1:]]
    for _ in range(2):
        shown = turn(page, shown, "Earlier")
        pages.append(conversation(shown)[1:])
    done = next(text for text in pages[1] if "done" in text)
    assert pages == [["m4", "m5", "m6", "note: n6"], ["m1", "m2", done, "m3", "note: n3"], ["m0", "note: n0"]]


def test_a_long_conversation_is_read_page_by_page_back_to_its_first_message(page, three_pages):
    shown = pane(page, "talk", "status=all")
    pages = [conversation(shown)[1:]]
    assert links(shown) == ["Earlier"]
    shown = turn(page, shown, "Earlier")
    pages.append(conversation(shown)[1:])
    assert links(shown) == ["Earlier", "To the newest"]
    shown = turn(page, shown, "Earlier")
    pages.append(conversation(shown)[1:])
    assert pages == [["m4", "m5", "m6"], ["m1", "m2", "m3"], ["m0"]]
    assert links(shown) == ["To the newest"]
    assert conversation(turn(page, shown, "To the newest"))[1:] == pages[0]


def test_each_page_of_a_long_comment_begins_with_its_first_comment(page, three_pages):
    shown, pages = pane(page, "c0"), []
    while "Earlier" in links(shown):
        pages.append(conversation(shown))
        shown = turn(page, shown, "Earlier")
    assert [*pages, conversation(shown)] == [["c0", "c4", "c5", "c6"], ["c0", "c1", "c2", "c3"], ["c0"]]


def test_a_whole_page_opens_older_rows_too_and_an_invalid_cursor_opens_the_newest(page, three_pages):
    link = pane(page, "talk").one(".older-rows").one("a")["href"]
    assert conversation(whole(page, link))[1:] == ["m1", "m2", "m3"]
    for cursor in ("nonsense", "W10=", "%F0%9F%A6%80"):
        shown = whole(page, address(thread("talk"), query=f"rows={cursor}"))
        assert (conversation(shown)[1:], links(shown)) == (["m4", "m5", "m6"], ["Earlier"])


def test_the_page_of_a_whole_conversation_has_no_links(page, profile):
    send(profile, message("m1"), message("m2", T[1]))
    assert links(pane(page, "talk")) == []


# The pane as a whole


def test_the_pane_alone_or_the_whole_page_show_the_same_thread(page, profile):
    send(profile, comment("c1", text="plums"), comment("c2", text="pears"))
    shown = whole(page, address(thread("c1"), query="search=plums"))
    assert (conversation(shown), listed(shown)) == (["plums"], ["c1"])
    alone = part(page, address(thread("c1"), query="search=plums"), PANE)
    assert (conversation(alone), listed(alone)) == (["plums"], [])
    assert alone.one("article")["data-address"] == address(thread("c1"), query="search=plums")


def test_a_thread_is_shown_by_each_page_whatever_the_filters(page, profile):
    send(profile, comment("c1", text="plums"))
    for name in ("inbox", "comments", "messages"):
        shown = whole(page, address(thread("c1"), name, "status=done"))
        assert (conversation(shown), listed(shown)) == (["plums"], [])


def test_without_a_thread_the_pane_says_how_to_choose_one(page, alice, profile):
    assert "Press j for the next one" in part(page, "/inbox/", PANE).text
    alice.keyboard_shortcuts = False
    alice.save()
    assert "Its conversation opens here." in part(page, "/inbox/", PANE).text


def test_a_thread_that_is_gone_is_404_as_a_page_and_says_so_in_the_pane(page, profile):
    send(profile, comment("c1"), message("m1"))
    path = address(thread("c1"))
    send(profile, event("comment.deleted", "c1", at(NOW)))
    shown = whole(page, path, code=404)
    assert ("This thread is gone" in shown.one("#thread").text, listed(shown)) == (True, ["talk"])
    assert "This thread is gone" in part(page, path, PANE).text
    assert whole(page, "/inbox/999999999999999999/", code=404)


def test_the_head_offers_what_the_status_allows(page, profile):
    send(profile, message("m1"))
    offered = {}
    for status in ("open", "snoozed", "done", "archived"):
        decide([thread("talk").pk], status, NOW, until=now() + HOUR if status == "snoozed" else None)
        shown = pane(page, "talk")
        buttons = [one for one in shown.all("name=status") if one.tag == "button"]
        offered[status] = [one.text for one in buttons]
    assert offered == {
        "open": ["Done", "Archive"],
        "snoozed": ["Done", "Archive", "End the snooze"],
        "done": ["Open again", "Archive"],
        "archived": ["Open again"],
    }


def test_labels_are_shown_and_those_of_the_profile_can_be_chosen(page, alice, profile):
    send(profile, message("m1"))
    work_on(thread("talk"))
    other = Profile.objects.create(owner=alice, platform="x", platform_id="x1", handle="other")
    for name, owner in (("Billing", profile), ("elsewhere", other)):
        Label.objects.create(name=name, profile=owner, is_demo=False)
    shown = pane(page, "talk")
    assert [one.text for one in shown.one(".thread-labels").all(".label")] == ["urgent"]
    choices = {one["value"]: "checked" in one for one in shown.one("#label-menu").all("name=label")}
    assert choices == {"Billing": False, "urgent": True}


def test_saved_replies_are_filled_in_for_the_person(page, alice, bob, profile):
    send(profile, message("m1", author=ADA))
    text = "Dear {first_name} ({handle}), yours, {brand}"
    SavedReply.objects.store(alice, "Greeting", text, NOW)
    SavedReply.objects.store(bob, "Bob's", "secret", NOW)
    offered = {
        one.one("strong").text: one["data-insert"]
        for one in part(page, pane(page, "talk").one("#saved-replies")["hx-get"]).all("button")
    }
    assert offered == {"Greeting": "Dear Ada (ada), yours, brand"}


def test_the_saved_replies_of_a_thread_that_is_gone_change_nothing(page, profile):
    send(profile, comment("c1"))
    path = action(thread("c1"), "replies")
    send(profile, event("comment.deleted", "c1", at(NOW)))
    assert page.get(path, headers=htmx(page)).status_code == 204


# Long texts


def whole_text(shown) -> str:
    """The address of the whole text that the element shows shortened."""
    return shown.one(".fold")["hx-get"]


def test_a_long_note_is_shown_shortened_and_loaded_whole(page, profile):
    send(profile, message("m1"))
    text = ("word " * 2_000).strip()
    note = Note.objects.create(
        thread=thread("talk"), profile=profile, is_demo=False, text=text, created_at=T[1]
    )
    shown = pane(page, "talk").one(f"#note-{note.pk}")
    assert (len(shown.one(".text").text) <= 602, shown.one(".more").text) == (
        True,
        "Show all 9,999 characters",
    )
    loaded = part(page, whole_text(shown)).one(".fold")
    assert (loaded.one(".text").text, "open" in loaded, "hx-get" in loaded) == (text, True, False)
    assert (loaded["id"], loaded["data-version"]) == (
        shown.one(".fold")["id"],
        shown.one(".fold")["data-version"],
    )
    Note.objects.update(text=text[:-1] + "s")
    assert pane(page, "talk").one(f"#note-{note.pk}").one(".fold")["data-version"] != loaded["data-version"]


def test_without_htmx_a_whole_text_is_a_page(page, profile):
    send(profile, message("m1", text="word " * 1_000))
    path = whole_text(entry(pane(page, "talk"), row("m1").pk))
    assert whole(page, path).one("main").one(".text").text == ("word " * 1_000).strip()


def test_whole_texts_of_others_and_of_deleted_rows_are_not_shown(page, bob, profile):
    theirs = Profile.objects.create(owner=bob, platform="x", platform_id="b", handle="bob")
    send(theirs, message("theirs"))
    send(profile, message("m1"))
    of_thread = {"thread": Thread.objects.get(profile=theirs), "profile": theirs, "is_demo": False}
    note = Note.objects.create(**of_thread, text="secret", created_at=T[1])
    paths = [f"/inbox/rows/{row('theirs').pk}/text/", f"/inbox/notes/{note.pk}/text/"]
    deleted = row("m1").pk
    send(profile, event("message.deleted", "m1", at(NOW)))
    for path in (*paths, f"/inbox/rows/{deleted}/text/", "/inbox/notes/999999999999999999/text/"):
        assert page.get(path, headers=htmx(page)).status_code == 204
        assert page.get(path).status_code == 404


def test_a_pane_with_many_saved_replies_long_notes_and_long_texts_is_of_limited_size(page, alice, profile):
    long = "\U0001f33f" * 10_000
    send(profile, *(message(f"m{number}", T[0] + number * MINUTE, text=long) for number in range(100)))
    of_thread = {"thread": thread("talk"), "profile": profile, "is_demo": False}
    Note.objects.bulk_create(Note(**of_thread, text=long, created_at=T[1]) for _ in range(MAX_NOTES))
    for number in range(MAX_REPLIES):
        SavedReply.objects.store(alice, f"reply {number}", long, NOW)
    shown = page.get(address(thread("talk")), headers=htmx(page, PANE)).content
    assert shown.count(b"team-note") == thread_pane.NOTES_SHOWN
    assert len(shown) < 600_000


def test_the_composer_knows_the_limit_of_the_platform(page, alice, profile):
    instagram = Profile.objects.create(owner=alice, platform="instagram", platform_id="i", handle="insta")
    x = Profile.objects.create(owner=alice, platform="x", platform_id="x", handle="ex")
    for number, one in enumerate((profile, instagram, x)):
        send(one, comment(f"c{number}"), message(f"m{number}", conversation_id=f"t{number}"))
    limits = {}
    for root in ("c0", "t0", "c1", "t1", "c2", "t2"):
        form = pane(page, root).one("#composer")
        limits[root] = (int(form["data-limit"]), form["data-bytes"])
    assert limits == {
        "c0": (8_000, ""),
        "t0": (2_000, ""),
        "c1": (2_200, ""),
        "t1": (1_000, "1"),
        "c2": (65_536, ""),
        "t2": (65_536, ""),
    }


def test_an_unread_thread_is_marked_as_read_by_its_page_up_to_what_it_shows(page, profile):
    send(profile, message("m1"), message("m2", T[1]))
    form = pane(page, "talk").one("#read")
    fields = {one["name"]: one["value"] for one in form.all("input")}
    assert (form["hx-post"], fields) == (
        f"/inbox/{thread('talk').pk}/unread/",
        {"unread": "0", "covers": str(row("m2").pk)},
    )
    decide([thread("talk").pk], "open", NOW)
    assert pane(page, "talk").all("#read") == []


def test_a_row_that_arrived_late_is_read_when_its_thread_is_opened(page, profile):
    send(profile, message("m1", T[1]))
    send(profile, message("m0", T[0]), at=NOW + HOUR)
    form = pane(page, "talk").one("#read")
    page.post(form["hx-post"], {one["name"]: one["value"] for one in form.all("input")}, headers=htmx(page))
    assert not thread("talk").unread


# The person


def person(page, root: str = "c1"):
    return part(page, f"/inbox/{thread(root).pk}/person/")


def test_the_person_is_shown_with_what_else_they_wrote_on_the_profile(page, alice, profile):
    other = Profile.objects.create(owner=alice, platform="x", platform_id="x1", handle="other")
    send(other, comment("elsewhere", author=ADA, text="elsewhere"))
    send(
        profile,
        event("content.published", "piece"),
        comment("c1", T[0], author=ADA),
        comment("c2", T[1], author=BOB),
    )
    send(
        profile,
        comment("c3", T[2], author=ADA, text="on a post"),
        message("m1", T[3], author=ADA, text="by message"),
    )
    send(profile, comment("c4", T[4], author=ADA, content_id="gone", text="on no post"))
    send(profile, comment("c5", T[5], author=ADA), event("comment.deleted", "c5", at(NOW)))
    shown = person(page)
    assert (shown.one("h2").text, shown.one(".muted").text) == ("Ada Lovelace", "@ada")
    wrote = [
        (one.all("span")[0].text, one.all(".meta")[0].all("time")[0].text)
        for one in shown.one(".also").all("li")
    ]
    assert [text for text, _ in wrote] == ["on no post", "by message", "on a post"]
    roots = ("c4", "talk", "c3")
    assert [one["href"] for one in shown.one(".also").all("a")] == [
        address(thread(root), query="status=all") for root in roots
    ]
    assert [one.text for one in shown.all("button")] == ["Block"]


def test_at_most_eight_of_the_persons_rows_are_shown(page, profile):
    send(profile, *(comment(f"c{number}", T[0] + number * MINUTE, text=f"n{number}") for number in range(12)))
    assert [one.all("span")[0].text for one in person(page, "c0").one(".also").all("li")] == [
        f"n{number}" for number in range(11, 3, -1)
    ]


def test_the_brand_cannot_be_blocked_and_who_wrote_nothing_else_is_told(page, profile):
    send(profile, comment("c1", author=BRAND), comment("c2"))
    shown = person(page)
    assert ("This is your profile." in shown.text, shown.all("button")) == (True, [])
    assert "Nothing else on this profile." in person(page, "c2").text


def test_a_row_that_has_no_thread_yet_has_no_link(page, profile):
    send(profile, comment("c1", T[0], author=ADA), comment("c2", T[1], author=ADA, text="placed later"))
    Interaction.objects.filter(platform_id="c2").update(thread=None)
    shown = person(page).one(".also")
    assert (shown.one("li").text.startswith("placed later"), ["href" in one for one in shown.all("a")]) == (
        True,
        [False],
    )


def test_the_person_of_a_thread_that_is_gone_changes_nothing(page, profile):
    send(profile, comment("c1"))
    gone = thread("c1")
    path = f"/inbox/{gone.pk}/person/"
    send(profile, event("comment.deleted", "c1", at(NOW)))
    assert page.get(path, headers=htmx(page)).status_code == 204
