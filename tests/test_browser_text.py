"""Text of any kind, as platforms and people send it, on every page in a real Chromium at a phone's width."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from demo.models.account import NEXT_WINDOW_COLUMNS
from tests.browser import SKIP, log_in, save_screenshot
from tests.service_stack import ServiceStack

pytestmark = [pytest.mark.long, pytest.mark.browser]
if SKIP:
    pytest.skip("no Chromium here", allow_module_level=True)

LONG = "x" * 5000
URL = "https://example.com/" + "long/" * 60 + "?" + "q=1&" * 100
ZALGO = "".join(letter + "\u0301\u0489\u035f\u0315" * 20 for letter in "Ada")[:250]
RTL = "עדה כהן"
TURNED = "\u2069\u202eevil\u2067"  # ends an isolate, then turns what follows
NAME = "n" * 150  # as long as a user name may be
PAGES = [
    "/",
    "/inbox/?status=all",
    "/comments/",
    "/messages/",
    "/settings/",
    "/settings/demo/",
    "/password/",
    "/nothing-here",
    "/comments/older/?cursor=no",
]
AUTHORS = [
    {"id": "i" * 255, "handle": "h" * 255, "name": "N" * 255},
    {"id": "i" * 255, "handle": "", "name": ""},
    {"id": "2", "handle": "ada", "name": ZALGO},
    {"id": "3", "handle": "ada", "name": RTL},
    {"id": "4", "handle": "mallory", "name": TURNED},
    {"id": "5", "handle": "ada", "name": ""},
    {"id": "6", "handle": "", "name": "W" * 255},
    {"id": "7", "handle": "🦀" * 60, "name": "👩‍🍳" * 80},
]
TEXTS = [
    LONG,
    URL,
    ZALGO * 4,
    "שלום עולם",
    "one\n\n\n\n\n\ntwo\u2028three",
    "",
    "🦀" * 500,
    "9" * 400,
    "\u00a0" * 900,
]
FILL = """
from datetime import UTC, datetime, timedelta
from accounts.models import Profile, User
from demo.models import DemoAccount, StoryEvent
from interactions.ingest import IncomingEvent, ingest
given = {given}
user = User.objects.create_user(given["name"], password=given["name"], is_staff=True)
user.refresh_from_db()
now = datetime.now(UTC)
at = lambda minutes: (now - timedelta(minutes=minutes)).isoformat()
profile = Profile.objects.create(owner=user, platform="instagram", platform_id="p", handle="h" * 255)
events = [dict(type="content.published", id="piece", occurred_at=at(600), text=given["texts"][0])]
events.append(dict(type="content.published", id="piece2", occurred_at=at(600), text=given["texts"][3]))
for number, author in enumerate(given["authors"]):
    for index, text in enumerate(given["texts"]):
        one = dict(id=f"{{number}}-{{index}}", occurred_at=at(10 * number + index), author=author, text=text)
        parent = {{"parent_id": f"{{number}}-{{index - 1}}"}} if index else {{}}
        events.append(one | parent | dict(type="comment.created", content_id="piece2" if index % 2 else "piece"))
        events.append(one | dict(type="message.created", id=f"m{{number}}-{{index}}", conversation_id="c" * 255))
