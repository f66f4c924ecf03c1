"""Every list of the admin: invalid requests cause no 500, and the query count is constant."""

import re
import time
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote as admin_quote
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import IntegerField
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from accounts.models import Profile, User
from demo.models import StoryEvent
from interactions.models import BulkJob, ExportLease, Interaction, SavedReply, SavedView, Thread
from interactions.tasks import fill_search
from tests.world import DAY, NOW, demo_of, event, moderate, send, work_on

pytestmark = pytest.mark.usefixtures("no_server_errors")
MODELS = list(admin.site._registry)
MOST_USED = (User, StoryEvent, Interaction, PeriodicTask)
FUZZED = [*MOST_USED, *(model for model in MODELS if model not in MOST_USED)]
NONSENSE = [
    "\x00",
    "\ud800",
    str(2**70),
    "9" * 5_000,
    "1e400",
    "2026-02-30",
    "[",
    "0001-01-01 00:00:00+14:00",
]
LOOKUPS = ("", "__exact", "__in", "__isnull", "__gte", "__id__exact", "__regex")


def name_of(model: type) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}"


def list_of(model: type) -> str:
    return reverse(f"admin:{name_of(model)}_changelist")


def asked(client: Client, path: str, **query: str) -> int:
    pairs = "&".join(f"{quote(name)}={quote(value, errors='surrogatepass')}" for name, value in query.items())
    return client.get(f"{path}?{pairs}").status_code


def offered(model: type) -> set[str]:
    """Return the parameters of the list's filters and of the list itself."""
    filters = admin.site._registry[model].list_filter
    names = {one.parameter_name for one in filters if hasattr(one, "parameter_name")}
    names |= {f"{one}{lookup}" for one in filters if isinstance(one, str) for lookup in LOOKUPS}
    return names | {*"qope", "all", "_facets", "_popup", "_to_field", "_changelist_filters", "nonsense"}


@pytest.mark.sample(1)
@pytest.mark.parametrize("model", FUZZED, ids=name_of)
@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.long)])
def test_no_list_parameter_causes_a_500(operator, model, step):
    codes = {
        (name, value[:20]): asked(operator, list_of(model), **{name: value})
        for number, name in enumerate(sorted(offered(model)))
        for value in NONSENSE[number % step :: step]
    }
    assert {key: code for key, code in codes.items() if code not in (200, 302, 400)} == {}


@pytest.mark.sample(12)
@pytest.mark.parametrize("model", MODELS, ids=name_of)
@pytest.mark.parametrize(("lookup", "value"), [("regex", "["), ("year", "-5"), ("exact", "1")])
def test_a_list_accepts_only_the_filters_that_it_offers(operator, model, lookup, value):
    filters = admin.site._registry[model].list_filter
    names = [field.name for field in model._meta.concrete_fields if field.name not in filters]
    assert {asked(operator, list_of(model), **{f"{name}__{lookup}": value}) for name in names} == {400}


@pytest.mark.sample(2)
@pytest.mark.parametrize("model", FUZZED, ids=name_of)
def test_every_filter_that_a_list_offers_works(operator, alice, live, model):
    demo_of(alice)
    shown = operator.get(list_of(model)).context["cl"]
    for filtered in shown.filter_specs:
        for choice in filtered.choices(shown):
            assert operator.get(list_of(model) + choice["query_string"]).status_code == 200


def test_every_primary_key_is_a_number():
    """The admin site refuses other keys before any action reads them."""
    keys = [model._meta.pk for model in MODELS]
    assert all(isinstance(getattr(key, "target_field", key), IntegerField) for key in keys)


@pytest.mark.sample(20)
@pytest.mark.parametrize("model", MODELS, ids=name_of)
@pytest.mark.parametrize(
    "query", [{"o": "999"}, {"o": "-999.1.x"}, {"p": str(10**30)}, {"p": "-1"}, {"e": "1"}, {"all": ""}]
)
def test_invalid_pages_and_orders_cause_no_500(operator, model, query):
    assert asked(operator, list_of(model), **query) in (200, 302)


@pytest.mark.sample(2)
@pytest.mark.parametrize("model", FUZZED, ids=name_of)
def test_no_id_in_a_url_causes_a_500(operator, model):
    codes = {}
    for id in (*NONSENSE, "_00", "_", "__", "_ZZ", "../..", "1/2", "_ED_A0_80", "-1", "1.5"):
        for page in ("change", "history", "delete"):
            path = reverse(f"admin:{name_of(model)}_{page}", args=["ID"])
            for spelled in {admin_quote(id), id}:
                ready = path.replace("ID", quote(spelled, safe="", errors="surrogatepass"))
                codes[page, spelled[:20]] = operator.get(ready).status_code
    assert {key: code for key, code in codes.items() if code not in (302, 400, 403, 404)} == {}


@pytest.mark.sample(2)
@pytest.mark.parametrize("model", FUZZED, ids=name_of)
def test_no_action_with_invalid_rows_causes_a_500(operator, model):
    request = operator.get(list_of(model)).wsgi_request
    actions = admin.site._registry[model].get_actions(request)
    codes = {}
    for action in (*actions, "nonsense", "\x00"):
        for chosen in ("\x00", "nonsense", str(2**70), "-1", "9" * 5_000, ""):
            body = {"action": action, "_selected_action": chosen}
            for more in ({}, {"confirmed": "1"}, {"post": "yes"}, {"index": "7"}, {"index": "x"}):
                codes[action, chosen[:9], *more] = operator.post(list_of(model), body | more).status_code
    assert {key: code for key, code in codes.items() if code not in (200, 302, 400, 403)} == {}


