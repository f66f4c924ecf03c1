"""The pages that people see, as the server sends them; `test_browser.py` tests them in a browser."""

import re

import pytest
from django.utils import timezone

from accounts.models import Profile, User
from demo.lifecycle import pending_work, scenarios, transitions
from demo.models import DemoAccount, State, StoryEvent
from interactions import replies
from interactions.models import Interaction
from tests.world import HOUR, NOW, demo_of, event, send


@pytest.mark.parametrize("path", ["/", "/comments/", "/messages/", "/comments", "/demo/panel/"])
def test_pages_ask_for_a_log_in_and_then_show(client, alice, path):
    assert client.get(path).headers["Location"].startswith("/login/")
    client.force_login(alice)
    assert client.get(path).status_code == 200


def test_the_inbox_shows_received_rows_in_pages(page, alice):
    demo_of(alice, size="small")
    first = page.get("/comments/").content.decode()
    newest = Interaction.objects.filter(type="comment").order_by("-posted_at", "-id").first()
    stored = Interaction.objects.filter(type="comment")
    sent = stored.filter(direction="out").count()
    assert sent > 0
    assert f"{200 + sent} comments: 200 received, {sent} sent" in first
    assert newest.author_name in first
    assert "Newer" not in first
    pages = [first]
    while older := re.search(r'rel="next" href="([^"]+)"', pages[-1]):
        pages.append(page.get(f"/comments/{older[1]}").content.decode())
    assert sum(text.count("<li ") for text in pages) == stored.count() == 200 + sent
    assert sum(text.count('<li class="card item sent">') for text in pages) == sent
    assert {text.count("<li ") for text in pages[:-1]} == {25}
    assert page.get("/comments/?cursor=nonsense").status_code == 404


def test_deleted_rows_are_quoted_nowhere(page, live):
    send(live, event("comment.created", "answer", parent_id="comment", text="thank you"))
    shown = page.get("/comments/").content.decode()
    assert ('<blockquote dir="auto">a comment' in shown, "a caption" in shown) == (True, True)
    later = NOW.isoformat()
    send(live, event("comment.deleted", "comment", later), event("content.deleted", "piece", later))
    shown = page.get("/comments/").content.decode()
    assert ("thank you" in shown, "a comment" in shown, "a caption" in shown) == (True, False, False)


def test_a_list_that_is_counted_no_further_says_so(page, live, monkeypatch):
    monkeypatch.setattr("interactions.views.MAX_COUNTED", 3)
    send(live, *(event("comment.created", f"c{n}") for n in range(2)))
    assert "3 comments: 3 received, 0 sent" in page.get("/comments/").content.decode()
    send(live, event("comment.created", "c3", author={"id": "live-1"}))
    assert "more than 3 comments, received and sent" in page.get("/comments/").content.decode()


ADA = {"id": "7", "handle": "ada", "name": "Ada"}
US = {"id": "live-1", "handle": "alice"}


def message(id: str, minute: int, conversation_id: str, author: dict = ADA, **fields) -> dict:
    at = f"2026-03-01T12:{minute:02}:00Z"
    return event("message.created", id, at, author=author, conversation_id=conversation_id, **fields)


def directions(page, path: str = "/messages/") -> list[tuple[str, str]]:
    """Of each row whether it was received or sent, and to whom."""
    rows = page.get(path).content.decode().split("<li ")[1:]
    found = [
        re.search(r'"direction">([^<]*)</span>.*?(?:<p class="muted">(to .*?)</p>|</li>)', row, re.S)
        for row in rows
    ]
    return [(one[1], re.sub("<[^>]*>", "", one[2] or "")) for one in found]


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
    assert directions(page) == [
        ("Waiting to be sent", "to Ada @ada"),
        ("Sent", "to Somebody 8"),
        ("Received", "to @alice"),
        ("Sent", "to the conversation t2"),
        ("Sent", "to Ada @ada"),
        ("Received", "to @alice"),
    ]


def test_a_reply_to_a_sent_message_has_the_same_recipient(page, live):
    send(live, message("m1", 1, "t1"), message("m2", 2, "t1", US, parent_id="m1"))
    own = replies.store_reply(Interaction.objects.get(platform_id="m2"), "And one thing more", NOW)
    replies.store_reply(own, "And another", NOW + HOUR)
    assert [one for one in directions(page) if one[0] != "Received"] == [
        ("Waiting to be sent", "to Ada @ada"),
        ("Waiting to be sent", "to Ada @ada"),
        ("Sent", "to Ada @ada"),
    ]


def test_a_recipient_is_found_when_their_message_is_on_an_older_page(page, live, bob):
    other = Profile.objects.create(owner=bob, platform="x", platform_id="live-1", handle="bob")
    send(other, message("theirs", 0, "t1", {"id": "9", "name": "Not Alice's"}))
    send(live, message("m0", 1, "t1"), *(message(f"m{n}", n, "t1", US) for n in range(2, 40)))
    assert directions(page) == [("Sent", "to Ada @ada")] * 25


