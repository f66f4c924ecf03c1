"""Every page in every state, light and dark: axe finds nothing, nothing scrolls sideways, nothing moves for who wants no motion.

Each page is opened once; the three tests share what was found (`findings`).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import product

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from playwright.sync_api import Browser, BrowserContext, Page

from interactions.models import Thread
from tests.browser import SKIP, log_in, quiet
from tests.every_page import FORMS, FRAGMENTS, NO_PAGES, NOBODY, PAGES, Shown, fill
from tests.service_stack import ServiceStack

SERVICES = ("web",)  # so that nothing changes meanwhile
DESK, PHONE = 1200, 390
WIDTHS = (320, 360, 390, 768, 1200, 1440, 2560)
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
MOVING = """() => {
    const seconds = (list) => Math.max(...list.split(",").map(parseFloat));
    const moves = (style) => (style.animationName !== "none" && seconds(style.animationDuration) > 0.01)
        || (style.transitionProperty !== "none" && seconds(style.transitionDuration) > 0.01);
    const found = new Set();
    for (const one of document.querySelectorAll("*"))
        for (const part of ["", "::before", "::after", "::backdrop", "::-webkit-progress-value"])
            if (moves(getComputedStyle(one, part || null))) found.add(`${one.tagName}.${one.getAttribute("class")}${part}`);
    return [...found];
}"""


@dataclass
class Findings:
    """What was found on a page: faults of axe, widths at which it scrolls sideways, what moves, and fields that cut a text."""

    faults: list[str] = field(default_factory=list)
    sideways: list[tuple[str, int, int]] = field(default_factory=list)
    moving: list[str] = field(default_factory=list)
    cutting: list[str] = field(default_factory=list)


Visit = Callable[[Shown], Findings]


@pytest.fixture(scope="module")
def visit(stack: ServiceStack, chromium: Browser) -> Iterator[Visit]:
    """A function that visits a page, once, and returns what it found."""
    ids = fill(stack)
    contexts: dict[str, BrowserContext] = {}

    def context(user: str) -> BrowserContext:
        if user not in contexts:
            contexts[user] = chromium.new_context(reduced_motion="reduce")
            contexts[user].set_default_timeout(60_000)
            if user != NOBODY:
                log_in(contexts[user].new_page(), stack, user)
        return contexts[user]

    @cache
    def findings(shown: Shown) -> Findings:
        where = ids | {"cursor": _cursor(context(shown.user), stack) if "{cursor}" in shown.path else ""}
        with quiet(context(shown.user), stack), shown.during(stack):
            page = context(shown.user).new_page()
            page.set_viewport_size({"width": DESK, "height": 900})
            answer = page.goto(stack.url + shown.path.format(**where))
            assert answer.status == shown.status
            page.wait_for_load_state()
            shown.act(page)
            page.wait_for_load_state()
            found = _look(page)
            page.close()
        return found

    yield findings
    for one in contexts.values():
        one.close()


def _cursor(context: BrowserContext, stack: ServiceStack) -> str:
    page = context.request.get(f"{stack.url}/inbox/").text()
    return re.search(r'class="older".*?cursor=([^"&]+)', page)[1]


def _look(page: Page) -> Findings:
    """What is found on a desk and a phone, in the dark, where only colors differ, and at all widths."""
    cutting = page.locator("[maxlength]:not([type=search])").evaluate_all(
        "(fields) => fields.map((one) => one.name)"
    )
    found = Findings(_faults(page), moving=page.evaluate(MOVING), cutting=cutting)
    page.set_viewport_size({"width": PHONE, "height": 844})
    found.faults += _faults(page)
    page.emulate_media(color_scheme="dark")
    found.faults += _faults(page, CONTRAST)
    for direction, width in product(("ltr", "rtl"), WIDTHS):
        page.evaluate("(direction) => { document.documentElement.dir = direction; }", direction)
        page.set_viewport_size({"width": width, "height": 844})
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.sideways.append((direction, width, wide))
    return found


def _faults(page: Page, rules: dict = RULES) -> list[str]:
    return [
        f"{fault['id']}: {node['html'][:200]}"
        for fault in Axe().run(page, options=rules).response["violations"]
        for node in fault["nodes"]
    ]


every_page = pytest.mark.parametrize("shown", PAGES, ids=lambda shown: shown.name)


def in_a_browser(test: Callable[..., None]) -> Callable[..., None]:
    for mark in (
        pytest.mark.browser,
        # Not the whole module: the tests of routes need no browser. `REQUIRE_CHROMIUM`, which CI sets, skips nothing.
        pytest.mark.skipif(SKIP, reason="no Chromium here"),
        pytest.mark.timeout(300),
        every_page,
    ):
        test = mark(test)
    return test


@in_a_browser
@pytest.mark.sample(8)
def test_axe_finds_nothing(visit, shown):
    assert visit(shown).faults == []


@in_a_browser
@pytest.mark.sample(8)
def test_nothing_scrolls_sideways_at_any_width_in_any_direction(visit, shown):
    assert visit(shown).sideways == []


@in_a_browser
@pytest.mark.sample(8)
def test_nothing_moves_for_those_who_want_no_motion(visit, shown):
    assert visit(shown).moving == []


@in_a_browser
@pytest.mark.sample(8)
def test_no_field_but_a_search_cuts_a_text_that_is_too_long(visit, shown):
    """The server refuses it with a sentence, and the text stays in the field."""
    assert visit(shown).cutting == []


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, str]]:
    """The pattern and the name of every route."""
    for child in resolver.url_patterns:
        pattern = prefix + str(child.pattern).removeprefix("^")
        if isinstance(child, URLPattern):
            yield pattern, child.name or pattern
        else:
            yield from routes(child, pattern)


def test_every_route_is_a_page_of_the_list_or_named_as_none():
    """But for the API and pictures, and the admin, whose pages are Django's."""
    found = {
        name for pattern, name in routes(get_resolver()) if not re.match("(api|pictures|admin)/", pattern)
    }
    paths = [re.sub(r"\{\w+\}", "1", shown.path).split("?")[0] for shown in PAGES]
    pages = {resolve(path).url_name for path in paths if path != "/nothing-here"}
    assert found == pages | NO_PAGES
    assert pages & NO_PAGES == set()


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(FORMS | FRAGMENTS))
def test_a_route_that_is_named_as_no_page_shows_none(page, live, name):
    thread = Thread.objects.first()
    values = {"page": "inbox", "id": thread.pk, "days": 1, "what": "posts"}
    values |= {"action": "hide" if name == "inbox-row" else "start", "name": "viral-spike"}
    wanted = get_resolver().reverse_dict.getlist(name)[0][0][0][1]
    answer = page.get(reverse(name, kwargs={one: values[one] for one in wanted}))
    assert answer.status_code != 200 or b"<html" not in answer.content
