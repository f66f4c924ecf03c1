"""The inbox when something fails: no network, a slow one, an ended session, a thread that disappears while it is open."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import SKIP, log_in, log_out, poll_inbox
from tests.inbox_page import text_field

pytestmark = pytest.mark.browser
if SKIP:
    pytest.skip("no Chromium here", allow_module_level=True)

SERVICES = ("web",)  # so that nothing changes by itself


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
    tab.locator(".row-link").first.click()
    expect(tab.locator("#thread > .thread")).to_be_visible()
    expect(tab.locator(".person-card")).to_be_visible()
    expect(tab.locator(".row[aria-selected=true].unread")).to_have_count(0)
    return tab


def test_without_a_network_the_page_says_so_and_keeps_the_text(inbox):
    text_field(inbox).fill("Not lost")
    inbox.context.set_offline(True)
    poll_inbox(inbox)
    expect(inbox.locator("#connection")).to_contain_text("the server cannot be reached", timeout=12_000)
    inbox.get_by_role("button", name="Send", exact=True).click()
    expect(inbox.locator("#failed")).to_contain_text("That did not work")
    expect(text_field(inbox)).to_have_value("Not lost")
    inbox.context.set_offline(False)
    expect(inbox.locator("#connection")).to_be_hidden(timeout=12_000)
    inbox.get_by_role("button", name="Send", exact=True).click()
    expect(inbox.locator(".entry.out").last).to_contain_text("Not lost")
    assert inbox.locator(".entry.out", has_text="Not lost").count() == 1


def test_on_a_slow_network_the_row_is_marked_at_once_and_nothing_is_sent_twice(inbox):
    slow = inbox.context.new_cdp_session(inbox)
    slow.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 1_500, "downloadThroughput": 50_000, "uploadThroughput": 50_000},
    )
    second = inbox.locator(".row").nth(1)
    second.locator(".row-link").click()
    expect(second).to_have_attribute("aria-selected", "true", timeout=500)
    expect(inbox.locator("#thread > .thread")).to_have_attribute("data-id", second.get_attribute("data-id"))
    posts: list[str] = []
    inbox.on("request", lambda sent: posts.append(sent.url) if "/write/" in sent.url else None)
    text_field(inbox).fill("Once")
    inbox.keyboard.press("Control+Enter")
    inbox.keyboard.press("Control+Enter")
    expect(inbox.locator(".entry.out").last).to_contain_text("Once", timeout=15_000)
    assert len(posts) == 1


def test_an_ended_session_shows_the_log_in_and_the_draft_is_there_afterwards(inbox, filled):
    text_field(inbox).fill("Half a sentence")
    inbox.context.clear_cookies(name="sessionid")
    poll_inbox(inbox)
    expect(inbox.get_by_role("status").filter(has_text="Your session has ended.")).to_be_visible(
        timeout=12_000
    )
    inbox.get_by_label("User name").fill("visitor")
    inbox.get_by_label("Password").fill("visitor")
    inbox.get_by_role("button", name="Log in").click()
    expect(text_field(inbox)).to_have_value("Half a sentence")


def test_logging_out_deletes_drafts(inbox, filled):
    text_field(inbox).fill("A secret")
    assert inbox.evaluate("localStorage.length") == 1
    log_out(inbox)
    assert inbox.evaluate("localStorage.length") == 0


def test_a_thread_that_disappears_while_it_is_open_says_so(inbox, filled):
    id = inbox.locator("#thread > .thread").get_attribute("data-id")
    text_field(inbox).fill("Too late")
    filled.manage(
        "shell",
        "-c",
        "from django.db import transaction;from django.utils import timezone;from interactions.models import *;"
        "from interactions.locks import lock_profiles;from interactions.threads.recomputing import recompute;"
        f"thread = Thread.objects.get(pk={id});"
        "\nwith transaction.atomic():\n    lock_profiles([thread.profile_id]); now = timezone.now();"
        " Interaction.objects.filter(thread=thread).update(deleted_at=now); recompute([thread.pk], now)",
    )
    poll_inbox(inbox)
    expect(inbox.get_by_text("This thread is gone")).to_be_visible(timeout=15_000)
    expect(inbox.locator(f"#row-{id}")).to_have_count(0)