def test_comments_say_whether_they_were_sent(page, live):
    send(live, event("comment.created", "answer", author=US, parent_id="comment"))
    assert directions(page, "/comments/") == [("Sent", ""), ("Received", "")]


@pytest.mark.django_db(transaction=True)
def test_demo_mode_is_switched_on_and_off_on_the_dashboard(page, alice):
    assert "Switch demo mode on" in page.get("/").content.decode()
    page.post("/demo/enable/")
    account = DemoAccount.objects.get()
    assert account.state == State.ENABLING
    pending_work.run_to_completion(account.pk, NOW.replace(year=2030))
    assert (
        "2 posts a day, and 10 comments and 5 direct messages every 6 hours."
        in page.get("/").content.decode()
    )
    page.post("/demo/disable/")
    pending_work.run_to_completion(account.pk, NOW)
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
    assert account.viral_spikes


@pytest.mark.django_db(transaction=True)
def test_the_form_has_every_setting_of_enabling_and_an_empty_checkbox_is_off(page, alice):
    shown = page.get("/").content.decode()
    assert 'type="hidden" name="initial-viral_spikes" value="True"' in shown
    assert ('name="rhythm" value="natural"' in shown, "One post in" in shown) == (True, True)
    page.post("/demo/enable/", CHOICES | {"initial-viral_spikes": "True"})
    assert not DemoAccount.objects.get().viral_spikes


def test_an_empty_brand_is_an_invented_one_and_one_that_is_left_out_stays(page, alice):
    demo_of(alice, seed=1)
    invented = DemoAccount.objects.get().brand
    for sent, kept in (
        ({"brand": "Acme"}, "Acme"),
        ({"niche": "coffee", "platforms": ["x"]}, "Acme"),
        ({"brand": " "}, invented),
    ):
        transitions.disable(alice, request_worker=False)
        pending_work.run_to_completion(DemoAccount.objects.get().pk, NOW)
        page.post("/demo/enable/", sent)
        assert DemoAccount.objects.values_list("state", "brand").get() == ("enabling", kept)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"platforms": []}, "Choose at least one platform."),
        ({"products": "a" * 200}, "Each of products must be a name of 1 to"),
        (
            {"niche": "games"},
            "In Español, choose Coffee, Fashion, Fitness.",
        ),
        ({"brand": "a" * 81}, "at most 80 characters"),
        ({"brand": "Ac\u202eme"}, "Brand must be a name of 1 to 80 characters in one line; remove U+202E"),
        (
            {"products": "Alba\u3164"},
            "Each of products must be a name of 1 to 60 characters in one line; remove",
        ),
    ],
)
def test_an_invalid_choice_is_shown_in_the_form_and_starts_nothing(page, alice, choice, sentence, headers):
    answer = page.post("/demo/enable/", CHOICES | choice, headers=headers, follow=True)
    shown = answer.content.decode().replace("&#x27;", "'")
    assert (answer.status_code, sentence in shown, "Clase Brisa" in shown) == (
        200,
        True,
        "products" not in choice,
    )
    assert not DemoAccount.objects.exclude(state=State.OFF).exists()


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_button_refused_in_the_present_state_shows_the_reason(page, alice, headers):
    answer = page.post("/demo/pause/", headers=headers, follow=True)
    assert "Demo mode is off; only an active demo can be paused." in answer.content.decode()
    assert "Switch demo mode on" in answer.content.decode()


HTMX = {"HX-Request": "true"}
WAVE = "/demo/scenarios/complaint-wave"


def press(page, path: str, headers: dict) -> str:
    """What the dashboard shows after a button was pressed."""
    answer = page.post(path, headers=headers, follow=True)
    assert answer.status_code == 200
    assert ("<h1>Dashboard</h1>" in answer.content.decode()) == (headers == {})
    return answer.content.decode()


@pytest.mark.parametrize(("headers", "slash"), [({}, "/"), (HTMX, "")])
def test_a_scenario_is_started_and_cancelled_on_the_dashboard(page, alice, headers, slash):
    demo_of(alice, timezone.now())
    shown = press(page, f"{WAVE}/start{slash}", headers)
    wave = StoryEvent.objects.filter(origin="complaint-wave").order_by("due_at")
    assert (
        f"{wave.count()} events to come, metrics included; the last at {wave.last().due_at:%a %-d %b, %H:%M} UTC."
        in shown
    )
    assert ("Cancel: Complaint wave" in shown, "Start: Complaint wave" in shown) == (True, False)
    assert ("Start: Viral spike" in shown, "Start: Product launch" in shown) == (True, True)
    shown = press(page, f"{WAVE}/cancel{slash}", headers)
    assert ("Cancel: Complaint wave" in shown, "Start: Complaint wave" in shown) == (False, True)
    assert not wave.exists()


