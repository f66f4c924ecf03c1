"""The pane of the inbox in a real Chromium, on a real web server, worker and beat: thread, composer, notes, undo, keys, toasts."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser import SKIP, poll_inbox
from tests.inbox_page import PHONE, WIDE, count, ids, is_open, open_thread, row

pytestmark = pytest.mark.browser
if SKIP:
    pytest.skip("no Chromium here", allow_module_level=True)


def test_keys_do_nothing_in_fields_and_can_be_switched_off(filled, inbox):
    open_thread(inbox)
    inbox.keyboard.press("r")
    expect(inbox.locator(".composer textarea")).to_be_focused()
    inbox.keyboard.type("jeh?x")
    expect(inbox.locator(".composer textarea")).to_have_value("jeh?x")
    expect(inbox.locator(".toast")).to_have_count(0)
    inbox.keyboard.press("Escape")
    inbox.keyboard.press("?")
    expect(inbox.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    inbox.keyboard.press("Escape")
    inbox.locator(".composer textarea").fill("")
    filled.sql("UPDATE accounts_user SET keyboard_shortcuts = false WHERE username = 'visitor'")
    try:
        inbox.reload()
        inbox.keyboard.press("j")
        inbox.wait_for_timeout(300)
        expect(inbox.locator("#threads [aria-selected=true]")).to_have_count(1)
        inbox.keyboard.press("?")
        expect(inbox.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    finally:
        filled.sql("UPDATE accounts_user SET keyboard_shortcuts = true WHERE username = 'visitor'")


def test_done_opens_the_next_thread_and_offers_undo(inbox):
    before = count(inbox, "Open"), count(inbox, "Done")
    id, following = open_thread(inbox), row(inbox, 1).get_attribute("data-id")
    inbox.keyboard.press("e")
    is_open(inbox, following)
    expect(inbox.locator(f"#row-{id}")).to_have_count(0)
    expect(inbox).to_have_url(re.compile(rf"/inbox/{following}/"))
    assert (count(inbox, "Open"), count(inbox, "Done")) == (before[0] - 1, before[1] + 1)
    inbox.get_by_role("button", name="Undo").click()
    is_open(inbox, id)
    expect(row(inbox)).to_have_attribute("data-id", id)
    assert (count(inbox, "Open"), count(inbox, "Done")) == before


def test_undo_of_a_row_takes_the_toast_away_and_opens_nothing(inbox):
    id = row(inbox).get_attribute("data-id")
    row(inbox).hover()
    row(inbox).get_by_role("button", name="Mark as done").click()
    inbox.get_by_role("button", name="Undo").click()
    expect(inbox.locator(".toast")).to_have_count(0, timeout=3_000)
    expect(inbox.locator(f"#row-{id}")).to_have_attribute("aria-selected", "false")
    expect(inbox).to_have_url(re.compile("/inbox/$"))


@pytest.mark.long
def test_undo_in_the_pane_opens_the_thread_again(inbox):
    id = open_thread(inbox)
    inbox.locator(".thread-tools").get_by_role("button", name="Done").click()
    inbox.get_by_role("button", name="Undo").click()
    expect(inbox.locator(".toast")).to_have_count(0, timeout=3_000)
    expect(inbox.locator(f"#row-{id}")).to_have_attribute("aria-selected", "true")
    expect(inbox).to_have_url(re.compile(f"/inbox/{id}/$"))


@pytest.mark.sample(2)
@pytest.mark.parametrize("width", [390, 1200, 1439, 1920])
def test_the_person_is_shown_at_every_width(inbox, width):
    open_thread(inbox)
    inbox.set_viewport_size({"width": width, "height": 900})
    if width == 390:
        inbox.get_by_role("button", name="More actions").click()
    if width < 1440:
        inbox.get_by_role("button", name="The person").click()
    person = inbox.locator("#person")
    expect(person.get_by_role("heading", name="Also wrote")).to_be_in_viewport()
    assert person.bounding_box()["width"] >= 256
    assert person.bounding_box()["x"] + person.bounding_box()["width"] <= width


def test_a_comment_is_chosen_to_be_answered(filled, inbox):
    inbox.goto(f"{filled.url}/comments/?platform=instagram")
    open_thread(inbox)
    entry = inbox.locator(".entry.in").first
    name = entry.locator("strong").inner_text()
    entry.hover()
    entry.locator(".entry-more").click()
    inbox.locator(".menu:popover-open").get_by_role("button", name="Reply").click()
    expect(inbox.get_by_role("textbox", name="Your text")).to_be_focused()
    expect(inbox.locator("#answered")).to_have_text(name)
    inbox.keyboard.type("Thank you for this one")
    inbox.keyboard.press("Control+Enter")
    expect(inbox.locator(".entry.out").last).to_contain_text("Thank you for this one")
    id = entry.get_attribute("id").split("-")[1]
    [(answered,)] = filled.sql(
        "SELECT parent_id FROM interactions_interaction WHERE text = 'Thank you for this one'"
    )
    assert str(answered) == id


def test_an_error_of_the_form_goes_when_one_types(inbox):
    open_thread(inbox)
    inbox.locator("[data-send]").click()
    expect(inbox.locator("#composer-error")).to_have_text("Write the reply first.")
    inbox.get_by_role("textbox", name="Your text").press_sequentially("a")
    expect(inbox.locator("#composer-error")).to_have_count(0)
    inbox.get_by_role("textbox", name="Your text").fill("")


def test_the_navigation_marks_the_page_of_an_open_thread_after_a_reload(filled, inbox):
    inbox.goto(f"{filled.url}/comments/")
    open_thread(inbox)
    inbox.reload()
    expect(inbox.locator(".side [aria-current=page]")).to_have_text("Comments")


TIMES_OF_TOASTS = """() => {
    window.times = [];
    new MutationObserver(() => window.times.push(performance.now())).observe(document.getElementById("toasts"), { childList: true });
}"""


def test_a_toast_goes_after_six_seconds(inbox):
    inbox.clock.install()
    inbox.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
    inbox.evaluate(TIMES_OF_TOASTS)
    row(inbox).hover()
    row(inbox).get_by_role("button", name="Mark as done").click()
    inbox.mouse.move(1_000, 300)
    expect(inbox.locator(".toast")).to_be_visible()
    inbox.clock.run_for(8_000)
    expect(inbox.locator(".toast")).to_have_count(0, timeout=30_000)
    shown_at, gone_at = inbox.evaluate("window.times")
    assert 5_990 < gone_at - shown_at < 8_000


def test_what_is_sent_for_the_inside_of_an_element_is_not_nested_in_it(inbox):
    open_thread(inbox)
    inbox.locator(".thread-tools").get_by_role("button", name="Done").click()
    inbox.get_by_role("button", name="Undo").click()
    expect(inbox.locator("#thread > .thread")).to_be_visible()
    ids = inbox.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))


def test_an_answer_for_a_thread_that_is_not_open_any_more_changes_its_row(inbox):
    unread = inbox.locator(".row.unread").first
    id = unread.get_attribute("data-id")
    waiting = []
    inbox.route(f"**/{id}/unread/**", lambda route: waiting.append(route))
    with inbox.expect_request(f"**/{id}/unread/**"):
        unread.locator(".row-link").click()
    inbox.locator(f".row:not(#row-{id}) .row-link").first.click()
    expect(inbox.locator("#thread > .thread")).not_to_have_attribute("data-id", id)
    inbox.route("**/updates/**", lambda poll: poll.abort())
    waiting[0].continue_()
    expect(inbox.locator(f"#row-{id}.unread")).to_have_count(0)


def receive(filled, id: str, name: str, text: str) -> None:
    """Have a message of the person arrive in the thread of messages with that id."""
    filled.manage(
        "shell",
        "-c",
        "from django.utils import timezone; from interactions.ingest import *; from interactions.models import *;"
        f"one = Interaction.objects.filter(thread={id}, direction='in').latest('posted_at'); now = timezone.now();"
        "author = {'id': one.author_id, 'name': one.author_name, 'handle': one.author_handle};"
        f"event = {{'type': 'message.created', 'id': {name!r}, 'occurred_at': now.isoformat(), 'text': {text!r},"
        " 'author': author, 'conversation_id': one.conversation_id};"
        "print(ingest([IncomingEvent(one.profile_id, event)], now))",
    )


def test_what_arrives_in_the_open_thread_is_read_and_what_the_user_marked_unread_stays_unread(filled, inbox):
    inbox.goto(f"{filled.url}/messages/")
    id = open_thread(inbox, 1)
    unread = inbox.locator(f"#row-{id}.unread")
    expect(unread).to_have_count(0)
    title = inbox.title()
    receive(filled, id, "while-open-1", "The first while it is open")
    poll_inbox(inbox)
    expect(inbox.locator("#conversation")).to_contain_text("The first while it is open", timeout=15_000)
    expect(unread).to_have_count(0)
    expect(inbox).to_have_title(title)
    assert filled.sql(f"SELECT unread FROM interactions_thread WHERE id = {id}") == [(False,)]
    inbox.get_by_role("button", name="More actions").click()
    inbox.get_by_role("button", name="Mark as unread", exact=True).last.click()
    expect(unread).to_have_count(1)
    with inbox.expect_response(lambda answer: "/updates/" in answer.url and answer.status == 200):
        inbox.evaluate("document.getElementById('version').value = ''")
        poll_inbox(inbox)
    inbox.wait_for_timeout(1_500)
    expect(unread).to_have_count(1)
    receive(filled, id, "while-open-2", "The second while it is open")
    poll_inbox(inbox)
    expect(inbox.locator("#conversation")).to_contain_text("The second while it is open", timeout=15_000)
    expect(unread).to_have_count(0)
    expect(inbox).to_have_title(title)


def test_the_composer_sends_with_control_enter_and_keeps_a_draft(inbox):
    id = open_thread(inbox)
    field = inbox.locator(".composer textarea")
    assert field.bounding_box()["y"] > 600
    field.fill("A draft that")
    open_thread(inbox, 2)
    expect(field).to_have_value("")
    inbox.go_back()
    is_open(inbox, id)
    expect(field).to_have_value("A draft that")
    inbox.reload()
    expect(field).to_have_value("A draft that")
    field.press("End")
    field.type(" is sent")
    field.press("Control+Enter")
    sent = inbox.locator(".entry.out").last
    expect(sent).to_contain_text("A draft that is sent")
    expect(sent).to_contain_text("Waiting to be sent")
    expect(field).to_have_value("")
    inbox.reload()
    expect(field).to_have_value("")


def test_a_note_looks_different_from_a_reply(inbox):
    open_thread(inbox)
    colour = "(one) => getComputedStyle(one).backgroundColor"
    reply = inbox.locator(".composer").evaluate(colour)
    inbox.locator(".mode", has_text="Note").click()
    assert inbox.locator(".composer").evaluate(colour) != reply
    inbox.locator(".composer textarea").fill("Ask Bram first")
    inbox.get_by_role("button", name="Add note").click()
    expect(inbox.locator(".team-note")).to_contain_text("Ask Bram first")


def test_saved_replies_are_loaded_when_their_menu_opens_and_fill_the_text(filled, inbox):
    filled.sql(
        "INSERT INTO interactions_savedreply (owner_id, name, name_key, text, created_at, updated_at) SELECT id,"
        " 'Thanks', 'thanks', 'Thank you from {brand}!', now(), now() FROM accounts_user WHERE username = 'visitor'"
    )
    try:
        open_thread(inbox)
        expect(inbox.locator("[data-insert]")).to_have_count(0)
        inbox.get_by_role("button", name="Saved replies").click()
        item = inbox.locator("#saved-replies .item").first
        expect(item).to_be_focused()
        box = inbox.locator("#saved-replies").bounding_box()
        assert box["y"] + box["height"] <= WIDE["height"]
        inbox.keyboard.press("Enter")
        expect(inbox.locator(".composer textarea")).to_have_value(re.compile("^Thank you from .+!$"))
        inbox.locator(".composer textarea").fill("")
    finally:
        filled.sql("DELETE FROM interactions_savedreply")


def test_a_whole_text_that_was_loaded_stays_when_the_page_is_brought_up_to_date(filled, inbox):
    id = open_thread(inbox)
    inbox.locator(".mode", has_text="Note").click()
    inbox.locator(".composer textarea").fill("word " * 1_000 + "end")
    inbox.get_by_role("button", name="Add note").click()
    note = inbox.locator(".team-note:has(.fold)")
    expect(note.locator(".less")).to_be_hidden()
    note.get_by_text("Show all 5,003 characters").click()
    expect(note.locator(".text").last).to_contain_text("end")
    expect(note.locator(".text").first).to_be_hidden()
    expect(note.locator("summary")).to_be_focused()
    with inbox.expect_response(lambda answer: "/updates/" in answer.url and answer.status == 200):
        filled.sql(f"UPDATE interactions_note SET author_name = 'Bram' WHERE thread_id = {id}")
        inbox.evaluate("document.getElementById('version').value = ''")
        poll_inbox(inbox)
    expect(note).to_contain_text("Bram")
    expect(note.locator(".text").last).to_contain_text("end")
    note.get_by_text("Show less").click()
    expect(note.locator(".text").first).to_be_visible()


def test_messages_are_on_their_senders_sides_with_days_between(filled, inbox):
    inbox.goto(f"{filled.url}/messages/?status=all")
    for place in range(8):
        open_thread(inbox, place)
        if inbox.locator(".entry.out").count() and inbox.locator(".entry.in").count():
            break
    places = {
        (side, part): inbox.locator(f".entry.{side} {part}").first.bounding_box()["x"]
        for side in ("in", "out")
        for part in (".avatar", ".bubble")
    }
    assert (
        places["in", ".avatar"]
        < places["in", ".bubble"]
        < places["out", ".bubble"]
        < places["out", ".avatar"]
    )
    assert inbox.locator(".day").count() >= 1


def test_the_post_is_pinned_above_a_comment(filled, inbox):
    inbox.goto(f"{filled.url}/comments/")
    open_thread(inbox)
    post = inbox.locator(".post")
    expect(post.locator(".picture")).to_be_visible()
    expect(post.locator(".figures")).to_contain_text("views")
    assert post.bounding_box()["height"] <= 72
    assert post.bounding_box()["y"] < inbox.locator(".conversation").bounding_box()["y"]


def test_an_answer_to_what_has_left_the_page_is_shown_all_the_same(filled, inbox):
    held = []
    inbox.route("**/updates/**", lambda route: route.fulfill(status=204))
    unread = inbox.locator("#threads .row.unread").first
    id = unread.get_attribute("data-id")
    inbox.route(f"**/{id}/unread/", lambda route: held.append((route, route.fetch())))
    unread.locator(".row-link").click()
    for _ in range(50):
        inbox.wait_for_timeout(0 if held else 200)
    [(route, answer)] = held
    other = inbox.locator(f"#threads .row:not(#row-{id})").first
    other.locator(".row-link").click()
    is_open(inbox, other.get_attribute("data-id"))
    expect(inbox.locator(f"#row-{id}.unread")).to_have_count(1)
    route.fulfill(response=answer)
    expect(inbox.locator(f"#row-{id}.unread")).to_have_count(0, timeout=1_000)


def test_enter_on_a_selected_row_or_on_the_choice_of_reply_or_note_sends_nothing(inbox):
    posted = []
    open_thread(inbox)
    inbox.wait_for_timeout(1_500)  # the thread has been marked as read
    inbox.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    row(inbox).locator(".row-check input").check()
    row(inbox).locator(".row-check input").press("Enter")
    inbox.locator(".composer textarea").fill("not yet")
    inbox.locator(".composer [name=mode]").first.press("Enter")
    expect(inbox.locator(".composer textarea")).to_be_focused()
    inbox.locator(".composer textarea").fill("")
    assert posted == []


def test_of_two_threads_the_one_that_was_opened_later_is_shown(inbox):
    held = []
    first, second = ids(inbox)[:2]
    inbox.route(f"**/inbox/{first}/*", lambda route: held.append((route, route.fetch())))
    inbox.route(f"**/inbox/{first}/", lambda route: held.append((route, route.fetch())))
    row(inbox, 0).locator(".row-link").click()
    for _ in range(50):
        inbox.wait_for_timeout(0 if held else 100)
    open_thread(inbox, 1)
    [(route, answer), *_] = held
    with inbox.expect_response(f"**/inbox/{first}/**"):
        route.fulfill(response=answer)
    inbox.wait_for_timeout(300)
    is_open(inbox, second)
    assert f"/inbox/{second}/" in inbox.url


def test_a_late_answer_to_done_leaves_the_thread_that_was_opened_since(inbox):
    held = []
    first = open_thread(inbox)
    second = row(inbox, 3).get_attribute("data-id")  # not the next one, which the answer would open
    inbox.route("**/updates/**", lambda route: route.fulfill(status=204))
    inbox.route(f"**/{first}/status/**", lambda route: held.append((route, route.fetch())))
    inbox.locator(".thread-tools").get_by_role("button", name="Done").click()
    for _ in range(50):
        inbox.wait_for_timeout(0 if held else 100)
    row(inbox, 3).locator(".row-link").click()
    is_open(inbox, second)
    [(route, answer)] = held
    route.fulfill(response=answer)
    expect(inbox.locator(".toast")).to_contain_text("Marked as done.")
    expect(inbox.locator(f"#row-{first}")).to_have_count(0)
    is_open(inbox, second)


def test_a_thread_that_cannot_be_loaded_is_reported_and_the_one_before_stays(inbox):
    shown = open_thread(inbox, 0)
    other = row(inbox, 1).get_attribute("data-id")
    inbox.route(f"**/inbox/{other}/**", lambda route: route.fulfill(status=503, body="busy"))
    row(inbox, 1).locator(".row-link").click()
    expect(inbox.get_by_role("alert")).to_contain_text("That did not work: the server answered 503.")
    is_open(inbox, shown)
    expect(inbox.locator("#threads [aria-selected=true]")).to_have_attribute("data-id", shown)


def test_a_phone_shows_one_pane_with_targets_of_44_px(filled, inbox):
    inbox.set_viewport_size(PHONE)
    inbox.goto(f"{filled.url}/inbox/")
    expect(inbox.locator(".thread-pane")).to_be_hidden()
    open_thread(inbox)
    expect(inbox.locator(".list-pane")).to_be_hidden()
    assert inbox.evaluate("document.documentElement.scrollWidth") <= 390
    for button in inbox.locator(".thread-head .button:visible, .composer .button:visible").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 44, button.inner_html()
    inbox.get_by_role("link", name="Back to the list").click()
    expect(inbox.locator("#threads .row").first).to_be_visible()
    assert inbox.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("width", [768, 800])
def test_the_head_of_a_done_thread_fits_beside_the_list(filled, inbox, width):
    inbox.set_viewport_size({"width": width, "height": 900})
    inbox.goto(f"{filled.url}/inbox/?status=done")
    open_thread(inbox)
    buttons = inbox.locator(".thread-tools .button:visible").all()
    assert len(buttons) == 5
    for button in buttons:
        box = button.bounding_box()
        assert box["x"] + box["width"] <= width, button.inner_html()
    assert inbox.locator(".thread-who h2").bounding_box()["width"] >= 80
    expect(inbox.locator(".thread-head .badge:visible")).to_have_count(0)
    expect(inbox.get_by_role("button", name="Open again", exact=True)).to_be_visible()
    inbox.goto(f"{filled.url}/inbox/")
    open_thread(inbox)
    done = inbox.locator(".thread-tools").get_by_role("button", name="Done", exact=True)
    assert done.bounding_box()["width"] < 60


def test_a_phone_says_that_a_thread_is_gone_and_leads_back_to_the_list(filled, inbox):
    inbox.set_viewport_size(PHONE)
    inbox.goto(f"{filled.url}/inbox/999999999999/")
    expect(inbox.get_by_role("heading", name="This thread is gone")).to_be_visible()
    expect(inbox.locator(".list-pane")).to_be_hidden()
    inbox.get_by_role("link", name="Back to the list").click()
    expect(inbox.locator("#threads .row").first).to_be_visible()
    expect(inbox.locator(".thread-pane")).to_be_hidden()


@pytest.mark.long
def test_right_to_left_never_overflows(filled, inbox):
    for size in (WIDE, PHONE):
        inbox.set_viewport_size(size)
        for path in ("/inbox/", "/messages/"):
            inbox.goto(filled.url + path)
            inbox.evaluate("document.documentElement.dir = 'rtl'")
            open_thread(inbox)
            assert inbox.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_who_sends_second_is_told_first(filled, inbox):
    id = open_thread(inbox, 4)
    other = inbox.context.new_page()
    other.goto(f"{filled.url}/inbox/{id}/")
    inbox.locator(".composer textarea").fill("From the first tab")
    inbox.keyboard.press("Control+Enter")
    expect(inbox.locator(".entry.out").last).to_contain_text("From the first tab")
    other.locator(".composer textarea").fill("From the second tab")
    other.keyboard.press("Control+Enter")
    expect(other.get_by_role("alert")).to_contain_text("Somebody has answered meanwhile.")
    expect(other.get_by_role("alert")).to_contain_text("From the first tab")
    expect(other.locator(".composer textarea")).to_have_value("From the second tab")
    other.get_by_role("button", name="Send anyway").click()
    expect(other.locator(".entry.out").last).to_contain_text("From the second tab")
