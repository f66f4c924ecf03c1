"""The page of the inbox in a real Chromium. A plugin of `conftest.py`: two test modules use its fixtures."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import log_in

WIDE, LAPTOP, PHONE = (
    {"width": width, "height": height} for width, height in ((1440, 900), (1200, 900), (390, 844))
)


@pytest.fixture(scope="module")
def filled(stack):
    """The stack with a complete demo of the visitor's, whose next events are far away."""
    stack.manage("seed_demo", "--user", "visitor")
    stack.sql("UPDATE demo_storyevent SET due_at = due_at + interval '1 day' WHERE delivered_at IS NULL")
    stack.create_user("second")
    return stack


@pytest.fixture
def inbox(filled, tab) -> Page:
    """A tab with the inbox of 1440 px, in which no thread is open."""
    tab.set_viewport_size(WIDE)
    log_in(tab, filled, path="/inbox/")
    return tab


def row(page: Page, place: int = 0):
    return page.locator("#threads .row").nth(place)


def open_thread(page: Page, place: int = 0) -> str:
    """Open the thread at that place of the list; return its id."""
    id = row(page, place).get_attribute("data-id")
    row(page, place).locator(".row-link").click()
    expect(page.locator(f"#thread-{id}")).to_be_visible()
    return id


def text_field(page: Page):
    return page.locator(".composer textarea")


def drafts(page: Page) -> list[str]:
    """The names of the drafts that the browser keeps."""
    return page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('draft:'))")


def count(page: Page, tab: str) -> int:
    return int(page.locator(".tab", has_text=tab).locator(".count").get_attribute("data-count"))


def ids(page: Page) -> list[str]:
    return page.locator("#threads .row").evaluate_all("(rows) => rows.map((row) => row.dataset.id)")


def is_open(page: Page, id: str) -> None:
    expect(page.locator("#thread > .thread")).to_have_attribute("data-id", id)
