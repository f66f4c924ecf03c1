"""The pages that people see, as the server sends them; `test_browser.py` tests them in a browser."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from django.utils import timezone

from accounts.models import Profile, User
from demo.models import StoryEvent
from interactions import replies
from interactions.models import BulkJob, Interaction, Thread
from interactions.threads.decisions import decide
from tests.world import HOUR, NOW, demo_of, event, send, work_on


@pytest.mark.parametrize(
    "path",
    ["/", "/inbox/", "/inbox", "/comments/", "/messages/", "/comments", "/comments/older/", "/demo/panel/"],
)
def test_pages_ask_for_a_log_in_and_then_show(client, alice, path):
    assert client.get(path).headers["Location"].startswith("/login/")
    client.force_login(alice)
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(("username", "focused"), [("alice", "password"), ("", "username")])
def test_after_a_refused_log_in_the_focus_is_on_what_is_to_be_typed_again(client, alice, username, focused):
    shown = client.post("/login/", {"username": username, "password": "wrong"}).content.decode()
    assert re.findall(r'<input[^>]* name="(\w+)"[^>]* autofocus', shown) == [focused]
    assert ('value="alice"' in shown) == (username == "alice")


def shown_ids(html: str) -> list[int]:
    """The threads of a list, in its order."""
    return [int(id) for id in re.findall(r'<div class="row[^>]* data-id="(\d+)"', html)]


def walk(page, path: str) -> Iterator[str]:
    """The page of the list, and all that follow, as a browser without scripts loads them."""
    while path:
        shown = page.get(path).content.decode()
        yield shown
        older = re.search(r'<div class="older"[^>]*>.*?href="([^"]+)"', shown)
        path = unescape(older[1]) if older else ""


def test_the_inbox_shows_every_thread_in_pages(page, alice):
    demo_of(alice, size="small")
    pages = list(walk(page, "/comments/?status=all"))
    stored = Thread.objects.filter(kind="comment")
    newest = stored.order_by("-active_at", "-id")
    assert [id for shown in pages for id in shown_ids(shown)] == [thread.pk for thread in newest]
    assert {len(shown_ids(shown)) for shown in pages[:-1]} == {50}
    assert all(f'data-count="{stored.count()}"' in shown for shown in pages)
    author = (
        Interaction.objects.filter(thread=newest[0], direction="in").latest("posted_at", "id").author_name
    )
    assert f'data-open="{newest[0].pk}"><bdi>{author}</bdi></a>' in pages[0]
    last = f"/comments/older/?status=all&cursor={cursor_after(pages[-2])}"
    again = page.get(last, headers={"HX-Request": "true"}).content.decode()
    assert shown_ids(again) == shown_ids(pages[-1])
    assert "<html" not in again


def cursor_after(shown: str) -> str:
    return re.search(r"cursor=([^&\"]+)", shown)[1]


def test_open_threads_are_shown_and_each_tab_counts_its_own(page, live):
    send(live, event("comment.created", "c2", author={"id": "8", "name": "Bo"}), message("m2", 1, "t2"))
    done, snoozed = (Thread.objects.get(root_ref=ref) for ref in ("c2", "t2"))
    decide([done.pk], "done", NOW)
    Thread.objects.filter(pk=snoozed.pk).update(status="snoozed", snoozed_until=timezone.now() + HOUR)
    waiting = [thread.pk for thread in Thread.objects.filter(root_ref__in=["comment", "talk"])]
    assert {
        tab: (shown_ids(page.get(f"/inbox/?status={tab}").content.decode())) for tab in ("snoozed", "done")
    } == {"snoozed": [snoozed.pk], "done": [done.pk]}
    shown = page.get("/inbox/").content.decode()
    assert sorted(shown_ids(shown)) == sorted(waiting)
    assert re.findall(r'data-count="(\d+)"', shown) == ["2", "1", "1", "4"]
    assert re.findall(r'data-count="(\d+)"', page.get("/messages/").content.decode()) == ["1", "1", "0", "2"]


def opened(page, root_ref: str, where: str = "inbox") -> str:
    """The page with the thread of that `root_ref` open."""
    thread = Thread.objects.get(root_ref=root_ref, profile__owner__username="alice")
    return page.get(f"/{where}/{thread.pk}/").content.decode()


def pane(shown: str) -> str:
    return shown.split('<article class="thread"')[1].split("</article>")[0]


def test_deleted_rows_are_quoted_nowhere(page, live):
    send(live, event("comment.created", "answer", parent_id="comment", text="thank you"))
    shown = opened(page, "comment")
    assert ("thank you" in pane(shown), "a comment" in pane(shown), "a caption" in pane(shown)) == (
        (True,) * 3
    )
    later = NOW.isoformat()
    send(live, event("comment.deleted", "comment", later), event("content.deleted", "piece", later))
    shown = opened(page, "comment")
    assert ("thank you" in shown, "a comment" in shown, "a caption" in shown) == (True, False, False)
    assert "The post was deleted, or has not arrived yet." in pane(shown)
    send(live, event("comment.deleted", "answer", later))
    shown = page.get("/inbox/").content.decode()
    assert ("thank you" in shown, "a comment" in shown, "a message" in shown) == (False, False, True)


def test_a_thread_whose_rows_were_deleted_is_gone(page, live):
    thread = Thread.objects.get(root_ref="comment")
    send(live, event("comment.deleted", "comment", NOW.isoformat()))
    for headers in ({}, {"HX-Request": "true", "HX-Target": "thread"}):
        answer = page.get(f"/comments/{thread.pk}/", headers=headers)
        shown = answer.content.decode()
        assert (answer.status_code, "This thread is gone" in shown) == (200 if headers else 404, True)
        assert '<a class="button" href="/comments/"' in shown
        assert "a comment" not in shown


def test_what_a_person_wrote_elsewhere_quotes_no_deleted_rows(page, live):
    send(
        live,
        event("comment.created", "c2", text="kept words"),
        event("comment.created", "c3", text="lost words"),
    )
    thread = Thread.objects.get(root_ref="comment")
    path = f"/inbox/{thread.pk}/person/"
    shown = page.get(path, headers=HTMX).content.decode()
    assert ("kept words" in shown, "lost words" in shown) == (True, True)
    send(live, event("comment.deleted", "c3", NOW.isoformat()))
    shown = page.get(path, headers=HTMX).content.decode()
    assert ("kept words" in shown, "lost words" in shown) == (True, False)


ADA = {"id": "7", "handle": "ada", "name": "Ada"}
US = {"id": "live-1", "handle": "alice"}


def message(id: str, minute: int, conversation_id: str, author: dict = ADA, **fields) -> dict:
    at = f"2026-03-01T12:{minute:02}:00Z"
    return event("message.created", id, at, author=author, conversation_id=conversation_id, **fields)


def words(html: str) -> str:
    """The visible text: without tags, blanks folded."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def entries(shown: str) -> list[tuple[str, str]]:
    """Of each row of the open thread whether it was received or sent, and whether the network has it."""
    found = re.findall(
        r'<li class="entry (in|out) .*?</time>(.*?)</p>\s*</div>', pane(shown).split("<ol>")[1], re.S
    )
    return [(way, words(foot).removeprefix("· ")) for way, foot in found]


