"""Every page that is shown to a user, in each of its states; the tests of pages in a browser visit all of them.

A route of the site is one of these pages, or in NO_PAGES; a test compares them with the URL conf.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.service_stack import ServiceStack

VISITOR, NEWCOMER, BUSY, NOBODY = "visitor", "newcomer", "busy", ""
# Rows of every kind for the visitor, whose demo is on, and more threads than a page of the list has for the busy one.
FILL = """
from datetime import timedelta
from django.utils import timezone
from accounts.models import Profile, User
from accounts.tokens import create_token
from interactions.ingest import IncomingEvent, ingest
from interactions.models import BlockedAuthor, InboxRule, Interaction, Label, Note, SavedReply, SavedView, Thread
from interactions.threads.decisions import decide
user, now = User.objects.get(username="visitor"), timezone.now()
live = Profile.objects.create(owner=user, platform="instagram", platform_id="17841", handle="lowfieldhill", display_name="Lowfield Hill")
ada = dict(id="ada", handle="ada", name="Ada Lovelace")
sent = dict(occurred_at=now.isoformat(), author=ada)
ingest([IncomingEvent(live.pk, one) for one in (
    dict(type="content.published", id="p", occurred_at=now.isoformat(), text="A caption. " * 40),
    dict(type="comment.created", id="c", content_id="p", text="First!", **sent),
    dict(type="comment.created", id="d", content_id="p", parent_id="c", text="A spoiler", **sent),
    dict(type="message.created", id="m", conversation_id="m", text="A long message. " * 60, **sent))], now)
Interaction.objects.filter(platform_id="d").update(hidden_at=now)
mine = {row.platform_id: row.thread for row in Interaction.objects.filter(profile=live)}
labels = [Label.objects.create(name=name, profile=live, is_demo=False).pk for name in ("urgent", "wholesale")]
Thread.objects.filter(profile=live).update(label_ids=labels)
for thread in (mine["c"], mine["m"]):
    Note.objects.create(thread=thread, text="She ordered last month.", created_at=now, profile=live, is_demo=False)
threads = list(Thread.objects.filter(is_demo=True, status="open").order_by("-active_at")[:9])
decide([mine["m"].pk, *(one.pk for one in threads[:3])], "snoozed", now, until=now + timedelta(days=1))
decide([threads[3].pk], "archived", now)
decide([mine["c"].pk], "done", now)
SavedReply.objects.store(user, "Opening hours", "We open at nine, {first_name|there}.", now)
SavedView.objects.store(user, "Urgent ones", "inbox", "label=urgent")
InboxRule.objects.store(user, now, condition="word", value="spam", action="hide", profile=live)
BlockedAuthor.objects.create(profile=live, author_id="troll", name="A Troll", is_demo=False, created_at=now, is_hiding=False)
create_token(user, now, "Weekly report")
other = Profile.objects.create(owner=User.objects.get(username="busy"), platform="x", platform_id="1", handle="busy")
ingest([IncomingEvent(other.pk, dict(type="comment.created", id=f"{number}", content_id="p", text="One of many", **sent)) for number in range(60)], now)
"""
# Routes without a page of their own, by their names, or their patterns if they have none.
FORMS = {
    *(
        "logout",
        "settings-theme",
        "settings-tokens-revoke",
        "demo-act",
        "demo-generate",
        "demo-advance-by",
        "demo-scenario",
    ),
    *(
        "inbox-status",
        "inbox-unread",
        "inbox-labels",
        "inbox-write",
        "inbox-block",
        "inbox-row",
        "inbox-bulk",
        "inbox-undo",
    ),
    *(
        "inbox-job-cancel",
        "inbox-views",
        "inbox-view-delete",
        "settings-profiles-rotate",
        "settings-profiles-delete",
    ),
    *("settings-replies-delete", "settings-rules-switch", "settings-rules-move", "settings-rules-delete"),
    *("settings-blocked-unblock", "settings-replies-preview", "settings-rules-dry-run"),
}
FRAGMENTS = {"inbox-updates", "inbox-person", "inbox-replies", "inbox-job", "demo-banner"}
NOT_FOR_PEOPLE = {"favicon.ico", "healthz/?$", "readyz/?$", "metrics/?$"}
IN_DEVELOPMENT = {"settings-ui"}  # has tests of its own: test_browser_components.py
NO_PAGES = FORMS | FRAGMENTS | NOT_FOR_PEOPLE | IN_DEVELOPMENT

Act = Callable[[Page], object]
During = Callable[[ServiceStack], AbstractContextManager[None]]


@dataclass(frozen=True)
class Shown:
    """A page in a state: its address with the names of ids in braces, who sees it, and what they do there first.

    `during` is what is true in the stack meanwhile; `status` is that of the response.
    """

    name: str
    path: str
    user: str = VISITOR
    act: Act = lambda page: None
    during: During = lambda stack: nullcontext()
    status: int = 200


def press(*names: str) -> Act:
    """Press the buttons with these names, one after the other."""

    def act(page: Page) -> None:
        for name in names:
            page.get_by_role("button", name=name, exact=True).filter(visible=True).first.click()

    return act


def _log_in_wrongly(page: Page) -> None:
    page.get_by_label("User name").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_be_visible()


def _change_the_password_wrongly(page: Page) -> None:
    for name in ("old_password", "new_password1", "new_password2"):
        page.locator(f"[name={name}]").fill("wrong")
    press("Change password")(page)
    expect(page.locator(".error").first).to_be_visible()


def _save_nothing(page: Page) -> None:
    """Send the page's form with empty fields, as a browser without checks of its own does."""
    page.locator("main form").last.evaluate(
        "(form) => { form.noValidate = true; form.querySelectorAll('input:not([type=hidden], [type=radio])').forEach((one) => one.value = ''); }"
    )
    page.locator("main form").last.locator(".button.primary").first.click()
    expect(page.locator(".error").filter(visible=True).first).to_be_visible()


