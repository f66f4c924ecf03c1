"""The page on which users set how much comes, and when."""

import re
from html.parser import HTMLParser

import pytest
from django.core.management import load_command_class
from django.utils import timezone

from demo.account_settings import SETTINGS
from demo.engine.delivery import deliver_due
from demo.engine.planning import plan_due
from demo.lifecycle import transitions
from demo.models import DemoAccount, StoryEvent
from demo.simulator.posts import SPIKE_SHARE
from demo.windows import RESTORABLE_DAYS
from tests.lock_helpers import locked_elsewhere
from tests.timeline import FIRST_INTERACTIONS
from tests.world import DAY, HOUR, NOW, demo_of

DEFAULT_FORM = {
    "content_per_day": "2",
    "comments_per_window": "10",
    "messages_per_window": "5",
    "posting_hour": "",
    "time_zone": "UTC",
    "rhythm": "steady",
    "viral_spikes": "on",
    "retention_days": "30",
}


def settings_of(user) -> tuple:
    return DemoAccount.objects.filter(user=user).values_list(*SETTINGS).first()


def save(page, **changes):
    return page.post("/settings/demo/", DEFAULT_FORM | changes)


def text_of(answer) -> str:
    """The page as text, its white space made single spaces."""
    return " ".join(answer.content.decode().replace("&#x27;", "'").split())


@pytest.mark.parametrize("path", ["/settings/demo", "/settings/demo/"])
def test_the_settings_ask_for_a_log_in_and_then_show(client, alice, path):
    assert client.get(path).headers["Location"].startswith("/login/")
    assert client.post(path, DEFAULT_FORM).headers["Location"].startswith("/login/")
    client.force_login(alice)
    assert 'name="comments_per_window" value="10" min="0" max="200"' in text_of(client.get(path))
    assert client.post(path, DEFAULT_FORM).status_code == 302


def test_the_dashboard_leads_to_the_settings(page, alice):
    assert page.get("/").content.decode().count('href="/settings/demo"') == 1
    demo_of(alice, timezone.now())
    assert page.get("/").content.decode().count('href="/settings/demo"') == 2


def test_settings_saved_on_the_page_apply_from_the_next_window_on(page, alice, monkeypatch):
    demo_of(alice)
    monkeypatch.setattr("demo.dashboard.settings_views.now", lambda: NOW + 12 * HOUR)
    answer = save(page, comments_per_window="3", messages_per_window="0")
    comments = StoryEvent.objects.filter(origin="window", type="comment.created")
    assert (answer.status_code, comments.count()) == (302, 10)
    sentence = "The settings apply from the next planning on: comments and messages tomorrow at 00:00, posts tomorrow at 10:00."
    assert sentence in text_of(page.get(answer.headers["Location"]))
    plan_due(FIRST_INTERACTIONS + 6 * HOUR)
    assert comments.count() == 13
    assert StoryEvent.objects.filter(origin="window", type="message.created").count() == 5


CHANGED = {
    "content_per_day": ("20", 20),
    "comments_per_window": ("200", 200),
    "messages_per_window": ("0", 0),
    "posting_hour": ("0", 0),
    "time_zone": ("Europe/Berlin", "Europe/Berlin"),
    "rhythm": ("natural", "natural"),
    "viral_spikes": ("", False),
    "retention_days": ("60", 60),
}


def test_every_setting_can_be_changed(page, alice, bob):
    demo_of(alice, timezone.now())
    demo_of(bob, timezone.now())
    before = settings_of(bob)
    save(page, **{name: typed for name, (typed, _) in CHANGED.items()})
    assert settings_of(alice) == tuple(CHANGED[name][1] for name in SETTINGS)
    assert settings_of(bob) == before
    save(page)
    assert settings_of(alice) == before


class Form(HTMLParser):
    """The fields that a browser would submit of the page's form, unchanged."""

    def __init__(self, answer) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.feed(answer.content.decode().split('action="/settings/demo">')[1])

    def handle_starttag(self, tag: str, attrs: list) -> None:
        given = dict(attrs)
        chosen = given.get("type") not in ("radio", "checkbox") or "checked" in given
        if tag == "input" and "name" in given and chosen:
            self.fields[given["name"]] = given.get("value", "on" if given.get("type") == "checkbox" else "")


def test_two_tabs_save_only_their_own_changes(page, alice):
    demo_of(alice)
    tabs = [Form(page.get("/settings/demo/")).fields for _ in range(2)]
    first = {"content_per_day": "7", "posting_hour": "8", "rhythm": "natural", "time_zone": "Asia/Tokyo"}
    page.post("/settings/demo/", tabs[0] | first)
    del tabs[1]["viral_spikes"]
    page.post("/settings/demo/", tabs[1] | {"comments_per_window": "3"})
    changed = DemoAccount.objects.values("comments_per_window", "viral_spikes", *first)
    assert changed.get() == {
        "comments_per_window": 3,
        "viral_spikes": False,
        "content_per_day": 7,
        "posting_hour": 8,
        "rhythm": "natural",
        "time_zone": "Asia/Tokyo",
    }