def with_whom(shown: str) -> str:
    """What the head of the open thread says about its person."""
    return words(pane(shown).split('<div class="thread-who">')[1].split("</div>")[0])


def test_messages_say_whether_they_were_sent_and_to_whom(page, live):
    Interaction.objects.all().delete()
    send(
        live,
        message("m1", 1, "t1"),
        message("m2", 2, "t1", US),
        message("m3", 3, "t2", US),
        message("m4", 4, "t3", {"id": "8"}),
        message("m5", 5, "t3", US, parent_id="m4"),
    )
    replies.store_reply(Interaction.objects.get(platform_id="m1"), "See you", NOW)
    threads = {ref: opened(page, ref, "messages") for ref in ("t1", "t2", "t3")}
    assert {ref: entries(shown) for ref, shown in threads.items()} == {
        "t1": [("in", ""), ("out", "Sent"), ("out", "Waiting to be sent")],
        "t2": [("out", "Sent")],
        "t3": [("in", ""), ("out", "Sent")],
    }
    assert {ref: with_whom(shown) for ref, shown in threads.items()} == {
        "t1": "Ada @ada · wrote on Instagram to @alice",
        "t2": "@alice wrote on Instagram in the conversation t2",
        "t3": "Somebody 8 · wrote on Instagram to @alice",
    }


