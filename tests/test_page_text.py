"""How pages show texts and names: line breaks, invisible characters, folded long texts, text direction."""

import re
import time

import pytest

from accounts.models import Profile
from demo.models import DemoAccount
from interactions.cursors import Cursor
from interactions.display import display_author, display_text, preview
from interactions.models import Content, Interaction, SavedReply, Thread
from interactions.threads.changing import ThreadChange, change_thread
from interactions.threads.noting import add_note
from tests.inbox_pages import htmx
from tests.world import NOW, demo_of, event, send

PART = {"HX-Request": "true"}
LATER = "2026-03-01T13:00:00Z"
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


def person_beside(page, thread: int) -> str:
    """The person of the thread, as htmx loads them."""
    return page.get(f"/comments/{thread}/person/", headers=htmx(page)).content.decode()


def opened(page, platform_id: str = "one") -> str:
    """The pane of the thread of the comment with that id."""
    thread = Interaction.objects.get(platform_id=platform_id).thread_id
    return listed(page, f"/comments/{thread}/").split('<article class="thread"')[1].split("</article>")[0]


def row_of(page, platform_id: str = "one") -> str:
    """The row of that comment's thread in the list."""
    thread = Interaction.objects.get(platform_id=platform_id).thread_id
    return listed(page).split(f'id="row-{thread}"')[1].split("</li>")[0]


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
    shown = opened(page)
    head = shown.split('<p class="entry-head">')[1].split("</p>")[0]
    person = words(shown.split('<div class="thread-who">')[1].split("</div>")[0])
    thread = Interaction.objects.get().thread_id
    aside = person_beside(page, thread).split("<h2>")[1].split('<p class="meta">')[0]
    name, _, secondary = meta.partition(" ")
    assert (words(head), words(aside)) == (meta, meta)
    assert person == meta + (" · " if secondary else " ") + "commented on Instagram, @alice"
    assert words(row_of(page).split('class="row-link')[1].split(">", 1)[1].split("</a>")[0]) == name
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
    assert '<p class="text" dir="auto">one\n\ntwo\nthree</p>' in opened(page)
    assert '<bdi class="truncate">one two three</bdi>' in row_of(page)


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


@pytest.mark.parametrize("path", ["/comments/{thread}/", "/admin/interactions/interaction/{pk}/change/"])
@pytest.mark.parametrize(
    ("text", "folded"), [("word " * 120, 0), ("word " * 900, 1), ("line\n" * 99, 1), ("x" * 65_536, 1)]
)
def test_a_long_text_is_folded_and_complete(page, live, alice, path, text, folded):
    alice.is_staff = alice.is_superuser = True
    alice.save()
    row = comment(live, text=text)
    shown = listed(page, path.format(pk=row.pk, thread=row.thread_id))
    assert shown.count('<details class="fold"') == folded
    for link in re.findall(r'hx-get="([^"]+)" hx-trigger="toggle"', shown):
        shown += page.get(link, headers=PART).content.decode().split("</summary>")[1]
    assert shown.count(f'<p class="text" dir="auto">{display_text(text)}</p>') == 1
    number = f"{len(display_text(text)):,}"
    assert shown.count(f'<span class="more">Show all {number} characters</span>') == folded


@pytest.mark.parametrize(("text", "shown"), [("x" * 65_536, "x" * 200), ("a\n\n" * 400, "a " * 66 + "a")])
def test_the_list_shows_the_start_of_a_long_text_on_one_line(page, live, text, shown):
    comment(live, text=text)
    assert f'<bdi class="truncate">{shown}</bdi>' in row_of(page)


@pytest.mark.parametrize("text", ["", " ", INVISIBLE, "\n\n"])
def test_a_text_without_visible_characters_shows_no_text(page, live, text):
    comment(live, text="a comment")
    send(live, event("comment.created", "other", text="thanks"))
    Interaction.objects.filter(platform_id="one").update(text=text)
    Content.objects.update(text=text)
    shown = opened(page)
    assert shown.count('<p class="text muted">No text</p>') == 1
    assert '<bdi class="truncate">A post without text</bdi>' in shown
    assert '<bdi class="truncate">No text</bdi>' in row_of(page)
    thread = Interaction.objects.get(platform_id="other").thread_id
    also = person_beside(page, thread).split("Also wrote")[1]
    assert '<span class="clamp" dir="auto">No text</span>' in also


