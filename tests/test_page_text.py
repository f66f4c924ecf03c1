"""How pages show texts and names: line breaks, invisible characters, folded long texts, text direction."""

import re
import time

import pytest

from accounts.models import Profile
from demo.models import DemoAccount
from interactions.cursors import Cursor
from interactions.display import display_author, display_text, preview
from interactions.models import Content, Interaction
from tests.world import demo_of, event, send

PART = {"HX-Request": "true"}
INVISIBLE = "\u3164\u200b\u2800"  # no visible character
NAMES = [
    ("1", "ada", "Ada", ("Ada", "@ada")),
    ("1", "", "Ada", ("Ada", "")),
    ("1", "ada", "", ("@ada", "")),
    ("17841", "", "", ("Somebody", "17841")),
    ("1", "@ada", "Ada", ("Ada", "@ada")),
    ("1", "@", "Ada", ("Ada", "")),
    ("1", "ada", INVISIBLE, ("@ada", "")),
    ("1", INVISIBLE, "Ada", ("Ada", "")),
    ("17841", " ", "\n", ("Somebody", "17841")),
    (INVISIBLE, "", "", ("Somebody", "")),
    ("1", "", "  Ada  ", ("Ada", "")),
    ("1", "", "🦀", ("🦀", "")),
    ("1", "\u202emoc", "\u2069\u202elive\u2067", ("live", "@moc")),
    ("1", "ada", "Ada\nLovelace\u2028", ("Ada Lovelace", "@ada")),
]


def comment(live: Profile, **fields) -> Interaction:
    """Create Alice's only comment, as the platform sends it."""
    Interaction.objects.all().delete()
    send(live, event("comment.created", "one", **fields))
    return Interaction.objects.get()


def listed(page, path: str = "/comments/") -> str:
    return page.get(path).content.decode()