def test_a_form_sent_again_after_an_error_saves_only_its_own_changes(page, alice):
    demo_of(alice, timezone.now())
    tab = Form(page.get("/settings/demo/")).fields
    save(page, content_per_day="7", comments_per_window="77")
    again = Form(page.post("/settings/demo/", tab | {"messages_per_window": "999"})).fields
    page.post("/settings/demo/", again | {"messages_per_window": "9"})
    assert settings_of(alice)[:3] == (7, 77, 9)


def test_only_changed_settings_are_saved(page, alice, monkeypatch):
    demo_of(alice)
    asked = []
    real = transitions.change_settings
    monkeypatch.setattr(transitions, "change_settings", lambda *args: asked.append(args[2]) or real(*args))
    save(page, posting_hour="9")
    assert asked == [{"posting_hour": 9}]


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("content_per_day", "21", "Posts a day must be from 0 to 20"),
        ("comments_per_window", "-1", "Comments every 6 hours must be from 0 to 200"),
        ("comments_per_window", "", "Comments every 6 hours must be from 0 to 200"),
        ("messages_per_window", "101", "Direct messages every 6 hours must be from 0 to 100"),
        ("posting_hour", "24", "Posting hour must be from 0 to 23"),
        ("posting_hour", "9.5", "Posting hour must be from 0 to 23"),
        ("retention_days", "0", "Days to keep demo data must be from 1 to 365"),
        ("time_zone", "Berlin", "Berlin is not an IANA time zone; use a name such as Europe/Berlin."),
        ("time_zone", "europe/berlin", "europe/berlin is not an IANA time zone; use Europe/Berlin."),
        ("rhythm", "waltz", "waltz is not one of the available choices"),
    ],
)
def test_a_setting_out_of_range_is_named_in_the_error_and_nothing_is_changed(
    page, alice, name, typed, sentence
):
    demo_of(alice)
    before = settings_of(alice)
    answer = save(page, viral_spikes="", **{name: typed})
    assert (answer.status_code, sentence in text_of(answer)) == (200, True)
    assert settings_of(alice) == before


def test_a_refused_form_keeps_the_input_and_shows_the_stored_settings(page, alice):
    demo_of(alice)
    shown = text_of(save(page, content_per_day="7", comments_per_window="999"))
    assert ('value="7"' in shown, 'value="999"' in shown) == (True, True)
    assert "about 40 comments and 20 direct messages a day" in shown


def test_settings_are_read_and_changed_before_demo_mode_is_ever_on(page, alice):
    assert "about 40 comments and 20 direct messages a day" in text_of(page.get("/settings/demo/"))
    assert not DemoAccount.objects.exists()
    answer = save(page, content_per_day="1", comments_per_window="0")
    assert "Saved. The settings apply when demo mode is switched on." in text_of(page.get("/settings/demo/"))
    assert (answer.status_code, settings_of(alice)[:2]) == (302, (1, 0))


def test_settings_changed_while_off_apply_when_demo_mode_is_switched_on(page, alice):
    save(page, comments_per_window="4")
    demo_of(alice)
    plan_due(FIRST_INTERACTIONS)
    assert StoryEvent.objects.filter(origin="window", type="comment.created").count() == 4


def test_settings_of_a_paused_demo_apply_after_the_pause(page, alice):
    demo_of(alice)
    plan_due(NOW)
    deliver_due(NOW)
    transitions.pause(alice, NOW)
    save(page, content_per_day="5")
    assert "Saved. The settings apply when the demo is resumed." in text_of(page.get("/settings/demo/"))


def test_the_settings_page_describes_the_settings_in_words(page, alice):
    demo_of(alice, timezone.now())
    odd = {"content_per_day": "1", "comments_per_window": "3", "posting_hour": "9", "retention_days": "1"}
    save(page, rhythm="natural", viral_spikes="", time_zone="Asia/Tokyo", **odd)
    shown = text_of(page.get("/settings/demo/"))
    assert (
        "1 post a day, and 3 comments and 5 direct messages every 6 hours on average:"
        " about 12 comments and 20 direct messages a day." in shown
    )
    assert "The day's first post is published at 9:00 in Asia/Tokyo" in shown
    assert ("the same on average. No post" in shown, "No post goes viral" in shown) == (True, True)
    assert "older than 1 day expires on Mondays at 03:00: it is not shown any more." in shown