def test_each_text_has_its_own_direction(page, live):
    author = {"id": "7", "handle": "ada", "name": "עדה"}
    comment(live, text="שלום", author=author)
    send(live, event("comment.created", "answer", LATER, parent_id="one", text="شكرا", author=author))
    send(live, event("comment.created", "other", text="سلام", author=author))
    Content.objects.update(text="كافه")
    add_note(Thread.objects.get(root_ref="one"), "הערה", NOW)
    shown = opened(page)
    assert '<p class="text" dir="auto">שלום</p>' in shown
    assert '<p class="text" dir="auto">شكرا</p>' in shown
    assert '<p class="text" dir="auto">הערה</p>' in shown
    assert '<strong class="truncate"><bdi>עדה</bdi></strong>' in shown
    assert '<span class="meta truncate"><bdi>@ada</bdi></span>' in shown
    assert '<bdi class="truncate">كافه</bdi>' in shown
    assert '<p class="text" dir="auto">كافه</p>' in shown
    row = row_of(page)
    assert "<bdi>עדה</bdi></a>" in row
    assert '<bdi class="truncate">شكرا</bdi>' in row
    thread = Interaction.objects.get(platform_id="one").thread_id
    aside = person_beside(page, thread)
    assert ("<h2><bdi>עדה</bdi></h2>" in aside, "<bdi>@ada</bdi>" in aside) == (True, True)
    assert '<span class="clamp" dir="auto">سلام</span>' in aside


def test_what_platforms_and_people_write_is_escaped(page, live):
    tag = "<img src=x onerror=alert(1)>"
    comment(live, text=tag, author={"id": "7", "handle": "<b>", "name": "<script>"})
    Content.objects.update(text=tag)
    thread = Thread.objects.get(root_ref="one")
    add_note(thread, tag, NOW)
    change_thread(thread, ThreadChange(labels=(tag,)), NOW)
    SavedReply.objects.store(live.owner, tag, '"><img>', NOW)
    paths = [f"/comments/{thread.pk}/", f"/inbox/?search={tag}&label={tag}"]
    for shown in [person_beside(page, thread.pk), *(listed(page, path) for path in paths)]:
        assert ("<img src=x" in shown, "<img>" in shown, "<b>" in shown) == (False, False, False)
    assert "&lt;img src=x onerror=alert(1)&gt;" in opened(page)


def test_the_dashboard_isolates_the_direction_of_brand_and_error(page, alice):
    demo_of(alice, size="small")
    DemoAccount.objects.update(brand="کافه‌ما")
    assert '<bdi class="truncate">کافه‌ما</bdi>' in listed(page, "/")
    for state in ("enabling", "disabling"):
        DemoAccount.objects.update(state=state)
        heading = listed(page, "/").split("<h1")[1].split("</h1>")[0]
        assert "<bdi>کافه‌ما</bdi>" in heading
    DemoAccount.objects.update(state="failed", last_error="\u202eoops")
    assert '<p class="notice bad why"><bdi>oops</bdi></p>' in listed(page, "/")


@pytest.mark.parametrize(
    ("path", "names"),
    [("/", ["brand", "products"]), ("/settings/demo/", ["time_zone"]), ("/login/", ["username"])],
)
def test_a_text_field_takes_the_direction_of_its_text(client, alice, path, names):
    if path != "/login/":
        client.force_login(alice)
    shown = listed(client, path)
    for name in names:
        assert 'dir="auto"' in re.search(rf'<(?:input|textarea)[^>]* name="{name}"[^>]*>', shown)[0]
    assert shown.count('dir="auto"') == len(names)


def cursor_after(shown: str) -> str:
    return re.search(r'<div class="older".*?cursor=([^&"]+)', shown)[1]


