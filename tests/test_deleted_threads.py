"""A platform that deletes replies with their first comment takes the thread along; it comes back with its first comment."""

from itertools import permutations

import pytest
from django.test import Client

from accounts.models import Profile, User
from accounts.platforms import PLATFORMS
from demo.engine import retention
from interactions import replies
from interactions.models import Interaction, Moderation, Thread
from interactions.threads.decisions import decide
from interactions.threads.recomputing import recompute
from interactions.threads.waking import wake_threads
from tests.expected_threads import check_threads, threads_as_seen
from tests.world import DAY, HOUR, NOW, at, event, send, work_on

T = [NOW - 5 * DAY + hours * HOUR for hours in range(6)]
CONVERSATION = [
    event("comment.created", "first", at(T[0])),
    event("comment.created", "reply", at(T[1]), parent_id="first"),
    event("comment.created", "answer", at(T[2]), parent_id="reply", author={"id": "brand"}),
]
DELETION = event("comment.deleted", "first", at(T[3]))
LISTS = ("threads", "interactions", "interactions/?search=comment", "threads/?search=comment")


def profile_on(platform: str, owner: User, **fields) -> Profile:
    return Profile.objects.create(
        owner=owner, platform=platform, platform_id="brand", handle="brand", **fields
    )


@pytest.fixture
def facebook(alice) -> Profile:
    return profile_on("facebook", alice)


def row(platform_id: str) -> Interaction:
    return Interaction.objects.get(platform_id=platform_id)


def get(client: Client, path: str):
    path, _, query = path.partition("/?")
    return client.get(f"/api/v1/{path}/?{query}")


def numbers_shown(client: Client) -> list[int]:
    """How many rows each list of the API has, how many the analytics count, and how many lines the export has."""
    lists = [len(get(client, path).json()["results"]) for path in LISTS]
    counted = get(client, "analytics/summary").json()["interactions"]
    export = b"".join(client.get("/api/v1/interactions/export.csv").streaming_content)
    return [*lists, counted, len(export.splitlines()) - 1]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_only_facebook_deletes_the_replies_with_the_first_comment(page, alice, platform):
    send(profile_on(platform, alice), *CONVERSATION, DELETION)
    check_threads(NOW)
    assert numbers_shown(page) == ([0] * 6 if platform == "facebook" else [1, 2, 2, 1, 2, 2])


def test_what_was_deleted_with_its_thread_is_found_nowhere(page, facebook):
    send(facebook, *CONVERSATION)
    paths = [f"interactions/{row('reply').pk}", f"threads/{Thread.objects.get().pk}"]
    assert [get(page, path).status_code for path in paths] == [200, 200]
    send(facebook, DELETION)
    assert [get(page, path).status_code for path in paths] == [404, 404]
    for path in paths:
        assert page.post(f"/api/v1/{path}/reply/", {"text": "hello"}).status_code == 404
    assert page.post(f"/api/v1/{paths[0]}/hide/").status_code == 404
    assert page.delete(f"/api/v1/{paths[0]}/").status_code == 204
    assert not Moderation.objects.exists()
    assert not page.get("/comments/?status=all").context["list"].threads
    with pytest.raises(Interaction.DoesNotExist):
        replies.store_reply(row("reply"), "hello", NOW)
    with pytest.raises(Thread.DoesNotExist):
        replies.answer_thread(Thread.objects.get(), "hello", NOW)


def test_any_order_of_arrival_deletes_the_thread(alice, bob):
    for number, order in enumerate(permutations([*CONVERSATION, DELETION])):
        profile = profile_on("facebook", User.objects.create_user(f"user {number}"))
        for one in order:
            send(profile, one)
    assert Thread.objects.filter(active_at=None, unread=False, is_deleted=True).count() == 24
    assert Thread.objects.count() == 24
    check_threads(NOW)


def test_later_replies_stay_deleted_and_all_comes_back_when_the_first_comment_is_created_again(
    page, facebook
):
    send(facebook, *CONVERSATION)
    work_on(Thread.objects.get())
    send(facebook, event("comment.created", "late", at(T[4]), parent_id="answer"))
    before, shown = threads_as_seen(), numbers_shown(page)
    send(facebook, DELETION)
    send(facebook, event("comment.created", "last", at(T[5]), parent_id="late"))
    check_threads(NOW)
    assert numbers_shown(page) == [0] * 6
    send(facebook, event("comment.deleted", "last", at(T[5])))
    send(facebook, event("comment.created", "first", at(NOW - HOUR)))
    check_threads(NOW)
    assert numbers_shown(page) == shown
    assert [one[4:8] for one in threads_as_seen().values()] == [one[4:8] for one in before.values()]
    assert page.get(f"/api/v1/threads/{Thread.objects.get().pk}/").json()["labels"] == ["urgent"]


def test_a_snooze_that_ends_does_not_bring_a_deleted_thread_back(page, facebook):
    send(facebook, *CONVERSATION)
    decide([Thread.objects.get().pk], "snoozed", NOW, until=NOW + HOUR)
    send(facebook, DELETION)
    assert wake_threads(NOW + 2 * HOUR) == 1
    check_threads(NOW + 2 * HOUR)
    assert numbers_shown(page) == [0] * 6


def test_a_deleted_reply_and_a_first_comment_hidden_by_age_leave_the_thread(page, alice):
    demo = profile_on("facebook", alice, is_demo=True)
    send(demo, *CONVERSATION)
    send(demo, event("comment.deleted", "reply", at(T[3])))
    Interaction.objects.filter(platform_id="first").update(expired_at=NOW, deleted_at=NOW)
    recompute([Thread.objects.get().pk], NOW)
    check_threads(NOW)
    assert numbers_shown(page)[:2] == [1, 1]


def test_the_thread_stays_deleted_when_its_first_comment_is_purged(page, alice):
    demo = profile_on("facebook", alice, is_demo=True)
    send(demo, *CONVERSATION, DELETION)
    retention.purge_interactions(Interaction.objects.filter(platform_id="first"), [demo.pk], NOW)
    check_threads(NOW)
    assert numbers_shown(page) == [0] * 6


def test_a_demo_comment_deleted_by_its_user_takes_its_replies_along(page, alice):
    send(profile_on("facebook", alice, is_demo=True), *CONVERSATION)
    assert page.delete(f"/api/v1/interactions/{row('first').pk}/").status_code == 204
    check_threads(NOW)
    assert numbers_shown(page) == [0] * 6


@pytest.mark.parametrize("together", [True, False])
def test_a_message_with_the_id_of_its_conversation_deletes_itself_alone(page, facebook, together):
    first = event("message.created", "one", at(T[0]), conversation_id="one")
    second = event("message.created", "two", at(T[1]), conversation_id="one")
    deletion = event("message.deleted", "one", at(T[3]))
    for batch in [[first, second, deletion]] if together else [[first, second], [deletion]]:
        send(facebook, *batch)
    check_threads(NOW)
    assert numbers_shown(page)[:2] == [1, 1]


def test_a_first_comment_that_is_created_again_after_its_purge_brings_the_thread_back(page, alice):
    demo = profile_on("facebook", alice, is_demo=True)
    send(demo, *CONVERSATION, DELETION)
    retention.purge_interactions(Interaction.objects.filter(platform_id="first"), [demo.pk], NOW)
    send(demo, event("comment.created", "first", at(T[4])))
    check_threads(NOW)
    assert numbers_shown(page)[:2] == [1, 3]
