"""Back, Older, log-out and the dashboard's polls in a real Chromium."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import SKIP, log_in, log_out

pytestmark = [pytest.mark.long, pytest.mark.browser]
if SKIP:
    pytest.skip("no Chromium here", allow_module_level=True)

STORED = "JSON.stringify([Object.entries(sessionStorage), Object.entries(localStorage)])"
SCROLLED = "Math.round(scrollY)"
FOCUSED = "document.activeElement.id || document.activeElement.tagName"


@pytest.fixture(scope="module")
def full(stack):
    """The stack, with a full demo of the visitor's and another user who has none."""
    stack.manage("seed_demo", "--user", "visitor")
    stack.sql("UPDATE demo_storyevent SET due_at = due_at + interval '1 hour' WHERE delivered_at IS NULL")
    stack.create_user("second")
    return stack


def shows_a_whole_page(page: Page) -> None:
    expect(page.locator("header")).to_have_count(1)
    expect(page.locator("li.item")).to_have_count(25)
    assert page.evaluate("getComputedStyle(document.querySelector('header')).display") == "flex"


def wait_for_polls(page: Page, polls: int = 1) -> None:
    """Advance the page's clock by 15 s `polls` times, and wait for each poll's response."""
    for _ in range(polls):
        with page.expect_response("**/demo/panel"):
            page.clock.fast_forward(15_000)
        page.wait_for_timeout(150)


def first_item(page: Page) -> list[str]:
    """The author, text and post of the page's first item; its age changes meanwhile."""
    return page.locator("li.item").first.locator("bdi, .text").all_inner_texts()


def test_back_restores_the_page_and_the_scroll_position(full, tab):
    log_in(tab, full)
    tab.goto(f"{full.url}/comments/")
    first = first_item(tab)
    tab.get_by_role("link", name="Older").scroll_into_view_if_needed()
    before = tab.evaluate(SCROLLED)
    assert before > 500
    tab.get_by_role("link", name="Older").click()
    expect(tab.get_by_role("link", name="Newer")).to_be_visible()
    assert (tab.evaluate(SCROLLED), tab.evaluate(FOCUSED)) == (0, "list")
    assert first_item(tab) != first
    tab.evaluate("sessionStorage.clear()")
    tab.reload()
    shows_a_whole_page(tab)
    tab.go_back()
    shows_a_whole_page(tab)
    assert first_item(tab) == first
    tab.wait_for_function(f"Math.abs(scrollY - {before}) < 40")
    tab.go_forward()
    shows_a_whole_page(tab)
    expect(tab.get_by_role("link", name="Newer")).to_be_visible()


def test_after_log_out_back_shows_the_log_in_and_nothing_is_left(full, tab):
    log_in(tab, full)
    tab.goto(f"{full.url}/comments/")
    tab.get_by_role("link", name="Older").click()
    expect(tab.get_by_role("link", name="Newer")).to_be_visible()
    tab.goto(f"{full.url}/settings/")
    tab.goto(f"{full.url}/")
    assert tab.evaluate(STORED) == "[[],[]]"
    log_out(tab)
    assert tab.evaluate(STORED) == "[[],[]]"
    for _ in range(4):
        tab.go_back()
        expect(tab.get_by_label("Password")).to_be_visible()
        expect(tab.locator("li.item, #demo, .fields")).to_have_count(0)


def test_the_next_user_of_a_browser_sees_nothing_of_the_first(full, tab):
    log_in(tab, full)
    tab.goto(f"{full.url}/comments/")
    other = tab.context.new_page()
    other.clock.install()
    other.goto(f"{full.url}/")
    expect(other.locator("[data-kind=comments]")).to_contain_text("920")
    log_out(tab)
    log_in(tab, full, "second")
    for _ in range(3):
        tab.go_back()
        expect(tab.locator("li.item .meta")).to_have_count(0)
    wait_for_polls(other)
    expect(other.get_by_role("link", name="second")).to_be_visible()
    expect(other.get_by_role("button", name="Switch demo mode on")).to_be_visible()


def test_storage_written_by_an_older_version_is_cleared(full, tab):
    tab.goto(f"{full.url}/login/")
    for storage in ("sessionStorage", "localStorage"):
        tab.evaluate(f"{storage}.setItem('htmx-history-cache', '[\"private\"]')")
    tab.reload()
    assert tab.evaluate(STORED) == "[[],[]]"