def words(html: str) -> str:
    """Return the visible text: without tags, blanks folded."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


@pytest.mark.parametrize(("id", "handle", "name", "shown"), NAMES)
def test_an_author_is_shown_by_name_handle_or_id(id, handle, name, shown):
    assert display_author(id, handle, name) == shown


@pytest.mark.parametrize(
    ("author", "meta"),
    [
        ({"id": "7", "handle": "ada", "name": "Ada"}, "Ada @ada"),
        ({"id": "7", "name": "Ada"}, "Ada"),
        ({"id": "7", "handle": "ada"}, "@ada"),
        ({"id": "7"}, "Somebody 7"),
    ],
)
def test_the_inbox_and_the_admin_show_an_author_the_same_way(page, live, alice, author, meta):
    comment(live, author=author)
    row = listed(page).split('<div class="meta">')[1].split("<time")[0]
    assert words(row) == f"Instagram Received {meta}"
    alice.is_staff = alice.is_superuser = True
    alice.save()
    cell = re.search(r'field-author">(.*?)</td>', listed(page, "/admin/interactions/interaction/"))
    assert words(cell[1]) == meta


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\ntwo", "one\ntwo"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("one\u2028two\u2029three\x85four\x0bfive", "one\ntwo\nthree\nfour\nfive"),
        ("one\n\ntwo", "one\n\ntwo"),
        ("one" + "\n" * 500 + "two", "one\n\ntwo"),
        ("one" + "\n \t\u200b\u3164" * 500 + "\ntwo", "one\n\ntwo"),
        ("\n\n\none\n\n\n", "one"),
        ("  a  b  ", "  a  b  "),
        ("👩‍🍳", "👩‍🍳"),
        ("", ""),
        (INVISIBLE, ""),
        (" \r\n\u2028 ", ""),
    ],
)
def test_line_breaks_are_kept_and_blank_lines_reduced(text, shown):
    assert display_text(text) == shown


@pytest.mark.parametrize("piece", [" ", "\n", " \n", "\u200b\n", "\u0301", "\u3164"])
def test_megabytes_of_invisible_characters_are_scanned_quickly(piece):
    display_text("once")  # compiles the patterns
    began = time.process_time()
    assert display_text(piece * (2 * 1024 * 1024 // len(piece))) == ""
    assert time.process_time() - began < 1


def test_a_comments_lines_are_on_the_page(page, live):
    comment(live, text="one\r\n\r\n\r\n\r\ntwo\u2028three")
    assert '<p class="text" dir="auto">one\n\ntwo\nthree</p>' in listed(page)


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("x" * 600, ""),
        ("x" * 601, "x" * 600 + " …"),
        ("word " * 120 + "and more", "word " * 119 + "word …"),
        ("a" * 596 + " bbbbbb", "a" * 596 + " …"),
        ("e\u0301" * 400, "e\u0301" * 300 + " …"),
        ("x" + "e\u0301" * 400, "x" + "e\u0301" * 299 + " …"),
        ("👩🏽" * 400, "👩🏽" * 300 + " …"),
        ("\n".join("abcdefghijkl"), ""),
        ("\n".join("abcdefghijklm"), "\n".join("abcdefghijkl") + " …"),
        ("\u0301" * 65_536, "\u0301 …"),
    ],
    ids=range(10),
)
def test_a_preview_ends_at_a_whole_word_and_letter(text, head):
    assert preview(text) == head


@pytest.mark.parametrize("path", ["/comments/", "/admin/interactions/interaction/{pk}/change/"])
@pytest.mark.parametrize(
    ("text", "folded"), [("word " * 120, 0), ("word " * 900, 1), ("line\n" * 99, 1), ("x" * 65_536, 1)]
)
def test_a_long_text_is_folded_and_complete(page, live, alice, path, text, folded):
    alice.is_staff = alice.is_superuser = True
    alice.save()
    row = comment(live, text=text)
    shown = listed(page, path.format(pk=row.pk))
    assert shown.count("<details ") == folded
    assert shown.count(f'<p class="text" dir="auto">{display_text(text)}</p>') == 1
    number = f"{len(display_text(text)):,}"
    assert shown.count(f'<span class="more">Show all {number} characters</span>') == folded


@pytest.mark.parametrize("text", ["", " ", INVISIBLE, "\n\n"])
def test_a_text_without_visible_characters_shows_no_text(page, live, text):
    comment(live, text="a comment")
    send(live, event("comment.created", "answer", parent_id="one", text="thanks"))
    Interaction.objects.filter(platform_id="one").update(text=text)
    Content.objects.update(text=text)
    shown = listed(page)
    assert shown.count('<p class="text muted">No text</p>') == 1
    assert '<blockquote class="muted">No text</blockquote>' in shown
    assert shown.count("on a post without text") == 2


def test_each_text_has_its_own_direction(page, live):
    comment(live, text="שלום", author={"id": "7", "handle": "ada", "name": "עדה"})
    send(live, event("comment.created", "answer", parent_id="one", text="شكرا"))
    Content.objects.update(text="كافه")
    shown = listed(page)
    assert '<p class="text" dir="auto">שלום</p>' in shown
    assert '<blockquote dir="auto">שלום</blockquote>' in shown
    assert "<bdi>עדה</bdi>" in shown
    assert "<bdi>@ada</bdi>" in shown
    assert "<bdi>كافه</bdi>" in shown


def test_the_dashboard_isolates_the_direction_of_brand_and_error(page, alice):
    demo_of(alice, size="small")
    DemoAccount.objects.update(brand="کافه‌ما")
    shown = listed(page, "/")
    assert "<bdi>کافه‌ما</bdi> gets 2 posts a day" in shown
    DemoAccount.objects.update(state="failed", last_error="\u202eoops")
    assert "The demo could not be filled: <bdi>oops</bdi>" in listed(page, "/")


@pytest.mark.parametrize(
    ("path", "names"),
    [("/", ["brand", "products"]), ("/settings/", ["time_zone"]), ("/login/", ["username"])],
)
def test_a_text_field_takes_the_direction_of_its_text(client, alice, path, names):
    if path != "/login/":
        client.force_login(alice)
    shown = listed(client, path)
    for name in names:
        assert 'dir="auto"' in re.search(rf'<(?:input|textarea)[^>]* name="{name}"[^>]*>', shown)[0]
    assert shown.count('dir="auto"') == len(names)


@pytest.mark.parametrize("headers", [{}, PART])
@pytest.mark.parametrize(("path", "name"), [("/comments/", "comments"), ("/messages/", "messages")])
def test_a_page_whose_rows_were_deleted_links_to_the_newest(page, alice, headers, path, name):
    demo_of(alice, size="small")
    rows = Interaction.objects.filter(type=name[:-1]).order_by("-posted_at", "-id")
    cursor = Cursor(rows.last().pk, rows.last().posted_at)
    rows.exclude(pk=rows.first().pk).delete()
    answer = page.get(path, {"cursor": str(cursor)}, headers=headers)
    shown = words(answer.content.decode())
    assert (answer.status_code, f"To the newest {name}" in shown) == (200, True)
    assert f'href="{path}"' in answer.content.decode()
    assert (f"No {name} yet" in shown, "Switch demo mode on" in shown) == (False, False)


def test_a_cursor_whose_row_was_deleted_shows_the_same_page(page, alice):
    demo_of(alice, size="small")
    place = re.search(r'rel="next" href="([^"#]+)', listed(page))[1]
    before = listed(page, f"/comments/{place}")
    rows = Interaction.objects.filter(type="comment").order_by("-posted_at", "-id")
    rows.filter(pk=rows[24].pk).delete()
    after = listed(page, f"/comments/{place}")
    assert before.split("<ol")[1] == after.split("<ol")[1]


@pytest.mark.parametrize("headers", [{}, PART])
@pytest.mark.parametrize("cursor", ["nonsense", "W10=", "WzEsIm5vbnNlbnNlIiwwXQ==", "é", "a" * 3000])
def test_an_invalid_cursor_is_404_with_a_link_to_the_newest(page, live, headers, cursor):
    answer = page.get(f"/comments/?cursor={cursor}", headers=headers)
    shown = words(answer.content.decode())
    assert (answer.status_code, "This page of the list does not exist" in shown) == (404, True)
    assert '<a href="/comments/">To the newest comments</a>' in answer.content.decode()
    assert ("<header>" in answer.content.decode()) == (headers == {})


@pytest.mark.parametrize("headers", [{}, PART])
def test_a_url_with_a_nul_is_400(page, live, headers):
    answer = page.get("/comments/?cursor=%00", headers=headers)
    assert (answer.status_code, answer["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert "<h1>Bad request</h1>" in answer.content.decode()


def test_an_empty_inbox_says_how_to_fill_it(page):
    assert "No comments yet. Demo mode fills the inbox with examples; switch it on in the dashboard" in words(
        listed(page)
    )


def test_every_aria_describedby_names_an_element_on_the_page(page, alice):
    """Screen readers follow it from a field to its help text and its error."""
    answers = [
        page.post("/demo/enable/", {"niche": "coffee", "brand": "a" * 81}),
        page.post("/settings/", {"content_per_day": "21"}),
        page.post("/demo/enable/", {"niche": "coffee", "brand": "a" * 81}, headers=PART),
    ]
    for answer in answers:
        shown = answer.content.decode()
        named = " ".join(re.findall(r'aria-describedby="([^"]+)"', shown)).split()
        assert named
        assert [id for id in named if shown.count(f'id="{id}"') != 1] == []
