"""The inbox in a real Chromium while the database is away: what the page says, that nothing is lost, and how it comes back."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import SKIP, log_in, poll_inbox
from tests.fault_injection import database_away
from tests.service_stack import ServiceStack

pytestmark = [pytest.mark.browser, pytest.mark.fault_injection]
if SKIP:
    pytest.skip("no Chromium here", allow_module_level=True)

SERVICES = ("web",)  # without a worker nothing changes by itself
AGAIN = 15_000


@pytest.fixture(scope="module")
def filled(stack: ServiceStack) -> ServiceStack:
    """The stack with a small demo of the visitor's, in which nothing changes by itself."""
    stack.manage("seed_demo", "--user", "visitor", "--size", "smoke")
    return stack


@pytest.fixture
def inbox(filled: ServiceStack, tab: Page) -> Iterator[Page]:
    """A tab with the inbox, where a thread is open and a reply is half written."""
    tab.set_viewport_size({"width": 1440, "height": 900})
    log_in(tab, filled, path="/inbox/")
    tab.locator(".row-link").first.click()
    expect(tab.locator(".person-card")).to_be_visible()
    expect(tab.locator(".row[aria-selected=true].unread")).to_have_count(0)
    text_field(tab).fill("Half a reply")
    yield tab
    tab.evaluate("localStorage.clear()")


def text_field(page: Page):
    return page.get_by_role("textbox", name="Your text")


def send(page: Page) -> None:
    page.get_by_role("button", name="Send", exact=True).click()


def test_an_open_inbox_says_so_once_and_recovers_by_itself_with_the_draft(filled, inbox):
    rows = inbox.locator("#threads .row").count()
    with database_away(filled):
        poll_inbox(inbox)
        expect(inbox.locator("#connection")).to_contain_text("cannot be reached", timeout=AGAIN)
        for _ in range(2):
            with inbox.expect_response("**/updates/**"):
                poll_inbox(inbox)
            inbox.wait_for_timeout(300)
        expect(inbox.get_by_role("alert").filter(visible=True)).to_have_count(1)
        expect(inbox.locator(".toast")).to_have_count(0)
        expect(inbox.locator("#threads .row")).to_have_count(rows)
    poll_inbox(inbox)
    expect(inbox.locator("#connection")).to_be_hidden(timeout=AGAIN)
    expect(text_field(inbox)).to_have_value("Half a reply")
    inbox.reload()
    expect(text_field(inbox)).to_have_value("Half a reply")


def test_a_reply_stays_in_the_composer_until_it_can_be_sent(filled, inbox):
    with database_away(filled):
        send(inbox)
        expect(inbox.locator("#failed")).to_contain_text("That did not work: the server answered 503.")
        expect(text_field(inbox)).to_have_value("Half a reply")
        expect(inbox.locator(".entry.out", has_text="Half a reply")).to_have_count(0)
    send(inbox)
    expect(inbox.locator(".entry.out", has_text="Half a reply")).to_have_count(1)
    expect(text_field(inbox)).to_have_value("")
    expect(inbox.locator("#failed")).to_be_hidden()


@pytest.mark.long
def test_another_thread_that_cannot_be_opened_leaves_the_open_one(filled, inbox):
    id = inbox.locator("#thread > .thread").get_attribute("data-id")
    with database_away(filled):
        inbox.locator(f".row:not(#row-{id}) .row-link").first.click()
        expect(inbox.locator("#failed")).to_contain_text("That did not work: the server answered 503.")
        poll_inbox(inbox)
        expect(inbox.locator("#connection")).to_contain_text("cannot be reached", timeout=AGAIN)
        expect(inbox.locator("#thread > .thread")).to_have_attribute("data-id", id)
        expect(inbox.locator(f"#row-{id}")).to_have_attribute("aria-selected", "true")
    other = inbox.locator(f".row:not(#row-{id})").first
    other.locator(".row-link").click()
    expect(inbox.locator("#thread > .thread")).to_have_attribute("data-id", other.get_attribute("data-id"))


@pytest.mark.sample(2)
@pytest.mark.parametrize("path", ["/inbox/", "/", "/content/", "/settings/", "/login/"])
def test_a_page_says_that_the_database_is_unavailable_and_is_tried_again(filled, tab, path):
    log_in(tab, filled)
    with database_away(filled):
        assert tab.goto(filled.url + path).status == 503
        expect(tab.get_by_role("heading", level=1)).to_have_text("Database unavailable")
        look = "[getComputedStyle(document.querySelector('.card')).borderRadius, getComputedStyle(document.body).fontFamily.split(',')[0]]"
        assert tab.evaluate(look) == ["10px", "Inter"]
        tab.get_by_role("link", name="Try again").click()
        expect(tab.get_by_role("heading", name="Database unavailable")).to_be_visible()
    tab.get_by_role("link", name="Try again").click()
    expect(tab.get_by_role("heading", name="Database unavailable")).to_have_count(0)
    assert tab.url.removeprefix(filled.url) == ("/" if path == "/login/" else path), (
        "who is logged in needs no log-in"
    )
