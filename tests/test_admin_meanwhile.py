"""Rows that are deleted or changed while an operator works on them, and actions that ask for confirmation."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import close_old_connections, connection
from django.test import Client
from django.urls import reverse

from accounts.models import Profile, User
from demo.models import DemoAccount
from tests.admin_client import act, confirm, messages_in
from tests.lock_helpers import locked_elsewhere
from tests.service_stack import until
from tests.world import demo_of

PROFILES = "admin:accounts_profile_changelist"
LEFT = "was not changed: each was deleted, or is being changed by somebody else; look at the list."
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def profiles_of(owner: User, number: int) -> list[Profile]:
    return Profile.objects.bulk_create(
        Profile(owner=owner, platform="x", platform_id=f"p-{n}", handle=f"h{n}") for n in range(number)
    )


def secrets() -> dict[int, tuple[str, str]]:
    return {
        profile.pk: (profile.webhook_secret, profile.webhook_secret_previous)
        for profile in Profile.objects.all()
    }


def request_rotation(client: Client, *profiles: Profile):
    body = {"action": "rotate_secrets", "_selected_action": [profile.pk for profile in profiles]}
    return client.post(reverse(PROFILES), body, follow=True)


def test_rotating_asks_for_confirmation_and_then_shows_each_secret(operator, alice):
    profiles = profiles_of(alice, 3)
    before = secrets()
    asked = request_rotation(operator, *profiles[:2])
    shown = asked.content.decode()
    assert ("Give these profiles new signing secrets?" in shown, "<bdi>@h0 (X)</bdi>" in shown) == (
        True,
        True,
    )
    assert secrets() == before
    messages = confirm(operator, asked, PROFILES)
    after = secrets()
    assert sorted(messages) == sorted(
        f"Signing secret of {profile}, shown only this once: <code>{after[profile.pk][0]}</code>"
        for profile in profiles[:2]
    )
    assert {pk: previous for pk, (_, previous) in after.items()} == {
        pk: secret if pk != profiles[2].pk else "" for pk, (secret, _) in before.items()
    }
    assert after[profiles[2].pk] == before[profiles[2].pk]


@pytest.mark.parametrize("more", [{}, {"confirmed": "1"}])
def test_at_most_as_many_secrets_are_rotated_as_a_page_shows(operator, alice, more):
    profiles, before = profiles_of(alice, 51), secrets()
    messages = act(operator, PROFILES, "rotate_secrets", *profiles, **more)
    assert messages == ["Nothing was rotated: choose at most 50 profiles, as each secret is shown."]
    assert secrets() == before
    assert len(act(operator, PROFILES, "rotate_secrets", *profiles[:50], confirmed="1")) == 50


def test_a_profile_deleted_after_the_confirmation_is_reported(operator, alice):
    [kept, deleted] = profiles_of(alice, 2)
    asked = request_rotation(operator, kept, deleted)
    Profile.objects.filter(pk=deleted.pk).delete()
    messages = confirm(operator, asked, PROFILES)
    assert (len(messages), messages[-1]) == (2, f"1 profile {LEFT}")


@pytest.mark.django_db(transaction=True)
def test_a_locked_profile_is_skipped_and_delays_no_other(operator, alice):
    [free, held] = profiles_of(alice, 2)
    before = secrets()
    with locked_elsewhere(lambda: Profile.objects.filter(pk=held.pk).update(handle="new")):
        messages = act(operator, PROFILES, "rotate_secrets", free, held, confirmed="1")
    assert (len(messages), messages[-1]) == (2, f"1 profile {LEFT}")
    assert [secrets()[one.pk] == before[one.pk] for one in (free, held)] == [False, True]


def posted_while(
    operator: Client, happens: Callable[[], object], path: str, body: dict
) -> tuple[int, list[str]]:
    """Send a form while another transaction changes its row; return the status and the messages."""

    def post():
        try:
            return operator.post(path, body, follow=True)
        finally:
            close_old_connections()
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with locked_elsewhere(happens):
            answer = pool.submit(post)
            until(lambda: answer.done() or waits(), "the form's request waits for the row", 10)
        shown = answer.result(20)
    return shown.status_code, messages_in(shown)


def waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return cursor.fetchone()[0] > 0


PERSON = {"username": "alice", "email": "new@example.com", "is_active": "on"}
PERSON |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00"}
PASSWORD = {"password1": "another good one", "password2": "another good one", "usable_password": "true"}


@pytest.mark.django_db(transaction=True)
def test_the_form_of_a_deleted_profile_gets_a_message_and_creates_none(operator, alice):
    [profile] = profiles_of(alice, 1)
    body = {"owner": alice.pk, "platform": "x", "platform_id": "new", "handle": "new", "display_name": ""}
    path = reverse("admin:accounts_profile_change", args=[profile.pk])
    messages = posted_while(operator, Profile.objects.filter(pk=profile.pk).delete, path, body)
    assert messages == (200, [f"profile with ID “{profile.pk}” doesn’t exist. Perhaps it was deleted?"])
    assert not Profile.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("page", "body"), [("change", PERSON), ("password", PASSWORD)])
def test_the_form_of_a_deleted_user_creates_none(operator, alice, page, body):
    path = f"/admin/accounts/user/{alice.pk}/{page}/"
    messages = posted_while(operator, User.objects.filter(pk=alice.pk).delete, path, body)
    deleted = f"user with ID “{alice.pk}” doesn’t exist. Perhaps it was deleted?"
    assert messages == ((200, [deleted]) if page == "change" else (404, []))
    assert not User.objects.filter(username="alice").exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("page", "body"), [("change", PERSON), ("password", PASSWORD)])
def test_permissions_given_meanwhile_are_not_overwritten_by_an_open_form(client, alice, page, body):
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.add(*clerk.user_permissions.model.objects.filter(codename="change_user"))
    client.force_login(clerk)
    path = f"/admin/accounts/user/{alice.pk}/{page}/"
    raised = User.objects.filter(pk=alice.pk)
    messages = posted_while(client, lambda: raised.update(is_superuser=True), path, body)
    alice.refresh_from_db()
    assert (messages, alice.is_superuser, alice.has_usable_password()) == ((403, []), True, False)


@pytest.mark.django_db(transaction=True)
def test_an_action_on_a_deleted_demo_gets_a_message(operator, alice):
    account = demo_of(alice)

    def go() -> None:
        DemoAccount.objects.filter(pk=account.pk).delete()
        User.objects.filter(pk=alice.pk).delete()

    body = {"action": "pause", "_selected_action": [account.pk]}
    messages = posted_while(operator, go, reverse("admin:demo_demoaccount_changelist"), body)
    assert messages == (200, ["alice: this demo was deleted with its user."])
    assert not DemoAccount.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", ["user", "profile"])
def test_a_post_to_a_read_only_page_is_answered_like_a_get(operator, live, model):
    row = live if model == "profile" else live.owner
    assert operator.post(reverse(f"admin:accounts_{model}_history", args=[row.pk])).status_code == 200
