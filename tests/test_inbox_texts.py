"""Texts and names of people on the inbox's pages: markup, directions, lengths, every script; in every part of the page."""

import pytest

from interactions.models import Interaction, Label, Note, SavedReply, SavedView, Thread
from tests.html_tree import Element
from tests.inbox_pages import (
    PANE,
    action,
    address,
    conversation,
    entry,
    part,
    press,
    row_of,
    toast,
    whole,
)
from tests.thread_requests import row
from tests.world import NOW, T, comment, event, message, send, thread

MARKUP = "<script>alert(1)</script> \"'><img src=x onerror=alert(2)> {{ 7 }} {% now %} &amp; &lt;"
BIDI = "\u202eabc\u202c \u2066def\u2069\u2069 \u202d"
SCRIPTS = {
    "arabic": "مرحبا بالعالم",
    "hebrew": "שלום עולם",
    "devanagari": "नमस्ते दुनिया",
    "thai": "สวัสดีชาวโลก",
    "chinese": "你好世界",
    "japanese": "こんにちは、世界",
    "korean": "안녕하세요 세계",
    "georgian": "გამარჯობა მსოფლიო",
    "amharic": "ሰላም ልዑል",
    "emoji": "👩🏽‍🚀 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🇺🇳 ❤️",
    "combining": "e\u0301" * 20,
    "zalgo": "Z\u0351\u0351\u0351\u0351",
    "astral": "𝕳𝖊𝖑𝖑𝖔 𓀀 𐍈",
    "lines": "one\r\ntwo\u2028three\x85four",
}


def person(text: str) -> dict[str, str]:
    return {"id": "ada", "handle": "ada", "name": text[:200]}


def fill(profile, text: str, name: str | None = None) -> None:
    """A post, a comment with replies, a note and a message with this text, by an author of this name; a label `name`."""
    send(profile, event("content.published", "piece", text=text))
    send(profile, comment("c1", T[0], text=text, author=person(text)))
    send(profile, comment("c2", T[1], parent_id="c1", text=text, author=person(text)))
    send(profile, comment("c3", T[2], parent_id="c2", text=text, author=person(text)))
    send(
        profile,
        comment("c4", T[3], parent_id="c3", text=text, author=person(text)),
        message("m1", text=text, author=person(text)),
    )
    of_profile = {"profile": profile, "is_demo": False}
    Note.objects.create(
        thread=thread("c1"), text=text, author_name=(name or text)[:200], created_at=NOW, **of_profile
    )
    label = Label.objects.create(name=(name or text)[:50], **of_profile)
    Thread.objects.update(label_ids=[label.pk])


def parts(page) -> list[Element]:
    """Every page and fragment that shows texts of people."""
    one, talk = thread("c1"), thread("talk")
    return [
        whole(page, address(one)),
        whole(page, address(talk)),
        part(page, address(one), PANE),
        part(page, f"/inbox/{one.pk}/person/"),
        part(page, f"/inbox/updates/?open={one.pk}&shown={one.pk}:0,{talk.pk}:0&listed=2026-01-01T00:00:00Z"),
        press(page, action(talk, "status"), open=one.pk, shown=f"{one.pk}:0", status="open"),
    ]


def test_markup_is_shown_as_it_was_written(page, alice, profile):
    fill(profile, MARKUP)
    SavedReply.objects.store(alice, MARKUP[:30], "<b>{first_name}</b>", NOW)
    SavedView.objects.store(alice, MARKUP[:30], "inbox", "search=%3Cb%3E")
    for shown in parts(page):
        assert [one for one in shown.inside if "onerror" in one or one.attrs.get("src") == "x"] == []
        assert "<script>alert(1)</script>" in shown.text
        assert not any("alert" in one.raw_text for one in shown.all("script"))
    shown = whole(page, address(thread("c1")))
    assert conversation(shown)[0] == MARKUP
    assert row_of(shown, thread("c1")).all("bdi")[0].raw_text == " ".join(MARKUP[:200].split())
    [saved] = part(page, action(thread("c1"), "replies")).all("button")
    assert saved["data-insert"] == f"<b>{MARKUP.split(' ')[0]}</b>"


@pytest.mark.sample(4)
@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_is_shown_in_every_part(page, profile, name):
    fill(profile, SCRIPTS[name])
    for shown in parts(page):
        assert SCRIPTS[name].split()[0] in shown.raw_text


def test_each_text_of_a_thread_has_its_own_direction(page, profile):
    text = SCRIPTS["arabic"]
    fill(profile, text)
    shown = part(page, address(thread("c1")), PANE)
    for one in [*shown.all(".text"), *shown.all(".post-caption")[0].all("bdi")[:1]]:
        assert one.tag == "bdi" or one["dir"] == "auto"
    assert [one.text for one in shown.one(".thread-who").all("bdi")] == [text, "@ada"]
    for found in shown.all(".entry"):
        assert found.one("strong").one("bdi").text == text
    line = row_of(whole(page), thread("c1"))
    assert [one.tag for one in line.inside if one.text == text and not one.all("bdi")] == [
        "bdi",
        "bdi",
        "bdi",
    ]


