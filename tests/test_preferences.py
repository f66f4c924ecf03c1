"""What users choose for their pages: the columns, their form, and the time zone in which pages show times."""

import re

import pytest
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.forms import PreferencesForm
from accounts.models import User
from accounts.time_zones import ActivateTimeZone
from tests.users import PASSWORD, set_password

DEFAULTS = {
    "theme": "system",
    "density": "comfortable",
    "time_zone": "",
    "keyboard_shortcuts": True,
    "answers_close_threads": True,
}
DEFAULT_FORM = DEFAULTS | {"keyboard_shortcuts": "on", "answers_close_threads": "on"}
CHANGED = {
    "theme": "dark",
    "density": "compact",
    "time_zone": "Asia/Tokyo",
    "keyboard_shortcuts": False,
    "answers_close_threads": False,
}


def stored(user: User) -> dict:
    return User.objects.filter(pk=user.pk).values(*DEFAULTS).get()


def form(user: User, **sent) -> PreferencesForm:
    return PreferencesForm(DEFAULT_FORM | sent, instance=User.objects.get(pk=user.pk))


def shown_times(page, zone: str = "", cookie: str | None = None) -> str:
    """The time zone of the comments' times, for a user with that zone and a browser with that cookie."""
    User.objects.update(time_zone=zone)
    if cookie is not None:
        page.cookies["zone"] = cookie
    [shown] = set(re.findall(r'title="[^"]* January 2026, ([^"]+)"', page.get("/comments/").content.decode()))
    return shown


def test_a_process_that_knows_no_preferences_inserts_users_with_the_defaults(db):
    known = {"username": "alice", "password": "!", "first_name": "", "last_name": "", "email": ""}
    known |= dict.fromkeys(["is_superuser", "is_staff", "is_active"], False) | {"date_joined": "2026-01-01"}
    with connection.cursor() as cursor:
        values = ", ".join(["%s"] * len(known))
        cursor.execute(f"INSERT INTO accounts_user ({', '.join(known)}) VALUES ({values})", [*known.values()])
    assert stored(User.objects.get()) == DEFAULTS


@pytest.mark.parametrize("change", [{"theme": "sepia"}, {"density": "tight"}])
def test_the_database_refuses_an_unknown_choice(alice, change):
    with pytest.raises(IntegrityError, match=f"user_{next(iter(change))}_is_known"):
        User.objects.update(**change)


def test_the_form_stores_what_was_chosen(alice):
    sent = CHANGED | dict.fromkeys(["keyboard_shortcuts", "answers_close_threads"], "")
    chosen = form(alice, **sent)
    assert chosen.is_valid()
    chosen.store()
    assert stored(alice) == CHANGED


def test_the_form_writes_nothing_but_changed_preferences(person):
    chosen = form(person, theme="dark")
    set_password(User.objects.get(), "another password")
    User.objects.update(density="compact")
    assert chosen.is_valid()
    chosen.store()
    person.refresh_from_db()
    assert (person.check_password(PASSWORD), person.check_password("another password")) == (False, True)
    assert stored(person) == DEFAULTS | {"theme": "dark", "density": "compact"}


def test_a_change_made_in_another_tab_meanwhile_stays(alice):
    shown = {f"initial-{name}": value for name, value in DEFAULT_FORM.items()}
    User.objects.update(density="compact", keyboard_shortcuts=False)
    chosen = form(alice, theme="light", **shown)
    assert chosen.is_valid()
    chosen.store()
    assert stored(alice) == DEFAULTS | {
        "theme": "light",
        "density": "compact",
        "keyboard_shortcuts": False,
    }


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("theme", "sepia", "Choose a theme of the list."),
        ("theme", "", "Choose a theme of the list."),
        ("density", "tight", "Choose a density of the list."),
        ("density", "", "Choose a density of the list."),
        ("time_zone", "europe/berlin", "europe/berlin is not an IANA time zone; use Europe/Berlin."),
        ("time_zone", "Mars", "Mars is not an IANA time zone; use a name such as Europe/Berlin."),
        ("time_zone", "localtime", "localtime is not an IANA time zone; use a name such as Europe/Berlin."),
        ("time_zone", "x" * 65, "Choose a time zone of the list, such as Europe/Berlin."),
    ],
)
def test_a_wrong_choice_gets_a_sentence(alice, name, value, sentence):
    refused = form(alice, **{name: value})
    assert refused.errors[name][0] == sentence
    assert [*refused.errors] == [name]


def test_pages_show_times_in_the_zone_that_the_user_has_chosen(live, page):
    assert shown_times(page) == "07:30 UTC"
    assert shown_times(page, "Asia/Tokyo") == "16:30 JST"
    assert shown_times(page, "America/Sao_Paulo", cookie="Asia/Tokyo") == "04:30 -03"


def test_without_a_choice_pages_show_times_in_the_browsers_zone(live, page):
    assert shown_times(page, cookie="Asia/Kolkata") == "13:00 IST"


@pytest.mark.parametrize("wrong", ["", "Mars", "../../etc/passwd", "localtime", "Asia%2FTokyo"])
def test_an_unknown_zone_is_ignored(live, page, wrong):
    assert shown_times(page, cookie=wrong) == "07:30 UTC"
    assert shown_times(page, wrong[:64], cookie="Asia/Tokyo") == "16:30 JST"


def test_the_api_and_the_admin_show_utc(live, page, alice):
    User.objects.update(time_zone="Asia/Tokyo", is_staff=True, is_superuser=True)
    page.cookies["zone"] = "Asia/Tokyo"
    [row, *_] = page.get("/api/v1/interactions/").json()["results"]
    assert row["posted_at"] == "2026-01-03T07:30:00Z"
    assert "Jan. 3, 2026, 7:30 a.m." in page.get("/admin/interactions/interaction/").content.decode()


def test_the_zone_ends_with_the_request(rf, alice):
    request = rf.get("/")
    request.user = User(time_zone="Asia/Tokyo")
    during = ActivateTimeZone(lambda _: timezone.get_current_timezone_name())(request)
    assert (during, timezone.get_current_timezone_name()) == ("Asia/Tokyo", "UTC")


def queries(user: User, path: str) -> int:
    """The number of queries that a new client of the user makes for the page."""
    client = Client()
    client.force_login(user)
    client.cookies["zone"] = "Asia/Tokyo"
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    return len(captured)


@pytest.mark.parametrize(
    "path", ["/comments/", "/login/", "/nothing-here", "/api/v1/interactions/", "/healthz"]
)
def test_the_zone_costs_no_query(live, alice, settings, path):
    User.objects.update(time_zone="Asia/Tokyo")
    with_zone = queries(alice, path)
    settings.MIDDLEWARE = [
        one for one in settings.MIDDLEWARE if one != "accounts.time_zones.ActivateTimeZone"
    ]
    assert (len(settings.MIDDLEWARE), queries(alice, path)) == (17, with_zone)


def test_the_admin_shows_and_changes_the_preferences(operator, alice):
    path = f"/admin/accounts/user/{alice.pk}/change/"
    shown = operator.get(path).context["adminform"].form.initial
    sent = {name: value for name, value in shown.items() if isinstance(value, str)} | CHANGED
    sent |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00", "time_zone": "Mars"}
    sent = {name: value for name, value in sent.items() if value is not False}
    refused = operator.post(path, sent).content.decode()
    assert "Mars is not an IANA time zone; use a name such as Europe/Berlin." in refused
    assert operator.post(path, sent | {"time_zone": "Asia/Tokyo"}).status_code == 302
    assert stored(alice) == CHANGED
