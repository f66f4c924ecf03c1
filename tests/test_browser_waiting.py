"""The inbox while answers are slow, fail, or come in another order, and where it puts what it tells meanwhile."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import SKIP, log_in, poll_inbox
from tests.inbox_page import drafts, open_thread, row, text_field

pytestmark = pytest.mark.browser
if SKIP:
    pytest.skip("no Chromium here", allow_module_level=True)

SERVICES = ("web",)  # so that nothing changes by itself
THREADS = re.compile(r"/inbox/\d+/(\?.*)?$")


@pytest.fixture(scope="module")
def filled(stack):
    """The stack with a small demo of the visitor's."""
    stack.manage("seed_demo", "--user", "visitor", "--size", "small")
    return stack


@pytest.fixture
def inbox(filled, tab) -> Page:
    """A tab with the inbox, and its first thread open."""
    tab.set_viewport_size({"width": 1440, "height": 900})
    log_in(tab, filled, path="/inbox/")
    open_thread(tab, 0)
    return tab


def overlap(one: dict, other: dict) -> bool:
    return max(one["x"], other["x"]) < min(one["x"] + one["width"], other["x"] + other["width"]) and max(
        one["y"], other["y"]
    ) < min(one["y"] + one["height"], other["y"] + other["height"])


class Held:
    """Requests for the addresses of one kind are held until the test continues or aborts them."""

    def __init__(self, page: Page, address: re.Pattern, method: str = "GET"):
        self.page, self.method = page, method
        self.routes: list[Route] = []
        page.route(address, self._hold)

    def _hold(self, route: Route) -> None:
        if route.request.method == self.method and not self.page.is_closed():
            self.routes.append(route)
        else:
            route.continue_()

    def wait(self, number: int = 1) -> None:
        for _ in range(100):
            if len(self.routes) >= number:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{len(self.routes)} requests instead of {number}")


def test_a_thread_that_takes_longer_than_200_ms_shows_its_outline(inbox):
    outline = inbox.locator(".pane-outline")
    inbox.clock.install()
    inbox.reload()
    held = Held(inbox, THREADS)
    inbox.clock.pause_at(inbox.evaluate("Date.now()") + 1_000)
    row(inbox, 1).locator(".row-link").click()
    held.wait()
    inbox.clock.run_for(150)
    expect(outline).to_be_hidden()
    inbox.clock.run_for(50)
    expect(outline).to_be_visible()
    held.routes[0].continue_()
    expect(outline).to_be_hidden()
    expect(inbox.locator("#thread > .thread")).to_have_attribute(
        "data-id", row(inbox, 1).get_attribute("data-id")
    )


def test_the_outline_goes_when_the_thread_cannot_be_loaded(inbox):
    shown = inbox.locator("#thread > .thread").get_attribute("data-id")
    held = Held(inbox, THREADS)
    row(inbox, 1).locator(".row-link").click()
    held.wait()
    expect(inbox.locator(".pane-outline")).to_be_visible()
    held.routes[0].abort()
    expect(inbox.locator(".pane-outline")).to_be_hidden()
    expect(inbox.locator("#failed")).to_contain_text("the server cannot be reached")
    expect(inbox.locator("#thread > .thread")).to_have_attribute("data-id", shown)


def test_of_two_threads_that_were_asked_for_the_later_one_stays_as_the_reader_has_left_it(inbox):
    held = Held(inbox, THREADS)
    row(inbox, 1).locator(".row-link").click()
    held.wait(1)
    row(inbox, 2).locator(".row-link").click()
    held.wait(2)
    held.routes[1].continue_()
    later = row(inbox, 2).get_attribute("data-id")
    expect(inbox.locator(f"#thread-{later}")).to_be_visible()
    inbox.evaluate(
        """document.addEventListener("htmx:afterRequest", () => { document.body.dataset.arrived = "yes"; })"""
    )
    address = inbox.url
    inbox.locator("#conversation").evaluate("(one) => { one.style.minHeight = '3000px'; }")
    inbox.locator("#conversation-scroll").evaluate("(one) => { one.scrollTop = 40; }")
    held.routes[0].continue_()
    expect(inbox.locator("body")).to_have_attribute("data-arrived", "yes")
    assert inbox.locator("#conversation-scroll").evaluate("(one) => one.scrollTop") == 40
    expect(inbox.locator(f"#thread-{later}")).to_be_visible()
    assert inbox.url == address


def test_back_that_fails_says_so(inbox):
    open_thread(inbox, 1)
    inbox.route(THREADS, lambda route: route.abort())
    inbox.evaluate("history.back()")
    expect(inbox.locator("#failed")).to_contain_text("the server cannot be reached")


def test_marking_as_read_that_fails_is_not_reported_as_if_the_user_had_done_it(inbox):
    unread = re.compile(r"/unread/")
    inbox.locator(".tab", has_text="All").click()
    failed = []
    inbox.route(unread, lambda route: (failed.append(1), route.abort()))
    with inbox.expect_event("requestfailed", lambda request: bool(unread.search(request.url))):
        inbox.locator(".row.unread .row-link").first.click()
    inbox.wait_for_timeout(200)
    assert failed == [1]
    expect(inbox.locator("#failed")).to_be_hidden()


