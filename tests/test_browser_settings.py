"""The settings in a real Chromium: theme, saved replies, secrets, tokens, rules, at the width of a phone and for everybody."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser import SKIP, log_in, save_screenshot
from tests.service_stack import ServiceStack

pytestmark = pytest.mark.browser
if SKIP:
    pytest.skip("no Chromium here", allow_module_level=True)

RTL, EMOJI, HTML, LONG = "עדה כהן", "🦀" * 40, "<b>bold</b> & <i>", "W" * 80
FILL = f"""
from django.utils import timezone
from accounts.models import Profile, User
from accounts.tokens import create_token
from interactions.models import BlockedAuthor, InboxRule, SavedReply
user, now = User.objects.get(username="visitor"), timezone.now()
for number, name in enumerate({[RTL, EMOJI, HTML, LONG]!r}):
    own = Profile.objects.create(owner=user, platform="instagram", platform_id=name, handle="h" * 30, display_name=name)
    SavedReply.objects.store(user, name, name * 3 + " {{first_name|there}}", now)
    InboxRule.objects.store(user, now, condition="word", value=name * 2, action="label", label=name[:50], profile=own)
    BlockedAuthor.objects.create(profile=own, author_id="i" * 255, name=name, is_demo=False, created_at=now)
    create_token(user, now, name)
