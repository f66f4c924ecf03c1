"""Every component in every state, on /settings/ui/, looks as in the stored screenshots: light, dark and right to left.

`REWRITE_SCREENSHOTS=1 python -m pytest tests/test_browser_components.py` stores new ones.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser import SKIP, log_in, quiet
from tests.screenshots import STORED, difference
from tests.service_stack import ServiceStack, running_stack

pytestmark = pytest.mark.browser
if SKIP:
    pytest.skip("no Chromium here", allow_module_level=True)

LOOKS = {"light": ("light", "ltr"), "dark": ("dark", "ltr"), "rtl": ("light", "rtl")}
PANES = ("message", "comment")  # the thread that the section of the pane shows
# Letters that Inter does not have, and those of avatars, which are pictures of their own, are drawn in the fonts of the machine.
IN_INTER = """() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const text = walker.currentNode;
        if (/[^\\u0000-\\u036f\\u2000-\\u206f\\u20ac]/.test(text.data)) text.data = "Other letters";
    }
    for (const picture of document.querySelectorAll(".avatar > img")) picture.style.visibility = "hidden";
}"""
LOADED = """async () => {
    await document.fonts.ready;
    for (const image of document.images) { image.loading = "eager"; await image.decode(); }
}"""


@pytest.fixture(scope="module")
def development() -> Iterator[ServiceStack]:
    """A web server in development, where the page of components is shown."""
    with running_stack("web", DEBUG="1", HTTPS="0", WEB_CONCURRENCY="1") as stack:
        stack.create_user("visitor")
        yield stack


@pytest.fixture
def components(development: ServiceStack, chromium: Browser, look: str) -> Iterator[Page]:
    """A tab for the page of components in that look."""
    scheme, _ = LOOKS[look]
    context = chromium.new_context(
        viewport={"width": 1000, "height": 900},
        color_scheme=scheme,
        timezone_id="UTC",
        locale="en-GB",
        reduced_motion="reduce",
    )
    with quiet(context, development):
        page = context.new_page()
        log_in(page, development)
        yield page
    context.close()


def open_components(page: Page, url: str, look: str, pane: str) -> None:
    page.goto(f"{url}/settings/ui/?pane={pane}")
    page.evaluate(f"document.documentElement.dir = '{LOOKS[look][1]}'")
    page.evaluate(IN_INTER)
    page.evaluate(LOADED)


def sections(page: Page) -> list[str]:
    return page.locator(".components section").evaluate_all("(all) => all.map((one) => one.id)")


@pytest.mark.parametrize("look", LOOKS)
def test_every_component_looks_as_in_its_stored_screenshot(components, development, look, tmp_path):
    differences, names = [], []
    for pane in PANES:
        open_components(components, development.url, look, pane)
        for section in sections(components) if pane == PANES[0] else ["ui-pane"]:
            names.append(f"{look}/{section.removeprefix('ui-')}{'' if pane == PANES[0] else f'-{pane}'}")
            taken = components.locator(f"#{section}").screenshot(animations="disabled")
            differences.append(difference(taken, names[-1], tmp_path))
    assert "\n".join(filter(None, differences)) == ""
    assert stored(look) == sorted(names), "a screenshot of a component that is gone is deleted"


def stored(look: str) -> list[str]:
    folder: Path = STORED / look
    return sorted(f"{look}/{file.stem}" for file in folder.glob("*.png"))


@pytest.mark.parametrize("look", ["light"])
def test_screenshots_do_not_depend_on_the_fonts_of_the_machine(components, development, look):
    open_components(components, development.url, look, "message")
    session = components.context.new_cdp_session(components)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    main = session.send("DOM.querySelector", {"nodeId": root, "selector": ".components"})["nodeId"]
    fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": main})["fonts"]
    assert {(font["familyName"], font["isCustomFont"]) for font in fonts} == {("Inter", True)}


@pytest.mark.sample(1)
@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_in_the_components(components, development, look):
    open_components(components, development.url, look, "message")
    results = Axe().run(components)
    assert results.violations_count == 0, results.generate_report()
