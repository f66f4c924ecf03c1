"""The dashboard in a real Chromium, on a real web server, worker and beat: its polls, dialogs and buttons."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import SKIP, log_in, save_screenshot, wait_for_polls

pytestmark = pytest.mark.browser
if SKIP:
    pytest.skip("no Chromium here", allow_module_level=True)


@pytest.fixture(scope="module")
def full(stack):
    """The stack, with a full demo of the visitor's and another user who has none."""
    stack.manage("seed_demo", "--user", "visitor")
    stack.sql("UPDATE demo_storyevent SET due_at = due_at + interval '1 hour' WHERE delivered_at IS NULL")
    stack.create_user("second")
    return stack


def open_dashboard(page: Page, stack, name: str = "visitor") -> None:
    log_in(page, stack, name)
    expect(page.locator("#demo .state")).to_be_visible()


@pytest.mark.long
def test_a_visitor_fills_the_inbox_with_a_brand_of_their_choice_and_switches_it_off(stack, tab):
    open_dashboard(tab, stack)
    tab.locator("label", has_text="Fitness").click()
    tab.locator("label", has_text="TikTok").click()
    tab.get_by_label("Brand").fill("Lira")
    tab.get_by_role("button", name="Switch demo mode on").click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Lira")
    expect(tab.locator("#demo .state")).to_have_text("Active", timeout=60_000)
    expect(tab.locator("[data-kind=comments]")).to_have_text("920")
    expect(tab.locator("#demo-banner")).to_contain_text("Demo mode is on: Lira")
    expect(tab.locator("#demo-profiles li")).to_have_count(4)
    assert stack.sql("SELECT niche, brand FROM demo_demoaccount") == [("fitness", "Lira")]
    save_screenshot(tab, "dashboard")
    tab.get_by_role("link", name="Open the inbox").click()
    expect(tab.get_by_text("Lira and its people are invented")).to_be_visible()
    tab.get_by_role("button", name="Switch off").click()
    dialog = tab.get_by_role("dialog", name="Switch demo mode off?")
    dialog.get_by_role("button", name="Switch off and delete").click()
    expect(tab.get_by_role("button", name="Switch demo mode on")).to_be_visible(timeout=60_000)
    assert stack.sql("SELECT count(*) FROM interactions_interaction") == [(0,)]


def test_niches_without_words_in_a_language_cannot_be_chosen(stack, tab):
    stack.create_user("chooser")
    open_dashboard(tab, stack, "chooser")
    games = tab.get_by_role("radio", name="Games")
    games.check()
    tab.get_by_label("Language").select_option("es")
    expect(games).to_be_disabled()
    expect(games).not_to_be_checked()
    expect(tab.get_by_role("radio", name="Coffee")).to_be_checked()
    tab.get_by_label("Language").select_option("en")
    expect(games).to_be_enabled()


def test_the_dialog_that_asks_before_deleting_stays_open_during_a_poll_and_can_be_left(full, tab):
    tab.clock.install()
    open_dashboard(tab, full)
    more = tab.get_by_role("button", name="More")
    more.click()
    tab.get_by_role("button", name="Start over").click()
    dialog = tab.get_by_role("dialog", name="Start over?")
    expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    wait_for_polls(tab, 2)
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    tab.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    tab.get_by_role("button", name="Switch off").first.click()
    asked = tab.get_by_role("dialog", name="Switch demo mode off?")
    wait_for_polls(tab)
    expect(asked).to_be_visible()
    asked.get_by_role("button", name="Keep it").click()
    expect(asked).to_be_hidden()
    assert full.sql("SELECT state FROM demo_demoaccount WHERE state = 'active'") == [("active",)]


def test_a_double_click_opens_the_dialog_and_confirms_nothing(full, tab):
    """Even if the button that confirms appears under the pointer."""
    tab.emulate_media(reduced_motion="reduce")  # else the dialog moves while it opens, and the button with it
    open_dashboard(tab, full)
    posts: list[str] = []
    tab.on("request", lambda sent: posts.append(sent.url) if sent.method == "POST" else None)
    box = tab.locator("#demo-banner").get_by_role("button", name="Switch off").bounding_box()
    at = {"x": box["x"] + 10, "y": box["y"] + 10}
    tab.locator("#press-disable").evaluate(
        """(confirm, at) => Object.assign(confirm.style,
            {position: 'fixed', left: `${at.x - 20}px`, top: `${at.y - 10}px`})""",
        at,
    )
    tab.mouse.dblclick(at["x"], at["y"])
    expect(tab.get_by_role("dialog")).to_be_visible()
    assert (
        tab.evaluate("(at) => document.elementFromPoint(at.x, at.y).closest('button')?.id", at)
        == "press-disable"
    )
    tab.wait_for_timeout(300)
    assert posts == []


def test_bringing_some_now_says_what_arrived_with_a_way_to_it(full, tab):
    open_dashboard(tab, full)
    tab.get_by_role("button", name="Bring comments and messages").click()
    toast = tab.locator("#toasts .toast")
    expect(toast).to_contain_text("10 comments and 5 direct messages arrived.")
    expect(tab.locator("[data-kind=comments]")).to_have_text("930")
    box = toast.bounding_box()
    assert box["y"] > 700
    toast.get_by_role("link", name="Open the inbox").click()
    expect(tab).to_have_url(re.compile(r"/inbox/?$"))


def test_the_banner_follows_a_demo_that_is_being_filled(full, tab):
    """The worker does not know the change, so that the demo stays in the state that the test sets."""
    log_in(tab, full)
    tab.goto(f"{full.url}/settings/demo/")
    expect(tab.locator("#demo-banner")).to_contain_text("Demo mode is on")
    full.sql("UPDATE demo_demoaccount SET state = 'enabling', heartbeat_at = now() + interval '1 hour'")
    tab.reload()
    expect(tab.locator("#demo-banner")).to_contain_text("1,055 of 1,055")
    full.sql("UPDATE demo_demoaccount SET state = 'active', heartbeat_at = NULL")
    expect(tab.locator("#demo-banner")).to_contain_text("Demo mode is on")
