"""The pages of posts in a real Chromium, on a real web server."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser import SKIP, log_in, save_screenshot
from tests.service_stack import ServiceStack

pytestmark = pytest.mark.browser
if SKIP:
    pytest.skip("no Chromium here", allow_module_level=True)

SERVICES = ("web",)  # so that nothing changes meanwhile
WIDE, DESK, PHONE = (
    {"width": width, "height": height} for width, height in ((2560, 1440), (1440, 900), (390, 844))
)
FILL = """
from datetime import UTC, datetime, timedelta
from accounts.models import Profile, User
from interactions.ingest import IncomingEvent, ingest
now = datetime.now(UTC)
user = User.objects.get(username="nasty")
at = lambda minutes: (now - timedelta(minutes=minutes)).isoformat()
profile = Profile.objects.create(owner=user, platform="x", platform_id="p", handle="h" * 255)
texts = ["x" * 5000, "https://example.com/" + "long/" * 60, "\u05e9\u05dc\u05d5\u05dd " * 90, "A\u0301\u0489\u035f" * 300, "", "\U0001f980" * 500]
names = ["W" * 255, "\u05e2\u05d3\u05d4", "", "\u2069\u202eevil"]
most = 2**63 - 1
events = [dict(type="content.published", id=f"{n}", occurred_at=at(60 * n + 60), text=text, kind="k" * 32) for n, text in enumerate(texts)]
events += [dict(type="content.metrics", id=f"{n}", occurred_at=at(1), metrics=dict(views=9**n, likes=9**(2 * n), shares=10**12)) for n in range(6)]
events += [dict(type="comment.created", id=f"{n}-{m}-{k}", occurred_at=at(5 * m + k), text=text, content_id=f"{n}",
    author=dict(id=f"{k}", name=name)) for n in (0, 1) for m, text in enumerate(texts) for k, name in enumerate(names)]
assert {one.status for one in ingest([IncomingEvent(profile.id, event) for event in events], now)} == {"created", "updated"}
"""


@pytest.fixture(scope="module")
def filled(stack) -> ServiceStack:
    """The stack with a complete demo of the visitor's, and a user whose posts are as nasty as platforms may send them."""
    stack.manage("seed_demo", "--user", "visitor")
    stack.create_user("nasty")
    stack.manage("shell", "-v0", "-c", FILL)
    return stack


@pytest.fixture
def posts(filled, tab) -> Page:
    """A tab with the list of the visitor's posts."""
    tab.set_viewport_size(DESK)
    log_in(tab, filled, path="/content/")
    return tab


def faults(page: Page) -> list[str]:
    """What axe finds, of any impact."""
    page.context.set_default_timeout(60_000)
    return [
        f"{page.url} {fault['id']}: {node['html'][:200]}"
        for fault in Axe().run(page).response["violations"]
        for node in fault["nodes"]
    ]