def _save_an_impossible_schedule(page: Page) -> None:
    page.get_by_label("Time zone").fill("Nowhere")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[aria-invalid=true]")).to_be_visible()


def _select_rows(page: Page) -> None:
    page.locator(".row").first.hover()
    page.locator(".row-check input").first.click()


def _open_bulk_menu(name: str) -> Act:
    def act(page: Page) -> None:
        _select_rows(page)
        page.locator("#bulk").get_by_role("button", name=name, exact=True).click()

    return act


def _open_the_keys(page: Page) -> None:
    press("Keyboard shortcuts")(page)
    expect(page.locator("#keys")).to_be_visible()


def _write_a_note(page: Page) -> None:
    page.locator(".mode", has_text="Note").click()
    page.get_by_role("textbox", name="Your text").fill("Ask Bram first")


def _write_nothing(page: Page) -> None:
    press("Send")(page)
    expect(page.locator("#composer-error")).to_be_visible()


def _undo_and_snooze(page: Page) -> None:
    page.locator(".row").first.hover()
    page.locator(".row").first.get_by_role("button", name="Mark as done").click()
    expect(page.locator(".toast")).to_be_visible()
    press("Undo")(page)
    expect(page.locator(".toast")).to_have_count(0)
    page.locator(".row").first.hover()
    page.locator(".row").first.get_by_role("button", name="Snooze until tomorrow").click()
    expect(page.locator(".toast")).to_be_visible()


def _open_the_menu_of_a_row(page: Page) -> None:
    page.locator(".entry").first.hover()
    page.locator(".entry-more").first.click()


def _ask_to_delete_a_row(page: Page) -> None:
    _open_the_menu_of_a_row(page)
    page.locator(".menu:popover-open").get_by_role("button", name="Delete").click()


def _make_a_token(page: Page) -> None:
    page.get_by_label("Name", exact=True).fill("Another")
    press("Make a token")(page)
    expect(page.get_by_label("Token", exact=True)).to_be_visible()


def _send_a_form_of_another_session(page: Page) -> None:
    page.evaluate("[...document.forms].at(-1).elements.csrfmiddlewaretoken.value = 'x'.repeat(64)")
    page.evaluate("[...document.forms].at(-1).submit()")
    expect(page.get_by_role("heading", level=1)).to_have_text("This page is too old")


def _demo_that_is(state: str) -> During:
    """The visitor's demo in that state for the block. Nothing works on it: worker and beat do not run."""

    @contextmanager
    def during(stack: ServiceStack) -> Iterator[None]:
        [(paused,)] = stack.sql("SELECT paused_at FROM demo_demoaccount")
        stack.sql(
            f"UPDATE demo_demoaccount SET state = %s, paused_at = {'now()' if state == 'paused' else 'NULL'}",
            state,
        )
        try:
            yield
        finally:
            stack.sql("UPDATE demo_demoaccount SET state = 'active', paused_at = %s", paused)

    return during


