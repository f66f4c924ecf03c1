"""Log-in, tokens, passwords, users created by another back end, and the limits on guessing."""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier, BoundedSemaphore

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client
from django.utils import timezone
from knox.models import get_token_model
from rest_framework.authtoken.serializers import AuthTokenSerializer

from accounts.models import User
from accounts.throttling import Throttle
from tests.users import JSON, PASSWORD, set_password, token_for


@pytest.fixture
def staff(client, db) -> Client:
    client.force_login(User.objects.create_user("back-end", is_staff=True))
    return client


def guess(client, name: str, password: str = "wrong"):
    return client.post("/login/", {"username": name, "password": password})


def test_a_request_can_revoke_its_own_token(client, person):
    headers = {"Authorization": f"Token {token_for(client, person.username).json()['token']}"}
    assert client.get("/api/v1/demo/", headers=headers).status_code == 200
    assert client.post("/api/v1/auth/revoke/", headers=headers).status_code == 204
    assert client.get("/api/v1/demo/", headers=headers).status_code == 401


@pytest.mark.parametrize("log_in", [guess, lambda client, name: token_for(client, name, "wrong")])
def test_after_ten_wrong_passwords_a_minute_even_the_right_one_waits(client, person, log_in):
    codes = [log_in(client, person.username).status_code for _ in range(12)]
    assert codes[10:] == [429, 429]
    assert 429 not in codes[:10]
    refused = token_for(client, person.username)
    assert (refused.status_code, refused["Content-Type"]) == (429, "application/problem+json")
    assert 0 < int(refused["Retry-After"]) <= 60
    assert "Too many wrong passwords" in guess(client, person.username, PASSWORD).content.decode()


def test_the_limit_counts_one_name_from_one_address(client, person):
    for _ in range(10):
        guess(client, f"not-{person.username}")
    assert guess(client, person.username, PASSWORD).status_code == 302


@pytest.mark.parametrize("spelled", [" {}", "{}  ", "{}\t", "\uff50{}"])
def test_other_spellings_of_a_name_count_together(client, person, spelled):
    for _ in range(10):
        guess(client, person.username)
    name = spelled.format(person.username[1:] if spelled[0] == "\uff50" else person.username)
    assert token_for(client, name).status_code == 429
    refused = guess(client, name, PASSWORD)
    assert (refused.status_code, 0 < int(refused["Retry-After"]) <= 60) == (429, True)


def test_right_passwords_do_not_count_as_failures(client, person):
    assert {token_for(client, person.username).status_code for _ in range(15)} == {200}


def test_a_forged_forwarded_address_is_ignored(client, person):
    for number in range(10):
        client.post(
            "/login/",
            {"username": person.username, "password": "wrong"},
            headers={"X-Forwarded-For": f"203.0.113.{number}"},
        )
    assert guess(client, person.username).status_code == 429


def test_a_new_password_ends_tokens_and_other_sessions(client, person):
    token = token_for(client, person.username).json()["token"]
    elsewhere = Client()
    elsewhere.force_login(person)
    client.force_login(person)
    new = "another good one"
    fields = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert client.post("/password/", fields).headers["Location"] == "/"
    assert client.get("/comments/").status_code == 200
    assert elsewhere.get("/comments/").status_code == 302
    assert client.get("/api/v1/demo/", headers={"Authorization": f"Token {token}"}).status_code == 401
    assert not get_token_model().objects.exists()


def test_messages_that_no_page_has_shown_do_not_pile_up(client, person):
    client.force_login(person)
    passwords = [PASSWORD, "another good one", "a third good one"]
    for old, new in pairwise(passwords):
        fields = {"old_password": old, "new_password1": new, "new_password2": new}
        assert client.post("/password/", fields).headers["Location"] == "/"
    assert len(client.get("/").context["messages"]) == 1


def test_a_password_that_an_operator_sets_ends_tokens_too(client, person, admin_client):
    def token() -> dict:
        return {"Authorization": f"Token {get_token_model().objects.create(person)[1]}"}

    def is_valid(headers: dict) -> bool:
        return Client().get("/api/v1/demo/", headers=headers).status_code == 200

    change = f"/admin/accounts/user/{person.pk}/password/"
    new = {"password1": "another good one", "password2": "another good one", "usable_password": "true"}
    for how in (
        lambda: admin_client.post(change, new),
        lambda: admin_client.post(change, {"usable_password": "false", "unset-password": "1"}),
        lambda: set_password(person, "a third good one"),
    ):
        theirs = token()
        assert is_valid(theirs)
        how()
        assert not is_valid(theirs)


def test_the_admin_creates_a_user_without_a_password(admin_client):
    answer = admin_client.post("/admin/accounts/user/add/", {"username": "bob", "usable_password": "false"})
    assert answer.status_code == 302
    assert not User.objects.get(username="bob").has_usable_password()


