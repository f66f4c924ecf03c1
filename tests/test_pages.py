"""The pages that people see, as the server sends them; `test_browser.py` sees them in a browser."""

import re

import pytest

from accounts.models import Profile, User
from demo import unfinished
from demo.models import DemoAccount, State, StoryEvent
from interactions.models import Interaction
from tests.world import NOW, demo_of, event, send


@pytest.mark.parametrize("path", ["/", "/comments/", "/messages/", "/comments", "/demo/panel/"])
def test_pages_ask_for_a_log_in_and_then_show(client, alice, path):
    assert client.get(path).headers["Location"].startswith("/login/")
    client.force_login(alice)
    assert client.get(path).status_code == 200


def test_the_inbox_shows_what_arrived_and_pages_it(page, alice):
    demo_of(alice, size="small")
    first = page.get("/comments/").content.decode()
    newest = Interaction.objects.filter(type="comment").order_by("-posted_at", "-id").first()
    assert "200 comments" in first
    assert newest.author_name in first
    assert "Newer" not in first
    pages = [first]
    while older := re.search(r'rel="next" href="([^"]+)"', pages[-1]):
        pages.append(page.get(f"/comments/{older[1]}").content.decode())
    assert sum(text.count("<li ") for text in pages) == Interaction.objects.filter(type="comment").count()
    assert {text.count("<li ") for text in pages[:-1]} == {25}
    assert page.get("/comments/?cursor=nonsense").status_code == 404


def test_what_is_deleted_is_quoted_nowhere(page, live):
    send(live, event("comment.created", "answer", parent_id="comment", text="thank you"))
    shown = page.get("/comments/").content.decode()
    assert ("<blockquote>a comment" in shown, "a caption" in shown) == (True, True)
    later = NOW.isoformat()
    send(live, event("comment.deleted", "comment", later), event("content.deleted", "piece", later))
    shown = page.get("/comments/").content.decode()
    assert ("thank you" in shown, "a comment" in shown, "a caption" in shown) == (True, False, False)


@pytest.mark.django_db(transaction=True)
def test_the_switch_on_the_dashboard(page, alice):
    assert "Switch demo mode on" in page.get("/").content.decode()
    page.post("/demo/enable/")
    account = DemoAccount.objects.get()
    assert account.state == State.ENABLING
    unfinished.finish(account.pk, NOW.replace(year=2030))
    assert "lives on" in page.get("/").content.decode()
    page.post("/demo/disable/")
    unfinished.finish(account.pk, NOW)
    assert User.objects.get().demo_mode_enabled_at is None


CHOICES = {
    "niche": "fitness",
    "language": "es",
    "brand": "Gimnasio Lira",
    "products": "Clase Alba, grande\n\nClase Brisa",
    "platforms": ["x", "facebook"],
    "rhythm": "natural",
}


@pytest.mark.django_db(transaction=True)
def test_demo_mode_is_switched_on_as_the_form_asks(page, alice):
    page.post("/demo/enable/", CHOICES)
    account = DemoAccount.objects.get()
    assert (account.niche, account.language, account.brand) == ("fitness", "es", "Gimnasio Lira")
    assert account.products == ["Clase Alba, grande", "Clase Brisa"]
    assert (account.rhythm, sorted(account.platforms)) == ("natural", ["facebook", "x"])


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"platforms": []}, "Choose at least one platform."),
        ({"products": "a" * 200}, "Each of products must be a name of 1 to"),
        (
            {"niche": "games"},
            "In language es the niche must be one of coffee, fashion, fitness; games is not.",
        ),
        ({"brand": "a" * 81}, "at most 80 characters"),
    ],
)
def test_a_wrong_choice_is_said_beside_the_form_and_nothing_is_begun(page, alice, choice, sentence, headers):
    answer = page.post("/demo/enable/", CHOICES | choice, headers=headers, follow=True)
    shown = answer.content.decode().replace("&#x27;", "'")
    assert (answer.status_code, sentence in shown, "Clase Brisa" in shown) == (
        200,
        True,
        "products" not in choice,
    )
    assert not DemoAccount.objects.exclude(state=State.OFF).exists()


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_button_that_comes_too_late_says_why(page, alice, headers):
    answer = page.post("/demo/pause/", headers=headers, follow=True)
    assert "Demo mode is off; only an active demo can be paused." in answer.content.decode()
    assert "Switch demo mode on" in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "queries"), [("/comments/", 4), ("/messages/", 4), ("/", 7), ("/demo/panel/", 7)]
)
def test_a_pages_queries_do_not_grow_with_what_it_shows(
    page, alice, path, queries, django_assert_num_queries
):
    demo_of(alice)
    with django_assert_num_queries(queries):
        page.get(path)
    demo_of(User.objects.create_user("other"), seed=2, size="small")
    StoryEvent.objects.update(delivered_at=None)
    Profile.objects.update(owner=alice)
    with django_assert_num_queries(queries):
        page.get(path)