def test_controls_of_direction_do_not_leave_names_nor_lines(page, profile):
    fill(profile, BIDI, "fine")
    for shown in parts(page):
        for one in shown.inside:
            if one.tag == "bdi" or one.attrs.get("dir") != "auto":
                texts = [child for child in one.children if isinstance(child, str)]
                assert not any(
                    character in text for text in texts for character in "\u202e\u202c\u2066\u2069\u202d"
                )
            for value in (one.attrs.get("aria-label"), one.attrs.get("title")):
                assert not any(character in (value or "") for character in "\u202e\u2066\u2069")


def test_controls_in_a_filter_do_not_leave_it(page, profile):
    fill(profile, "plums")
    [chip] = whole(page, "/inbox/?search=%E2%80%AEplums%E2%81%A9").one(".chips").all("a")
    assert "\u202e" not in chip["aria-label"]
    assert (chip.one("bdi").text, chip.text) == ("“plums”", "“plums”")


def test_line_breaks_of_texts_and_notes_are_kept(page, profile):
    fill(profile, SCRIPTS["lines"])
    shown = part(page, address(thread("c1")), PANE)
    texts = [one.raw_text for one in shown.all(".text")]
    assert texts == ["one\ntwo\nthree\nfour"] * 6
    assert row_of(whole(page), thread("c1")).all("bdi")[1].text == "one two three four"


def test_the_longest_texts_are_folded_and_complete(page, profile):
    text = ("word " * 13_108)[:65_536]
    fill(profile, text)
    shown = part(page, address(thread("talk")), PANE)
    fold = entry(shown, row("m1").pk).one("details")
    assert fold.one(".more").text == "Show all 65,536 characters"
    assert part(page, fold["hx-get"]).one(".text").raw_text == text
    line = row_of(whole(page), thread("talk"))
    assert len(line.one(".row-line").all("bdi")[0].raw_text) <= 200
    assert len(page.get("/inbox/").content) < 200_000


def test_many_long_texts_make_no_page_of_unlimited_size(page, profile):
    text = "\U0001f33f" * 65_536
    send(profile, *(message(f"m{number}", T[0], text=text) for number in range(12)))
    shown = part(page, address(thread("talk")), PANE)
    assert len(shown.all(".entry")) < 12
    assert "Earlier" in [one.text for one in shown.all("a")]


@pytest.mark.parametrize("text", ["", " \n", "\u200b\u3164", "\u202e"])
def test_a_text_that_shows_nothing_says_so(page, profile, text):
    send(profile, event("content.published", "piece", text="a caption"), comment("c1", text="a comment"))
    Interaction.objects.update(text=text)
    profile_post = thread("c1").content
    profile_post.text = text
    profile_post.save()
    shown = whole(page, address(thread("c1")))
    assert row_of(shown, thread("c1")).one(".row-line").text == "No text"
    assert conversation(shown) == ["No text"]
    assert shown.one(".post-caption").all("bdi")[0].text == "A post without text"


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ({"id": "7", "handle": "", "name": ""}, "Somebody"),
        ({"id": "\u200b", "handle": "\u200b", "name": "\u3164"}, "Somebody"),
        ({"id": "7", "handle": "ada", "name": "\u202e"}, "@ada"),
        ({"id": "7", "handle": "", "name": "x" * 255}, "x" * 255),
    ],
)
def test_whoever_wrote_has_a_name(page, profile, author, name):
    send(profile, comment("c1", author=author))
    shown = whole(page, address(thread("c1")))
    assert row_of(shown, thread("c1")).one(".row-link").text == name
    assert shown.one(".thread-who").one("h2").text == name
    assert entry(shown, row("c1").pk).one("strong").text == name


def test_a_hostile_text_that_is_typed_comes_back_as_it_was(page, profile):
    send(profile, message("m1"))
    typed = "</textarea><script>alert(1)</script>\n\u202e" + "x" * 2_000
    shown = press(page, action(thread("talk"), "write"), code=422, text=typed, mode="reply")
    assert shown.one("textarea").raw_text == typed
    shown = press(page, action(thread("talk"), "write"), text=typed[:60], mode="reply", key="<script>\"'")
    assert (toast(shown), conversation(shown)[-1]) == ("Reply queued.", " ".join(typed[:60].split()))


def test_a_control_character_that_cannot_be_stored_is_refused(page, profile):
    send(profile, message("m1"))
    answer = page.post(action(thread("talk"), "write"), {"text": "a\x00b", "mode": "reply"})
    assert (answer.status_code, Interaction.objects.count()) == (400, 1)
