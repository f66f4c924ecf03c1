"""The pages in a real Chromium, on a real web server, worker and beat."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import SKIP, log_in, save_screenshot

pytestmark = pytest.mark.browser
if SKIP:
    pytest.skip("no Chromium here", allow_module_level=True)


def test_a_visitor_switches_demo_mode_on_reads_the_inbox_and_switches_it_off(stack, tab):
    log_in(tab, stack)
    tab.get_by_role("button", name="Switch demo mode on").click()
    expect(tab.locator(".state")).to_have_text("active", timeout=60_000)
    expect(tab.locator("[data-kind=comments]")).to_have_text(re.compile(r"920\s+received"))
    save_screenshot(tab, "dashboard")
    tab.get_by_role("link", name="Comments").click()
    expect(tab.get_by_text("comments: 920 received")).to_be_visible()
    expect(tab.locator("li.item")).to_have_count(25)
    save_screenshot(tab, "comments")
    tab.get_by_role("link", name="Older").click()
    expect(tab.get_by_role("link", name="Newer")).to_be_visible()
    expect(tab.locator("li.item")).to_have_count(25)
    tab.get_by_role("link", name="Messages").click()
    expect(tab.get_by_text("messages: 100 received")).to_be_visible()
    tab.get_by_role("link", name="Dashboard").click()
    tab.on("dialog", lambda dialog: dialog.accept())
    tab.get_by_role("button", name="Switch off").click()
    expect(tab.get_by_role("button", name="Switch demo mode on")).to_be_visible(timeout=60_000)


def test_a_session_that_has_ended_shows_the_log_in_page_once(stack, tab):
    log_in(tab, stack)
    expect(tab.locator(".state")).to_be_visible()
    tab.context.clear_cookies(name="sessionid")
    tab.get_by_role("button", name="Switch demo mode on").click()
    expect(tab.get_by_label("Password")).to_be_visible()
    expect(tab.locator("header")).to_have_count(1)


def test_pages_fit_a_phone(stack, tab):
    stack.sql("UPDATE accounts_user SET is_staff = true")  # who has the most links in the header
    tab.set_viewport_size({"width": 390, "height": 800})
    log_in(tab, stack)
    for path in ("/", "/comments/", "/messages/", "/settings/", "/password/", "/nothing-here"):
        tab.goto(stack.url + path)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_the_browser_tells_its_time_zone(stack, chromium):
    context = chromium.new_context(timezone_id="Asia/Tokyo")
    log_in(context.new_page(), stack)
    cookies = {cookie["name"]: (cookie["value"], cookie["path"]) for cookie in context.cookies()}
    context.close()
    assert cookies["zone"] == ("Asia/Tokyo", "/")


@pytest.mark.long
def test_a_double_click_sends_one_request(stack, tab):
    log_in(tab, stack)
    stack.manage("seed_demo", "--user", "visitor", "--size", "smoke")
    tab.goto(stack.url)
    posts: list[str] = []
    tab.on("request", lambda sent: posts.append(sent.url) if sent.method == "POST" else None)
    tab.get_by_role("button", name="Start: Complaint wave").dblclick()
    expect(tab.get_by_role("button", name="Cancel: Complaint wave")).to_be_visible()
    tab.get_by_role("button", name="Skip a week").dblclick()
    expect(tab.get_by_role("button", name="Skip a week")).to_have_count(0)
    tab.wait_for_timeout(300)
    assert [url.removeprefix(stack.url) for url in posts] == [
        "/demo/scenarios/complaint-wave/start",
        "/demo/advance/7",
    ]
    expect(tab.get_by_role("alert").filter(visible=True)).to_have_count(0)