Profile.objects.create(owner=user, platform="x", platform_id="1337", handle="acme", display_name="Acme")
"""
PAGES = (
    *(
        "",
        "profiles/",
        "profiles/new/",
        "replies/",
        "replies/new/",
        "rules/",
        "rules/new/",
        "blocked/",
        "tokens/",
    ),
    *("profiles/{profile}/", "replies/{reply}/", "rules/{rule}/"),
)


@pytest.fixture(scope="module")
def filled(stack: ServiceStack) -> ServiceStack:
    """The stack; its visitor has rows of every kind, with names of any script and length."""
    stack.manage("shell", "-v0", "-c", FILL)
    return stack


@pytest.fixture
def page(filled: ServiceStack, tab: Page) -> Iterator[Page]:
    """A tab of the visitor. Fails the test on any message in the console."""
    lines: list[str] = []
    tab.on("console", lambda line: lines.append(line.text))
    log_in(tab, filled, path="/settings/")
    yield tab
    assert lines == []


def paths(stack: ServiceStack) -> list[str]:
    [(profile,)] = stack.sql("SELECT max(id) FROM accounts_profile WHERE platform = 'instagram'")
    [(reply,)] = stack.sql("SELECT max(id) FROM interactions_savedreply")
    [(rule,)] = stack.sql("SELECT max(id) FROM interactions_inboxrule")
    return [f"/settings/{path.format(profile=profile, reply=reply, rule=rule)}" for path in PAGES]


def theme(page: Page) -> str:
    """The background of the page: "light" or "dark"."""
    color = page.evaluate("getComputedStyle(document.body).backgroundColor")
    lightness = float(re.search(r"[\d.]+", color)[0])
    return "light" if lightness > 0.5 else "dark"


def test_the_theme_is_switched_at_once_and_stays(page, filled):
    page.emulate_media(color_scheme="light")
    page.goto(f"{filled.url}/settings/")
    assert theme(page) == "light"
    page.get_by_role("button", name="visitor").click()
    with page.expect_response(re.compile("/settings/theme/")) as answer:
        page.get_by_role("button", name="Dark", exact=True).click()
        assert theme(page) == "dark"
    assert answer.value.status == 204
    expect(page.get_by_role("radio", name="Dark")).to_be_checked()
    page.goto(f"{filled.url}/settings/tokens/")
    assert theme(page) == "dark"
    page.get_by_role("button", name="visitor").click()
    expect(page.get_by_role("button", name="Dark", exact=True)).to_have_attribute("aria-pressed", "true")
    with page.expect_response(re.compile("/settings/theme/")):
        page.get_by_role("button", name="As the device").click()
    assert theme(page) == "light"
    page.reload()
    page.emulate_media(color_scheme="dark")
    assert theme(page) == "dark"


def test_each_preference_is_stored_when_it_is_changed(page, filled):
    page.goto(f"{filled.url}/settings/")
    page.get_by_role("radio", name="Compact").check()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.get_by_role("checkbox", name="Keyboard shortcuts").click()
    zone = page.get_by_role("combobox", name="Time zone")
    zone.fill("Asia/Tokyo")
    zone.blur()
    expect(page.get_by_text("JST there")).to_be_visible()
    page.reload()
    expect(page.get_by_role("radio", name="Compact")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Keyboard shortcuts")).not_to_be_checked()
    expect(zone).to_have_value("Asia/Tokyo")
    assert page.locator("html").get_attribute("data-density") == "compact"
    zone.fill("Berlin")
    zone.blur()
    expect(page.get_by_role("alert").filter(has_text="Berlin is not an IANA time zone")).to_be_visible()
    expect(zone).to_have_value("Berlin")
    zone.fill("")
    zone.blur()
    expect(page.get_by_role("alert").filter(has_text="IANA")).to_have_count(0)
    filled.sql("UPDATE accounts_user SET density = 'comfortable', time_zone = '', keyboard_shortcuts = true")


def test_a_saved_reply_is_written_with_a_live_preview(page, filled):
    page.goto(f"{filled.url}/settings/replies/")
    page.get_by_role("link", name="New reply").click()
    page.get_by_label("Name", exact=True).fill("Opening hours")
    page.get_by_label("Text", exact=True).fill("Hi ")
    page.get_by_role("button", name="First name").click()
    page.keyboard.type(", see {{us}} at ")
    page.get_by_role("button", name="Your profile’s name").click()
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Hi Ada, see {us} at Acme")
    expect(preview).to_contain_text("Hi there, see {us} at Acme")
    page.keyboard.type(" {wrong}")
    expect(preview).to_contain_text("There is no variable {wrong}.")
    save_screenshot(page, "settings-reply")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="There is no variable {wrong}.")).to_be_visible()
    page.get_by_label("Text", exact=True).fill("Hi {first_name|there}!")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The saved reply “Opening hours” is saved.")).to_be_visible()
    page.get_by_role("link", name="Opening hours").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete the reply").click()
    expect(page.get_by_text("is deleted.")).to_be_visible()
    expect(page.get_by_role("link", name="Opening hours")).to_have_count(0)


def test_a_secret_is_rotated_shown_once_and_copied(page, filled):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{filled.url}/settings/profiles/")
    page.get_by_role("link", name="Acme", exact=True).click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert re.fullmatch(
        rf"{filled.url}/api/v1/webhooks/profiles/[0-9a-f-]{{36}}/",
        page.evaluate("navigator.clipboard.readText()"),
    )
    [(before,)] = filled.sql("SELECT webhook_secret FROM accounts_profile WHERE handle = 'acme'")
    page.get_by_role("button", name="Rotate the secret").click()
    secret = page.get_by_label("Signing secret")
    expect(secret).to_have_value(re.compile("^whsec_"))
    [(current, previous)] = filled.sql(
        "SELECT webhook_secret, webhook_secret_previous FROM accounts_profile WHERE handle = 'acme'"
    )
    assert (secret.input_value(), previous) == (current, before)
    save_screenshot(page, "settings-secret")
    page.reload()
    expect(page.get_by_role("heading", name="Signing secret")).to_be_visible()
    expect(secret).to_have_count(0)
    assert current not in page.content()


def test_a_profile_is_connected_and_deleted(page, filled):
    page.goto(f"{filled.url}/settings/profiles/new/")
    page.get_by_role("radio", name="YouTube").check()
    expect(page.get_by_text("The channel id, which begins with UC.")).to_be_visible()
    page.get_by_label("Id on the platform", exact=True).fill("UC123")
    page.get_by_label("Handle").fill("goodbye")
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_label("Signing secret")).to_have_value(re.compile("^whsec_"))
    page.get_by_label("Type goodbye to confirm").fill("goodby")
    page.get_by_role("button", name="Delete the profile").click()
    expect(page.get_by_text("That is not the handle. Nothing was deleted.")).to_be_visible()
    page.get_by_label("Type goodbye to confirm").fill("goodbye")
    page.get_by_role("button", name="Delete the profile").click()
    expect(page.get_by_text("@goodbye is deleted")).to_be_visible()
    filled.until(
        lambda: not filled.sql("SELECT 1 FROM accounts_profile WHERE handle = 'goodbye'"),
        "the worker has deleted the profile",
    )


def test_a_token_is_made_and_revoked(page, filled):
    page.goto(f"{filled.url}/settings/tokens/")
    page.get_by_label("Name", exact=True).fill("Weekly report")
    page.get_by_role("button", name="Make a token").click()
    token = page.get_by_label("Token", exact=True).input_value()
    profiles = f"{filled.url}/api/v1/profiles/"
    header = {"Authorization": f"Token {token}"}
    assert page.request.get(profiles, headers=header).status == 200
    expect(page.get_by_label("Name", exact=True)).to_have_value("")
    row = page.get_by_role("listitem").filter(has_text="Weekly report")
    save_screenshot(page, "settings-token")
    page.reload()
    assert token not in page.content()
    row.get_by_role("button", name="Revoke", exact=True).click()
    row.get_by_role("button", name="Revoke the token").click()
    expect(page.get_by_text("The token is revoked.")).to_be_visible()
    expect(row).to_have_count(0)
    page.context.clear_cookies()
    assert page.request.get(profiles, headers=header).status == 401


def test_rules_are_tried_moved_and_disabled_by_the_keyboard(page, filled):
    page.goto(f"{filled.url}/settings/rules/new/")
    page.get_by_role("textbox", name="Words", exact=True).fill("free crypto")
    expect(page.get_by_label("Label", exact=True)).to_be_hidden()
    page.get_by_label("Action").select_option("label")
    page.get_by_label("Label", exact=True).fill("scam")
    page.get_by_label("Condition").select_option("language")
    expect(page.get_by_role("textbox", name="Words", exact=True)).to_have_count(0)
    expect(page.get_by_label("Language")).to_be_visible()
    page.get_by_label("Condition").select_option("word")
    page.get_by_role("button", name="What would it have done?").click()
    expect(page.get_by_text("It would have done nothing.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    rules = page.get_by_role("list", name="Your rules, in their order").get_by_role("listitem")
    expect(rules).to_have_count(5)
    expect(rules.last).to_contain_text("free crypto")
    up = rules.filter(has_text="free crypto").get_by_role("button", name="Up")
    up.focus()
    page.keyboard.press("Enter")
    expect(rules.nth(3)).to_contain_text("free crypto")
    expect(up).to_be_focused()
    switch = rules.nth(3).get_by_role("switch")
    switch.focus()
    page.keyboard.press("Space")
    expect(switch).not_to_be_checked()
    expect(switch).to_be_focused()
    rules.nth(3).get_by_role("link").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete the rule").click()
    expect(rules).to_have_count(4)


def test_a_form_that_is_sent_twice_by_a_double_click_is_sent_once(page, filled):
    page.goto(f"{filled.url}/settings/replies/new/")
    page.get_by_label("Name", exact=True).fill("Twice")
    page.get_by_label("Text", exact=True).fill("once")
    sent: list[str] = []
    page.on(
        "request", lambda one: sent.append(one.url) if one.method == "POST" and "/new/" in one.url else None
    )
    page.get_by_role("button", name="Save").dblclick(no_wait_after=True)
    expect(page.get_by_text("The saved reply “Twice” is saved.")).to_be_visible()
    assert len(sent) == 1
    filled.sql("DELETE FROM interactions_savedreply WHERE name = 'Twice'")


# A row that the pointer is on is highlighted 8 px beyond its ends.
FITS = """() => [...document.querySelectorAll("body, body *")]
    .filter((one) => one.scrollWidth > Math.ceil(one.getBoundingClientRect().width) + 9 && getComputedStyle(one).display !== "inline"
        && getComputedStyle(one).overflowX === "visible" && !["INPUT", "SELECT", "TEXTAREA", "OPTION"].includes(one.tagName))
    .map((one) => `${one.tagName}.${one.className} ${one.scrollWidth} in ${one.getBoundingClientRect().width}`)"""
SMALL = """() => [...document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea, summary")]
    .filter((one) => one.checkVisibility({opacityProperty: false}) && !one.closest("p, small, label.choice, label.segment, .platform-choice, .skip"))
    .filter((one) => { const box = one.getBoundingClientRect(); return box.width > 1 && box.height < 43.5 && !one.matches(".skip, .switch, .switch-button"); })
    .map((one) => `${one.tagName} ${one.textContent.trim() || one.ariaLabel} ${one.getBoundingClientRect().height}`)"""


@pytest.mark.sample(1)
@pytest.mark.parametrize("width", [360, 390, 1200])
def test_every_section_fits_names_of_any_kind(page, filled, width):
    page.set_viewport_size({"width": width, "height": 844})
    for path in paths(filled):
        page.goto(filled.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(FITS) == [], path
        if width < 768:
            assert page.evaluate(SMALL) == [], path
        save_screenshot(page, f"settings-{path.strip('/').replace('/', '-')}-{width}")


@pytest.mark.long
@pytest.mark.parametrize("width", [390, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_section(page, filled, scheme, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    for path in paths(filled):
        page.goto(filled.url + path)
        assert theme(page) == scheme
        results = Axe().run(
            page,
            options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
        )
        assert results.violations_count == 0, f"{path}\n{results.generate_report()}"


def test_on_a_phone_the_sections_are_a_list_with_a_way_back(page, filled):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{filled.url}/settings/")
    sections = page.get_by_role("navigation", name="Settings")
    expect(sections.get_by_role("link", name="Change password")).to_be_visible()
    expect(sections.get_by_role("button", name="Log out")).to_be_visible()
    sections.get_by_role("link", name="Blocked authors").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Blocked authors")
    expect(sections.get_by_role("link", name="Change password")).to_be_hidden()
    sections.get_by_role("link", name="Settings").click()
    sections.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()


@pytest.mark.long
def test_right_to_left_nothing_is_wider_than_the_window(page, filled):
    for width in (390, 1200):
        page.set_viewport_size({"width": width, "height": 844})
        for path in paths(filled):
            page.goto(filled.url + path)
            page.evaluate("document.documentElement.dir = 'rtl'")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
