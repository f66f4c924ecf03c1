"""Replies to threads over REST, and collisions with answers that were not seen."""

import pytest
from django.test import Client

from accounts.models import Profile
from interactions.clock import now
from interactions.models import Interaction
from tests.expected_threads import check_threads
from tests.thread_requests import JSON, everything, path_of, row, simultaneously
from tests.world import BRAND, NOW, T, at, comment, event, message, send, thread


def reply(client: Client, root: str, key: str | None = None, **fields):
    headers = {"Idempotency-Key": key} if key else {}
    body = {"text": "Thank you!"} | fields
    return client.post(path_of(root, "reply/"), body, content_type=JSON, headers=headers)


def test_a_reply_answers_the_newest_received_row(page, profile):
    send(profile, comment("c1"), comment("c2", T[1], parent_id="c1"), comment("c3", T[2], parent_id="c1"))
    send(profile, comment("a1", T[3], parent_id="c3", author=BRAND), event("comment.hidden", "c3", at(T[4])))
    answer = reply(page, "c1")
    body = answer.json()
    assert (answer.status_code, body["parent"], body["send_status"]) == (201, row("c2").pk, "queued")
    assert (body["thread"], body["direction"]) == (thread("c1").pk, "out")
    check_threads(now())


def test_a_reply_answers_the_newest_row_where_nothing_was_received(page, profile):
    send(profile, message("m1", author=BRAND), message("m2", T[1], author=BRAND))
    assert reply(page, "talk").json()["parent"] == row("m2").pk


def test_a_reply_after_an_answer_that_was_not_seen_is_409_with_that_answer(page, profile):
    send(profile, comment("c1"))
    first = reply(page, "c1", seen_id=row("c1").pk)
    second = reply(page, "c1", seen_id=row("c1").pk)
    assert (first.status_code, second.status_code) == (201, 409)
    problem = second.json()
    assert problem["newer"] == page.get(f"/api/v1/interactions/{first.json()['id']}/").json()
    assert ("newer answer" in problem["detail"], "seen_id" in problem["hint"]) == (True, True)
    assert reply(page, "c1", seen_id=first.json()["id"]).status_code == 201
    assert reply(page, "c1", seen_id=row("c1").pk, anyway=True).status_code == 201
    assert reply(page, "c1").status_code == 201
    assert Interaction.objects.filter(direction="out").count() == 4


def test_an_answer_that_the_network_sent_counts_even_if_it_is_dated_before_another(page, profile):
    send(profile, comment("c1"), comment("a2", T[2], parent_id="c1", author=BRAND))
    seen = row("a2").pk
    assert reply(page, "c1", seen_id=seen).status_code == 201
    send(profile, comment("c2", NOW, parent_id="c1"))
    seen = Interaction.objects.latest("pk").pk
    send(profile, comment("a1", T[1], parent_id="c1", author=BRAND))
    answer = reply(page, "c1", seen_id=seen)
    assert (answer.status_code, answer.json()["newer"]["platform_id"]) == (409, "a1")


def test_a_received_row_that_was_not_seen_is_no_collision(page, profile):
    send(profile, comment("c1"), comment("a1", T[1], parent_id="c1", author=BRAND))
    seen = row("a1").pk
    send(profile, comment("c2", T[3], parent_id="c1"))
    assert reply(page, "c1", seen_id=seen).status_code == 201


def test_an_answer_that_is_deleted_is_no_collision(page, profile):
    send(profile, comment("c1"), comment("a1", T[1], parent_id="c1", author=BRAND))
    send(profile, event("comment.deleted", "a1", at(T[2])), comment("c2", T[3], parent_id="c1"))
    assert reply(page, "c1", seen_id=row("c1").pk).status_code == 201


def test_a_repeated_reply_is_answered_like_the_first_time_in_spite_of_newer_rows(page, profile):
    send(profile, comment("c1"))
    first = reply(page, "c1", "key", seen_id=row("c1").pk)
    send(profile, comment("c2", NOW, parent_id="c1"))
    reply(page, "c1", anyway=True)
    again = reply(page, "c1", "key", seen_id=row("c1").pk)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert reply(page, "c1", "key", text="Something else").status_code == 422
    assert Interaction.objects.filter(direction="out").count() == 2


def test_a_repeated_reply_is_answered_after_its_thread_became_invisible(page, profile):
    send(profile, comment("c1"))
    first = reply(page, "c1", "key").json()
    send(
        profile,
        event("comment.deleted", "c1", at(NOW)),
        event("comment.deleted", first["platform_id"], at(NOW)),
    )
    Interaction.objects.update(deleted_at=NOW)
    assert reply(page, "c1", "key").json()["id"] == first["id"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "\u200b"}, "text"),
        ({"text": "x" * 65_537}, "text"),
        ({"seen_id": -1}, "seen_id"),
        ({"seen_id": "5"}, "seen_id"),
        ({"seen_id": 2**63}, "seen_id"),
        ({"anyway": 1}, "anyway"),
        ({"parent": 5}, "parent"),
    ],
)
def test_an_invalid_reply_is_400_and_stores_nothing(page, profile, fields, field):
    send(profile, comment("c1"))
    before = everything()
    answer = reply(page, "c1", **fields)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert everything() == before


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_replies_one_is_stored_and_the_others_are_409(alice):
    profile = Profile.objects.create(owner=alice, platform="facebook", platform_id="brand", handle="brand")
    send(profile, comment("c1"))
    seen = row("c1").pk
    answers = simultaneously(
        alice, [profile.pk], *(lambda client: reply(client, "c1", seen_id=seen) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    [stored] = Interaction.objects.filter(direction="out")
    assert {answer.json()["newer"]["id"] for answer in answers if answer.status_code == 409} == {stored.pk}