def test_upcoming_events_of_a_scenario_have_its_name(page, alice):
    demo_of(alice, timezone.now())
    press(page, f"{WAVE}/start", {})
    [own, *_] = StoryEvent.objects.filter(origin="complaint-wave").order_by("due_at", "id")
    StoryEvent.objects.filter(pk=own.pk).update(origin="window")
    listed = page.get("/").content.decode().split("<ol")[1]
    assert (listed.count("<li>"), listed.count('<span class="tag">Complaint wave</span>')) == (10, 9)


def test_another_users_scenario_is_not_shown(page, alice, bob):
    demo_of(alice, timezone.now())
    demo_of(bob, timezone.now(), seed=2)
    scenarios.start(bob, "complaint-wave", timezone.now())
    assert "Start: Complaint wave" in page.get("/").content.decode()
    press(page, f"{WAVE}/cancel", {})
    assert StoryEvent.objects.filter(account__user=bob, origin="complaint-wave").exists()


@pytest.mark.parametrize("action", ["start", "cancel"])
def test_there_are_no_scenarios_but_those_on_the_dashboard(page, alice, action):
    demo_of(alice, timezone.now())
    assert page.post(f"/demo/scenarios/earthquake/{action}").status_code == 404
    assert page.post(f"{WAVE}/{action}ed").status_code == 404


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize("path", [f"{WAVE}/start", "/demo/advance/7"])
def test_a_paused_demo_offers_no_start_and_a_late_click_shows_the_reason(page, alice, path, headers):
    demo_of(alice, timezone.now())
    transitions.pause(alice, timezone.now())
    shown = press(page, path, headers)
    assert ("Demo mode is paused; " in shown, "Resume the demo to start" in shown) == (True, True)
    assert ("Start: " in shown, "Skip a " in shown) == (False, False)
    account = DemoAccount.objects.get()
    assert (account.advance_days, account.story.undelivered().count()) == (0, 0)


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(("days", "progress"), [(1, "Skipping 1 day…"), (7, "Skipping 7 days…")])
def test_a_demo_is_advanced_on_the_dashboard_which_follows_it(page, alice, days, progress, headers):
    demo_of(alice, timezone.now())
    before = page.get("/").content.decode()
    assert ("Skip a day" in before, "Skip a week" in before, "Start: " in before) == (True, True, True)
    shown = press(page, f"/demo/advance/{days}/", headers)
    assert (progress in shown, 'hx-trigger="every 1s"' in shown) == (True, True)
    assert ("Skip a " in shown, "/demo/advance/" in shown, "Start: " in shown) == (False, False, False)
    assert DemoAccount.objects.get().advance_days == days
    shown = press(page, f"/demo/advance/{days}", headers)  # the second press of the same
    assert (progress in shown, "is skipping ahead" in shown) == (True, False)
    shown = press(page, f"/demo/advance/{8 - days}", headers)
    assert "The demo is skipping ahead; try again when it has finished." in shown
    assert DemoAccount.objects.get().advance_days == days


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_demo_is_not_advanced_by_more_days_than_it_can(page, alice, headers):
    demo_of(alice, timezone.now())
    assert "Days must be a whole number from 1 to 30" in press(page, "/demo/advance/31", headers)
    assert DemoAccount.objects.get().advance_days == 0


@pytest.mark.parametrize("path", [f"{WAVE}/start", f"{WAVE}/cancel/", "/demo/advance/7", "/demo/pause"])
def test_a_buttons_address_shows_the_dashboard_and_does_nothing_unless_it_is_allowed(
    page, alice, path, settings
):
    demo_of(alice, timezone.now())
    assert page.get(path).headers["Location"] == "/"
    settings.DEMO_ALLOWED = "none"
    assert page.post(path).status_code == 403
    assert "Start: " not in page.get("/").content.decode()
    account = DemoAccount.objects.get()
    assert (account.state, account.advance_days, account.story.undelivered().count()) == ("active", 0, 0)


@pytest.mark.parametrize(
    ("path", "queries"), [("/comments/", 4), ("/messages/", 5), ("/", 8), ("/demo/panel/", 8)]
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


def test_the_dashboard_shows_since_when_a_demo_is_paused(page, alice):
    demo_of(alice, timezone.now())
    transitions.pause(alice, timezone.now())
    paused = DemoAccount.objects.get().paused_at
    shown = page.get("/").content.decode()
    assert f"Paused since {paused:%a %-d %b, %H:%M} UTC." in shown


@pytest.mark.django_db(transaction=True)
def test_a_reset_is_shown_as_starting_over_not_as_switching_off(page, alice):
    demo_of(alice, timezone.now())
    assert "begin the same story again? Demo mode stays on." in page.get("/").content.decode()
    shown = press(page, "/demo/reset/", HTMX)
    assert 'role="status">starting over</span>' in shown
    assert "then the same story begins again" in shown
    assert "; then the same story" in shown
    account = DemoAccount.objects.get()
    pending_work.run_to_completion(account.pk, timezone.now())
    shown = press(page, "/demo/disable/", HTMX)
    assert 'role="status">switching off</span>' in shown
    assert "The demo's data is being deleted. Live data" in shown
