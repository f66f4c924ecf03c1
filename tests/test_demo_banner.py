"""The banner that says on every page that a demo is on."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from demo.lifecycle import transitions
from demo.models import DemoAccount, StoryEvent
from demo.models.account import NEXT_WINDOW_COLUMNS
from tests.world import demo_of

PAGES = ["/", "/comments/", "/messages/", "/settings/", "/settings/demo/", "/password/"]
HTMX = {"HX-Request": "true"}


def banner(page, path: str = "/password/") -> str:
    """The banner of the page as text; "" when there is none."""
    shown = page.get(path).content.decode().split('id="demo-banner"')[1]
    if "<aside" not in shown:
        return ""
    return words(shown.split("<aside")[1].split("</aside>")[0].split(">", 1)[1])


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_that_a_demo_is_on_and_how_to_switch_it_off(page, alice, path):
    assert banner(page, path) == ""
    demo_of(alice, brand="Acme")
    assert banner(page, path) == "Demo mode is on: Acme and its people are invented Switch off"
    shown = page.get(path).content.decode()
    assert (shown.count('id="demo-off"'), shown.count('action="/demo/disable"')) == (1, 1)


def test_a_page_of_someone_without_a_demo_has_no_banner(page, bob):
    demo_of(bob)
    assert banner(page) == ""


def test_a_visitor_sees_no_banner(client, alice):
    demo_of(alice)
    assert "demo-banner" not in client.get("/login/").content.decode()


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({"state": "enabling"}, "Your demo is being filled: 38 of 38 Switch off"),
        ({"state": "enabling", "planned_at": None}, "Your demo is being filled: 0 of 38 Switch off"),
        ({"state": "failed"}, "Your demo could not be filled See why"),
        ({"state": "paused", "paused_at": timezone.now()}, "The demo of Acme is paused Switch off"),
        ({"state": "disabling"}, "Your demo is being deleted"),
        ({"state": "disabling", "reset_requested": True}, "Your demo starts over"),
        ({"state": "off", **dict.fromkeys(NEXT_WINDOW_COLUMNS)}, ""),
    ],
)
def test_the_banner_says_in_which_state_the_demo_is(page, alice, columns, text, django_assert_num_queries):
    demo_of(alice, brand="Acme")
    DemoAccount.objects.update(**columns)
    with django_assert_num_queries(3):  # session, user and banner
        assert banner(page) == text
    assert banner(page, "/") == text.removesuffix(" See why")


def test_the_banner_counts_what_has_arrived(page, alice):
    demo_of(alice, brand="Acme")
    DemoAccount.objects.update(state="enabling")
    StoryEvent.objects.filter(type="comment.created", origin="initial").update(delivered_at=None)
    StoryEvent.objects.filter(origin__in=["metrics", "brand"]).update(delivered_at=None)
    assert banner(page) == banner(page, "/") == "Your demo is being filled: 8 of 38 Switch off"


def test_only_a_state_that_changes_is_asked_for_again_and_not_by_the_dashboard(page, alice):
    demo_of(alice)
    polled = 'hx-get="/demo/banner" hx-trigger="every 2s"'
    assert polled not in page.get("/password/").content.decode()
    for state in ("enabling", "disabling"):
        DemoAccount.objects.update(state=state)
        assert polled in page.get("/password/").content.decode()
        assert polled not in page.get("/").content.decode()
        assert polled in page.get("/demo/banner/", headers=HTMX).content.decode()


def test_the_banner_alone_is_a_fragment_and_its_address_shows_the_dashboard(page, alice):
    demo_of(alice)
    part = page.get("/demo/banner", headers=HTMX).content.decode()
    assert ("<html" in part, part.strip().startswith('<div id="demo-banner"')) == (False, True)
    assert page.get("/demo/banner").headers["Location"] == "/"


def test_the_dashboards_fragment_has_the_banner(page, alice):
    demo_of(alice)
    part = page.get("/demo/panel", headers=HTMX).content.decode()
    assert part.count('<div id="demo-banner" hx-swap-oob="morph:#demo-banner">') == 1


def test_whoever_may_not_use_demos_cannot_switch_it_off_in_the_banner(page, alice, settings):
    demo_of(alice, brand="Acme")
    settings.DEMO_ALLOWED = "none"
    assert banner(page) == "Demo mode is on: Acme and its people are invented"
    assert "demo-off" not in page.get("/password/").content.decode()


def test_a_brand_is_isolated_and_escaped_in_the_banner(page, alice):
    demo_of(alice, timezone.now())
    DemoAccount.objects.update(brand="<b>کافه")
    assert "<bdi>&lt;b&gt;کافه</bdi>" in page.get("/password/").content.decode()
    transitions.pause(alice, timezone.now())
    assert "<bdi>&lt;b&gt;کافه</bdi>" in page.get("/password/").content.decode()


@pytest.mark.parametrize("path", ["/api/v1/demo/", "/admin/"])
def test_the_banner_costs_the_api_and_the_admin_nothing(page, alice, path):
    alice.is_staff = alice.is_superuser = True
    alice.save()
    demo_of(alice)
    for address, asked in ((path, False), ("/password/", True)):
        with CaptureQueriesContext(connection) as queries:
            page.get(address)
        assert any('AS "left"' in one["sql"] for one in queries) is asked
