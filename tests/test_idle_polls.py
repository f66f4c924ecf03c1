"""Polls of an inbox in which nothing has changed: the database is not asked, and nobody else's version is accepted."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Profile, User
from demo.lifecycle import pending_work, transitions
from demo.models import DemoAccount
from interactions.profile_deletion import delete_profile
from tests.inbox_pages import version_of, whole
from tests.world import NOW, comment, send

pytestmark = pytest.mark.django_db(transaction=True)

LOG_IN = "/login?next=%2F&ended=1"


@pytest.fixture
def alice(transactional_db) -> User:
    return User.objects.create_user("alice", password="alice")


@pytest.fixture
def owned(alice) -> Profile:
    return Profile.objects.create(owner=alice, platform="facebook", platform_id="brand", handle="brand")


@pytest.fixture
def tab(alice, owned) -> Client:
    """A browser in which Alice is logged in."""
    send(owned, comment("c1"))
    client = Client()
    client.force_login(alice)
    return client


def version(client: Client) -> str:
    """The version of the page that the client loads."""
    return version_of(whole(client))


def poll(client: Client, version: str, page: str = "inbox"):
    return client.get(f"/{page}/updates/", headers={"HX-Request": "true", "X-Version": version})


@pytest.mark.parametrize("page", ["inbox", "comments", "messages"])
def test_an_idle_poll_makes_no_query(tab, page):
    shown = version(tab)
    with CaptureQueriesContext(connection) as made:
        answer = poll(tab, shown, page)
    assert (answer.status_code, answer.content, len(made)) == (204, b"", 0)
    assert answer.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    "change",
    [
        lambda owned: send(owned, comment("c2")),
        lambda owned: Profile.objects.connect(owned.owner, platform="x", platform_id="2", handle="second"),
        lambda owned: delete_profile(owned.owner, owned.pk),
        lambda owned: enable_demo(owned.owner),
        lambda owned: rename(owned),
    ],
    ids=["a comment", "a new profile", "a deleted profile", "a demo", "a new name"],
)
def test_what_the_page_shows_is_sent_again_after(tab, owned, change: Callable[[Profile], object]):
    shown = version(tab)
    change(owned)
    assert poll(tab, shown).status_code == 200


def enable_demo(user: User) -> None:
    account = DemoAccount.objects.create(user=user, seed=1)
    transitions.enable(user, NOW, request_worker=False)
    pending_work.run_to_completion(account.pk, NOW)


def rename(profile: Profile) -> None:
    profile.display_name = "Another name"
    profile.save()


def test_a_version_is_valid_in_the_session_of_its_page_only(tab, alice):
    shown, other_browser, bob = version(tab), Client(), Client()
    other_browser.force_login(alice)
    bob.force_login(User.objects.create_user("bob"))
    assert poll(other_browser, shown).status_code == 200
    assert poll(bob, shown).status_code == 200
    assert poll(Client(), shown).headers["HX-Redirect"] == LOG_IN


def test_a_page_notices_at_once_that_its_browser_has_logged_out(tab):
    shown = version(tab)
    tab.post("/logout/")
    assert poll(tab, shown).headers["HX-Redirect"] == LOG_IN


@pytest.mark.parametrize(
    "forge",
    [
        lambda shown: "",
        lambda shown: shown[:-1],
        lambda shown: shown[:-1] + ("0" if shown[-1] != "0" else "1"),
        lambda shown: shown.replace(".", "-1."),
        lambda shown: shown.replace(".", f"-{'9' * 18}."),
        lambda shown: f"{'9' * 30}.{'f' * 32}",
    ],
)
def test_a_changed_version_is_none(tab, forge):
    assert poll(tab, forge(version(tab))).status_code == 200


def test_only_reading_is_answered_early(tab):
    shown = version(tab)
    assert tab.post("/inbox/updates/", headers={"X-Version": shown}).status_code == 405
    assert tab.head("/inbox/updates/", headers={"X-Version": shown}).status_code == 204


def test_without_redis_the_page_is_compared_with_the_database(tab, settings):
    shown = version(tab)
    settings.REDIS_CLIENT_URL = "redis://127.0.0.1:1/0"
    assert poll(tab, shown).status_code == 200
