"""The section Saved replies: list, form, preview."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Profile
from interactions.clock import now
from interactions.models import SavedReply, saved_replies
from interactions.pages.settings import replies
from tests.settings_pages import HTMX, html, reply, shown
from tests.world import NOW, demo_of

PATH = "/settings/replies/"


def create(page, name: str = "Thanks", text: str = "Thank you!", **more):
    return page.post(f"{PATH}new/", {"name": name, "text": text} | more)


def change(page, row: SavedReply, **fields):
    body = {"name": row.name, "text": row.text, "seen": row.updated_at.isoformat()} | fields
    return page.post(f"{PATH}{row.pk}/", body)


def stored() -> list[tuple[str, str]]:
    return list(SavedReply.objects.order_by("pk").values_list("name", "text"))


def preview(page, text: str) -> str:
    return shown(page.post(f"{PATH}preview/", {"text": text}, headers=HTMX))


def test_a_reply_is_created_listed_changed_and_deleted(page):
    assert (
        create(page, " Opening  hours ", "Hi {first_name|there}!").headers["Location"] == "/settings/replies/"
    )
    row = SavedReply.objects.get()
    listed = shown(page.get(PATH))
    assert "The saved reply “Opening hours” is saved." in listed
    assert "Opening hours Hi {first_name|there}!" in listed
    change(page, row, text="Bye")
    assert stored() == [("Opening hours", "Bye")]
    page.get(PATH)
    page.post(f"{PATH}{row.pk}/delete/")
    assert ("is deleted." in shown(page.get(PATH)), stored()) == (True, [])


def test_line_breaks_are_stored_as_the_api_stores_them(page):
    create(page, text="one\r\ntwo\r\n\r\nthree")
    assert stored() == [("Thanks", "one\ntwo\n\nthree")]


def test_the_longest_text_fits_in_any_script(page):
    create(page, text="\U0001f980" * 10_000)
    assert len(stored()[0][1]) == 10_000
    row = SavedReply.objects.get()
    change(page, row, text="\u05d0" * 10_000)
    assert stored() == [("Thanks", "\u05d0" * 10_000)]


@pytest.mark.parametrize(
    ("fields", "beside", "sentence"),
    [
        ({"name": ""}, "name", "Give it a name, by which you find it when you answer."),
        ({"name": "x" * 81}, "name", "The name must be a name of 1 to 80 characters in one line"),
        ({"name": "THANKS"}, "name", "You have a saved reply of that name. Choose another name."),
        ({"text": " "}, "text", "Write the text that it sends."),
        ({"text": "x" * 10_001}, "text", "Ensure this value has at most 10000 characters (it has 10001)."),
        (
            {"text": "Hi {name}"},
            "text",
            "There is no variable {name}. There are {first_name}, {brand} and {handle}",
        ),
        ({"text": "Hi {"}, "text", "The { after 3 characters belongs to no variable."),
        (
            {"text": "\u2800"},
            "text",
            "The text has no visible character; write letters, digits, signs or emoji.",
        ),
    ],
)
def test_a_wrong_reply_gets_a_sentence_beside_the_field_and_is_not_stored(
    page, alice, fields, beside, sentence
):
    taken = reply(alice, "Thanks", "kept")
    other = reply(alice, "Other", "kept")
    for answer in (create(page, **{"name": "New"} | fields), change(page, other, **fields)):
        body = html(answer).split(f'id="id_{beside}_error"')[1].split("</div>")[0]
        assert sentence.split(";")[0] in body
        assert 'aria-invalid="true"' in html(answer)
    assert stored() == [("Thanks", "kept"), ("Other", "kept")]
    assert taken.name == "Thanks"


def test_a_user_has_at_most_so_many(page, alice, monkeypatch):
    monkeypatch.setattr(saved_replies, "MAX_REPLIES", 1)
    create(page)
    assert "which is the maximum. Delete one first." in shown(create(page, "More"))
    assert len(stored()) == 1


def check_refused_and_send_again(page, row, answer) -> None:
    """The form was refused, as the row was changed elsewhere, with what was typed; sent again it replaces the row."""
    assert "It was changed elsewhere meanwhile." in shown(answer)
    assert (stored(), ">\nmine</textarea>" in html(answer)) == ([("Thanks", "from elsewhere")], True)
    seen = html(answer).split('name="seen" value="')[1].split('"')[0]
    assert change(page, row, text="mine", seen=seen.replace("&#x2B;", "+")).status_code == 302
    assert stored() == [("Thanks", "mine")]


def test_a_change_made_elsewhere_is_not_lost_unseen(page, alice):
    row = reply(alice)
    SavedReply.objects.get().change(NOW.replace(year=2027), text="from elsewhere")
    answer = change(page, row, text="mine")
    check_refused_and_send_again(page, row, answer)


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_changes_one_is_stored_and_the_others_are_told(alice, monkeypatch):
    """Each request waits, after it has read the row, for the other ones."""
    row, together = reply(alice), Barrier(6)

    def now_of_all():
        together.wait(20)
        return now()

    def send_form(number: int) -> tuple[int, bool]:
        client = Client()
        client.force_login(alice)
        try:
            answer = change(client, row, text=f"text {number}")
            return answer.status_code, "It was changed elsewhere meanwhile." in answer.content.decode()
        finally:
            connection.close()

    monkeypatch.setattr(replies, "now", now_of_all)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send_form, range(6)))
    assert sorted(answers) == [(200, True)] * 5 + [(302, False)]
    assert stored() == [("Thanks", f"text {answers.index((302, False))}")]


def test_a_change_at_the_same_moment_keeps_what_was_typed_and_can_be_sent_again(page, alice, monkeypatch):
    row = reply(alice)

    def now_after_another_change():
        SavedReply.objects.get().change(NOW.replace(year=2027), text="from elsewhere")
        monkeypatch.undo()
        return now()

    monkeypatch.setattr(replies, "now", now_after_another_change)
    answer = change(page, row, text="mine")
    check_refused_and_send_again(page, row, answer)


def test_a_reply_deleted_at_the_same_moment_is_404(page, alice, monkeypatch):
    row = reply(alice)

    def now_after_the_deletion():
        SavedReply.objects.all().delete()
        return now()

    monkeypatch.setattr(replies, "now", now_after_the_deletion)
    assert (change(page, row, text="mine").status_code, stored()) == (404, [])


def test_the_preview_fills_in_the_variables_for_two_people(page, alice):
    Profile.objects.create(owner=alice, platform="x", platform_id="1", handle="acme", display_name="Acme Ltd")
    text = "Hi {first_name|there} (@{handle}), {brand} says {{hello}}"
    assert preview(page, text) == (
        "Preview Hi Ada (@ada), Acme Ltd says {hello} to Ada"
        " Hi there (@ada), Acme Ltd says {hello} to a person whose name is not known"
    )
    assert preview(page, "Thanks from {brand}") == "Preview Thanks from Acme Ltd to Ada"
    assert SavedReply.objects.count() == 0


def test_without_a_profile_the_preview_says_so(page):
    assert preview(page, "{brand}") == "Preview your profile to Ada"


def test_a_demo_profile_is_a_brand_too(page, alice):
    demo_of(alice, brand="Fern & Co")
    assert preview(page, "{brand}") == "Preview Fern & Co to Ada"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Hi {name}", "There is no variable {name}."),
        ("Hi }", "The } after 3 characters belongs to no variable."),
        ("", "What you write is shown here as the person gets it."),
    ],
)
def test_the_preview_says_what_is_wrong(page, text, sentence):
    assert sentence in preview(page, text)


def test_the_preview_shows_html_as_text(page):
    answer = page.post(f"{PATH}preview/", {"text": "<b>{first_name}</b>"}, headers=HTMX)
    assert "&lt;b&gt;Ada&lt;/b&gt;" in html(answer)
