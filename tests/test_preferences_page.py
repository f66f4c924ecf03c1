"""The section Preferences, and the switch of the theme in the account menu."""

import pytest

from accounts.models import User
from tests.settings_pages import HTMX, html, shown, text_of
from tests.test_preferences import DEFAULT_FORM, DEFAULTS, stored

PATH = "/settings/"
SHOWN = {f"initial-{name}": value for name, value in DEFAULT_FORM.items()}


def test_a_change_is_stored_and_shown_from_then_on(page, alice):
    answer = page.post(PATH, DEFAULT_FORM | {"theme": "dark", "density": "compact"})
    assert answer.headers["Location"] == "/settings/"
    assert stored(alice) == DEFAULTS | {"theme": "dark", "density": "compact"}
    body = html(page.get(PATH))
    assert ('data-theme="dark"' in body, 'data-density="compact"' in body, "Saved." in body) == (
        True,
        True,
        True,
    )
    assert 'data-theme="dark"' in html(page.get("/password/"))


def test_a_change_by_htmx_is_answered_with_the_form_alone(page, alice):
    answer = page.post(PATH, DEFAULT_FORM | SHOWN | {"time_zone": "Asia/Tokyo"}, headers=HTMX)
    assert ("<html" in html(answer), "Saved" in shown(answer)) == (False, True)
    assert 'name="initial-time_zone" value="Asia/Tokyo"' in html(answer)
    assert "JST there" in shown(answer)
    assert stored(alice)["time_zone"] == "Asia/Tokyo"


def test_a_wrong_time_zone_gets_a_sentence_and_changes_nothing(page, alice):
    answer = page.post(PATH, DEFAULT_FORM | SHOWN | {"time_zone": "Berlin", "theme": "dark"}, headers=HTMX)
    assert "Berlin is not an IANA time zone; use a name such as Europe/Berlin." in shown(answer)
    assert ('aria-invalid="true"' in html(answer), "Saved" in shown(answer)) == (True, False)
    assert stored(alice) == DEFAULTS


def test_a_tab_with_old_values_changes_only_what_was_changed_in_it(page, alice):
    User.objects.update(density="compact")
    page.post(PATH, DEFAULT_FORM | SHOWN | {"theme": "light"}, headers=HTMX)
    assert stored(alice) == DEFAULTS | {"density": "compact", "theme": "light"}


def test_the_browsers_zone_is_named_where_none_is_chosen(page):
    page.cookies["zone"] = "Asia/Kolkata"
    body = html(page.get(PATH))
    assert 'placeholder="Asia/Kolkata"' in body
    assert "IST there" in shown(page.get(PATH))
    assert '<option value="Europe/Berlin">' in body


def test_the_theme_is_switched_in_the_account_menu(page, alice):
    body = html(page.get("/password/"))
    assert 'name="theme" value="system" aria-pressed="true"' in body
    assert page.post("/settings/theme/", {"theme": "dark"}, headers=HTMX).status_code == 204
    assert stored(alice) == DEFAULTS | {"theme": "dark"}
    assert 'name="theme" value="dark" aria-pressed="true"' in html(page.get("/password/"))


@pytest.mark.parametrize(
    ("referer", "to"),
    [
        ("http://testserver/password/", "http://testserver/password/"),
        ("https://elsewhere.example/", "/settings/"),
        ("", "/settings/"),
    ],
)
def test_without_scripts_the_switch_leads_back_to_the_page(page, alice, referer, to):
    answer = page.post("/settings/theme/", {"theme": "light"}, headers={"Referer": referer})
    assert (answer.headers["Location"], stored(alice)["theme"]) == (to, "light")


@pytest.mark.parametrize("theme", ["", "sepia", "DARK", "purple"])
@pytest.mark.parametrize("headers", [HTMX, {}])
def test_an_unknown_theme_is_refused(page, alice, theme, headers):
    answer = page.post("/settings/theme/", {"theme": theme}, headers=headers)
    assert answer.status_code == 422
    assert "Choose a theme of the list. Nothing was changed." in text_of(answer)
    assert stored(alice) == DEFAULTS


def test_a_switch_without_a_theme_is_refused(page, alice):
    assert page.post("/settings/theme/").status_code == 422
    assert stored(alice) == DEFAULTS


def test_the_switch_of_another_users_page_changes_nothing(page, alice, bob):
    answer = page.post("/settings/theme/", {"theme": "dark"}, headers=HTMX | {"X-User": str(bob.pk)})
    assert (answer.headers["HX-Refresh"], stored(alice), stored(bob)) == ("true", DEFAULTS, DEFAULTS)