def test_page_and_commands_state_the_share_of_spikes_and_the_time_for_a_restore(page, alice):
    assert (round(1 / SPIKE_SHARE), RESTORABLE_DAYS) == (50, 7)
    shown = text_of(page.get("/settings/demo/"))
    assert shown.count("One post in 50 gets several times its comments") == 2
    assert "an operator can restore it for 7 days." in shown
    assert "expired in the last 7 days" in load_command_class("demo", "restore_demo").help
    assert "expired 7 days ago." in load_command_class("demo", "cleanup_demo").help


def test_settings_wait_until_a_long_backlog_is_planned(page, alice, monkeypatch):
    demo_of(alice, timezone.now() - 3 * DAY)
    monkeypatch.setattr(transitions, "EVENTS_PER_TRANSACTION", 20)
    answer = save(page, comments_per_window="77")
    shown = text_of(answer)
    assert (answer.status_code, "The demo has more open windows than a request can plan" in shown) == (
        409,
        True,
    )
    assert ('value="77"' in shown, settings_of(alice)[1]) == (True, 10)


@pytest.mark.django_db(transaction=True)
def test_settings_of_a_busy_demo_are_refused_soon(page, alice):
    demo_of(alice)
    with locked_elsewhere(DemoAccount.objects.select_for_update().get):
        answer = save(page, comments_per_window="77")
    assert (answer.status_code, "The demo is busy" in text_of(answer)) == (409, True)
    assert ('value="77"' in text_of(answer), settings_of(alice)[1]) == (True, 10)


def test_settings_are_read_only_where_demos_are_not_allowed(page, alice, settings):
    demo_of(alice)
    settings.DEMO_ALLOWED = "none"
    shown = text_of(page.get("/settings/demo/"))
    assert ("You may not use demo mode; ask an operator." in shown, "Save</button>" in shown) == (
        True,
        False,
    )
    assert "<fieldset disabled>" in shown
    assert (save(page, content_per_day="1").status_code, settings_of(alice)[0]) == (403, 2)


def test_messages_that_no_page_has_shown_do_not_pile_up(page, alice):
    for number in range(3):
        save(page, content_per_day=str(number))
    assert len(page.get("/settings/demo/").context["messages"]) == 1


def test_the_settings_form_needs_a_csrf_token(client, alice):
    strict = type(client)(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert (save(strict, content_per_day="1").status_code, DemoAccount.objects.exists()) == (403, False)
    form = text_of(strict.get("/settings/demo/")).split(
        '<form id="settings" method="post" action="/settings/demo">'
    )[1]
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)[1]
    answer = save(strict, content_per_day="1", csrfmiddlewaretoken=token)
    assert (answer.status_code, settings_of(alice)[0]) == (302, 1)


def test_the_pages_queries_are_few(page, alice, django_assert_num_queries):
    demo_of(alice)
    with django_assert_num_queries(5):  # one of them is the banner's
        page.get("/settings/demo/")


def test_the_times_on_the_page_are_in_the_users_zone(page, alice):
    alice.time_zone = "Asia/Tokyo"
    alice.save()
    shown = text_of(page.get("/settings/demo/"))
    published = "The day's first post is published at 19:00 in your time zone, Asia/Tokyo."
    assert f"{published} The audience lives in the time zone UTC." in shown
    assert "Empty: 19:00 in your time zone." in shown
    assert shown.count("expires on Mondays at 12:00") == 2


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"comments_per_window": "0", "messages_per_window": "0"}, "2 posts a day. The day's first"),
        (
            {"content_per_day": "0", "messages_per_window": "0"},
            "10 comments every 6 hours: about 40 comments a day.",
        ),
        (
            {"content_per_day": "0", "comments_per_window": "0", "messages_per_window": "0"},
            "Nothing arrives by itself. The audience lives in the time zone UTC.",
        ),
    ],
)
def test_the_schedule_names_only_what_arrives(page, alice, changes, sentence):
    save(page, **changes)
    assert sentence in re.sub(" ?<[^>]*> ?", "", text_of(page.get("/settings/demo/"))).replace(
        ".The", ". The"
    )


def test_the_demo_can_be_deleted_on_the_page_while_it_is_on(page, alice, settings):
    assert "Delete my demo" not in text_of(page.get("/settings/demo/"))
    demo_of(alice)
    shown = text_of(page.get("/settings/demo/"))
    assert ("Delete my demo" in shown, shown.count('data-dialog="demo-off"')) == (True, 2)
    settings.DEMO_ALLOWED = "none"
    assert "Delete my demo" not in text_of(page.get("/settings/demo/"))