def test_a_token_requested_with_the_old_password_is_not_issued_after_a_change(client, person, monkeypatch):
    real = AuthTokenSerializer.is_valid

    def changed_meanwhile(self, **options):
        valid = real(self, **options)
        set_password(User.objects.get(pk=person.pk), "another good one")
        return valid

    monkeypatch.setattr(AuthTokenSerializer, "is_valid", changed_meanwhile)
    assert token_for(client, person.username).status_code == 400
    assert not get_token_model().objects.exists()


def test_saving_a_new_password_does_not_overwrite_the_demos_activation(client, person, monkeypatch):
    client.force_login(person)
    User.objects.filter(pk=person.pk).update(demo_mode_enabled_at=timezone.now())
    real = User.set_password

    def switched_off_meanwhile(self, raw):
        User.objects.filter(pk=person.pk).update(demo_mode_enabled_at=None)
        real(self, raw)

    monkeypatch.setattr(User, "set_password", switched_off_meanwhile)
    new = "another good one"
    fields = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert client.post("/password/", fields).status_code == 302
    assert User.objects.get(pk=person.pk).demo_mode_enabled_at is None


def test_the_password_page_limits_guesses_of_the_old_password(client, person):
    client.force_login(person)
    new = "another good one"
    wrong = {"old_password": "wrong", "new_password1": new, "new_password2": new}
    unequal = {"old_password": PASSWORD, "new_password1": new, "new_password2": "different one"}
    assert {client.post("/password/", unequal).status_code for _ in range(12)} == {200}
    assert [client.post("/password/", wrong).status_code for _ in range(11)] == [200] * 10 + [429]
    assert token_for(client, person.username).status_code == 429


@pytest.mark.django_db(transaction=True)
def test_simultaneous_guesses_are_counted_before_the_first_one_fails(client, person, monkeypatch):
    """Each guess waits in its password check until the last one has started."""
    together = Barrier(10)
    real = AuthTokenSerializer.is_valid

    def wait_for_the_others(self, **options):
        together.wait(20)
        return real(self, **options)

    def guess_once(_) -> int:
        try:
            return token_for(Client(), person.username, "wrong").status_code
        finally:
            connection.close()

    monkeypatch.setattr("accounts.throttling._password_checks", BoundedSemaphore(16))
    monkeypatch.setattr(AuthTokenSerializer, "is_valid", wait_for_the_others)
    with ThreadPoolExecutor(16) as pool:
        codes = Counter(pool.map(guess_once, range(16)))
    assert codes == {400: 10, 429: 6}


def test_an_upgraded_hash_ends_no_sessions_or_tokens(client, person, settings):
    settings.PASSWORD_HASHERS = [
        f"django.contrib.auth.hashers.{name}PasswordHasher" for name in ("MD5", "PBKDF2")
    ]
    User.objects.filter(pk=person.pk).update(password=make_password(PASSWORD, hasher="pbkdf2_sha256"))
    headers = {"Authorization": f"Token {token_for(client, person.username).json()['token']}"}
    token_for(client, person.username)
    assert User.objects.get().password.startswith("md5$")
    assert client.get("/api/v1/demo/", headers=headers).status_code == 200


def test_a_weak_password_is_refused_with_an_error(client, person):
    client.force_login(person)
    fields = {"old_password": PASSWORD, "new_password1": "password", "new_password2": "password"}
    assert "too common" in client.post("/password", fields).content.decode()
    assert User.objects.get().check_password(PASSWORD)


def test_staff_create_users_without_a_password(staff):
    answer = staff.post("/api/v1/users", {"username": "bob", "email": "bob@example.com"}, content_type=JSON)
    bob = User.objects.get(username="bob")
    assert (answer.status_code, answer.json()) == (
        201,
        {"id": bob.id, "username": "bob", "email": "bob@example.com"},
    )
    assert (bob.has_usable_password(), bob.is_staff) == (False, False)
    assert staff.get("/api/v1/demo/?user=bob").json()["state"] == "off"


def test_a_taken_name_is_409_and_the_user_is_unchanged(staff):
    User.objects.create_user("bob", email="old@example.com")
    answer = staff.post("/api/v1/users/", {"username": "bob", "email": "new@example.com"}, content_type=JSON)
    assert (answer.status_code, User.objects.get(username="bob").email) == (409, "old@example.com")
    assert "`user`" in answer.json()["hint"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "mail", "email": "a" * 60 + "@" + ".".join(["İ" * 60] * 3) + ".com"},
        {"username": ""},
        {"username": "a b"},
        {"username": "ﬃ" * 60},
        {"username": "x" * 151},
        {"username": "a", "email": "?"},
    ],
)
def test_an_invalid_user_is_400_and_names_the_field(staff, body):
    answer = staff.post("/api/v1/users/", body, content_type=JSON)
    assert (answer.status_code, len(answer.json()["errors"])) == (400, 1)


