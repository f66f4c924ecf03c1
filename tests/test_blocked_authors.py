"""Blocked authors over REST: what they wrote is hidden, before and from then on, and their messages are archived."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Profile
from interactions.models import BlockedAuthor, Decision, Interaction, Moderation, Thread
from interactions.moderation import blocking
from interactions.tasks import hide_blocked_authors
from tests.commands import run
from tests.expected_threads import check_threads
from tests.world import DAY, NOW, at, demo_of, event, send

JSON = "application/json"
PATH = "/api/v1/blocked-authors/"
TROLL = {"id": "troll", "handle": "the.troll", "name": "A Troll"}


def comment(id: str, **fields) -> dict:
    return event("comment.created", id, author=TROLL, **fields)


def message(id: str, **fields) -> dict:
    return event("message.created", id, author=TROLL, **fields)


def block(client: Client, profile: Profile, author_id: str = "troll", **more):
    return client.post(PATH, {"profile": profile.pk, "author_id": author_id} | more, content_type=JSON)


def hidden() -> set[str]:
    return set(Interaction.objects.exclude(hidden_at=None).values_list("platform_id", flat=True))


def asked() -> set[tuple[str, str]]:
    return set(Moderation.objects.values_list("interaction__platform_id", "action"))


def test_blocking_hides_stored_comments_of_that_author_on_that_profile(page, alice, profile):
    other = Profile.objects.create(owner=alice, platform="x", platform_id="brand", handle="brand")
    for one in (profile, other):
        send(
            one, comment("c1"), comment("c2", parent_id="c1"), event("comment.created", "kind"), message("m1")
        )
    answer = block(page, profile, name="the troll")
    row = answer.json()
    assert (answer.status_code, list(row)) == (
        201,
        ["id", "profile", "author_id", "name", "created_at", "is_hiding"],
    )
    assert (row["profile"], row["author_id"], row["name"], row["is_hiding"]) == (
        profile.pk,
        "troll",
        "the troll",
        False,
    )
    assert (hidden(), asked()) == ({"c1", "c2"}, {("c1", "hide"), ("c2", "hide")})
    assert set(Moderation.objects.values_list("profile", flat=True)) == {profile.pk}
    assert Thread.objects.get(profile=profile, kind="message").status == "open"
    check_threads(NOW)
    assert page.get(f"{PATH}{row['id']}/").json() == row
    assert page.get(PATH).json()["results"] == [row]


def test_what_a_blocked_author_writes_later_is_hidden_and_messages_are_archived(page, profile):
    block(page, profile)
    send(profile, event("comment.created", "kind"), comment("c1"), message("m1"), at=NOW)
    assert (hidden(), asked()) == ({"c1"}, {("c1", "hide")})
    talk = Thread.objects.get(kind="message")
    assert (talk.status, talk.unread) == ("archived", False)
    assert Decision.objects.values_list("thread", "status", "author_name").get() == (
        talk.pk,
        "archived",
        "blocked authors",
    )
    check_threads(NOW)


def test_a_message_of_somebody_else_opens_the_conversation_again(page, profile):
    block(page, profile)
    send(profile, message("m1"), event("message.created", "m2", at(NOW - DAY)))
    assert Thread.objects.get().status == "open"


def test_a_comment_from_before_the_block_that_arrives_late_is_hidden(page, profile):
    block(page, profile)
    send(profile, comment("c1", occurred_at=at(NOW - 300 * DAY)))
    assert hidden() == {"c1"}


def test_a_comment_that_a_person_has_unhidden_stays_so_when_it_is_sent_again(page, profile):
    block(page, profile)
    [result] = send(profile, comment("c1"))
    page.post(f"/api/v1/interactions/{result.id}/unhide/")
    send(profile, comment("c1"), event("comment.edited", "c1", at(NOW)))
    assert (hidden(), asked()) == (set(), {("c1", "unhide")})


def test_no_network_is_asked_for_comments_that_it_has_deleted(page, profile):
    send(profile, comment("before"), event("comment.deleted", "before", at(NOW)))
    block(page, profile)
    send(profile, event("comment.deleted", "after", at(NOW)))
    send(profile, comment("after"))
    assert (hidden(), asked()) == ({"before", "after"}, set())


def test_in_a_demo_no_network_is_asked(page, alice):
    demo_of(alice)
    row = Interaction.objects.filter(type="comment", direction="in").first()
    block(page, row.profile, row.author_id)
    mine = Interaction.objects.filter(profile=row.profile, type="comment", author_id=row.author_id)
    send(row.profile, event("comment.created", "later", author={"id": row.author_id}))
    assert "later" in hidden()
    assert hidden() == set(mine.values_list("platform_id", flat=True))
    assert asked() == set()
    check_threads(NOW)


def test_unblocking_unhides_nothing_and_hides_nothing_more(page, profile):
    send(profile, comment("c1"))
    row = block(page, profile).json()
    answers = [page.delete(f"{PATH}{row['id']}/").status_code for _ in range(2)]
    send(profile, comment("c2"), message("m1"))
    assert (answers, hidden(), page.get(PATH).json()["results"]) == ([204, 404], {"c1"}, [])
    assert Thread.objects.get(kind="message").status == "open"


def test_blocking_again_answers_the_same_row(page, profile):
    first, again = block(page, profile, name="a"), block(page, profile, name="b")
    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())


# Many rows


def test_a_task_hides_what_a_request_leaves(page, profile, monkeypatch):
    monkeypatch.setattr(blocking, "ROWS_PER_TRANSACTION", 2)
    monkeypatch.setattr(blocking, "MAX_REQUEST_TIME", timedelta(0))
    monkeypatch.setattr(blocking.hide_stored, "__defaults__", (timedelta(0),))
    times = [at(NOW - 9 * DAY + number // 2 * DAY) for number in range(7)]  # pairs of the same time
    send(profile, *(comment(f"c{number}", occurred_at=time) for number, time in enumerate(times)))
    row = block(page, profile).json()
    assert (row["is_hiding"], hidden()) == (True, {"c6", "c5"})
    hide_blocked_authors()
    assert hidden() == {f"c{number}" for number in range(7)}
    assert page.get(f"{PATH}{row['id']}/").json()["is_hiding"] is False
    assert len(asked()) == 7
    check_threads(NOW)


def test_the_task_ends_when_its_time_is_over_and_goes_on_the_next_time(page, profile, monkeypatch):
    monkeypatch.setattr(blocking, "ROWS_PER_TRANSACTION", 1)
    send(profile, *(comment(f"c{number}") for number in range(3)))
    BlockedAuthor.objects.create(profile=profile, is_demo=False, author_id="troll", created_at=NOW)
    assert blocking.hide_blocked(NOW, timedelta(0)) == 0
    assert blocking.hide_blocked(NOW, timedelta(seconds=30)) == 3
    assert blocking.hide_blocked(NOW, timedelta(seconds=30)) == 0


def test_an_advance_of_a_demo_moves_where_hiding_goes_on(alice, monkeypatch):
    demo_of(alice)
    row = Interaction.objects.filter(type="comment", direction="in").order_by("posted_at").first()
    monkeypatch.setattr(blocking, "ROWS_PER_TRANSACTION", 1)
    block, _ = blocking.block(row.profile, row.author_id, "", NOW)
    blocking.hide_stored(block.pk, NOW, timedelta(0))
    run("advance_demo", "--user", "alice", "--days", "1")
    blocking.hide_blocked(NOW, timedelta(seconds=30))
    mine = Interaction.objects.filter(
        profile=row.profile, type="comment", author_id=row.author_id, received_at__lt=NOW
    )
    assert list(mine.filter(hidden_at=None)) == []


# Limits and invalid requests


def test_a_profile_has_at_most_a_thousand(page, profile, monkeypatch):
    BlockedAuthor.objects.bulk_create(
        BlockedAuthor(profile=profile, is_demo=False, author_id=f"a{n}", created_at=NOW) for n in range(999)
    )
    codes = [block(page, profile, id).status_code for id in ("last", "one more", "last")]
    assert codes == [201, 409, 200]
    assert "1,000 authors" in block(page, profile, "one more").json()["detail"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"author_id": ""}, "author_id"),
        ({"author_id": "x" * 256}, "author_id"),
        ({"author_id": "a\x00b"}, "author_id"),
        ({"author_id": "brand"}, "author_id"),
        ({"name": "x" * 256}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"profile": 0}, "profile"),
        ({"profile": None}, "profile"),
        ({"is_hiding": False}, "is_hiding"),
    ],
)
def test_an_invalid_field_is_400_and_named(page, profile, fields, field):
    body = {"profile": profile.pk, "author_id": "troll"} | fields
    answer = page.post(PATH, body, content_type=JSON)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not BlockedAuthor.objects.exists()


def test_another_users_profile_and_blocked_authors_are_404(page, profile, bob):
    row = block(page, profile).json()
    page.force_login(bob)
    path = f"{PATH}{row['id']}/"
    answers = [block(page, profile, "else"), page.get(path), page.delete(path)]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert page.get(PATH).json()["results"] == []
    assert BlockedAuthor.objects.count() == 1


def test_pages_are_newest_first(page, profile):
    for number in range(3):
        block(page, profile, f"a{number}")
    first = page.get(f"{PATH}?page_size=2").json()
    second = page.get(first["next"]).json()
    assert [[row["author_id"] for row in one["results"]] for one in (first, second)] == [["a2", "a1"], ["a0"]]


@pytest.mark.django_db(transaction=True)
def test_simultaneous_requests_leave_one_row_and_a_comment_meanwhile_is_hidden(alice, profile):
    def ask(number: int) -> int:
        client = Client()
        client.force_login(alice)
        if number % 2:
            send(profile, comment(f"c{number}"))
        code = block(client, profile).status_code
        connection.close()
        return code

    with ThreadPoolExecutor(6) as pool:
        codes = sorted(pool.map(ask, range(6)))
    assert (codes, BlockedAuthor.objects.count()) == ([200] * 5 + [201], 1)
    assert hidden() == {"c1", "c3", "c5"}


@pytest.mark.django_db(transaction=True)
def test_simultaneous_requests_do_not_exceed_the_limit(profile, monkeypatch):
    monkeypatch.setattr(blocking, "MAX_BLOCKED", 3)
    together = Barrier(8)

    def ask(number: int) -> str:
        connection.ensure_connection()
        together.wait(10)
        try:
            blocking.block(profile, f"a{number}", "", NOW)
            return "blocked"
        except blocking.TooManyBlockedAuthors:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, range(8))) == ["blocked"] * 3 + ["refused"] * 5


def test_the_number_of_queries_is_constant(page, profile, django_assert_num_queries):
    for number in range(2):
        send(profile, *(comment(f"c{number}-{n}") for n in range(1 + number)))
        with django_assert_num_queries(3):  # session, user, rows
            page.get(PATH)
        block(page, profile, f"other-{number}")


def test_the_database_deletes_them_with_their_profile(page, profile):
    block(page, profile)
    with connection.cursor() as cursor:  # as a process of the release before
        cursor.execute("DELETE FROM accounts_profile")
    assert not BlockedAuthor.objects.exists()


def test_the_admin_lists_and_shows_them_and_changes_none(operator, profile):
    row, _ = blocking.block(profile, "troll", "<b>the troll</b>", NOW)
    shown = operator.get(reverse("admin:interactions_blockedauthor_changelist"), {"q": "troll"})
    assert ("&lt;b&gt;the troll" in shown.content.decode(), shown.context["cl"].result_count) == (True, 1)
    path = reverse("admin:interactions_blockedauthor_change", args=[row.pk])
    assert (operator.get(path).status_code, operator.post(path, {}).status_code) == (200, 403)
