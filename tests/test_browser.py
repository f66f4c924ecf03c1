"""The pages in a real Chromium, on a real web server, worker and beat."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import SKIP, log_in, save_screenshot

pytestmark = pytest.mark.browser
if SKIP:
    pytest.skip("no Chromium here", allow_module_level=True)


def navigation(page: Page) -> Locator:
    return page.get_by_role("navigation", name="Main")


def test_a_visitor_switches_demo_mode_on_reads_the_inbox_and_switches_it_off(stack, tab):
    log_in(tab, stack)
    tab.get_by_role("button", name="Switch demo mode on").click()
    expect(tab.locator("#demo .state")).to_have_text("Active", timeout=60_000)
    expect(tab.locator("[data-kind=comments]")).to_have_text("920")
    save_screenshot(tab, "dashboard")
    for name, kind in (("Comments", "comment"), ("Messages", "message")):
        navigation(tab).get_by_role("link", name=name).click()
        [(open, all)] = stack.sql(
            "SELECT count(*) FILTER (WHERE status = 'open'), count(*) FROM interactions_thread"
            " WHERE kind = %s AND NOT is_deleted",
            kind,
        )
        expect(tab.locator(".tab", has_text="Open").locator(".count")).to_have_text(str(open))
        expect(tab.locator(".tab", has_text="All").locator(".count")).to_have_text(str(all))
        expect(tab.locator("#threads .row")).to_have_count(min(50, open))
        save_screenshot(tab, name.lower())
        tab.locator("#list-scroll").evaluate("(list) => list.scrollTo(0, list.scrollHeight)")
        expect(tab.locator("#threads .row")).to_have_count(min(100, open))
    navigation(tab).get_by_role("link", name="Demo").click()
    tab.get_by_role("button", name="Switch off").click()
    tab.get_by_role("dialog").get_by_role("button", name="Switch off and delete").click()
    expect(tab.get_by_role("button", name="Switch demo mode on")).to_be_visible(timeout=60_000)


def test_a_session_that_has_ended_shows_the_log_in_page_once(stack, tab):
    log_in(tab, stack)
    expect(tab.locator(".state")).to_be_visible()
    tab.context.clear_cookies(name="sessionid")
    tab.get_by_role("button", name="Switch demo mode on").click()
    expect(tab.get_by_label("Password")).to_be_visible()
    is_the_log_in_page_once(tab)


@pytest.mark.long
@pytest.mark.parametrize("action", ["open a thread", "mark as done", "wait"])
def test_a_session_that_has_ended_shows_the_log_in_page_once_in_the_inbox(stack, tab, action):
    name = action.replace(" ", "-")
    stack.create_user(name)
    stack.manage("seed_demo", "--user", name, "--size", "smoke")
    log_in(tab, stack, name)
    tab.goto(f"{stack.url}/inbox/?status=all")
    row = tab.locator("#threads .row", has=tab.get_by_role("button", name="Mark as done")).first
    tab.context.clear_cookies(name="sessionid")
    if action == "open a thread":
        row.locator(".row-link").click()
    elif action == "mark as done":
        row.hover()
        row.get_by_role("button", name="Mark as done").click()
    expect(tab.get_by_label("Password")).to_be_visible(timeout=15_000)
    is_the_log_in_page_once(tab)


def is_the_log_in_page_once(page: Page) -> None:
    expect(page.locator("main")).to_have_count(1)
    expect(page.locator(".side, #threads, .thread")).to_have_count(0)


def test_pages_fit_a_phone(stack, tab):
    stack.sql("UPDATE accounts_user SET is_staff = true")  # who has the most links in the header
    tab.set_viewport_size({"width": 390, "height": 800})
    log_in(tab, stack)
    [(thread,)] = stack.sql("SELECT coalesce(max(id), 0) FROM interactions_thread")
    paths = ["/", "/inbox/", "/comments/", "/messages/", f"/inbox/{thread}/", "/content/"]
    for path in (*paths, "/settings/", "/settings/demo/", "/password/", "/nothing-here"):
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
