"""A real Chromium on a real web server, worker and beat, for the tests of pages."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.service_stack import ServiceStack, running_stack

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SKIP = CHROMIUM is None and not os.environ.get("REQUIRE_CHROMIUM")


@pytest.fixture(scope="module")
def stack() -> Iterator[ServiceStack]:
    """The stack with the error pages that people see, as DEBUG is off, and a user."""
    with running_stack(DEBUG="0", HTTPS="0", WEB_CONCURRENCY="1") as stack:
        stack.create_user("visitor")
        yield stack


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-quic"],
            ignore_default_args=["--disable-back-forward-cache"],  # as people's browsers are
        )
        yield browser
        browser.close()


@pytest.fixture
def tab(stack: ServiceStack, chromium: Browser) -> Iterator[Page]:
    """A tab. Fails the test when a page loads anything from another host, a script fails, or the CSP blocks something."""
    outside: list[str] = []
    errors: list[str] = []
    context = chromium.new_context(viewport={"width": 1100, "height": 900})
    context.on("request", lambda sent: outside.append(sent.url) if stack.url not in sent.url else None)
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on(
        "console", lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None
    )
    yield context.new_page()
    context.close()
    assert outside == [], "nothing is loaded from anywhere else"
    assert errors == [], "no script fails and nothing breaks the Content-Security-Policy"


def log_in(page: Page, stack: ServiceStack, name: str = "visitor") -> None:
    page.goto(f"{stack.url}/login/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(name)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def log_out(page: Page) -> None:
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()


def save_screenshot(page: Page, name: str) -> None:
    """Save a screenshot in the folder SCREENSHOTS, if that is set."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")