@pytest.mark.parametrize("path", ["/comments/", "/messages/"])
def test_a_page_whose_threads_were_deleted_links_to_the_newest(page, alice, path):
    demo_of(alice, size="small")
    threads = Thread.objects.filter(kind=path[1:-2]).order_by("-active_at", "-id")
    cursor = Cursor(threads.last().pk, threads.last().active_at)
    threads.exclude(pk=threads.first().pk).delete()
    answer = page.get(f"{path}older/", {"cursor": str(cursor)})
    shown = words(answer.content.decode())
    assert (answer.status_code, "The threads of this page were deleted or changed" in shown) == (200, True)
    assert f'<a class="button" href="{path}">To the newest</a>' in answer.content.decode()
    assert ("Nothing waits for an answer" in shown, "Switch demo mode on" in shown) == (False, False)
    rows = page.get(f"{path}older/", {"cursor": str(cursor)}, headers=PART)
    assert (rows.status_code, rows.content.strip()) == (200, b"")


@pytest.mark.parametrize("headers", [{}, PART])
def test_a_cursor_whose_thread_was_deleted_shows_the_same_page(page, alice, headers):
    demo_of(alice, size="small")
    place = f"/comments/older/?status=all&cursor={cursor_after(listed(page, '/comments/?status=all'))}"

    def shown() -> list[str]:
        return re.findall(r'data-open="(\d+)"', page.get(place, headers=headers).content.decode())

    threads = Thread.objects.filter(kind="comment").order_by("-active_at", "-id")
    before = shown()
    assert before == [str(thread.pk) for thread in threads[50:100]]
    threads.filter(pk=threads[49].pk).delete()
    assert shown() == before


CURSORS = ["nonsense", "W10=", "WzEsIm5vbnNlbnNlIiwwXQ==", "é", "a" * 3000]


@pytest.mark.parametrize("headers", [{}, PART])
@pytest.mark.parametrize("cursor", CURSORS)
def test_an_invalid_cursor_is_404_with_a_link_to_the_newest(page, live, headers, cursor):
    answer = page.get(f"/comments/older/?cursor={cursor}", headers=headers)
    shown = words(answer.content.decode())
    assert (answer.status_code, "This page of the list does not exist" in shown) == (404, True)
    assert '<a class="button" href="/comments/">To the inbox</a>' in answer.content.decode()
    assert ('<nav class="side"' in answer.content.decode()) == (headers == {})


def test_a_link_to_a_page_of_the_list_before_shows_the_newest(page, live):
    """Addresses of the lists of rows had a cursor."""
    row = comment(live)
    assert f'data-open="{row.thread_id}"' in listed(page, "/comments/?cursor=nonsense")


@pytest.mark.parametrize("cursor", CURSORS)
def test_an_invalid_cursor_of_a_threads_rows_shows_the_newest(page, live, cursor):
    row = comment(live, text="the comment")
    answer = page.get(f"/comments/{row.thread_id}/?rows={cursor}")
    shown = answer.content.decode()
    assert (answer.status_code, '<p class="text" dir="auto">the comment</p>' in shown) == (200, True)


@pytest.mark.parametrize("headers", [{}, PART])
def test_a_url_with_a_nul_is_400(page, live, headers):
    answer = page.get("/comments/?cursor=%00", headers=headers)
    assert (answer.status_code, answer["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert "<h1>Bad request</h1>" in answer.content.decode()


def test_an_empty_inbox_says_how_to_fill_it(page):
    shown = listed(page)
    assert (
        "Your inbox is empty Connect a profile, or switch demo mode on:"
        " it fills the inbox with believable comments and messages. Try the demo" in words(shown)
    )
    assert '<a class="button primary" href="/">Try the demo</a>' in shown


def test_every_aria_describedby_names_an_element_on_the_page(page, alice):
    """Screen readers follow it from a field to its help text and its error."""
    answers = [
        page.post("/demo/enable/", {"niche": "coffee", "brand": "a" * 81}),
        page.post("/settings/demo/", {"content_per_day": "21"}),
        page.post("/demo/enable/", {"niche": "coffee", "brand": "a" * 81}, headers=PART),
    ]
    for answer in answers:
        shown = answer.content.decode()
        named = " ".join(re.findall(r'aria-describedby="([^"]+)"', shown)).split()
        assert named
        assert [id for id in named if shown.count(f'id="{id}"') != 1] == []
