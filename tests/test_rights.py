"""Staff who may change users and profiles cannot change users with more permissions, nor give permissions."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.utils import timezone
from knox.models import get_token_model

from accounts.models import Profile, User
from accounts.tokens import create_token
from tests.admin_client import act

STAFF_PERMISSIONS = ("view_user", "add_user", "change_user", "delete_user")
PROFILE_PERMISSIONS = ("view_profile", "add_profile", "change_profile", "delete_profile")
USERS = "admin:accounts_user_changelist"
NEW_PASSWORD = {"password1": "another good one", "password2": "another good one", "usable_password": "true"}
ABOVE = ["superuser", "past_superuser", "with_a_right", "with_a_group", "past_staff"]
WITHIN = ["plain", "staff", "equal", "equal_by_group", "limited_staff"]


def permissions(*names: str) -> list[Permission]:
    return list(Permission.objects.filter(codename__in=names))


@pytest.fixture
def people(db) -> dict[str, User]:
    """Return users by name: those of ABOVE have a permission that the limited staff lacks, those of WITHIN do not."""
    created = {name: User.objects.create_user(name) for name in ("plain", *ABOVE, *WITHIN[1:])}
    created["superuser"].is_superuser = created["past_superuser"].is_superuser = True
    created["past_superuser"].is_active = created["past_staff"].is_active = False
    for name, user in created.items():
        user.is_staff = name != "plain"
        user.save()
    for name in ("with_a_right", "past_staff"):
        created[name].user_permissions.add(*permissions("view_user", "change_deadletter"))
    for name, codenames in {
        "with_a_group": ["change_demoaccount"],
        "equal_by_group": STAFF_PERMISSIONS,
    }.items():
        group = Group.objects.create(name=name)
        group.permissions.add(*permissions(*codenames))
        created[name].groups.add(group)
    created["equal"].user_permissions.add(*permissions("change_user"))
    created["limited_staff"].user_permissions.add(*permissions(*STAFF_PERMISSIONS, *PROFILE_PERMISSIONS))
    return created


@pytest.fixture
def limited_staff(client, people) -> Client:
    client.force_login(people["limited_staff"])
    return client


def change(name: str, **fields: object) -> dict[str, object]:
    body = {"username": name, "email": "new@example.com", "is_active": "on", "is_staff": "on"}
    body |= {"theme": "system", "density": "comfortable"}
    return body | {"date_joined_0": "2026-01-01", "date_joined_1": "00:00"} | fields


@pytest.mark.parametrize("name", ABOVE)
def test_staff_can_view_but_not_change_users_with_more_permissions(limited_staff, people, name):
    user = people[name]
    page = f"/admin/accounts/user/{user.pk}"
    before = User.objects.filter(pk=user.pk).values().get()
    shown = limited_staff.get(f"{page}/change/")
    assert (shown.status_code, 'name="_save"' in shown.content.decode()) == (200, False)
    assert limited_staff.post(f"{page}/change/", change(name)).status_code == 403
    assert limited_staff.get(f"{page}/password/").status_code == 403
    assert limited_staff.post(f"{page}/password/", NEW_PASSWORD).status_code == 403
    assert limited_staff.post(f"{page}/password/", {"usable_password": "false"}).status_code == 403
    assert limited_staff.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=user.pk).values().get() == before


@pytest.mark.parametrize("name", WITHIN)
def test_staff_can_change_other_users_but_give_no_permissions(limited_staff, people, name):
    user = people[name]
    page, held = f"/admin/accounts/user/{user.pk}", user.get_all_permissions()
    everything = [permission.pk for permission in Permission.objects.all()]
    permissions = {"is_superuser": "on", "groups": list(Group.objects.values_list("pk", flat=True))}
    assert limited_staff.post(f"{page}/password/", NEW_PASSWORD).status_code == 302
    limited_staff.force_login(User.objects.get(username="limited_staff"))
    answer = limited_staff.post(f"{page}/change/", change(name, user_permissions=everything, **permissions))
    assert answer.status_code == 302
    now = User.objects.get(pk=user.pk)
    assert (now.email, now.check_password("another good one")) == ("new@example.com", True)
    assert (now.is_superuser, now.is_staff, now.get_all_permissions()) == (False, name != "plain", held)


def test_staff_cannot_end_tokens_of_users_with_more_permissions(limited_staff, people):
    for user in people.values():
        create_token(user, timezone.now())
    messages = act(limited_staff, USERS, "end_tokens", *people.values(), confirmed="1")
    assert messages == [
        "5 tokens ended.",
        "5 users have permissions that you lack; their tokens stay. Ask a superuser.",
    ]
    left = get_token_model().objects.values_list("user__username", flat=True)
    assert sorted(left) == sorted(ABOVE)


def test_a_superuser_changes_every_user(operator, people):
    for user in people.values():
        create_token(user, timezone.now())
        assert operator.post(f"/admin/accounts/user/{user.pk}/password/", NEW_PASSWORD).status_code == 302
        create_token(user, timezone.now())
    assert act(operator, USERS, "end_tokens", *people.values(), confirmed="1")[-1] == "10 tokens ended."


@pytest.mark.parametrize("name", ["superuser", "with_a_group"])
def test_staff_cannot_change_or_assign_profiles_of_users_with_more_permissions(limited_staff, people, name):
    keys = {"platform": "x", "display_name": ""}
    theirs = Profile.objects.create(owner=people[name], platform="x", platform_id="1", handle="theirs")
    plain = Profile.objects.create(owner=people["plain"], platform="x", platform_id="2", handle="plain")
    before = list(Profile.objects.values())
    body = keys | {"owner": people["plain"].pk, "platform_id": "1", "handle": "mine"}
    assert limited_staff.post(f"/admin/accounts/profile/{theirs.pk}/change/", body).status_code == 403
    gift = keys | {"owner": people[name].pk, "platform_id": "2", "handle": "gift"}
    for page in (f"{plain.pk}/change", "add"):
        shown = limited_staff.post(f"/admin/accounts/profile/{page}/", gift).content.decode()
        assert "Choose a user who has no permission that you lack, or ask a superuser." in shown
    assert list(Profile.objects.values()) == before
    body = keys | {"owner": people["limited_staff"].pk, "platform_id": "2", "handle": "renamed"}
    assert limited_staff.post(f"/admin/accounts/profile/{plain.pk}/change/", body).status_code == 302
    assert Profile.objects.get(pk=plain.pk).handle == "renamed"


@pytest.mark.parametrize("name", ["limited_staff", "superuser"])
def test_the_api_creates_users_without_permissions_and_changes_none(client, people, name):
    client.force_login(people[name])
    body = {"username": "new", "is_staff": True, "is_superuser": True}
    assert client.post("/api/v1/users/", body, content_type="application/json").status_code == 400
    answer = client.post("/api/v1/users/", {"username": "superuser"}, content_type="application/json")
    assert answer.status_code == 409
    assert (
        client.post("/api/v1/users/", {"username": "new"}, content_type="application/json").status_code == 201
    )
    created = User.objects.get(username="new")
    assert (created.is_staff, created.is_superuser, created.has_usable_password()) == (False, False, False)
    assert client.patch("/api/v1/users/", {}, content_type="application/json").status_code == 405
