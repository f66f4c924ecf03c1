"""Replies that were not sent: the reason, and queueing them again over REST and on the pages."""

import pytest
from django.test import Client

from interactions import replies
from interactions.clock import now
from interactions.locks import lock_profiles
from interactions.models import Interaction, Thread
from interactions.threads.recomputing import recompute
from tests.expected_threads import check_threads
from tests.inbox_pages import address, entry, press, row_of, toast, whole
from tests.thread_requests import everything, row, simultaneously
from tests.world import NOW, T, message, send, thread

REASON = "The 24 hours in which Messenger takes replies are over."


@pytest.fixture
def failed(page, profile) -> Interaction:
    """A reply that was not sent. After it the person wrote again."""
    send(profile, message("m1", T[0]))
    return fail(replies.answer_thread(thread("talk"), "Thank you!", T[1]))


def fail(reply: Interaction, status: str = "failed") -> Interaction:
    Interaction.objects.filter(pk=reply.pk).update(
        send_status=status, send_error=REASON if status == "failed" else ""
    )
    lock_profiles([reply.profile_id])
    recompute([reply.thread_id], now())
    reply.refresh_from_db()
    return reply


def retry(client, reply: Interaction):
    return client.post(f"/api/v1/interactions/{reply.pk}/retry/")


def test_a_reply_that_was_not_sent_has_its_reason(page, failed):
    shown = page.get(f"/api/v1/interactions/{failed.pk}/").json()
    assert (shown["send_status"], shown["send_error"], shown["status"]) == ("failed", REASON, "open")


def test_a_retry_queues_it_as_one_written_now(page, profile, failed):
    send(profile, message("m2", T[2]))
    before = now()
    answer = retry(page, failed)
    body = answer.json()
    assert (answer.status_code, body["send_status"], body["send_error"]) == (200, "queued", "")
    failed.refresh_from_db()
    assert before <= failed.posted_at <= now()
    assert Thread.objects.get().status == "done", "it is newer than what the person wrote meanwhile"
    check_threads(now())


def test_a_repetition_changes_nothing(page, failed):
    retry(page, failed)
    before = everything()
    assert retry(page, failed).status_code == 200
    assert everything() == before


@pytest.mark.django_db(transaction=True)
def test_simultaneous_retries_queue_it_once(alice, profile, failed):
    answers = simultaneously(alice, [profile.pk], *[lambda client: retry(client, failed)] * 3)
    assert [answer.status_code for answer in answers] == [200] * 3
    assert Interaction.objects.filter(direction="out").count() == 1


@pytest.mark.parametrize("status", ["sent", None])
def test_what_was_sent_is_not_sent_again(page, failed, status):
    fail(failed, status)
    before = everything()
    answer = retry(page, failed)
    assert (answer.status_code, "send_status is failed" in answer.json()["detail"]) == (409, True)
    assert everything() == before


def test_what_was_received_is_not_sent(page, failed):
    assert retry(page, row("m1")).status_code == 409


def test_others_and_deleted_replies_are_404(page, bob, failed):
    others = Client()
    others.force_login(bob)
    assert retry(others, failed).status_code == 404
    assert press(others, f"/inbox/rows/{failed.pk}/retry/", code=404)
    Interaction.objects.filter(pk=failed.pk).update(deleted_at=NOW)
    assert retry(page, failed).status_code == 404


def test_the_pane_shows_the_reason_and_a_button_that_queues_it_again(page, failed):
    shown = entry(whole(page, address(failed.thread)), failed.pk)
    assert shown.one(".entry-foot").text.partition(" · ")[2] == f"Not sent: {REASON}"
    assert shown.one(".retry").text == "Retry"
    answer = press(page, f"/inbox/rows/{failed.pk}/retry/")
    assert toast(answer) == "It will be sent again."
    again = entry(answer, failed.pk)
    assert again.one(".entry-foot").text.partition(" · ")[2] == "Waiting to be sent"
    assert again.all(".retry") == []


def test_the_list_says_that_it_was_not_sent(page, failed):
    shown = row_of(whole(page), failed.thread)
    assert shown.one(".failed").text == "Not sent"


def test_a_retry_of_what_was_sent_meanwhile_says_so(page, failed):
    fail(failed, "sent")
    answer = press(page, f"/inbox/rows/{failed.pk}/retry/", code=409)
    assert toast(answer) == "There is nothing to retry: it was sent."