answer = ingest([IncomingEvent(profile.id, event) for event in events], now)
assert {{result.status for result in answer}} == {{"created"}}, answer
"""


@pytest.fixture(scope="module")
def nasty(stack):
    """The stack, with a user whose rows are as nasty as platforms may send them, and whose demo is too."""
    given = {"name": NAME, "authors": AUTHORS, "texts": TEXTS}
    stack.manage("shell", "-v0", "-c", FILL.format(given=given))
    stack.manage("seed_demo", "--user", NAME, "--size", "smoke")
    stack.sql(
        "UPDATE demo_demoaccount SET brand = %s, last_error = %s, products = %s",
        *("B" * 80, LONG, ["P" * 60]),
    )
    stack.sql(
        "UPDATE demo_storyevent SET payload = jsonb_set(payload::jsonb, '{text}', to_jsonb(%s::text)) WHERE id %% 2 = 0",
        LONG,
    )
    stack.sql(
        "UPDATE demo_storyevent SET delivered_at = NULL, due_at = now() + interval '1 hour', origin = 'viral-spike'"
        " WHERE id IN (SELECT id FROM demo_storyevent ORDER BY due_at DESC LIMIT 10)"
    )
    stack.kill("worker", "beat")  # so that the demo stays in the state that a test sets
    return stack


STATES = {
    "active": "paused_at = NULL",
    "failed": "paused_at = NULL",
    "enabling": "paused_at = NULL",
    "paused": "paused_at = now()",
    "disabling": "paused_at = NULL",
    "off": ", ".join(["paused_at = NULL", *(f"{column} = NULL" for column in NEXT_WINDOW_COLUMNS)]),
}


@contextmanager
def demo_that_is(state: str, stack: ServiceStack) -> Iterator[None]:
    """The demo in that state, and active again afterwards."""
    [next_windows] = stack.sql(f"SELECT {', '.join(NEXT_WINDOW_COLUMNS)} FROM demo_demoaccount")
    back = ", ".join(["paused_at = NULL", *(f"{column} = %s" for column in NEXT_WINDOW_COLUMNS)])
    stack.sql(f"UPDATE demo_demoaccount SET state = %s, {STATES[state]}", state)
    try:
        yield
    finally:
        stack.sql(f"UPDATE demo_demoaccount SET state = 'active', {back}", *next_windows)


def open_as_named(page: Page, stack: ServiceStack, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    log_in(page, stack, NAME)


WIDER = """() => [...document.querySelectorAll("body, body *")]
    .filter((one) => one.scrollWidth > Math.ceil(one.getBoundingClientRect().width) + 1 && getComputedStyle(one).display !== "inline"
        && !one.classList.contains("avatar")  // over whose edge the glyph of the platform lies
        && getComputedStyle(one).textOverflow !== "ellipsis" && !one.classList.contains("visually-hidden")
        && !["INPUT", "SELECT", "TEXTAREA", "OPTION", "PROGRESS"].includes(one.tagName))
    .map((one) => `${one.tagName}.${one.className} ${one.scrollWidth} in ${one.getBoundingClientRect().width}`)"""


def fits(page: Page) -> None:
    page.wait_for_load_state()  # before, style sheets may be missing
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    assert page.evaluate(WIDER) == [], page.url


@pytest.mark.sample(1)
@pytest.mark.parametrize("width", [320, 390, 1200])
def test_no_text_makes_a_page_wider_than_the_window(nasty, tab, width):
    open_as_named(tab, nasty, width)
    for path in PAGES:
        tab.goto(nasty.url + path)
        fits(tab)
        name = re.sub(r"\W+", "-", path).strip("-") or "dashboard"
        save_screenshot(tab, f"nasty-{name}-{width}")
    for platform_id in ("0-0", "2-2", "m0-0"):
        open_thread(tab, nasty, platform_id)
        fits(tab)
        save_screenshot(tab, f"nasty-thread-{platform_id}-{width}")


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("state", ["failed", "enabling", "paused", "disabling", "off"])
def test_the_dashboard_fits_in_every_state(nasty, tab, width, state):
    with demo_that_is(state, nasty):
        open_as_named(tab, nasty, width)
        fits(tab)
        save_screenshot(tab, f"nasty-{state}-{width}")


@pytest.mark.parametrize("width", [320, 390])
def test_pages_of_errors_fit(nasty, tab, width):
    open_as_named(tab, nasty, width)
    for status, page in ERRORS.items():
        page(tab, nasty)
        expect(tab.get_by_role("heading", level=1)).to_have_text(status)
        fits(tab)
        looks = "[getComputedStyle(document.querySelector('.card')).borderRadius, getComputedStyle(document.body).fontFamily.split(',')[0]]"
        assert tab.evaluate(looks) == ["10px", "Inter"]
        save_screenshot(tab, f"error-{status.replace(' ', '-')}-{width}")


def not_found(page: Page, stack: ServiceStack) -> None:
    page.goto(f"{stack.url}/{'long' * 200}")


def not_allowed(page: Page, stack: ServiceStack) -> None:
    """A form whose token is from another session."""
    page.goto(f"{stack.url}/password/")
    page.evaluate("[...document.forms].at(-1).elements.csrfmiddlewaretoken.value = 'x'.repeat(64)")
    page.evaluate("[...document.forms].at(-1).submit()")


def too_large(page: Page, stack: ServiceStack) -> None:
    page.goto(f"{stack.url}/password/")
    page.evaluate("[...document.forms].at(-1).elements.old_password.value = 'x'.repeat(7e6)")
    page.evaluate("[...document.forms].at(-1).submit()")


def with_a_nul(page: Page, stack: ServiceStack) -> None:
    page.goto(f"{stack.url}/comments/older/?cursor=%00")


def too_long_an_address(page: Page, stack: ServiceStack) -> None:
    page.goto(f"{stack.url}/?{'x' * 9_000}")


def broken(page: Page, stack: ServiceStack) -> None:
    stack.sql("ALTER TABLE demo_demoaccount RENAME TO elsewhere")
    page.goto(stack.url)
    stack.sql("ALTER TABLE elsewhere RENAME TO demo_demoaccount")


ERRORS = {
    "Page not found": not_found,
    "This page is too old": not_allowed,
    "The request is too large": too_large,
    "Bad request": with_a_nul,
    "The address is too long": too_long_an_address,
    "Server error": broken,
}


@pytest.mark.parametrize("width", [320, 390])
def test_pages_with_errors_fit_the_window(nasty, tab, width):
    open_as_named(tab, nasty, width)
    tab.goto(f"{nasty.url}/settings/demo/")
    tab.get_by_label("Time zone").fill("z" * 3000)
    typed = tab.get_by_label("Time zone").input_value()  # as long as the field lets it be
    tab.get_by_role("button", name="Save").click()
    expect(tab.locator(".setting .error")).to_be_visible()
    fits(tab)
    assert tab.get_by_label("Time zone").input_value() == typed
    with demo_that_is("off", nasty):
        tab.goto(f"{nasty.url}/")
        tab.get_by_label("Products").fill("p" * 3000)
        tab.get_by_role("button", name="Switch demo mode on").click()
        expect(tab.locator(".field .error")).to_be_visible()
        fits(tab)
    tab.context.clear_cookies(name="sessionid")
    tab.goto(f"{nasty.url}/login/")
    tab.get_by_label("User name").fill("u" * 150)
    tab.get_by_label("Password").fill("wrong")
    tab.get_by_role("button", name="Log in").click()
    expect(tab.get_by_role("alert")).to_be_visible()
    fits(tab)
    assert tab.get_by_label("User name").input_value() == "u" * 150


KIND = """(name) => name.includes("evil") ? "turned" : /[\\u0590-\\u05ff]/.test(name) ? "rtl" : 'other'"""
IN_ORDER = """(one, next) => one.right <= next.left + 1 || one.bottom <= next.top + 1"""


def open_thread(page: Page, stack: ServiceStack, platform_id: str) -> None:
    """Open the thread of the row with that id."""
    [(thread,)] = stack.sql(
        "SELECT thread_id FROM interactions_interaction WHERE platform_id = %s", platform_id
    )
    page.goto(f"{stack.url}/inbox/{thread}/")


def test_a_right_to_left_name_does_not_reorder_its_neighbours(nasty, tab):
    open_as_named(tab, nasty, 1200)
    tab.goto(f"{nasty.url}/inbox/?status=all&is_demo=false")
    places = tab.evaluate(
        f"""() => [...document.querySelectorAll("#threads .row-head")].map((head) => {{
        const [name, age] = [head.querySelector(".row-link"), head.querySelector("time")];
        return [({KIND})(name.textContent), ({IN_ORDER})(name.getBoundingClientRect(), age.getBoundingClientRect())];
    }})"""
    )
    turned: list[bool] = []
    for number in range(len(AUTHORS)):
        open_thread(tab, nasty, f"{number}-0")
        places += tab.evaluate(
            f"""() => [...document.querySelectorAll(".thread .entry-head")].map((head) => {{
            const [name, handle] = [...head.children].map((one) => one.getBoundingClientRect());
            return [({KIND})(head.textContent), !handle || ({IN_ORDER})(name, handle)];
        }})"""
        )
        # each letter of a handle is where it was written, whatever precedes it
        handles = tab.evaluate(
            """() => [...document.querySelectorAll(".thread bdi")].filter((one) => one.textContent.startsWith("@")).map((one) => {
            const text = one.firstChild, range = document.createRange();
            const left = (at) => { range.setStart(text, at); range.setEnd(text, at + 1); return range.getBoundingClientRect().x; };
            return left(0) < left(1);
        })"""
        )
        turned += handles
    assert {kind for kind, _ in places} == {"turned", "rtl", "other"}
    assert all(in_order for _, in_order in places)
    assert len(turned) > len(AUTHORS)
    assert all(turned)


CLIPS = """(selector) => [...document.querySelectorAll(selector)].map((one) => {
    for (; !one.matches(".row, .entry, .thread, body"); one = one.parentElement) {
        if (["clip", "hidden"].includes(getComputedStyle(one).overflowY)) return true;
    }
    return !one.matches("body") && ["clip", "hidden"].includes(getComputedStyle(one).overflowY);
})"""


def test_stacked_combining_marks_stay_in_their_row(nasty, tab):
    open_as_named(tab, nasty, 1200)
    open_thread(tab, nasty, "2-2")
    for selector in (
        "#threads .row bdi",
        ".thread-who bdi",
        ".thread .entry-head bdi",
        ".thread p.text",
        ".post bdi",
    ):
        clips = tab.evaluate(CLIPS, selector)
        assert (len(clips) > 0, all(clips)) == (True, True), selector
    tab.goto(nasty.url)
    clips = "() => [...document.querySelectorAll('.card, ol.next li')].every((one) => getComputedStyle(one).overflowY === 'clip')"
    assert tab.evaluate(clips)


def test_line_breaks_of_a_comment_are_visible(nasty, tab):
    open_as_named(tab, nasty, 1200)
    open_thread(tab, nasty, "0-4")
    lines = tab.locator(".thread p.text", has_text="three").first
    height, line = lines.evaluate("(one) => [one.clientHeight, parseFloat(getComputedStyle(one).lineHeight)]")
    assert round(height / line) == 4  # one, a blank one, two, three


LINES = "Hello (world)!\nשלום (עולם)!\nbye!"


def test_each_line_of_a_text_has_its_own_direction(nasty, tab):
    """Where a line begins and ends is seen by its first and its last character."""
    open_as_named(tab, nasty, 390)
    open_thread(tab, nasty, "0-0")
    sides = tab.locator(".entry p.text").first.evaluate(
        """(one, lines) => {
        one.textContent = lines;
        const range = document.createRange(), text = one.firstChild;
        const left = (at) => { range.setStart(text, at); range.setEnd(text, at + 1); return range.getBoundingClientRect().x; };
        let at = 0;
        return lines.split("\\n").map((line) => {
            const begins = left(at), ends = left(at + line.length - 1);
            at += line.length + 1;
            return begins < ends ? "left to right" : "right to left";
        });
    }""",
        LINES,
    )
    assert sides == ["left to right", "right to left", "left to right"]


def test_a_long_text_is_unfolded_and_folded_by_the_keyboard(nasty, chromium):
    context = chromium.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    log_in(page, nasty, NAME)
    open_thread(page, nasty, "0-0")
    card = page.locator(".entry", has_text="Show all 5,000 characters").first
    height = card.bounding_box()["height"]
    assert card.locator("p.text").first.bounding_box()["height"] < 600
    summary = card.locator("summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(card.get_by_text(LONG, exact=True)).to_be_visible()
    expect(card.locator("p.text").first).to_be_hidden()
    expect(summary).to_have_text("Show less", use_inner_text=True)
    assert card.bounding_box()["height"] > 2 * height
    page.keyboard.press("Enter")
    expect(card.get_by_text(LONG, exact=True)).to_be_hidden()
    assert card.bounding_box()["height"] == height
    context.close()


def test_a_long_text_has_a_page_of_its_own_without_scripts(nasty, chromium):
    context = chromium.new_context(viewport={"width": 390, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    log_in(page, nasty, NAME)
    open_thread(page, nasty, "0-0")
    page.locator(".entry summary", has_text="Show all 5,000 characters").first.press("Enter")
    page.get_by_role("link", name="Show the whole text").press("Enter")
    expect(page.get_by_text(LONG, exact=True)).to_be_visible()
    context.close()


@pytest.mark.parametrize("width", [390, 1200])
def test_a_long_text_fits_the_admins_page(nasty, tab, width):
    nasty.sql("UPDATE accounts_user SET is_superuser = true WHERE username = %s", NAME)
    open_as_named(tab, nasty, width)
    [(row,)] = nasty.sql("SELECT id FROM interactions_interaction WHERE platform_id = '0-0'")
    tab.goto(f"{nasty.url}/admin/interactions/interaction/{row}/change/")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    widths = "[...document.querySelectorAll('.readonly')].map((one) => one.scrollWidth - one.clientWidth)"
    assert max(tab.evaluate(widths)) <= 1
    save_screenshot(tab, f"admin-{width}")


BROKEN = """[...document.querySelectorAll('thead th')].flatMap((cell) => {
  const words = [];
  const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) for (const word of walker.currentNode.data.matchAll(/\\S+/g)) {
    const range = document.createRange();
    range.setStart(walker.currentNode, word.index);
    range.setEnd(walker.currentNode, word.index + word[0].length);
    const [shown, box] = [range.getBoundingClientRect(), cell.getBoundingClientRect()];
    const outside = shown.width && (shown.left < box.left - 1 || shown.right > box.right + 1);
    if (range.getClientRects().length > 1 || outside) words.push(word[0]);
  }
  return words;
})"""


@pytest.mark.parametrize("width", [390, 1280])
def test_no_word_in_the_header_of_a_list_is_broken(nasty, tab, width):
    nasty.sql("UPDATE accounts_user SET is_superuser = true WHERE username = %s", NAME)
    open_as_named(tab, nasty, width)
    tab.goto(f"{nasty.url}/admin/")
    links = tab.eval_on_selector_all("th[scope=row] a", "all => all.map((one) => one.href)")
    broken, heads = {}, 0
    for link in links:
        tab.goto(link)
        heads += tab.locator("thead th").count()
        if words := tab.evaluate(BROKEN):
            broken[link.removeprefix(nasty.url)] = words
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        save_screenshot(tab, f"admin-{link.split('/')[-2]}-{width}")
    assert (broken, len(links), heads > 60) == ({}, 26, True)


@pytest.mark.sample(1)
@pytest.mark.parametrize("width", [390, 1200])
def test_pages_have_no_serious_fault_of_accessibility(nasty, tab, width):
    tab.set_viewport_size({"width": width, "height": 800})
    tab.emulate_media(reduced_motion="reduce")  # what fades in has its contrast at the end
    tab.goto(f"{nasty.url}/login/")
    found = faults(tab)
    open_as_named(tab, nasty, width)
    for path in PAGES:
        tab.goto(nasty.url + path)
        found += faults(tab)
    for platform_id in ("0-0", "m0-0"):
        open_thread(tab, nasty, platform_id)
        found += faults(tab)
    for state in STATES:
        with demo_that_is(state, nasty):
            tab.goto(f"{nasty.url}/")
            found += faults(tab)
    tab.goto(f"{nasty.url}/")
    tab.get_by_role("button", name="Switch off").first.click()
    found += faults(tab)
    with demo_that_is("off", nasty):
        tab.goto(f"{nasty.url}/")
        tab.get_by_label("Products").fill("p" * 3000)
        tab.get_by_role("button", name="Switch demo mode on").click()
        expect(tab.locator(".field .error")).to_be_visible()
        found += faults(tab)
    tab.goto(f"{nasty.url}/password/")
    for name in ("old_password", "new_password1", "new_password2"):
        tab.locator(f"[name={name}]").fill("wrong")
    tab.get_by_role("button", name="Change password").click()
    expect(tab.locator(".card .error").first).to_be_visible()
    found += faults(tab)
    assert found == []


def faults(page: Page) -> list[str]:
    """What axe finds that is serious or worse."""
    page.context.set_default_timeout(60_000)
    violations = Axe().run(page).response["violations"]
    return [
        f"{page.url} {fault['id']}: {node['html'][:200]}"
        for fault in violations
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]