def send_and_open_again(page: Page, text: str) -> Held:
    """Send a reply, and before its answer arrives, leave the thread and come back; return the held request."""
    text_field(page).fill(text)
    held = Held(page, re.compile(r"/write/"), "POST")
    page.get_by_role("button", name="Send", exact=True).click()
    held.wait()
    open_thread(page, 1)
    open_thread(page, 0)
    expect(text_field(page)).to_have_value("")
    return held


def test_a_text_that_is_being_sent_is_no_draft_in_a_thread_opened_again(inbox):
    held = send_and_open_again(inbox, "On its way")
    held.routes[0].continue_()
    expect(inbox.locator(".entry.out", has_text="On its way")).to_have_count(1, timeout=12_000)  # by a poll
    expect(text_field(inbox)).to_have_value("")
    assert drafts(inbox) == []


def test_a_text_that_could_not_be_sent_comes_back_in_a_thread_opened_again(inbox):
    held = send_and_open_again(inbox, "Not gone")
    held.routes[0].abort()
    expect(inbox.locator("#failed")).to_contain_text("the server cannot be reached")
    expect(text_field(inbox)).to_have_value("Not gone")
    inbox.evaluate("localStorage.clear()")


def test_offline_one_sentence_says_so(inbox):
    expect(inbox.locator(".person-card")).to_be_visible()
    inbox.route("**/inbox/**", lambda route: route.abort())
    poll_inbox(inbox)
    expect(inbox.locator("#connection")).to_be_visible(timeout=12_000)  # a poll may be under way
    row(inbox, 1).locator(".row-link").click()
    expect(inbox.locator("#failed")).to_be_visible()
    expect(inbox.get_by_role("alert").filter(visible=True)).to_have_count(1)


@pytest.mark.sample(2)
@pytest.mark.parametrize("size", [(1440, 900), (1000, 800), (390, 844)], ids=lambda size: f"{size[0]}")
def test_a_toast_covers_neither_the_composer_nor_the_head_of_the_thread(inbox, size):
    inbox.set_viewport_size({"width": size[0], "height": size[1]})
    inbox.locator(".thread-tools [value=done]").click()
    expect(inbox.locator(".toast")).to_be_visible()
    toast = inbox.locator(".toast").bounding_box()
    assert toast["x"] >= 0
    assert toast["x"] + toast["width"] <= size[0]
    for part in (".composer", ".thread-head"):
        assert not overlap(toast, inbox.locator(part).bounding_box()), part
    inbox.get_by_role("button", name="Undo").click()
    expect(inbox.locator(".toast").filter(has_text="Undo")).to_have_count(0)


def test_a_filter_leaves_what_is_empty_out_of_the_address(inbox):
    inbox.get_by_role("button", name="Filters").click()
    inbox.get_by_label("Read or unread").select_option("true")
    inbox.get_by_role("button", name="Show", exact=True).click()
    inbox.wait_for_url("**/inbox/?*")
    assert inbox.url.endswith("/inbox/?unread=true")


def test_all_that_match_can_be_selected_once_one_is(filled, inbox):
    total = inbox.locator(".tab[aria-current] .count").get_attribute("data-count")
    inbox.locator(".row-check input").first.check(force=True)
    inbox.get_by_role("button", name=f"Select all {total} that match").click()
    expect(inbox.locator("#bulk-count")).to_have_text(f"{total} selected")
    inbox.get_by_role("button", name="Select none").click()
    expect(inbox.locator("#bulk")).to_be_hidden()


def test_keys_do_not_change_the_thread_that_is_being_left(inbox):
    number = inbox.locator(".tab[aria-current] .count").get_attribute("data-count")
    held = Held(inbox, THREADS)
    inbox.keyboard.press("j")
    held.wait()
    inbox.keyboard.press("e")
    inbox.keyboard.press("r")
    inbox.keyboard.type("lost")
    held.routes[0].continue_()
    expect(inbox.locator("#thread > .thread")).to_have_attribute(
        "data-id", row(inbox, 1).get_attribute("data-id")
    )
    expect(inbox.locator(".tab[aria-current] .count")).to_have_attribute("data-count", number)
    expect(inbox.locator(".toast")).to_have_count(0)
    assert drafts(inbox) == []


def test_a_note_and_a_reply_have_a_text_each(inbox):
    modes = inbox.locator(".modes")
    text_field(inbox).fill("To the customer")
    modes.get_by_text("Note").click()
    expect(text_field(inbox)).to_have_value("")
    text_field(inbox).fill("For the team only")
    modes.get_by_text("Reply").click()
    expect(text_field(inbox)).to_have_value("To the customer")
    modes.get_by_text("Note").click()
    inbox.reload()
    expect(text_field(inbox)).to_have_value("For the team only")
    inbox.get_by_role("button", name="Add note").click()
    expect(inbox.locator(".team-note", has_text="For the team only")).to_have_count(1)
    inbox.locator(".modes").get_by_text("Reply").click()
    expect(text_field(inbox)).to_have_value("To the customer")
    inbox.evaluate("localStorage.clear()")


