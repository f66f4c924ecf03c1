"""Back, Older, log-out and the dashboard's polls in a real Chromium."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import SKIP, log_in, log_out, wait_for_polls

pytestmark = [pytest.mark.long, pytest.mark.browser]
if SKIP:
    pytest.skip("no Chromium here", allow_module_level=True)

STORED = "JSON.stringify([Object.entries(sessionStorage), Object.entries(localStorage)])"
SCROLLED = "Math.round(scrollY)"


@pytest.fixture(scope="module")
def full(stack):
    """The stack, with a full demo of the visitor's and another user who has none."""
    stack.manage("seed_demo", "--user", "visitor")
    stack.sql("UPDATE demo_storyevent SET due_at = due_at + interval '1 hour' WHERE delivered_at IS NULL")
    stack.create_user("second")
    return stack


def shows_a_whole_page(page: Page) -> None:
    expect(page.locator("nav.side")).to_have_count(1)
    expect(page.locator("#threads .row")).to_have_count(50)
    assert page.evaluate("getComputedStyle(document.querySelector('nav.side')).display") == "flex"


def first_row(page: Page) -> list[str]:
    """The person and text of the list's first row; its age changes meanwhile."""
    return page.locator("#threads .row").first.locator("bdi").all_inner_texts()


def shows_thread(page: Page, id: str | None) -> None:
    """The pane and the address are those of the thread; of none when `id` is None."""
    expect(page.locator("#thread > .thread")).to_have_count(1 if id else 0)
    if id:
        expect(page.locator("#thread > .thread")).to_have_attribute("data-id", id)
    expect(page).to_have_url(re.compile(f"/comments/{id}/$" if id else "/comments/$"))


def test_back_restores_the_thread_and_the_list_stays_where_it_was_scrolled(full, tab):
    log_in(tab, full)
    tab.goto(f"{full.url}/comments/")
    rows, scrolled = tab.locator("#threads .row"), "document.getElementById('list-scroll').scrollTop"
    first, opened = first_row(tab), []
    for place in (20, 22):
        rows.nth(place).locator(".row-link").click()
        opened.append(rows.nth(place).get_attribute("data-id"))
        shows_thread(tab, opened[-1])
    before = tab.evaluate(scrolled)
    assert before > 500
    tab.go_back()
    shows_thread(tab, opened[0])
    assert tab.evaluate(scrolled) == before
    tab.go_forward()
    shows_thread(tab, opened[1])
    assert tab.evaluate(scrolled) == before
    tab.evaluate("sessionStorage.clear()")
    tab.reload()
    shows_a_whole_page(tab)
    shows_thread(tab, opened[1])
    tab.go_back()
    shows_thread(tab, opened[0])
    tab.go_back()
    shows_thread(tab, None)
    shows_a_whole_page(tab)
    assert first_row(tab) == first


def test_back_from_another_page_shows_the_whole_page_again(full, tab):
    log_in(tab, full)
    tab.goto(f"{full.url}/comments/")
    first = first_row(tab)
    tab.locator("#threads .row-link").nth(3).click()
    id = tab.locator("#threads .row").nth(3).get_attribute("data-id")
    shows_thread(tab, id)
    tab.goto(f"{full.url}/settings/demo/")
    tab.go_back()
    shows_a_whole_page(tab)
    shows_thread(tab, id)
    assert first_row(tab) == first


def test_older_threads_have_their_own_page_without_scripts(full, chromium):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in(page, full)
    page.goto(f"{full.url}/comments/")
    first = first_row(page)
    page.get_by_role("link", name="Older threads").click()
    shows_a_whole_page(page)
    assert first_row(page) != first
    page.go_back()
    shows_a_whole_page(page)
    assert first_row(page) == first
    context.close()


@pytest.mark.parametrize("width", [1100, 390])
def test_after_log_out_back_shows_the_log_in_and_nothing_is_left(full, tab, width):
    tab.set_viewport_size({"width": width, "height": 844})
    log_in(tab, full)
    tab.goto(f"{full.url}/comments/")
    for place in (0, 1):
        tab.locator("#threads .row-link").nth(place).click()
        id = tab.locator("#threads .row").nth(place).get_attribute("data-id")
        shows_thread(tab, id)
        if width == 390 and place == 0:
            tab.get_by_role("link", name="Back to the list").click()
        assert tab.evaluate(STORED) == "[[],[]]"
    tab.get_by_role("textbox", name="Your text").fill("a private draft")
    tab.wait_for_function(f"{STORED}.includes('a private draft')")
    tab.goto(f"{full.url}/settings/demo/")
    tab.goto(f"{full.url}/")
    log_out(tab)
    assert tab.evaluate(STORED) == "[[],[]]"
    for _ in range(5):
        tab.go_back()
        expect(tab.get_by_label("Password")).to_be_visible()
        expect(tab.locator("#threads .row, .thread, #demo, .fields")).to_have_count(0)


def test_the_next_user_of_a_browser_sees_nothing_of_the_first(full, tab):
    log_in(tab, full)
    tab.goto(f"{full.url}/comments/")
    tab.locator("#threads .row-link").first.click()
    expect(tab.locator("#thread > .thread")).to_have_count(1)
    other, inbox = tab.context.new_page(), tab.context.new_page()
    other.clock.install()
    other.goto(f"{full.url}/")
    expect(other.locator("[data-kind=comments]")).to_contain_text("920")
    inbox.goto(f"{full.url}/inbox/")
    expect(inbox.locator("#threads .row")).to_have_count(50)
    # No poll between the two users, which would lead to the log-in.
    inbox.route("**/updates/**", lambda route: route.fulfill(status=204))
    log_out(tab)
    log_in(tab, full, "second")
    inbox.unroute("**/updates/**")
    for _ in range(3):
        tab.go_back()
        expect(tab.locator("#threads .row, .thread")).to_have_count(0)
    wait_for_polls(other)
    expect(other.get_by_role("button", name="second")).to_be_visible()
    expect(other.get_by_role("button", name="Switch demo mode on")).to_be_visible()
    inbox.bring_to_front()
    expect(inbox.get_by_role("button", name="second")).to_be_visible(timeout=15_000)
    expect(inbox.locator("#threads .row, .thread")).to_have_count(0)


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
        "**/demo/panel?*",
        lambda route: route.fulfill(
            body=route.fetch().text().replace('<ol class="next">', f'{more}<ol class="next">', 1)
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
    expect(tab.locator(".state[role=status]")).to_have_text("Active")
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
    expect(tab.get_by_text("Each product must be")).to_be_visible()
    expect(tab.get_by_label("Products")).to_be_focused()
    expect(tab.get_by_text("Each product must be")).to_be_in_viewport()
    expect(tab.get_by_text("That did not work")).to_have_count(0)
    assert (tab.get_by_label("Brand").input_value(), tab.get_by_label("Products").input_value()) == (
        "Café Ω",
        "a" * 200,
    )