def test_a_poll_keeps_focus_selection_scroll_position_and_input(full, tab):
    tab.clock.install()
    log_in(tab, full)
    tab.set_viewport_size({"width": 390, "height": 500})
    more = (
        "<details id='more'><summary>more</summary>text</details><input value='old'><textarea>old</textarea>"
    )
    tab.route(
        "**/demo/panel",
        lambda route: route.fulfill(
            body=route.fetch().text().replace('<ol class="next">', f'{more}<ol class="next">')
        ),
    )
    tab.evaluate(f"document.querySelector('ol.next').insertAdjacentHTML('beforebegin', `{more}`)")
    tab.locator("#more summary").click()
    tab.locator("#demo-next input").fill("typed")
    tab.locator("#demo-next textarea").fill("told")
    tab.get_by_role("button", name="Start: Product launch").focus()
    tab.evaluate(
        "window.kept = [...document.querySelectorAll('#demo h2, #demo button, #demo time, #demo dd')]"
    )
    position = tab.evaluate(SCROLLED)
    assert position > 300
    wait_for_polls(tab, 2)
    assert tab.evaluate("document.activeElement.getAttribute('aria-label')") == "Start: Product launch"
    assert tab.evaluate("window.kept.every((one) => one.isConnected)"), "what has not changed stays the same"
    assert tab.evaluate(SCROLLED) == position
    assert tab.locator("#more").evaluate("(one) => one.open")
    assert tab.locator("#demo-next input").input_value() == "typed"
    assert tab.locator("#demo-next textarea").input_value() == "told"
    tab.evaluate("getSelection().selectAllChildren(document.querySelector('ol.next li'))")
    chosen = tab.evaluate("String(getSelection())")
    wait_for_polls(tab)
    assert (tab.evaluate("String(getSelection())"), chosen != "") == (chosen, True)


def test_a_click_during_a_poll_is_not_lost(full, tab):
    tab.clock.install()
    log_in(tab, full)
    button = tab.get_by_role("button", name="Start: Viral spike")
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    tab.mouse.move(box["x"] + 5, box["y"] + 5)
    tab.mouse.down()
    wait_for_polls(tab)
    tab.mouse.up()
    expect(tab.get_by_role("button", name="Cancel: Viral spike")).to_be_visible()


def test_focus_moves_to_the_heading_when_the_clicked_button_disappears(full, tab):
    log_in(tab, full)
    tab.get_by_role("button", name="Start: Complaint wave").focus()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("button", name="Cancel: Complaint wave")).to_be_visible()
    tab.wait_for_function("document.activeElement.textContent === 'Scenarios'")
    tab.keyboard.press("Enter")
    tab.wait_for_timeout(300)
    expect(tab.get_by_role("button", name="Cancel: Complaint wave")).to_be_visible()
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.closest('#demo-scenarios') !== null")


def test_polling_announces_nothing_to_a_screen_reader(full, tab):
    tab.clock.install()
    log_in(tab, full)
    expect(tab.locator(".state[role=status]")).to_have_text("active")
    tab.evaluate(
        """() => {
        window.announcements = 0;
        new MutationObserver((changes) => { window.announcements += changes.length; }).observe(
            document.querySelector("[role=status]"), {childList: true, characterData: true, subtree: true});
    }"""
    )
    wait_for_polls(tab, 3)
    assert tab.evaluate("window.announcements") == 0
    assert tab.locator("#demo[aria-live], #demo [aria-live], [role=alert]:visible").count() == 0


def test_a_failed_request_shows_an_error_and_keeps_the_input(full, tab):
    log_in(tab, full, "second")
    tab.get_by_label("Brand").fill("Café Ω")
    tab.route("**/demo/enable", lambda route: route.fulfill(status=503, body="away"))
    tab.get_by_role("button", name="Switch demo mode on").click()
    expect(tab.get_by_role("alert")).to_contain_text("That did not work")
    assert tab.get_by_label("Brand").input_value() == "Café Ω"
    tab.unroute("**/demo/enable")
    tab.get_by_label("Products").fill("a" * 200)
    tab.get_by_role("button", name="Switch demo mode on").click()
    expect(tab.get_by_text("Each of products must be")).to_be_visible()
    expect(tab.get_by_text("That did not work")).to_have_count(0)
    assert (tab.get_by_label("Brand").input_value(), tab.get_by_label("Products").input_value()) == (
        "Café Ω",
        "a" * 200,
    )