OTHERS = [
    "/admin/autocomplete/?app_label=accounts&model_name=profile&field_name=owner&term=%00",
    "/admin/autocomplete/?app_label=accounts&model_name=profile&field_name=owner&term=%ED%A0%80",
    "/admin/autocomplete/?app_label=%00&model_name=profile&field_name=owner",
    "/admin/autocomplete/?app_label=accounts&model_name=profile&field_name=%00&term=a",
    "/admin/autocomplete/?app_label=accounts&model_name=profile&field_name=owner&page=x",
    f"/admin/autocomplete/?app_label=accounts&model_name=profile&field_name=owner&page={10**30}",
    "/admin/r/%00/1/",
    f"/admin/r/{2**70}/1/",
    "/admin/r/1/%00/",
    "/admin/r/1/_00/",
    "/admin/accounts/user/_00/password/",
    f"/admin/accounts/user/{2**70}/password/",
    "/admin/jsi18n/?language=%00",
    "/admin/%00/",
    "/admin/accounts/%00/",
    "/admin/login/?next=%00",
    "/admin/accounts/profile/add/?owner=%00",
    f"/admin/accounts/profile/add/?owner={2**70}",
    "/admin/accounts/profile/add/?owner=x&platform=%ED%A0%80",
]


@pytest.mark.parametrize("address", OTHERS)
def test_the_admins_other_urls_cause_no_500(operator, address):
    assert operator.get(address).status_code in (200, 302, 400, 403, 404)


TOO_LONG = "Search for at most 10 words of 100 characters in total. Nothing was searched."


@pytest.mark.sample(8)
@pytest.mark.parametrize("model", MODELS, ids=name_of)
@pytest.mark.parametrize("words", ["a" * 101, " ".join("abcdefghijk")])
def test_a_search_with_too_many_words_or_characters_is_refused_with_a_message(operator, live, model, words):
    if not operator.get(list_of(model)).context["cl"].search_fields:
        pytest.skip("has no search")
    with CaptureQueriesContext(connection) as queries:
        shown = operator.get(list_of(model), {"q": words})
    assert (shown.status_code, shown.context["cl"].result_count) == (200, 0)
    assert [str(message) for message in shown.context["messages"]] == [TOO_LONG]
    assert not any("k%" in query["sql"] or "a" * 101 in query["sql"] for query in queries)


def test_an_autocomplete_search_has_the_same_limits(operator, live):
    address = "/admin/autocomplete/?app_label=accounts&model_name=profile&field_name=owner&term="
    found = [operator.get(address + term).json()["results"] for term in ("alice", "alice%20" * 11)]
    assert [len(results) for results in found] == [1, 0]


def test_a_count_that_reached_its_maximum_is_shown_with_a_plus(operator, live, monkeypatch):
    monkeypatch.setattr("interactions.admin.MAX_COUNTED", 2)
    send(live, event("comment.created", "second"))
    shown = operator.get(list_of(Interaction)).content.decode()
    assert "2+ interactions" in shown
    monkeypatch.setattr("interactions.admin.MAX_COUNTED", 3)
    shown = operator.get(list_of(Interaction)).content.decode()
    assert ("3 interactions" in shown, "3+" in shown) == (True, False)


def test_a_list_loads_only_the_start_of_each_text(operator, live):
    """Truncating a text of combining marks takes time quadratic in its length."""
    send(live, *(event("comment.created", f"c{n}", text="a" + "\u0315\u0300" * 32_000) for n in range(3)))
    began = time.process_time()
    with CaptureQueriesContext(connection) as queries:
        assert operator.get(list_of(Interaction)).status_code == 200
    assert time.process_time() - began < 1
    assert not any(re.search(r'(?<!LEFT\()"interactions_interaction"."text"', one["sql"]) for one in queries)


def more_rows(number: int) -> None:
    """Add a row to every list, each with parents of its own."""
    user = User.objects.create_user(f"user-{number}")
    profile = Profile.objects.create(owner=user, platform="x", platform_id=f"p{number}", handle="h")
    send(profile, *(event(type, f"e{number}") for type in ("content.published", "message.created")))
    send(profile, event("comment.edited", f"never-{number}"), {"type": "nonsense"})
    work_on(Thread.objects.get(profile=profile))
    SavedReply.objects.store(user, "Thanks", "Thank you!", NOW)
    SavedView.objects.store(user, "Unread", "inbox", "unread=true")
    moderate(Interaction.objects.filter(profile=profile).first())
    ExportLease.objects.acquire(user.pk)
    BulkJob.objects.start(user, NOW, until=NOW, left=1_001, filters={}, change={"status": "done"})
    fill_search()
    demo_of(user, seed=number)
    StoryEvent.objects.filter(account__user=user).update(delivered_at=None)
    Group.objects.create(name=f"group-{number}")
    crontab = CrontabSchedule.objects.create(minute=number)
    IntervalSchedule.objects.create(every=1_000 + number, period="days")
    ClockedSchedule.objects.create(clocked_time=NOW + number * DAY)
    SolarSchedule.objects.create(event="sunset", latitude=number, longitude=number)
    PeriodicTask.objects.create(name=f"task-{number}", task="demo.tasks.plan", crontab=crontab)


def test_every_lists_query_count_is_constant(operator, db):
    def counts() -> dict[str, int]:
        found = {}
        for model in MODELS:
            with CaptureQueriesContext(connection) as queries:
                page = operator.get(list_of(model))
            assert page.status_code == 200
            found[name_of(model)] = len(queries), page.context["cl"].result_count > 0
        return found

    more_rows(1)
    counts()  # loads the content types, which are cached
    few = counts()
    for number in range(2, 6):
        more_rows(number)
    assert counts() == few
    assert all(shown for _, shown in few.values())
