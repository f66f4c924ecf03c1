"""The list of the inbox in a real Chromium, on a real web server, worker and beat: tabs, filters, selection, bulk, polls."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import SKIP, log_in, poll_inbox
from tests.inbox_page import LAPTOP, WIDE, count, ids, is_open, open_thread, row

pytestmark = pytest.mark.browser
if SKIP:
    pytest.skip("no Chromium here", allow_module_level=True)


def width(page: Page, selector: str) -> float:
    return page.locator(selector).bounding_box()["width"]


def test_three_panes_scroll_and_the_page_does_not(inbox):
    inbox.set_viewport_size(LAPTOP)
    assert width(inbox, ".side") <= 220
    assert 340 <= width(inbox, ".list-pane") <= 400
    assert inbox.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert inbox.locator("#list-scroll").evaluate("(one) => one.scrollHeight > one.clientHeight")


def test_ten_rows_of_at_most_72_px_are_visible(inbox):
    heights = [row(inbox, place).bounding_box()["height"] for place in range(10)]
    assert max(heights) <= 72
    assert row(inbox, 9).bounding_box()["y"] + heights[9] <= 900


def test_a_row_has_one_line_of_text_and_nothing_wraps(inbox):
    first = row(inbox)
    expect(first.locator(".avatar .glyph")).to_have_count(1)
    expect(first.locator("time")).to_be_visible()
    assert first.locator(".row-line").bounding_box()["height"] < 22
    assert first.locator(".row-head").bounding_box()["height"] < 22
    right = first.bounding_box()["x"] + first.bounding_box()["width"]
    edge = first.locator("time").bounding_box()
    assert right - (edge["x"] + edge["width"]) <= 16


def test_unread_threads_have_a_labelled_dot_and_are_counted_in_the_title(inbox):
    unread = inbox.locator(".row.unread").first
    expect(unread.locator(".dot")).to_have_text("unread")
    assert int(unread.locator(".row-link").evaluate("(one) => getComputedStyle(one).fontWeight")) >= 600
    before = int(re.match(r"\((\d+)\) Inbox", inbox.title())[1])
    id = unread.get_attribute("data-id")
    unread.locator(".row-link").click()
    expect(inbox.locator(f"#row-{id}.unread")).to_have_count(0)
    expect(inbox).to_have_title(re.compile(rf"^\({before - 1}\) Inbox"))


def test_tabs_and_filters_are_in_the_address_and_survive_reload_and_back(inbox):
    assert count(inbox, "All") == count(inbox, "Open") + count(inbox, "Snoozed") + count(inbox, "Done")
    expect(inbox.locator(".tab[aria-current]")).to_contain_text("Open")
    inbox.get_by_role("button", name="Filters").click()
    inbox.get_by_label("Platform").select_option("youtube")
    inbox.get_by_role("button", name="Show", exact=True).click()
    expect(inbox).to_have_url(re.compile("platform=youtube"))
    glyphs = inbox.locator("#threads .glyph.youtube").count()
    assert glyphs == inbox.locator("#threads .row").count() > 0
    inbox.get_by_role("link", name=re.compile("^Done")).click()
    expect(inbox).to_have_url(re.compile("platform=youtube&status=done"))
    inbox.reload()
    expect(inbox.locator(".tab[aria-current]")).to_contain_text("Done")
    inbox.go_back()
    expect(inbox.locator(".tab[aria-current]")).to_contain_text("Open")
    inbox.get_by_role("link", name="Remove the filter YouTube").click()
    expect(inbox).to_have_url(re.compile(r"/inbox/$"))


def test_j_and_k_move_the_selection_which_survives_a_reload_of_the_list(inbox):
    ids = [row(inbox, place).get_attribute("data-id") for place in range(3)]
    for key, id in (("j", ids[0]), ("j", ids[1]), ("j", ids[2]), ("k", ids[1])):
        inbox.keyboard.press(key)
        expect(inbox.locator("#threads [aria-selected=true]")).to_have_attribute("data-id", id)
        is_open(inbox, id)
    inbox.reload()
    is_open(inbox, ids[1])
    expect(inbox.locator("#threads [aria-selected=true]")).to_have_attribute("data-id", ids[1])


def test_on_a_phone_the_heading_leads_to_comments_and_messages(filled, inbox):
    inbox.set_viewport_size({"width": 390, "height": 844})
    inbox.get_by_role("button", name="Comments or messages").click()
    inbox.locator("#kinds").get_by_role("link", name="Messages", exact=True).click()
    expect(inbox.get_by_role("heading", level=1)).to_have_text("Messages")


GENERATE = """fetch("/api/v1/demo/generate/interactions/", {method: "POST", headers: {"x-csrftoken":
    JSON.parse(document.body.getAttribute("hx-headers"))["x-csrftoken"]}}).then((answer) => answer.json())"""


def test_arrivals_are_announced_and_what_one_reads_does_not_move(filled, inbox):
    open_thread(inbox)
    place = row(inbox).bounding_box()["y"]
    first, before = row(inbox).get_attribute("data-id"), set(ids(inbox))
    inbox.evaluate(GENERATE)
    poll_inbox(inbox)
    expect(inbox.locator(".arrivals")).to_contain_text("new", timeout=15_000)
    assert (row(inbox).bounding_box()["y"], row(inbox).get_attribute("data-id")) == (place, first)
    is_open(inbox, first)
    inbox.locator(".arrivals").click()
    expect(inbox.locator(".arrivals")).to_have_count(0)
    assert set(ids(inbox)) - before
    is_open(inbox, first)


def test_selected_threads_are_changed_together(inbox):
    before = count(inbox, "Open")
    inbox.keyboard.press("j")
    is_open(inbox, row(inbox).get_attribute("data-id"))
    inbox.keyboard.press("x")
    expect(inbox.locator("#bulk-count")).to_have_text("1 selected")
    row(inbox, 3).locator(".row-check input").click(modifiers=["Shift"])
    expect(inbox.locator("#bulk-count")).to_have_text("4 selected")
    inbox.locator("#bulk").get_by_role("button", name="Done").click()
    expect(inbox.locator(".toast")).to_contain_text("4 threads changed.")
    expect(inbox.locator("#bulk")).to_be_hidden()
    expect(inbox.locator(".tab", has_text="Open").locator(".count")).to_have_attribute(
        "data-count", str(before - 4)
    )
    inbox.get_by_role("button", name="Undo").click()
    expect(inbox.locator(".tab", has_text="Open").locator(".count")).to_have_attribute(
        "data-count", str(before)
    )


def test_all_that_match_are_changed(filled, inbox):
    inbox.goto(f"{filled.url}/inbox/?platform=facebook&unread=true")
    total = count(inbox, "Open")
    assert total > 50
    row(inbox).locator(".row-check input").click()
    row(inbox, 49).locator(".row-check input").click(modifiers=["Shift"])
    inbox.get_by_role("button", name=f"Select all {total} that match").click()
    expect(inbox.locator("#bulk-count")).to_have_text(f"{total} selected")
    inbox.locator("#bulk").get_by_role("button", name="Mark as read").click()
    expect(inbox.locator(".toast")).to_contain_text(f"{total} threads changed.")
    expect(inbox.locator(".tab", has_text="Open").locator(".count")).to_have_attribute("data-count", "0")


def test_a_saved_view_is_in_its_menu_at_once(filled, inbox):
    inbox.goto(f"{filled.url}/inbox/?platform=youtube")
    menu = inbox.locator("#views")
    inbox.get_by_role("button", name="Saved views").click()
    menu.get_by_label("Save the filters shown as").fill("Videos")
    inbox.keyboard.press("Enter")
    expect(menu.get_by_role("link", name="Videos")).to_be_visible()
    expect(menu.get_by_label("Save the filters shown as")).to_have_value("")
    expect(menu.get_by_label("Save the filters shown as")).to_be_focused()
    menu.get_by_role("button", name="Delete the view Videos").click()
    expect(menu.locator(".view")).to_have_count(0)
    expect(menu.get_by_role("heading", name="Saved views")).to_be_focused()


CHANGE = """([id, change]) => fetch(`/api/v1/threads/${id}/`, {method: "PATCH", body: JSON.stringify(change), headers: {
    "content-type": "application/json", "x-csrftoken": JSON.parse(document.body.getAttribute("hx-headers"))["x-csrftoken"]
    }}).then((answer) => answer.status)"""

SCROLL = (
    "(to) => { const one = document.getElementById('list-scroll'); one.scrollTop = to ?? one.scrollHeight; }"
)


def test_of_more_rows_than_a_poll_tells_those_that_are_visible_are_up_to_date(filled, inbox):
    inbox.goto(f"{filled.url}/inbox/?status=all")
    while (loaded := inbox.locator("#threads .row").count()) <= 300:
        inbox.evaluate(SCROLL, None)
        expect(row(inbox, loaded)).to_be_attached(timeout=15_000)
    far = row(inbox, 300)
    id, label = far.get_attribute("data-id"), far.locator(".label")
    far.scroll_into_view_if_needed()
    assert inbox.evaluate(CHANGE, [id, {"labels": ["first"]}]) == 200
    poll_inbox(inbox)
    expect(label).to_have_text("first", timeout=12_000)
    inbox.evaluate(SCROLL, 0)
    with inbox.expect_response(lambda answer: "/updates/" in answer.url and answer.status == 200):
        assert inbox.evaluate(CHANGE, [id, {"labels": ["second"]}]) == 200
        poll_inbox(inbox)
    expect(label).to_have_text("first")
    far.scroll_into_view_if_needed()
    expect(label).to_have_text("second")
    inbox.wait_for_timeout(500)
    with inbox.expect_response("**/updates/**", timeout=12_000) as answer:
        poll_inbox(inbox)
    assert answer.value.status == 204


def test_an_answer_about_what_another_one_has_removed_meanwhile_changes_nothing(inbox):
    open_thread(inbox)
    expect(inbox.locator("#read")).to_have_count(0)
    held, id = [], row(inbox, 2).get_attribute("data-id")

    def hold(route) -> None:
        answer = route.fetch()
        if f'id="row-{id}" hx-swap-oob="delete"' in answer.text():
            held.append((route, answer))
        else:
            route.fulfill(response=answer)

    inbox.route("**/updates/**", hold)
    assert inbox.evaluate(CHANGE, [id, {"status": "archived"}]) == 200
    poll_inbox(inbox)
    for _ in range(60):
        inbox.wait_for_timeout(0 if held else 200)
    [(route, answer)] = held
    assert 'id="conversation"' in answer.text()
    inbox.locator(f"#row-{id}").hover()
    inbox.locator(f"#row-{id}").get_by_role("button", name="Mark as done").click()
    expect(inbox.locator(f"#row-{id}")).to_have_count(0)
    inbox.go_back()
    expect(inbox.get_by_role("heading", name="Choose a thread")).to_be_visible()
    with inbox.expect_response("**/updates/**"):
        route.fulfill(response=answer)
    inbox.wait_for_timeout(300)
    expect(inbox.get_by_role("heading", name="Choose a thread")).to_be_visible()
    assert id not in ids(inbox)


def test_enter_in_the_field_of_a_label_adds_the_label(inbox):
    row(inbox).locator(".row-check input").check()
    total = count(inbox, "Open")
    inbox.locator("#bulk").get_by_role("button", name="Label").click()
    inbox.locator("#bulk-label-name").fill("by hand")
    inbox.keyboard.press("Enter")
    expect(row(inbox).locator(".label")).to_have_text("by hand")
    assert count(inbox, "Open") == total


def test_nothing_matches_offers_to_clear(filled, inbox):
    inbox.goto(f"{filled.url}/inbox/?search=nothingmatchesthis")
    expect(inbox.get_by_role("heading", name="Nothing matches")).to_be_visible()
    inbox.get_by_role("link", name="Clear the filters").click()
    expect(inbox.locator("#threads .row").first).to_be_visible()


def test_another_user_sees_nothing(filled, inbox):
    id = open_thread(inbox)
    log_in_again = inbox.context.browser.new_context()
    other = log_in_again.new_page()
    log_in(other, filled, "second")
    assert other.goto(f"{filled.url}/inbox/{id}/").status == 404
    expect(other.get_by_role("heading", name="This thread is gone")).to_be_visible()
    expect(other.locator("#threads .row")).to_have_count(0)
    log_in_again.close()


def test_a_snoozed_thread_comes_back(filled, inbox):
    id = open_thread(inbox, 2)
    inbox.keyboard.press("h")
    expect(inbox.locator("#snooze-menu .item").first).to_be_focused()
    inbox.keyboard.press("Enter")
    expect(inbox.locator(".toast")).to_contain_text("Snoozed until")
    expect(inbox.locator(f"#row-{id}")).to_have_count(0)
    filled.sql(
        f"UPDATE interactions_thread SET decided_until = now() + interval '1 second', snoozed_until = now() + interval '1 second' WHERE id = {id}"
    )
    inbox.wait_for_timeout(1_500)
    filled.manage("shell", "-c", "from interactions.tasks import refresh_threads; refresh_threads()")
    poll_inbox(inbox)
    expect(inbox.locator(".arrivals")).to_contain_text("1 new", timeout=15_000)


def test_from_log_in_to_done_by_keyboard_only(filled, tab):
    tab.set_viewport_size(WIDE)
    tab.goto(f"{filled.url}/login/?next=/inbox/")
    expect(tab.get_by_label("User name")).to_be_focused()
    tab.keyboard.type("visitor")
    tab.keyboard.press("Tab")
    tab.keyboard.type("visitor")
    tab.keyboard.press("Enter")
    expect(tab.locator("#threads .row").first).to_be_visible()
    tab.wait_for_load_state()
    before = count(tab, "Done")
    tab.keyboard.press("j")
    is_open(tab, row(tab).get_attribute("data-id"))
    tab.keyboard.press("e")
    expect(tab.locator(".toast")).to_contain_text("Marked as done.")
    assert count(tab, "Done") == before + 1
    tab.keyboard.press("z")
    expect(tab.locator(".tab", has_text="Done").locator(".count")).to_have_attribute(
        "data-count", str(before)
    )