def fits(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def card(page: Page, place: int = 0):
    return page.locator(".post-card").nth(place)


def open_greatest(page: Page) -> None:
    """Open the post with the most comments."""
    numbers = page.locator(".post-card").evaluate_all(
        "(cards) => cards.map((card) => parseInt(card.querySelector('.post-figure:last-child .visually-hidden').textContent))"
    )
    card(page, numbers.index(max(numbers))).click()
    expect(page.get_by_role("heading", name="When comments arrived")).to_be_visible()


def test_the_list_shows_cards_with_pictures_figures_and_curves(posts):
    expect(posts.locator(".post-card")).to_have_count(24)
    loaded = "(one) => one.decode().then(() => one.naturalWidth > 0)"
    assert all(posts.locator(".picture").nth(place).evaluate(loaded) for place in range(4))
    expect(card(posts).locator(".picture")).to_have_attribute("src", re.compile("^/pictures/posts/"))
    expect(posts.locator("svg.spark").first).to_have_attribute("aria-label", re.compile(r"comments? in the"))
    box = card(posts).locator(".post-words").bounding_box()
    assert box["height"] <= 3 * 18 + 1
    save_screenshot(posts, "posts")


def test_older_posts_are_appended_and_get_the_focus(posts):
    posts.get_by_role("link", name="Older posts").focus()
    posts.keyboard.press("Enter")
    expect(posts.locator(".post-card")).to_have_count(35)
    expect(posts.get_by_role("link", name="Older posts")).to_have_count(0)
    expect(card(posts, 24)).to_be_focused()


@pytest.mark.long
def test_without_scripts_older_posts_are_a_page_of_their_own(filled, chromium):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{filled.url}/login/")
    page.get_by_label("User name").fill("visitor")
    page.get_by_label("Password").fill("visitor")
    page.get_by_role("button", name="Log in").click()
    page.goto(f"{filled.url}/content/")
    page.get_by_role("link", name="Older posts").click()
    expect(page.locator(".post-card")).to_have_count(11)
    page.get_by_role("link", name="Newer posts").click()
    expect(page.locator(".post-card")).to_have_count(24)
    context.close()


def test_older_posts_that_cannot_be_loaded_are_reported_and_can_be_tried_again(filled, chromium):
    """In a context of its own, as the browser reports the failure in its console."""
    context = chromium.new_context(viewport=DESK)
    page = context.new_page()
    log_in(page, filled, path="/content/")
    older = page.get_by_role("link", name="Older posts")
    context.set_offline(True)
    older.click()
    expect(page.get_by_text("More could not be loaded.")).to_be_visible()
    context.set_offline(False)
    older.click()
    expect(page.locator(".post-card")).to_have_count(35)
    expect(page.get_by_text("More could not be loaded.")).to_have_count(0)
    context.close()


def test_filters_are_chosen_in_menus_survive_reload_and_back_and_are_cleared(posts):
    posts.get_by_role("button", name="Platform").click()
    posts.get_by_role("link", name="YouTube", exact=True).click()
    expect(posts).to_have_url(re.compile(r"platform=youtube"))
    expect(posts.get_by_role("button", name="YouTube")).to_be_visible()
    assert set(posts.locator(".post-profile .visually-hidden").all_text_contents()) == {"YouTube"}
    posts.get_by_label("Search captions").fill("no such words")
    posts.keyboard.press("Enter")
    expect(posts.get_by_role("heading", name="Nothing matches")).to_be_visible()
    posts.reload()
    expect(posts.get_by_label("Search captions")).to_have_value("no such words")
    posts.go_back()
    expect(posts.locator(".post-card").first).to_be_visible()
    posts.get_by_role("link", name="Clear", exact=True).click()
    expect(posts.locator(".post-card")).to_have_count(24)


def test_days_are_chosen_in_a_form(posts):
    posts.get_by_role("button", name="Date").click()
    posts.get_by_label("From", exact=True).fill("2020-01-01")
    posts.get_by_label("To", exact=True).fill("2020-02-01")
    posts.get_by_role("button", name="Show these days").click()
    expect(posts).to_have_url(re.compile("since=2020-01-01&until=2020-02-01"))
    expect(posts.get_by_role("heading", name="Nothing matches")).to_be_visible()
    expect(posts.get_by_role("button", name="1 Jan 2020 – 1 Feb 2020")).to_be_visible()


def test_cards_are_links_of_the_keyboard(posts):
    card(posts).focus()
    posts.keyboard.press("Tab")
    expect(card(posts, 1)).to_be_focused()
    name = card(posts, 1).locator(".post-words").text_content()
    posts.keyboard.press("Enter")
    expect(posts).to_have_url(re.compile(r"/content/\d+/$"))
    expect(posts.locator(".post-caption-large")).to_contain_text(name[:60])
    expect(posts.get_by_role("link", name="Posts").first).to_have_attribute("aria-current", "page")


def test_a_post_leads_to_its_threads_in_the_inbox(posts):
    open_greatest(posts)
    tab = posts.locator(".tab", has_text="Done")
    number = int(tab.locator(".count").text_content())
    assert number > 0
    tab.click()
    expect(posts.locator(".post-threads .row")).to_have_count(min(number, 50))
    id = re.search(r"content/(\d+)/", posts.url)[1]
    posts.locator(".row-link").first.click()
    expect(posts).to_have_url(re.compile(rf"/inbox/\d+/\?content={id}&status=done"))
    expect(posts.locator("#thread > .thread")).to_be_visible()


@pytest.mark.long
def test_older_threads_are_appended(posts):
    open_greatest(posts)
    number = int(posts.locator(".tab", has_text="All").locator(".count").text_content())
    assert number > 50
    posts.get_by_role("link", name="Older threads").click()
    expect(posts.locator(".post-threads .row")).to_have_count(min(number, 100))
    expect(posts.locator(".row-link").nth(50)).to_be_focused()


def test_the_numbers_of_the_chart_are_a_table(posts):
    open_greatest(posts)
    number = int(
        posts.locator(".post-numbers .visually-hidden", has_text="comments").text_content().split()[0]
    )
    posts.get_by_text("Show the numbers").click()
    cells = posts.locator(".chart-table td:last-child").all_text_contents()
    assert sum(map(int, cells)) == number
    save_screenshot(posts, "post")


@pytest.mark.long
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing(posts, theme, viewport):
    posts.emulate_media(color_scheme=theme)
    posts.set_viewport_size(viewport)
    posts.reload()  # colours change gradually
    assert faults(posts) == []
    posts.get_by_role("button", name="Date").click()
    assert faults(posts) == []
    posts.keyboard.press("Escape")
    open_greatest(posts)
    posts.get_by_text("Show the numbers").click()
    assert faults(posts) == []
    posts.goto(f"{posts.url}?status=snoozed")
    assert faults(posts) == []
    posts.goto(posts.url.split("/content/")[0] + "/content/?search=nothing+has+this")
    assert faults(posts) == []


@pytest.mark.sample(1)
@pytest.mark.parametrize("viewport", [PHONE, DESK, WIDE], ids=["phone", "desk", "wide"])
def test_no_text_makes_a_page_wider_than_the_window(filled, tab, viewport):
    tab.set_viewport_size(viewport)
    log_in(tab, filled, "nasty", "/content/")
    assert fits(tab)
    inside = "(cards) => cards.every((card) => card.scrollWidth <= card.clientWidth + 1)"
    assert tab.locator(".post-card").evaluate_all(inside)
    save_screenshot(tab, f"nasty-posts-{viewport['width']}")
    addresses = tab.locator(".post-card").evaluate_all("(cards) => cards.map((card) => card.href)")
    for address in addresses:
        tab.goto(address)
        assert fits(tab), address
        save_screenshot(tab, f"nasty-post-{viewport['width']}")


def test_on_a_phone_everything_that_is_pressed_is_44_px_high(posts):
    posts.set_viewport_size(PHONE)
    assert fits(posts)
    pressed = ".post-filters > .button, .post-search .input, .post-older .button, .post-card"
    heights = "(all) => all.map((one) => one.getBoundingClientRect().height)"
    assert min(posts.locator(pressed).evaluate_all(heights)) >= 44
    open_greatest(posts)
    pressed = ".post-back .button, .tab, .row, .post-about .button"
    assert min(posts.locator(pressed).evaluate_all(heights)) >= 44


@pytest.mark.long
def test_right_to_left_does_not_overflow(posts):
    for open_page in (lambda page: None, open_greatest):
        open_page(posts)
        posts.evaluate("document.documentElement.dir = 'rtl'")
        assert fits(posts)
        save_screenshot(posts, f"posts-rtl-{'list' if 'content/' in posts.url[-9:] else 'one'}")
        posts.evaluate("document.documentElement.dir = 'ltr'")


def test_nobody_elses_posts_are_shown(filled, tab):
    log_in(tab, filled, "nasty", "/content/")
    expect(tab.locator(".post-card")).to_have_count(6)
    [(other,)] = filled.sql("SELECT id FROM interactions_content WHERE is_demo ORDER BY id LIMIT 1")
    tab.goto(f"{filled.url}/content/{other}/")
    expect(tab.get_by_role("heading", name="Page not found")).to_be_visible()