@contextmanager
def _without_a_table(stack: ServiceStack) -> Iterator[None]:
    stack.sql("ALTER TABLE accounts_profile RENAME TO elsewhere")
    try:
        yield
    finally:
        stack.sql("ALTER TABLE elsewhere RENAME TO accounts_profile")


PAGES = (
    Shown("log-in", "/login/", NOBODY),
    Shown("log-in-refused", "/login/", NOBODY, _log_in_wrongly),
    Shown("log-in-after-the-session", "/login/?next=/inbox/&ended=1", NOBODY),
    Shown("unknown-address-of-nobody", "/nothing-here", NOBODY, status=404),
    Shown("dashboard", "/"),
    Shown("dashboard-menu", "/", act=lambda page: page.locator("#demo-more").click()),
    Shown("dashboard-start-over", "/", act=press("More", "Start over")),
    Shown("dashboard-switch-off", "/", act=press("Switch off")),
    Shown("dashboard-paused", "/", during=_demo_that_is("paused")),
    Shown("dashboard-enabling", "/", during=_demo_that_is("enabling")),
    Shown("dashboard-failed", "/", during=_demo_that_is("failed")),
    Shown("dashboard-disabling", "/", during=_demo_that_is("disabling")),
    Shown("dashboard-off", "/", NEWCOMER),
    Shown("dashboard-at-the-address-of-its-panel", "/demo/panel/"),
    Shown("account-menu", "/", act=press("visitor")),
    Shown("inbox", "/inbox/"),
    Shown("inbox-snoozed", "/inbox/?status=snoozed"),
    Shown("inbox-done", "/inbox/?status=done"),
    Shown("inbox-all", "/inbox/?status=all"),
    Shown("inbox-nothing-matches", "/inbox/?search=nothingmatchesthis"),
    Shown("inbox-empty", "/inbox/", NEWCOMER),
    Shown("inbox-nothing-snoozed", "/inbox/?status=snoozed", NEWCOMER),
    Shown("inbox-filtered", "/inbox/?platform=youtube&unread=true"),
    Shown("inbox-filters", "/inbox/", act=press("Filters")),
    Shown("inbox-views", "/inbox/", act=press("Saved views")),
    Shown("inbox-keys", "/inbox/", act=_open_the_keys),
    Shown("inbox-selected", "/inbox/", act=_select_rows),
    Shown("inbox-snooze-selected", "/inbox/", act=_open_bulk_menu("Snooze")),
    Shown("inbox-label-selected", "/inbox/", act=_open_bulk_menu("Label")),
    Shown("inbox-toast", "/inbox/", act=_undo_and_snooze),
    Shown("inbox-impossible-filter", "/inbox/?platform=myspace", status=400),
    Shown("inbox-unknown-page", "/inbox/older/?cursor=no", status=404),
    Shown("inbox-older", "/inbox/older/?cursor={cursor}", BUSY),
    Shown("comments", "/comments/"),
    Shown("messages", "/messages/"),
    Shown("comment", "/inbox/{comment}/"),
    Shown("comment-live", "/inbox/{live_comment}/"),
    Shown("message", "/inbox/{message}/"),
    Shown("message-live", "/inbox/{live_message}/"),
    Shown("thread-gone", "/inbox/999999/", status=404),
    Shown("thread-snooze", "/inbox/{message}/", act=press("Snooze")),
    Shown("thread-labels", "/inbox/{live_message}/", act=press("Labels")),
    Shown("thread-more", "/inbox/{comment}/", act=press("More actions")),
    Shown("thread-person", "/inbox/{comment}/", act=press("The person")),
    Shown("thread-saved-replies", "/inbox/{message}/", act=press("Saved replies")),
    Shown("thread-note", "/inbox/{message}/", act=_write_a_note),
    Shown("thread-refused", "/inbox/{live_message}/", act=_write_nothing),
    Shown("thread-row-menu", "/inbox/{comment}/", act=_open_the_menu_of_a_row),
    Shown("thread-row-delete", "/inbox/{comment}/", act=_ask_to_delete_a_row),
    Shown("post-text", "/inbox/posts/{post}/text/"),
    Shown("posts", "/content/"),
    Shown("posts-dates", "/content/", act=press("Date")),
    Shown("posts-nothing-matches", "/content/?search=nothing+has+this"),
    Shown("posts-empty", "/content/", NEWCOMER),
    Shown("post", "/content/{post}/", act=lambda page: page.get_by_text("Show the numbers").click()),
    Shown("post-live", "/content/{live_post}/"),
    Shown("post-without-threads", "/content/{post}/?status=archived"),
    Shown("settings", "/settings/"),
    Shown("settings-demo", "/settings/demo/"),
    Shown("settings-demo-refused", "/settings/demo/", act=_save_an_impossible_schedule),
    Shown("settings-demo-of-newcomer", "/settings/demo/", NEWCOMER),
    Shown("settings-profiles", "/settings/profiles/"),
    Shown("settings-profiles-empty", "/settings/profiles/", NEWCOMER),
    Shown("settings-profiles-new", "/settings/profiles/new/"),
    Shown("settings-profiles-refused", "/settings/profiles/new/", act=_save_nothing),
    Shown("settings-profile", "/settings/profiles/{profile}/"),
    Shown("settings-profile-secret", "/settings/profiles/{profile}/", act=press("Rotate the secret")),
    Shown("settings-replies", "/settings/replies/"),
    Shown("settings-replies-empty", "/settings/replies/", NEWCOMER),
    Shown("settings-replies-new", "/settings/replies/new/"),
    Shown("settings-replies-refused", "/settings/replies/new/", act=_save_nothing),
    Shown("settings-reply-delete", "/settings/replies/{reply}/", act=press("Delete")),
    Shown("settings-rules", "/settings/rules/"),
    Shown("settings-rules-empty", "/settings/rules/", NEWCOMER),
    Shown("settings-rules-new", "/settings/rules/new/", act=press("What would it have done?")),
    Shown("settings-rule-delete", "/settings/rules/{rule}/", act=press("Delete")),
    Shown("settings-blocked", "/settings/blocked/"),
    Shown("settings-blocked-empty", "/settings/blocked/", NEWCOMER),
    Shown("settings-tokens", "/settings/tokens/", act=press("Revoke")),
    Shown("settings-tokens-empty", "/settings/tokens/", NEWCOMER),
    Shown("settings-token-made", "/settings/tokens/", NEWCOMER, _make_a_token),
    Shown("password", "/password/"),
    Shown("password-refused", "/password/", act=_change_the_password_wrongly),
    Shown("unknown-address", "/nothing-here", status=404),
    Shown("bad-request", "/comments/older/?cursor=%00", status=400),
    Shown("old-form", "/password/", act=_send_a_form_of_another_session),
    Shown("too-long-an-address", f"/?{'x' * 9_000}", status=414),
    Shown("server-error", "/settings/profiles/", during=_without_a_table, status=500),
)
IDS = """
SELECT (SELECT max(id) FROM interactions_thread WHERE kind = 'comment' AND is_demo AND status = 'open' AND last_out_at IS NULL),
       (SELECT max(id) FROM interactions_thread WHERE kind = 'message' AND is_demo AND last_out_at IS NOT NULL),
       (SELECT max(id) FROM interactions_thread WHERE kind = 'comment' AND profile_id = live.id),
       (SELECT max(id) FROM interactions_thread WHERE kind = 'message' AND profile_id = live.id),
       (SELECT content_id FROM interactions_interaction WHERE is_demo GROUP BY 1 ORDER BY count(*) DESC LIMIT 1),
       (SELECT max(id) FROM interactions_content WHERE profile_id = live.id),
       live.id, (SELECT max(id) FROM interactions_savedreply), (SELECT max(id) FROM interactions_inboxrule)
  FROM accounts_profile live WHERE handle = 'lowfieldhill'
"""
NAMES = (
    "comment",
    "message",
    "live_comment",
    "live_message",
    "post",
    "live_post",
    "profile",
    "reply",
    "rule",
)


def fill(stack: ServiceStack) -> dict[str, object]:
    """Give the visitor a demo and rows of every kind; return the ids that the addresses of PAGES name."""
    for user in (VISITOR, NEWCOMER, BUSY):
        if not stack.sql("SELECT 1 FROM accounts_user WHERE username = %s", user):
            stack.create_user(user)
    stack.manage("seed_demo", "--user", VISITOR, "--size", "smoke")
    stack.manage("shell", "-v0", "-c", FILL)
    [found] = stack.sql(IDS)
    return dict(zip(NAMES, found, strict=True))