def test_a_refused_reply_is_still_there_after_a_reload(inbox):
    other = inbox.context.new_page()
    other.goto(inbox.url)
    text_field(inbox).fill("First")
    text_field(other).fill("A long and careful answer")
    inbox.get_by_role("button", name="Send", exact=True).click()
    expect(inbox.locator(".entry.out", has_text="First")).to_have_count(1)
    other.get_by_role("button", name="Send", exact=True).click()
    expect(other.get_by_role("alert")).to_contain_text("Somebody has answered meanwhile.")
    expect(other.locator(".composer-foot button").filter(visible=True)).to_have_text(["Send anyway"])
    other.reload()
    expect(text_field(other)).to_have_value("A long and careful answer")
    other.evaluate("localStorage.clear()")


def test_a_menu_closes_when_its_change_is_sent_and_keeps_its_place_in_an_update(inbox):
    menu = inbox.locator("#more-menu")
    inbox.get_by_role("button", name="More actions").click()
    place = menu.get_attribute("style")
    inbox.evaluate("document.getElementById('version').value = ''")
    inbox.locator(".thread-who h2").evaluate("(name) => { name.textContent = 'stale'; }")
    inbox.locator("#conversation").evaluate("(one) => { one.dataset.rows = 'stale'; }")
    poll_inbox(inbox)
    expect(inbox.locator(".thread-who h2")).not_to_have_text("stale")
    assert (menu.get_attribute("style"), "left: " in place) == (place, True)
    menu.get_by_role("button", name="Mark as unread").click()
    expect(menu).to_be_hidden()


def test_the_person_beside_a_thread_is_the_one_whom_its_head_names(filled, inbox):
    [(thread, newest)] = filled.sql(
        """SELECT t.id, i.id FROM interactions_thread t JOIN interactions_interaction i
           ON i.profile_id = t.profile_id AND i.platform_id = t.last_in_ref
           WHERE t.kind = 'comment' AND i.parent_id IS NOT NULL AND EXISTS (
             SELECT FROM interactions_interaction o WHERE o.thread_id = t.id AND o.direction = 'in'
             AND o.author_id <> i.author_id) ORDER BY t.id LIMIT 1"""
    )
    inbox.goto(f"{filled.url}/inbox/{thread}/")
    before = inbox.locator(".person-card h2").inner_text()
    status = inbox.evaluate(
        """(id) => fetch(`/api/v1/interactions/${id}/hide/`, {method: "POST", headers: {"x-csrftoken":
           JSON.parse(document.body.getAttribute("hx-headers"))["x-csrftoken"]}}).then((answer) => answer.status)""",
        newest,
    )
    assert status == 200
    poll_inbox(inbox)
    expect(inbox.locator(".thread-who h2")).not_to_have_text(before)
    expect(inbox.locator(".person-card h2")).to_have_text(inbox.locator(".thread-who h2").inner_text())


def test_the_end_of_an_outage_takes_its_sentences_away(inbox):
    expect(inbox.locator(".person-card")).to_be_visible()
    inbox.route("**/inbox/**", lambda route: route.abort())
    inbox.evaluate("dispatchEvent(new Event('offline'))")
    expect(inbox.locator("#connection")).to_be_visible(timeout=12_000)  # a poll may be under way
    row(inbox, 1).locator(".row-link").click()
    expect(inbox.locator("#failed")).to_be_visible()
    inbox.unroute("**/inbox/**")
    poll_inbox(inbox)
    expect(inbox.get_by_role("alert").filter(visible=True)).to_have_count(0)


def test_the_question_before_a_deletion_says_what_goes_with_it(filled, inbox):
    [(thread, first, reply, number)] = filled.sql(
        """SELECT t.id, root.id, max(below.id), count(below.id)
           FROM interactions_thread t JOIN accounts_profile p ON p.id = t.profile_id
           JOIN interactions_interaction root ON root.profile_id = t.profile_id AND root.platform_id = t.root_ref
           JOIN interactions_interaction below ON below.thread_id = t.id AND below.id <> root.id
           WHERE p.platform = 'facebook' AND t.kind = 'comment' AND root.deleted_at IS NULL AND below.deleted_at IS NULL
           GROUP BY t.id, root.id HAVING count(below.id) < 20 ORDER BY t.id LIMIT 1"""
    )
    both = "Its reply goes with it." if number == 1 else f"Its {number} replies go with it."
    inbox.goto(f"{filled.url}/inbox/{thread}/")
    for id, end in ((first, both), (reply, "This cannot be undone."), (first, both)):
        entry = inbox.locator(f"#row-{id}-entry")
        entry.hover()
        entry.locator(".entry-more").click()
        inbox.locator(f"#row-menu-{id}").get_by_role("button", name="Delete").click()
        expect(inbox.locator("#delete-row p")).to_have_text(re.compile(re.escape(end) + r"\s*$"))
        inbox.get_by_role("button", name="Keep it").click()
