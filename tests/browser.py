"""A real Chromium on a real web server, worker and beat, for the tests of pages."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.service_stack import ServiceStack, running_stack

CHROMIUM = shutil.which("chromium")  # Debian's, never another: screenshots are compared
SKIP = CHROMIUM is None and not os.environ.get("REQUIRE_CHROMIUM")


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest) -> Iterator[ServiceStack]:
    """The stack with the error pages that people see, as DEBUG is off, and a user. A module's SERVICES are those it needs."""
    services = getattr(request.module, "SERVICES", ())
    with running_stack(*services, DEBUG="0", HTTPS="0", WEB_CONCURRENCY="1") as stack:
        stack.create_user("visitor")
        yield stack


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    assert CHROMIUM, "Debian's package chromium is missing"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            # The last two: letters are drawn alike whatever the machine's font settings are.
            args=["--no-sandbox", "--disable-quic", "--font-render-hinting=none", "--disable-lcd-text"],
            ignore_default_args=["--disable-back-forward-cache"],  # as people's browsers are
        )
        yield browser
        browser.close()


@pytest.fixture
def tab(stack: ServiceStack, chromium: Browser) -> Iterator[Page]:
    """A tab. Fails the test when a page loads anything from another host, or the browser writes anything to its console."""
    context = chromium.new_context(viewport={"width": 1100, "height": 900})
    with quiet(context, stack):
        yield context.new_page()
    context.close()


@contextmanager
def quiet(context: BrowserContext, stack: ServiceStack) -> Iterator[None]:
    """Fail if a page of the context loads anything from another host, a script fails, or the console gets a message."""
    outside: list[str] = []
    errors: list[str] = []
    context.on("request", lambda sent: outside.append(sent.url) if stack.url not in sent.url else None)
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on("console", lambda line: None if is_refusal(line) else errors.append(line.text))
    yield
    assert outside == [], "nothing is loaded from anywhere else"
    assert errors == [], "no script fails, nothing breaks the Content-Security-Policy, the console is empty"


# What htmx writes about a request that was refused or found no network.
REPORTS_OF_HTMX = ("Response Status Error Code", "htmx:sendError", "htmx:afterRequest")


def is_refusal(line: ConsoleMessage) -> bool:
    """Whether Chromium or htmx reports only that the server has refused a page or an action, as tests ask it to."""
    is_asset = re.search(r"//[^/]+/(static|pictures)/", line.location["url"])
    is_page = line.text.startswith("Failed to load resource") and not is_asset
    return is_page or line.text.startswith(REPORTS_OF_HTMX)


_cookies: dict[tuple[str, str], list[Any]] = {}  # of the sessions of users, by address and name


def log_in(page: Page, stack: ServiceStack, name: str = "visitor", path: str = "/") -> None:
    """Log the user in and show a page: with the session of an earlier test, or by the form if it has ended."""
    page.context.add_cookies(_cookies.get((stack.url, name), []))
    page.goto(stack.url + path)
    if page.get_by_label("Password").is_visible():
        page.get_by_label("User name").fill(name)
        page.get_by_label("Password").fill(name)
        page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    _cookies[stack.url, name] = [
        {"name": one["name"], "value": one["value"], "url": stack.url}
        for one in page.context.cookies()
        if one["name"] in ("sessionid", "csrftoken")
    ]


def log_out(page: Page) -> None:
    """On a phone the button lies in the settings, else in the account menu."""
    menu = page.locator("[popovertarget=account-menu]")
    if menu.is_visible():
        menu.click()
    else:
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()


def wait_for_polls(page: Page, polls: int = 1) -> None:
    """Advance the page's clock by 15 s `polls` times, and wait for each poll of the dashboard."""
    for _ in range(polls):
        with page.expect_response("**/demo/panel?*"):
            page.clock.fast_forward(15_000)
        page.wait_for_timeout(150)


def poll_inbox(page: Page) -> None:
    """Have an open inbox ask at once what has changed, as when it comes to the front, instead of seconds later."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def save_screenshot(page: Page, name: str) -> None:
    """Save a screenshot in the folder SCREENSHOTS, if that is set."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")