def test_a_reply_to_a_sent_message_is_in_the_conversation_with_its_recipient(page, live):
    send(live, message("m1", 1, "t1"), message("m2", 2, "t1", US, parent_id="m1"))
    own = replies.store_reply(Interaction.objects.get(platform_id="m2"), "And one thing more", NOW)
    replies.store_reply(own, "And another", NOW + HOUR)
    shown = opened(page, "t1")
    waiting = ("out", "Waiting to be sent")
    assert entries(shown) == [("in", ""), ("out", "Sent"), waiting, waiting]
    assert with_whom(shown) == "Ada @ada · wrote on Instagram to @alice"


def test_a_recipient_is_named_when_their_message_is_on_an_older_page(page, live, bob):
    other = Profile.objects.create(owner=bob, platform="x", platform_id="live-1", handle="bob")
    send(other, message("theirs", 0, "t1", {"id": "9", "name": "Not Alice's"}))
    send(live, message("m0", 1, "t1", text="the first"))
    at = [f"2026-03-01T13:{n // 2:02}:{30 * (n % 2):02}Z" for n in range(101)]
    send(live, *(message(f"m{n + 1}", 1, "t1", US) | {"occurred_at": at[n]} for n in range(101)))
    shown = opened(page, "t1")
    assert entries(shown) == [("out", "Sent")] * 100
    assert with_whom(shown) == "Ada @ada · wrote on Instagram to @alice"
    assert ("Not Alice" in shown, "the first" in pane(shown)) == (False, False)
    earlier = re.search(r'<a class="button plain" href="([^"]+rows=[^"]+)"', pane(shown))[1]
    shown = page.get(unescape(earlier)).content.decode()
    assert entries(shown) == [("in", ""), ("out", "Sent")]
    assert ("the first" in pane(shown), "To the newest" in pane(shown)) == (True, True)


def test_comments_say_whether_they_were_sent(page, live):
    send(live, event("comment.created", "answer", author=US, parent_id="comment"))
    shown = opened(page, "comment", "comments")
    assert entries(shown) == [("in", ""), ("out", "Sent")]
    assert with_whom(shown) == "A Person @person · commented on Instagram, @alice"


HTMX = {"HX-Request": "true"}


def test_a_bulk_change_that_is_cancelled_says_what_was_changed(page, alice):
    job = BulkJob.objects.start(alice, NOW, until=NOW, left=1_001, filters={}, change={"status": "done"})
    assert (
        "0 threads changed, 1,001 left …" in page.get(f"/inbox/jobs/{job.pk}/", headers=HTMX).content.decode()
    )
    answer = page.post(f"/inbox/jobs/{job.pk}/cancel/", headers=HTMX)
    assert (answer.status_code, "Cancelled; 0 threads changed." in answer.content.decode()) == (200, True)
    assert page.post(f"/inbox/jobs/{job.pk}/cancel/").headers["Location"] == "/inbox/"


PANE, LIST = ({"HX-Request": "true", "HX-Target": target} for target in ("thread", "list"))


@pytest.mark.parametrize(
    ("path", "headers", "queries"),
    [
        ("/inbox/", {}, 11),
        ("/comments/", {}, 11),
        ("/messages/", {}, 11),
        ("/comments/", LIST, 10),
        ("/comments/older/", HTMX, 7),
        ("/comments/{comment}/", {}, 19),
        ("/comments/{comment}/", PANE, 11),
        ("/messages/{message}/", PANE, 10),
        ("/comments/{comment}/person/", HTMX, 7),
        (
            "/inbox/updates/?status=all&shown={comment}:0,{message}:0&open={comment}&listed=2026-03-01T12:00:00Z",
            HTMX,
            16,
        ),
    ],
)
def test_a_pages_queries_do_not_grow_with_what_it_shows(
    page, alice, path, headers, queries, django_assert_num_queries
):
    demo_of(alice)
    newest = {
        kind: Thread.objects.filter(kind=kind, status="open").latest("active_at", "id")
        for kind in ("comment", "message")
    }
    path = path.format(**{kind: thread.pk for kind, thread in newest.items()})
    with django_assert_num_queries(queries):
        page.get(path, headers=headers)
    for thread in newest.values():
        work_on(thread)
        for number in range(3):
            replies.answer_thread(thread, f"answer {number}", timezone.now())
    demo_of(User.objects.create_user("other"), seed=2, size="small")
    StoryEvent.objects.update(delivered_at=None)
    Profile.objects.update(owner=alice)
    with django_assert_num_queries(queries):
        page.get(path, headers=headers)
