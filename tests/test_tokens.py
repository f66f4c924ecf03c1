"""A user's tokens: listed, deleted one by one, expired, shown once and never cacheable."""

from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.contrib import admin
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from knox.models import get_token_model

from accounts import tokens
from accounts.models import TokenName, User
from accounts.tokens import create_token
from tests.admin_client import act
from tests.test_config import manage
from tests.users import JSON, PASSWORD, TOKEN, set_password, token_for
from tests.world import DAY

TOKENS = "/api/v1/auth/tokens/"
ROWS = get_token_model().objects


def carrying(token: str) -> Client:
    return Client(headers={"Authorization": f"Token {token}"})


def given(client: Client) -> str:
    return token_for(client, "person").json()["token"]


def named(client: Client, name: object):
    body = {"username": "person", "password": PASSWORD, "name": name}
    return client.post(TOKEN, body, content_type=JSON)


def listed_names(client: Client) -> list[str | None]:
    return [row["name"] for row in client.get(TOKENS).json()["results"]]


def test_the_list_shows_when_each_token_was_created_and_which_is_current(client, person):
    first, second = given(client), given(client)
    answer = carrying(first).get(TOKENS)
    listed = answer.json()
    assert (listed["next"], listed["previous"]) == (None, None)
    assert [row["current"] for row in listed["results"]] == [False, True]
    assert [row["id"] for row in listed["results"]] == [second[:15], first[:15]]
    assert [row["expires"] for row in listed["results"]] == [None, None]
    assert listed["results"][0].keys() == {"id", "name", "created", "expires", "current"}
    for secret in (first, second, *ROWS.values_list("digest", flat=True)):
        assert secret not in answer.content.decode()


def test_a_token_has_the_name_that_it_was_given(client, person):
    token = named(client, " Weekly \u00a0report ").json()["token"]
    given(client)
    assert listed_names(carrying(token)) == [None, "Weekly report"]


def test_a_name_is_of_one_token_until_that_is_gone(client, person, bob):
    first = named(client, "Report").json()["token"]
    taken = named(client, "REPORT")
    assert (taken.status_code, taken.json()["detail"]) == (
        409,
        "You have a token of that name; upper and lower case do not count.",
    )
    assert listed_names(carrying(first)) == ["Report"]
    with transaction.atomic():
        create_token(bob, timezone.now(), "Report")  # another user's
    assert carrying(first).delete(f"{TOKENS}{first[:15]}").status_code == 204
    again = named(client, "report").json()["token"]
    assert listed_names(carrying(again)) == ["report"]
    ROWS.filter(user=person).update(expiry=timezone.now() - DAY)
    assert named(client, "report").status_code == 200


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("x" * 81, "The name must be a name of 1 to 80 characters in one line"),
        ("two\nlines", "The name must be a name of 1 to 80 characters in one line; remove U+000A"),
        (7, "name must be a string, not a number."),
        ("", "This field may not be blank."),
    ],
)
def test_an_unreadable_name_is_refused_and_no_token_made(client, person, name, sentence):
    answer = named(client, name)
    assert answer.status_code == 400
    assert answer.json()["errors"]["name"][0].startswith(sentence)
    assert not ROWS.exists()


def test_processes_that_know_no_names_delete_named_tokens_and_users(client, person):
    named(client, "Report")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM knox_authtoken")
    assert not TokenName.objects.exists()
    named(client, "Report")
    person.delete()
    assert not TokenName.objects.exists()


def test_deleting_a_token_by_its_id_deletes_no_other(client, person):
    first, second, third = (given(client) for _ in range(3))
    assert carrying(first).delete(f"{TOKENS}{second[:15]}/").status_code == 204
    assert [carrying(token).get(TOKENS).status_code for token in (first, second, third)] == [200, 401, 200]
    assert carrying(first).delete(f"{TOKENS}{second[:15]}").status_code == 404
    assert carrying(first).delete(f"{TOKENS}{first[:15]}").status_code == 204
    assert carrying(first).get(TOKENS).status_code == 401


@pytest.mark.parametrize("id", ["", "_00", "0" * 15, "x" * 300, "%ed%a0%80", "9" * 40, "..", "%27"])
def test_an_unknown_token_id_is_404(client, person, id):
    assert carrying(given(client)).delete(f"{TOKENS}{id}/").status_code in (404, 405)


def test_a_token_id_with_a_nul_is_400(client, person):
    answer = carrying(given(client)).delete(f"{TOKENS}%00/")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_another_users_tokens_do_not_exist(client, person, bob):
    theirs = create_token(bob, timezone.now())
    mine = carrying(given(client))
    assert len(mine.get(TOKENS).json()["results"]) == 1
    assert mine.delete(f"{TOKENS}{theirs[:15]}/").status_code == 404
    assert carrying(theirs).get(TOKENS).status_code == 200


def test_a_session_can_list_and_delete_tokens_and_an_anonymous_client_cannot(client, person):
    token = given(client)
    assert client.get(TOKENS).status_code == 401
    assert client.delete(f"{TOKENS}{token[:15]}/").status_code == 401
    client.force_login(person)
    assert [row["current"] for row in client.get(TOKENS).json()["results"]] == [False]
    assert client.delete(f"{TOKENS}{token[:15]}/").status_code == 204
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person)
    assert strict.delete(f"{TOKENS}{token[:15]}/").status_code == 403