def test_a_new_user_cannot_be_staff(staff):
    asked = {"username": "bob", "is_staff": True, "password": "x"}
    answer = staff.post("/api/v1/users/", asked, content_type=JSON)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["is_staff", "password"])
    assert staff.post("/api/v1/users/", {"username": "bob"}, content_type=JSON).status_code == 201
    bob = User.objects.get(username="bob")
    assert (bob.is_staff, bob.is_superuser, bob.has_usable_password()) == (False, False, False)


def test_only_staff_create_users(client, alice):
    assert client.post("/api/v1/users/", {"username": "bob"}).status_code == 401
    client.force_login(alice)
    assert client.post("/api/v1/users/", {"username": "bob"}, content_type=JSON).status_code == 403
    assert not User.objects.filter(username="bob").exists()


def test_a_logged_in_user_is_not_redirected_in_circles(client, alice):
    client.force_login(alice)
    assert client.get("/login/?next=/login/").headers["Location"] == "/"
    assert client.get("/login/?next=/comments/").headers["Location"] == "/comments/"


@pytest.mark.parametrize("path", ["/logout", "/demo/pause/"])
def test_a_get_of_a_post_route_shows_the_dashboard(client, alice, path):
    client.force_login(alice)
    assert client.get(path).headers["Location"] == "/"


def test_the_admin_uses_the_log_in_page_and_refuses_non_staff(client, alice):
    assert client.get("/admin/").headers["Location"] == "/admin/login/?next=/admin/"
    assert client.get("/admin/login/?next=/admin/").headers["Location"] == "/login/?next=/admin/"
    client.force_login(alice)
    assert client.get("/admin/", follow=True).status_code == 403
    assert client.get("/admin/login/?next=/comments/").status_code == 403


@pytest.mark.parametrize(
    ("asked", "sent_to"),
    [
        ("", "/admin/"),
        ("?next=", "/admin/"),
        ("?next=/admin/accounts/profile/%3Fis_demo%3D1", "/admin/accounts/profile/?is_demo=1"),
        ("?next=/admin/login/", "/admin/login/"),  # which redirects to the index
        ("?next=http://testserver/comments/", "http://testserver/comments/"),
        ("?next=https://elsewhere.example/", "/admin/"),
        ("?next=//elsewhere.example/", "/admin/"),
        ("?next=%5C%5Celsewhere.example", "/admin/"),
        ("?next=javascript:alert(1)", "/admin/"),
    ],
)
def test_logged_in_staff_are_redirected_from_the_admins_log_in(client, alice, asked, sent_to):
    alice.is_staff = True
    alice.save()
    client.force_login(alice)
    for answer in (client.get(f"/admin/login/{asked}"), client.post(f"/admin/login/{asked}")):
        assert (answer.status_code, answer.headers["Location"]) == (302, sent_to)


@pytest.mark.parametrize("path", ["demo/enable/", "demo/generate/interactions/"])
def test_expensive_calls_are_limited_per_demo_not_per_caller(staff, path, monkeypatch):
    monkeypatch.setattr(Throttle, "get_rate", lambda self: "2/min")
    ids = {name: User.objects.create_user(name) for name in ("one", "two")}

    def codes(user: User) -> list[bool]:
        return [staff.post(f"/api/v1/{path}?user={user.username}").status_code == 429 for _ in range(3)]

    assert codes(ids["one"]) == [False, False, True]
    assert codes(ids["two"]) == [False, False, True]


def sent(browser: Client, page: str, **more: str):
    """Send the form of the password page, as `page` has it, with the browser's cookies."""
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    return browser.post("/password/", {"old_password": "x", "csrfmiddlewaretoken": token}, **more)


def test_a_stale_form_gets_an_error_that_says_what_to_do(person, alice):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(person)
    page = browser.get("/password/").content.decode()
    browser.force_login(alice)
    browser.cookies["csrftoken"] = "b" * 32  # a log-in changes it
    answer = sent(browser, page)
    shown = answer.content.decode()
    assert (answer.status_code, "<h1>This page is too old</h1>" in shown) == (403, True)
    assert "Somebody has logged in or out in this browser since the page was loaded" in shown
    assert "Go back, load the page again and send it once more." in shown
    assert "cookie" not in shown


@pytest.mark.parametrize(
    ("cookies", "headers", "heading"),
    [
        ({}, {}, "Cookies are off"),
        ({"csrftoken": "b" * 32}, {"Origin": "https://example.org"}, "Sent from another site"),
    ],
)
def test_a_form_without_cookies_or_from_another_site_gets_an_error(person, cookies, headers, heading):
    browser = Client(enforce_csrf_checks=True)
    page = browser.get("/login/").content.decode()
    browser.cookies.clear()
    for name, value in cookies.items():
        browser.cookies[name] = value
    answer = sent(browser, page, headers=headers)
    shown = answer.content.decode()
    assert (answer.status_code, f"<h1>{heading}</h1>" in shown, f"<title>{heading} ·" in shown) == (
        403,
        True,
        True,
    )
