"""Hiding, unhiding and deleting over REST: at once in a demo, with ten seconds to withdraw on live profiles."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Profile, User
from interactions import replies
from interactions.clock import now
from interactions.models import Interaction, Moderation, Thread
from tests.expected_threads import check_threads
from tests.world import DAY, HOUR, NOW, at, demo_of, event, send

JSON = "application/json"
LIST = "/api/v1/interactions/"
WAIT = timedelta(seconds=11)


@pytest.fixture
def comment(live) -> Interaction:
    return Interaction.objects.get(platform_id="comment")


@pytest.fixture
def message(live) -> Interaction:
    return Interaction.objects.get(platform_id="message")


@pytest.fixture
def demo_comment(alice) -> Interaction:
    demo_of(alice)
    return Interaction.objects.filter(is_demo=True, type="comment", direction="in").first()


def hide(client: Client, row: Interaction):
    return client.post(f"{LIST}{row.pk}/hide/")


def unhide(client: Client, row: Interaction):
    return client.post(f"{LIST}{row.pk}/unhide/")


def delete(client: Client, row: Interaction):
    return client.delete(f"{LIST}{row.pk}/")


def withdraw(client: Client, row: Interaction):
    return client.delete(f"{LIST}{row.pk}/moderation/")


def let_time_pass() -> None:
    """Make all requests older than the time in which they can be withdrawn."""
    for one in Moderation.objects.all():
        replaced_at = one.replaced_at and one.replaced_at - WAIT
        Moderation.objects.filter(pk=one.pk).update(
            requested_at=one.requested_at - WAIT, replaced_at=replaced_at
        )


def asked() -> list[str]:
    return list(Moderation.objects.values_list("action", flat=True))


def shown(client: Client, row: Interaction) -> tuple[str, tuple | None]:
    """Status of the row and of its request, as the list shows them."""
    [found] = [one for one in client.get(LIST).json()["results"] if one["id"] == row.pk]
    request = found["moderation"]
    return found["status"], request and (request["action"], request["status"])


# Live rows


def test_a_hidden_live_comment_is_hidden_at_once_and_queued_after_ten_seconds(page, comment):
    answer = hide(page, comment)
    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, "hidden")
    until = datetime.fromisoformat(body["moderation"].pop("until"))
    assert body["moderation"] == {"action": "hide", "status": "waiting"}
    assert until - datetime.fromisoformat(body["hidden_at"]) == timedelta(seconds=10)
    assert Thread.objects.get(kind="comment").status == "done"  # nothing is left to answer
    check_threads(NOW)
    let_time_pass()
    assert shown(page, comment) == ("hidden", ("hide", "queued"))


@pytest.mark.parametrize("undo", [unhide, withdraw])
def test_a_hide_is_withdrawn_within_ten_seconds_without_a_trace(page, comment, undo):
    hide(page, comment)
    answer = undo(page, comment)
    assert (answer.status_code, answer.json()["status"], answer.json()["moderation"]) == (200, "open", None)
    assert (asked(), shown(page, comment)) == ([], ("open", None))
    check_threads(NOW)


def test_after_ten_seconds_a_hide_can_only_be_undone_by_another_request(page, comment):
    hide(page, comment)
    let_time_pass()
    refused = withdraw(page, comment)
    assert (refused.status_code, shown(page, comment)) == (409, ("hidden", ("hide", "queued")))
    assert "older than 10 seconds" in refused.json()["detail"]
    unhide(page, comment)
    assert (asked(), shown(page, comment)) == (["unhide"], ("open", ("unhide", "waiting")))


def test_a_withdrawn_request_leaves_the_one_before_it(page, comment):
    hide(page, comment)
    let_time_pass()
    unhide(page, comment)
    withdraw(page, comment)
    assert shown(page, comment) == ("hidden", ("hide", "queued"))
    unhide(page, comment)
    hide(page, comment)
    assert shown(page, comment) == ("hidden", ("hide", "queued"))


def test_a_repeated_withdrawal_that_names_its_request_leaves_the_one_before_it(page, comment):
    hide(page, comment)
    delete(page, comment)
    for _ in range(2):
        assert page.delete(f"{LIST}{comment.pk}/moderation/?action=delete").status_code == 200
        assert shown(page, comment) == ("hidden", ("hide", "waiting"))
    assert page.delete(f"{LIST}{comment.pk}/moderation/?action=show").status_code == 400
    assert page.delete(f"{LIST}{comment.pk}/moderation/?what=delete").status_code == 400


def test_a_deletion_that_the_network_confirms_ends_its_request(page, live, comment):
    delete(page, comment)
    send(live, event("comment.deleted", "comment", at(NOW)))
    assert asked() == []
    send(live, event("comment.created", "comment", at(NOW + HOUR)))
    assert shown(page, comment) == ("open", None)
    assert hide(page, comment).status_code == 200


def test_a_deletion_of_a_live_row_is_pending_and_can_be_withdrawn(page, comment):
    answer = delete(page, comment)
    request = answer.json()["moderation"]
    assert (answer.status_code, request["action"], request["status"]) == (202, "delete", "waiting")
    assert shown(page, comment) == ("open", ("delete", "waiting"))
    assert withdraw(page, comment).json()["moderation"] is None
    assert (asked(), shown(page, comment)) == ([], ("open", None))


def test_a_queued_deletion_is_final_and_the_row_stays_until_the_network_confirms(page, live, comment):
    delete(page, comment)
    let_time_pass()
    assert (withdraw(page, comment).status_code, shown(page, comment)) == (
        409,
        ("open", ("delete", "queued")),
    )
    send(live, event("comment.deleted", "comment", NOW.isoformat()))
    assert page.get(f"{LIST}{comment.pk}/").status_code == 404
    assert delete(page, comment).status_code == 204


def test_a_row_that_is_being_deleted_is_neither_hidden_nor_unhidden(page, comment):
    hide(page, comment)
    delete(page, comment)
    change = page.patch(f"{LIST}{comment.pk}/", {"status": "open"}, content_type=JSON)
    answers = [hide(page, comment), unhide(page, comment), change]
    assert [answer.status_code for answer in answers] == [409] * 3
    assert "deletion of this row is requested" in answers[0].json()["detail"]
    assert shown(page, comment) == ("hidden", ("delete", "waiting"))
    withdraw(page, comment)
    assert shown(page, comment) == ("hidden", ("hide", "waiting"))


@pytest.mark.parametrize("ask", [hide, unhide, delete, withdraw])
def test_a_repeated_request_has_the_same_answer_and_changes_nothing(page, comment, ask):
    if ask == unhide:
        hide(page, comment)
        let_time_pass()
    if ask == withdraw:
        delete(page, comment)
    first = ask(page, comment)
    before = list(Moderation.objects.values())
    again = ask(page, comment)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert list(Moderation.objects.values()) == before


def test_a_status_of_hidden_and_back_is_the_same_request(page, comment):
    path = f"{LIST}{comment.pk}/"
    answer = page.patch(path, {"status": "hidden"}, content_type=JSON)
    assert answer.json()["moderation"]["action"] == "hide"
    answer = page.patch(path, {"status": "done"}, content_type=JSON)
    assert (answer.json()["status"], answer.json()["moderation"]) == ("done", None)


def test_a_later_event_of_the_network_wins_over_a_hide_and_an_earlier_one_does_not(page, live, comment):
    send(live, event("comment.unhidden", "comment", (NOW - DAY).isoformat()))
    hide(page, comment)
    hidden_at = Interaction.objects.get(pk=comment.pk).hidden_at
    send(live, event("comment.unhidden", "comment", (hidden_at - DAY).isoformat()), at=hidden_at)
    assert shown(page, comment)[0] == "hidden"
    send(
        live, event("comment.unhidden", "comment", (hidden_at + timedelta(hours=1)).isoformat()), at=hidden_at
    )
    assert shown(page, comment)[0] == "open"


# What can be hidden and deleted


@pytest.mark.parametrize("ask", [hide, unhide])
def test_a_message_cannot_be_hidden(page, message, ask):
    answer = ask(page, message)
    assert (answer.status_code, "direct message cannot be hidden" in answer.json()["detail"]) == (400, True)


def test_a_message_of_somebody_else_cannot_be_deleted_and_one_of_the_brand_can(page, message):
    refused = delete(page, message)
    assert (refused.status_code, "somebody else sent" in refused.json()["detail"]) == (400, True)
    sent = replies.store_reply(message, "Hello!", NOW)
    assert (delete(page, sent).status_code, shown(page, sent)[1]) == (202, ("delete", "waiting"))


@pytest.mark.parametrize("method", ["post", "delete"])
def test_a_body_with_fields_is_refused(page, comment, method):
    path = f"{LIST}{comment.pk}/" + ("hide/" if method == "post" else "")
    answer = getattr(page, method)(path, {"reason": "spam"}, content_type=JSON)
    assert (answer.status_code, list(answer.json()["errors"]), asked()) == (400, ["reason"], [])


# Demos


def test_in_a_demo_a_comment_is_hidden_and_unhidden_at_once(page, demo_comment):
    assert (hide(page, demo_comment).json()["status"], asked()) == ("hidden", [])
    check_threads(NOW)
    answer = unhide(page, demo_comment).json()
    assert (answer["status"] != "hidden", answer["moderation"], asked()) == (True, None, [])


def test_in_a_demo_a_comment_is_deleted_at_once(page, demo_comment):
    codes = [delete(page, demo_comment).status_code for _ in range(2)]
    assert (codes, page.get(f"{LIST}{demo_comment.pk}/").status_code, asked()) == ([204, 204], 404, [])
    check_threads(NOW)
    send(demo_comment.profile, event("comment.edited", demo_comment.platform_id, NOW.isoformat()))
    assert page.get(f"{LIST}{demo_comment.pk}/").status_code == 404


def test_in_a_demo_a_comment_dated_ahead_stays_deleted(page, demo_comment):
    ahead = now() + timedelta(hours=1)
    [result] = send(demo_comment.profile, event("comment.created", "ahead", ahead.isoformat()), at=now())
    page.delete(f"{LIST}{result.id}/")
    send(demo_comment.profile, event("comment.edited", "ahead", ahead.isoformat()), at=now())
    assert page.get(f"{LIST}{result.id}/").status_code == 404


# Whose they are, and at the same time


@pytest.mark.parametrize("ask", [hide, unhide, delete, withdraw])
def test_a_row_of_another_user_is_404(page, comment, bob, ask):
    page.force_login(bob)
    assert (ask(page, comment).status_code, asked()) == (404, [])
    assert Interaction.objects.get(pk=comment.pk).hidden_at is None


@pytest.mark.django_db(transaction=True)
def test_simultaneous_requests_leave_one_row(alice, comment):
    def ask(number: int) -> int:
        client = Client()
        client.force_login(alice)
        code = hide(client, comment).status_code
        connection.close()
        return code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [200] * 4
    assert asked() == ["hide"]


def test_the_number_of_queries_is_constant(page, live, django_assert_num_queries):
    send(live, *(event("comment.created", f"c{n}") for n in range(5)))
    for row in Interaction.objects.filter(type="comment"):
        with django_assert_num_queries(3):  # session, user, rows
            page.get(LIST)
        # session, user, row, savepoint, lock, row, time, and request, row, thread, request, request; row, savepoint
        with django_assert_num_queries(14):
            hide(page, row)
    assert {one["moderation"]["action"] for one in page.get(f"{LIST}?type=comment").json()["results"]} == {
        "hide"
    }


def test_the_export_has_the_request(page, comment):
    hide(page, comment)
    lines = b"".join(page.get(f"{LIST}export.csv").streaming_content).decode().splitlines()
    assert lines[0].endswith("attachments,moderation_action,moderation_status,moderation_until")
    assert ",hide,waiting,2" in "".join(lines)


def test_requests_are_removed_with_their_interaction_and_profile_by_the_database(alice, page, comment):
    """A process of the release before knows no requests."""
    hide(page, comment)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM interactions_interaction WHERE id = %s", [comment.pk])
    assert asked() == []
    row = send(Profile.objects.get(), event("comment.created", "another"))[0]
    hide(page, Interaction.objects.get(pk=row.id))
    with connection.cursor() as cursor:
        for table in ("interaction", "content", "deadletter"):
            cursor.execute(f"DELETE FROM interactions_{table}")
        cursor.execute("DELETE FROM accounts_profile")
    assert asked() == []


def test_the_admin_lists_and_shows_requests_and_changes_none(operator, live, comment):
    client = Client()
    client.force_login(User.objects.get(username="alice"))
    hide(client, comment)
    path = reverse("admin:interactions_moderation_change", args=[Moderation.objects.get().pk])
    assert operator.get(reverse("admin:interactions_moderation_changelist")).context["cl"].result_count == 1
    assert (operator.get(path).status_code, operator.post(path, {}).status_code) == (200, 403)