def test_tokens_expire_after_the_configured_days(client, person, settings):
    settings.REST_KNOX = settings.REST_KNOX | {"TOKEN_TTL": timedelta(days=30)}
    token = given(client)
    [row] = carrying(token).get(TOKENS).json()["results"]
    assert abs(ROWS.get().expiry - ROWS.get().created - 30 * DAY) < timedelta(seconds=1)
    assert row["expires"].startswith(f"{ROWS.get().expiry:%Y-%m-%dT%H:%M}")
    ROWS.update(expiry=timezone.now() - timedelta(seconds=1))
    assert carrying(token).get(TOKENS).status_code == 401


def test_using_a_token_does_not_extend_it(client, person, settings):
    settings.REST_KNOX = settings.REST_KNOX | {"TOKEN_TTL": timedelta(days=30)}
    token = given(client)
    ROWS.update(expiry=timezone.now() + DAY)
    before = ROWS.get().expiry
    carrying(token).get(TOKENS)
    assert (ROWS.get().expiry, configured.REST_KNOX["AUTO_REFRESH"]) == (before, False)


@pytest.mark.long
@pytest.mark.parametrize(("given", "shown"), [("", "None"), ("30", "30 days, 0:00:00")])
def test_token_days_is_read_from_the_environment(given, shown):
    script = "from django.conf import settings; print(settings.REST_KNOX['TOKEN_TTL'])"
    assert manage("shell", "-v0", "-c", script, TOKEN_DAYS=given).stdout.strip() == shown


@pytest.mark.sample(1)
@pytest.mark.parametrize("days", ["0", "soon", "3651"])
def test_invalid_token_days_stop_the_start_with_an_error(days):
    answer = manage("check", TOKEN_DAYS=days)
    assert answer.returncode == 2
    assert f"TOKEN_DAYS={days} is not a number from 1 to 3650. Type TOKEN_DAYS=30" in answer.stderr


def test_a_user_has_a_maximum_of_tokens(client, person, bob, monkeypatch):
    monkeypatch.setattr(tokens, "MAX_TOKENS", 3)
    create_token(bob, timezone.now())
    made = [given(client) for _ in range(5)]
    assert [carrying(token).get(TOKENS).status_code for token in made] == [401, 401, 200, 200, 200]
    assert ROWS.filter(user=bob).count() == 1


def test_expired_tokens_are_deleted_before_valid_ones(client, person, monkeypatch):
    monkeypatch.setattr(tokens, "MAX_TOKENS", 2)
    kept, expired = given(client), given(client)
    ROWS.filter(token_key=expired[:15]).update(expiry=timezone.now() - DAY)
    given(client)
    assert carrying(kept).get(TOKENS).status_code == 200
    assert ROWS.count() == 2


def test_answers_with_a_token_or_secret_are_not_cacheable(client, person, live, operator):
    answers = [token_for(client, "person"), token_for(client, "person", "wrong")]
    owner = carrying(create_token(live.owner, timezone.now()))
    answers += [owner.get(TOKENS), owner.post(f"/api/v1/profiles/{live.pk}/rotate-secret/")]
    set_password(live.owner, PASSWORD)
    browser = Client()
    answers += [browser.get("/login/"), browser.post("/login/", {"username": "alice", "password": "wrong"})]
    browser.force_login(User.objects.get(pk=live.owner_id))
    answers += [browser.get("/password/"), browser.post("/password/", {"old_password": "wrong"})]
    rotate = {"action": "rotate_secrets", "confirmed": "1", "_selected_action": [live.pk]}
    answers += [operator.post("/admin/accounts/profile/", rotate)]
    shown = operator.get("/admin/accounts/profile/")
    assert "whsec_" in shown.content.decode()
    answers += [shown, operator.get(f"/admin/accounts/user/{person.pk}/password/")]
    for answer in answers:
        assert "no-store" in answer.headers.get("Cache-Control", ""), answer.request["PATH_INFO"]


def test_a_throttled_log_in_is_not_cacheable(client, person):
    client.force_login(person)
    wrong = {"old_password": "wrong", "new_password1": "x", "new_password2": "y"}
    answers = [client.post("/password/", wrong) for _ in range(11)]
    assert answers[-1].status_code == 429
    assert "no-store" in answers[-1].headers["Cache-Control"]


def test_an_operator_can_end_tokens_but_not_see_or_create_them(operator, person, bob):
    mine, his = create_token(person, timezone.now()), create_token(bob, timezone.now())
    assert get_token_model() not in admin.site._registry
    assert operator.get("/admin/knox/authtoken/").status_code == 404
    users = "admin:accounts_user_changelist"
    assert act(operator, users, "end_tokens", person) == []  # the confirmation page
    assert carrying(mine).get(TOKENS).status_code == 200
    messages = act(operator, users, "end_tokens", person, confirmed="1")
    assert messages == ["1 token ended."]
    assert [carrying(token).get(TOKENS).status_code for token in (mine, his)] == [401, 200]
