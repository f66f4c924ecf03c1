"""Every form of the admin answers any submitted or prefilled value without a 500."""

from html.parser import HTMLParser
from urllib.parse import quote, urlencode

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from accounts.admin import OWNER_HAS_MORE
from accounts.models import Profile, User
from tests.test_admin_lists import FUZZED, more_rows, name_of

pytestmark = pytest.mark.usefixtures("no_server_errors")
FORM = "application/x-www-form-urlencoded"
ODD = [
    *["abc", "1.5", "null", "2026-01-01", "", "25:99", "\ud800", "\x00", "x" * 300, "x" * 15_000],
    *["-1", "²", "NaN", "9" * 5_000, "0001-01-01"],
]
ALONE = ["abc", "x" * 300]  # sent with valid other fields, so that valid forms are saved
OF_THE_SITE = ["_to_field", "_popup", "_saveasnew", "_changelist_filters", "_continue", "_addanother"]


class Fields(HTMLParser):
    """Parses the form fields that a browser would send, by name, without the CSRF token."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: dict[str, str] = {}
        self.name, self.unsent = "", set()
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list) -> None:
        given = dict(attributes)
        if tag in ("input", "select", "textarea"):
            self.name = given.get("name", "")
        if not self.name or self.name == "csrfmiddlewaretoken" or given.get("type") in ("submit", "radio"):
            return
        if tag == "input" and given.get("type") == "checkbox" and "checked" not in given:
            self.unsent.add(self.name)
        elif tag in ("input", "textarea"):
            self.sent[self.name] = given.get("value", "")
        elif tag == "select":
            self.unsent.add(self.name)
        elif tag == "option" and "selected" in given:
            self.sent[self.name] = given.get("value", "")

    def handle_data(self, text: str) -> None:
        if self.lasttag == "textarea" and self.name in self.sent:
            self.sent[self.name] += text

    def handle_endtag(self, tag: str) -> None:
        if tag in ("select", "textarea"):
            self.name = ""


def send(client: Client, path: str, fields: dict[str, str]) -> int:
    return client.post(path, urlencode(fields, errors="surrogatepass"), content_type=FORM).status_code


def filled_in(client: Client, path: str, name: str, value: str) -> int:
    return client.get(f"{path}?{name}={quote(value[:5_000], errors='surrogatepass')}").status_code


def forms_of(client: Client, model: type[Model]) -> dict[str, Fields]:
    """Return the form fields of the model's pages, by path."""
    more_rows(1)
    name = f"admin:{name_of(model)}"
    row = model.objects.filter(is_demo=False).latest("pk") if model is Profile else model.objects.latest("pk")
    paths = [reverse(f"{name}_add"), reverse(f"{name}_change", args=[row.pk])]
    paths += [reverse("admin:auth_user_password_change", args=[row.pk])] if model is User else []
    pages = {path: client.get(path) for path in paths}
    shown = {path: Fields(page.content.decode()) for path, page in pages.items() if page.status_code == 200}
    return {path: fields for path, fields in shown.items() if fields.sent.keys() | fields.unsent}


@pytest.mark.sample(1)
@pytest.mark.parametrize("model", FUZZED, ids=name_of)
@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.long)])
def test_no_form_value_causes_a_500(operator, live, model, step):
    codes = {}
    forms = forms_of(operator, model)
    for path, fields in forms.items():
        names, is_change = [*fields.sent, *fields.unsent], path.endswith("/change/")
        for value in ODD if not is_change or len(forms) == 1 else []:
            codes[path, "all", value[:9], len(value)] = send(operator, path, dict.fromkeys(names, value))
        for number, name in enumerate(names if is_change else []):
            for value in ALONE[number % step :: step]:
                codes[path, name, value[:9]] = send(operator, path, fields.sent | {name: value})
    assert {key: code for key, code in codes.items() if code not in (200, 302, 400)} == {}


@pytest.mark.long
def test_no_parameter_of_the_admin_site_causes_a_500(operator, db):
    codes = {}
    for path, fields in forms_of(operator, Group).items():
        for name in OF_THE_SITE:
            for value in ("", "abc", "name", "\ud800", "x" * 300):
                codes[path, name, value[:9]] = send(operator, path, fields.sent | {name: value})
                codes[path, name, value[:9], "asked"] = filled_in(operator, path, name, value)
    assert {key: code for key, code in codes.items() if code not in (200, 302, 400)} == {}


@pytest.mark.sample(2)
@pytest.mark.parametrize("model", FUZZED, ids=name_of)
def test_query_parameters_do_not_prefill_forms(operator, live, model):
    path = reverse(f"admin:{name_of(model)}_add")
    shown = operator.get(path)
    if shown.status_code == 403:
        return
    names = [field.name for field in model._meta.get_fields() if not field.auto_created]
    query = "&".join(f"{name}={{0}}" for name in names)
    for value in ODD:
        odd = operator.get(f"{path}?{query.format(quote(value[:60], errors='surrogatepass'))}")
        assert odd.status_code == (400 if value == "\x00" else 200)
        if odd.status_code == 200:
            assert odd.context["adminform"].form.initial == shown.context["adminform"].form.initial


WRONG_OWNERS = ["abc", "1.5", "null", "2026-01-01", "x" * 300]


@pytest.mark.parametrize("owner", WRONG_OWNERS)
def test_a_profile_without_an_owner_is_refused_at_the_field(operator, live, owner):
    for path, fields in forms_of(operator, Profile).items():
        answer = operator.post(path, fields.sent | {"handle": "new", "owner": owner})
        assert answer.status_code == 200
        assert answer.context["adminform"].form.errors["owner"] == [OWNER_HAS_MORE]
    live.refresh_from_db()
    assert live.handle == "alice"


def test_a_too_long_task_of_a_schedule_is_refused_at_the_field(operator, db):
    for path, fields in forms_of(operator, PeriodicTask).items():
        answer = operator.post(path, fields.sent | {"task": "x" * 300, "regtask": ""})
        errors = answer.context["adminform"].form.errors
        assert errors["task"] == ["Ensure this value has at most 200 characters (it has 300)."]


def test_a_hidden_field_changes_nothing(operator, db):
    crontab = CrontabSchedule.objects.create(minute="7")
    path = reverse("admin:django_celery_beat_crontabschedule_change", args=[crontab.pk])
    fields = Fields(operator.get(path).content.decode()).sent
    assert [name for name in fields if name.startswith("initial-")] == []
    assert send(operator, path, fields | {"initial-timezone": "x" * 300, "minute": "8"}) == 302
    assert LogEntry.objects.get().get_change_message() == "Changed Minute(s)."
