"""A reply that is sent again with its Idempotency-Key is stored once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Profile, User
from interactions.models import Interaction
from tests.world import NOW, event, send

JSON = "application/json"
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


def reply(client: Client, row: Interaction, key: str | None, text: str = "Thank you!"):
    headers = {} if key is None else {"Idempotency-Key": key}
    path = f"/api/v1/interactions/{row.pk}/reply/"
    return client.post(path, {"text": text}, content_type=JSON, headers=headers)


def replies() -> int:
    return Interaction.objects.filter(direction="out").count()


@pytest.fixture
def comment(live) -> Interaction:
    return Interaction.objects.get(platform_id="comment")


@pytest.mark.parametrize("again", [KEY, f'"{KEY}"'])
def test_the_same_reply_is_stored_once_and_answered_like_the_first_time(page, comment, again):
    first, second = reply(page, comment, KEY), reply(page, comment, again)
    assert (first.status_code, second.status_code, replies()) == (201, 201, 1)
    assert second.json() == first.json()


def test_another_reply_with_the_key_is_422_and_not_stored(page, live, comment):
    reply(page, comment, KEY)
    message = Interaction.objects.get(platform_id="message")
    for answer in (reply(page, comment, KEY, "Something else"), reply(page, message, KEY)):
        assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
        assert "new key" in answer.json()["hint"]
    assert replies() == 1


def test_without_a_key_or_with_another_each_reply_is_stored(page, comment):
    for key in (None, None, KEY, "another"):
        assert reply(page, comment, key).status_code == 201
    assert replies() == 4


@pytest.mark.parametrize("key", ["", '""', " ", "a b", "x" * 256, "k\u00e9", "a\tb"])
def test_an_invalid_key_is_400_and_nothing_is_stored(page, comment, key):
    answer = reply(page, comment, key)
    assert (answer.status_code, "1 to 255 visible ASCII" in answer.json()["detail"]) == (400, True)
    assert replies() == 0
    assert reply(page, comment, "x" * 255).status_code == 201


def test_users_may_use_the_same_key(page, client, comment, bob):
    reply(page, comment, KEY)
    other = Profile.objects.create(owner=bob, platform="x", platform_id="bob", handle="bob")
    send(other, event("comment.created", "comment"))
    page.force_login(bob)
    assert reply(page, comment, KEY).status_code == 404
    answer = reply(page, Interaction.objects.get(profile=other), KEY)
    assert (answer.status_code, answer.json()["profile"], replies()) == (201, other.pk, 2)


def test_an_invalid_reply_does_not_use_up_its_key(page, comment):
    assert reply(page, comment, KEY, "").status_code == 400
    assert reply(page, comment, KEY).status_code == 201


def test_a_repeated_reply_gets_the_first_answer_after_the_comment_was_deleted(page, live, comment):
    first = reply(page, comment, KEY)
    send(live, event("comment.deleted", "comment", NOW.isoformat()))
    again = reply(page, comment, KEY)
    assert (again.status_code, again.json()["id"], replies()) == (201, first.json()["id"], 1)
    assert reply(page, comment, "another").status_code == 404


def test_forty_simultaneous_requests_store_one_row(transactional_db):
    alice = User.objects.create_user("alice")
    profile = Profile.objects.create(owner=alice, platform="x", platform_id="p", handle="p")
    send(profile, event("comment.created", "comment"))
    row = Interaction.objects.get()
    clients = [Client() for _ in range(40)]
    for client in clients:
        client.force_login(alice)

    def ask(client: Client):
        try:
            return reply(client, row, KEY)
        finally:
            connection.close()

    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(ask, clients))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == replies() == 1
