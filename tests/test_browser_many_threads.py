"""10,000 unread threads in a real Chromium: read, scrolled, counted, and all marked as done."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import SKIP, log_in, save_screenshot
from tests.service_stack import ServiceStack

pytestmark = [pytest.mark.long, pytest.mark.browser]
if SKIP:
    pytest.skip("no Chromium here", allow_module_level=True)

FILL = """
from datetime import timedelta
from django.utils import timezone
from accounts.models import Profile, User
from interactions.ingest import IncomingEvent, ingest
now = timezone.now()
live = Profile.objects.create(owner=User.objects.get(username="visitor"), platform="instagram", platform_id="1", handle="busy")
for start in range(0, 10_000, 500):
    ingest([IncomingEvent(live.pk, {
        "type": "comment.created", "id": f"c{number}", "content_id": "p", "text": f"Comment number {number}",
        "occurred_at": (now - timedelta(minutes=number + 1)).isoformat(),
        "author": {"id": f"a{number}", "handle": f"a{number}", "name": f"Person {number}"}})
        for number in range(start, start + 500)], now)
"""


@pytest.fixture
def inbox(stack: ServiceStack, tab: Page) -> Iterator[Page]:
    if not stack.sql("SELECT 1 FROM interactions_thread LIMIT 1"):
        stack.manage("shell", "-v0", "-c", FILL)
    log_in(tab, stack)
    tab.goto(f"{stack.url}/inbox/")
    return tab


def open_tab(page: Page) -> str:
    return page.get_by_role("navigation", name="Status").get_by_role("link", name="Open").inner_text()


def test_the_numbers_are_exact_and_older_threads_are_appended(inbox):
    expect(inbox).to_have_title("(10,000) Inbox · Perennial")
    assert open_tab(inbox).split() == ["Open", "10,000"]
    for number in (50, 100, 150):
        expect(inbox.locator(".row")).to_have_count(number)
        inbox.locator(".row").last.scroll_into_view_if_needed()
    expect(inbox.locator(".row").nth(149)).to_contain_text("Comment number 149")
    save_screenshot(inbox, "inbox-10000")


def test_all_of_them_are_marked_as_done(inbox, stack):
    """A change has 5,000 threads at most and says how many are left."""
    inbox.locator(".row-check input").first.click()
    inbox.locator(".row-check input").nth(49).click(modifiers=["Shift"])
    inbox.get_by_role("button", name="Select all 10,000 that match").click()
    inbox.locator("#bulk").get_by_role("button", name="Done").click()
    expect(inbox.get_by_text("5,000 threads changed. 5,000 more match: do it again for them.")).to_be_visible(
        timeout=120_000
    )
    inbox.get_by_role("button", name="Do it again").click()
    expect(inbox.get_by_role("heading", name="All done")).to_be_visible(timeout=120_000)
    assert stack.sql("SELECT status, count(*) FROM interactions_thread GROUP BY 1") == [("done", 10_000)]
    expect(inbox).to_have_title("Inbox · Perennial")
