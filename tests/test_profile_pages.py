"""The section Profiles: connected, listed, rotated and deleted; a secret is shown once."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from accounts import models
from accounts.models import Profile, User
from interactions import profile_deletion, row_batches
from interactions.ingest import IncomingEvent, ingest
from interactions.models import InboxRule, Interaction, Thread
from interactions.pages.settings import profiles as profile_pages
from interactions.profile_deletion import PROFILE_MODELS, delete_profile, delete_without_owner
from interactions.replies import store_reply
from interactions.tasks import delete_profiles
from tests.settings_pages import HTMX, blocked, html, rule, shown, text_of
from tests.world import NOW, demo_of, event, moderate, send, work_on

PATH = "/settings/profiles/"
NEW = {"platform": "instagram", "platform_id": "17841400000000001", "handle": "@acme", "display_name": "Acme"}


def secret(response) -> str:
    return html(response).split('id="secret" value="')[1].split('"')[0]


def rotation(page, profile: Profile, previous: str = "keep", **fields):
    body = {"mark": Profile.objects.get(pk=profile.pk).secret_mark, "previous": previous} | fields
    return page.post(f"{PATH}{profile.pk}/rotate/", body, headers=HTMX)


def deletion(page, profile: Profile, handle: str | None = None):
    return page.post(f"{PATH}{profile.pk}/delete/", {"handle": profile.handle if handle is None else handle})


def rows_of(profile: Profile) -> dict[str, int]:
    counts = {model.__name__: model.objects.filter(profile=profile.pk).count() for model in PROFILE_MODELS}
    return {name: count for name, count in counts.items() if count}


# List and form


def test_profiles_are_listed_newest_first_with_their_webhook_addresses(page, alice, profile):
    demo_of(alice)
    newest = Profile.objects.create(
        owner=alice, platform="x", platform_id="77", handle="acme", display_name="Acme"
    )
    body, text = html(page.get(PATH)), shown(page.get(PATH))
    assert text.index("Acme @acme · X · 77") < text.index("brand @brand · Facebook · brand")
    assert f'value="http://testserver/api/v1/webhooks/profiles/{newest.uuid}/"' in body
    demos = Profile.objects.demo().count()
    assert (body.count('class="badge demo"'), body.count("<li>")) == (demos, demos + 2)


def test_the_list_has_pages(page, alice, monkeypatch):
    monkeypatch.setattr(profile_pages, "PAGE_SIZE", 2)
    for number in range(5):
        Profile.objects.create(owner=alice, platform="x", platform_id=str(number), handle=f"p{number}")

    def step(body: str, rel: str) -> str:
        link = next(line for line in body.splitlines() if f'rel="{rel}"' in line)
        return html(page.get(PATH + link.split('href="')[1].split('"')[0]))

    first = html(page.get(PATH))
    second = step(first, "next")
    third = step(second, "next")
    assert [[f"@p{n}" in body for n in range(5)] for body in (first, second, third, step(third, "prev"))] == [
        [False, False, False, True, True],
        [False, True, True, False, False],
        [True, False, False, False, False],
        [False, True, True, False, False],
    ]
    assert page.get(f"{PATH}?cursor=nonsense").url == PATH, "the first page"


def test_a_profile_is_connected_and_its_secret_shown_once(page, alice):
    answer = page.post(f"{PATH}new/", NEW)
    row = Profile.objects.get()
    assert (row.owner, row.platform, row.platform_id, row.handle, row.display_name, row.is_demo) == (
        alice,
        "instagram",
        "17841400000000001",
        "acme",
        "Acme",
        False,
    )
    assert (secret(answer), "The profile is connected." in shown(answer)) == (row.webhook_secret, True)
    assert f"http://testserver/api/v1/webhooks/profiles/{row.uuid}/" in html(answer)
    assert row.webhook_secret not in html(page.get(f"{PATH}{row.pk}/"))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"platform": ""}, "Choose the platform."),
        ({"platform": "myspace"}, "Choose the platform."),
        ({"platform_id": " "}, "Enter the id that the platform gave the profile."),
        (
            {"platform_id": "17\u202e41"},
            "The platform id must be a name of 1 to 255 characters in one line; remove U+202E",
        ),
        ({"handle": ""}, "Enter the handle of the profile."),
        ({"handle": "https://instagram.com/acme"}, "The handle must be the name alone, such as acme"),
        ({"handle": "a" * 31}, "The handle must be the name alone, such as acme"),
        ({"display_name": "x" * 256}, "Ensure this value has at most 255 characters"),
        ({"display_name": "\u2800"}, "The display name must be a name of 1 to 255 characters in one line"),
    ],
)
def test_a_wrong_profile_gets_a_sentence_beside_the_field_and_is_not_stored(page, change, sentence):
    answer = page.post(f"{PATH}new/", NEW | change)
    assert (sentence in shown(answer), Profile.objects.exists()) == (True, False)
    field = next(iter(change))
    beside = html(answer).split(f'id="id_{field}_error"')[1].split("</div>")[0]
    assert sentence.split(";")[0] in beside.replace("&#x27;", "'")


def test_a_profile_is_connected_once_but_another_user_may_connect_it_too(page, alice, bob):
    Profile.objects.create(owner=bob, **NEW | {"handle": "acme"})
    page.post(f"{PATH}new/", NEW)
    again = page.post(f"{PATH}new/", NEW | {"handle": "other"})
    assert "You have connected this profile already." in shown(again)
    assert list(Profile.objects.values_list("owner", "handle")) == [(bob.pk, "acme"), (alice.pk, "acme")]


def test_a_user_has_a_maximum_of_live_profiles(page, alice, profile, monkeypatch):
    monkeypatch.setattr(models, "MAX_LIVE_PROFILES", 1)
    demo_of(alice)
    answer = page.post(f"{PATH}new/", NEW)
    assert "which is the maximum. Delete one first." in shown(answer)
    assert Profile.objects.filter(is_demo=False).count() == 1


@pytest.mark.django_db(transaction=True)
def test_simultaneous_requests_do_not_exceed_the_maximum(alice, monkeypatch):
    monkeypatch.setattr(models, "MAX_LIVE_PROFILES", 2)
    barrier = Barrier(4)

    def connect(number: int) -> int:
        client = Client()
        client.force_login(User.objects.get(pk=alice.pk))
        barrier.wait()
        try:
            return client.post(f"{PATH}new/", NEW | {"platform_id": str(number)}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(connect, range(4))) == {200}
    assert Profile.objects.count() == 2


# The secret


@pytest.mark.parametrize(("previous", "kept"), [("keep", True), ("end", False), ("", True)])
def test_a_secret_is_rotated_with_or_without_keeping_the_current_one(page, profile, previous, kept):
    before = profile.webhook_secret
    answer = rotation(page, profile, previous)
    profile.refresh_from_db()
    assert secret(answer) == profile.webhook_secret != before
    assert profile.webhook_secret_previous == (before if kept else "")
    assert ("<html" in html(answer), before in html(answer)) == (False, False)
    assert ("Two secrets are valid" in shown(answer)) == kept


@pytest.mark.parametrize("previous", ["END", "end ", "no"])
def test_an_unknown_choice_for_the_current_secret_is_refused(page, profile, previous):
    answer = rotation(page, profile, previous)
    assert answer.status_code == 422
    assert "Choose whether the current secret stays valid. Nothing was changed." in text_of(answer)
    before = profile.webhook_secret, profile.webhook_secret_previous
    profile.refresh_from_db()
    assert (profile.webhook_secret, profile.webhook_secret_previous) == before


def test_a_rotation_without_scripts_shows_the_whole_page(page, profile):
    answer = page.post(f"{PATH}{profile.pk}/rotate/", {"mark": profile.secret_mark})
    profile.refresh_from_db()
    assert (secret(answer), "<html" in html(answer)) == (profile.webhook_secret, True)


def test_a_rotation_sent_again_changes_nothing_and_shows_no_secret(page, profile):
    body = {"mark": profile.secret_mark, "previous": "end"}
    first = secret(page.post(f"{PATH}{profile.pk}/rotate/", body, headers=HTMX))
    again = page.post(f"{PATH}{profile.pk}/rotate/", body, headers=HTMX)
    profile.refresh_from_db()
    assert (profile.webhook_secret, "whsec_" in html(again)) == (first, False)
    assert "The secret was rotated before, perhaps in another tab." in shown(again)
    assert secret(rotation(page, profile)) not in (first, profile.webhook_secret)


@pytest.mark.parametrize("mark", ["", "0" * 16, "\u00e9"])
def test_a_rotation_needs_the_mark_of_the_current_secret(page, profile, mark):
    assert "whsec_" not in html(rotation(page, profile, mark=mark))
    assert Profile.objects.get().webhook_secret == profile.webhook_secret


def test_a_secret_is_neither_in_the_session_nor_in_the_log(page, profile, caplog):
    caplog.set_level(logging.DEBUG)
    first = secret(rotation(page, profile))
    second = secret(page.post(f"{PATH}new/", NEW))
    kept = "".join(str(session.get_decoded()) for session in Session.objects.all())
    for found in (first, second):
        assert (found in caplog.text, found in kept) == (False, False)


def test_a_demo_profile_is_shown_and_cannot_be_changed(page, alice):
    demo_of(alice)
    demo = Profile.objects.demo().first()
    body = html(page.get(f"{PATH}{demo.pk}/"))
    assert ("belongs to your demo" in body, "Rotate the secret" in body, "Delete the profile" in body) == (
        True,
        False,
        False,
    )
    assert (rotation(page, demo).status_code, deletion(page, demo).status_code) == (404, 404)
    assert Profile.objects.filter(pk=demo.pk, owner=alice, webhook_secret=demo.webhook_secret).exists()


# Deletion


def test_a_profile_is_deleted_only_if_its_handle_was_typed(page, live):
    for typed in ("", "Alice", "alicia"):
        answer = deletion(page, live, typed)
        assert "That is not the handle. Nothing was deleted." in shown(answer)
    assert Profile.objects.filter(pk=live.pk).exclude(owner=None).exists()
    answer = deletion(page, live, " @alice ")
    assert answer.headers["Location"] == "/settings/profiles/"
    assert "@alice is deleted, with all its posts, comments and messages." in shown(page.get(PATH))


def test_a_deleted_profile_is_gone_from_everything_at_once(page, alice, live, profile):
    send(profile, event("comment.created", "other"))
    rule(alice, "a", profile=live)
    rule(alice, "b", profile=profile)
    blocked(live)
    deletion(page, live)
    assert rows_of(live) != {}  # not deleted yet
    assert "@alice" not in shown(page.get(PATH)).replace("@alice is deleted", "")
    assert page.get(f"{PATH}{live.pk}/").status_code == 404
    assert [row["profile"] for row in page.get("/api/v1/interactions/").json()["results"]] == [profile.pk]
    assert [row["profile"] for row in page.get("/api/v1/threads/").json()["results"]] == [profile.pk]
    assert [row["id"] for row in page.get("/api/v1/profiles/").json()["results"]] == [profile.pk]
    assert list(InboxRule.objects.values_list("value", flat=True)) == ["b"]
    assert "A Troll" not in shown(page.get("/settings/blocked/"))


def test_a_deleted_profile_receives_nothing_more(page, live):
    deletion(page, live)
    answer = page.post(f"/api/v1/webhooks/profiles/{live.uuid}/", {}, content_type="application/json")
    assert answer.status_code == 404
    [result] = ingest([IncomingEvent(live.pk, event("comment.created", "late"))], NOW)
    assert (result.status, result.error) == ("rejected", "The profile does not exist any more.")


def test_an_answer_to_a_row_of_a_deleted_profile_is_404(page, live):
    [comment] = Interaction.objects.filter(type="comment")
    thread = Thread.objects.get(kind="comment")
    deletion(page, live)
    body = {"text": "Hello"}
    for path in (f"interactions/{comment.pk}/reply/", f"threads/{thread.pk}/reply/"):
        assert page.post(f"/api/v1/{path}", body, content_type="application/json").status_code == 404


def test_a_reply_to_a_profile_that_is_deleted_at_the_same_moment_is_not_stored(alice, live):
    [comment] = Interaction.objects.filter(type="comment")
    delete_profile(alice, live.pk)
    with pytest.raises(Interaction.DoesNotExist):
        store_reply(comment, "Hello", NOW)
    assert not Interaction.objects.filter(direction="out").exists()


def test_a_demo_profile_and_another_users_cannot_be_deleted(alice, bob, live):
    demo_of(alice)
    for user, profile in ((alice, Profile.objects.demo().first()), (bob, live)):
        with pytest.raises(Profile.DoesNotExist):
            delete_profile(user, profile.pk)
    assert not Profile.objects.filter(owner=None).exists()


def test_the_task_deletes_every_row_of_deleted_profiles_and_no_other(page, alice, live, profile):
    send(profile, event("comment.created", "other"))
    for row in Interaction.objects.filter(type="comment").select_related("profile"):
        moderate(row)
        work_on(Thread.objects.get(pk=row.thread_id))
    send(live, event("comment.edited", "nobody"))
    kept = rows_of(profile)
    assert set(rows_of(live)) == {model.__name__ for model in PROFILE_MODELS}
    deletion(page, live)
    delete_profiles()
    assert (rows_of(live), rows_of(profile), Profile.objects.get().pk) == ({}, kept, profile.pk)
    delete_profiles()  # again: nothing is left
    assert rows_of(profile) == kept


def test_a_deletion_goes_on_where_the_time_was_over(page, live, monkeypatch):
    monkeypatch.setattr(row_batches, "ROWS_PER_TRANSACTION", 1)
    send(live, *(event("comment.created", f"c{number}") for number in range(5)))
    deletion(page, live)
    left, runs = [], 0
    while delete_without_owner(timedelta(0)):
        left.append(sum(rows_of(live).values()))
        runs += 1
        assert runs < 100
    assert (len(left) > 5, left == sorted(left, reverse=True), Profile.objects.exists()) == (
        True,
        True,
        False,
    )


def test_an_interrupted_deletion_is_completed_by_the_next_run(page, live, monkeypatch):
    deletion(page, live)

    def killed(ids: list[int]) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(profile_deletion, "delete_profiles", killed)
    with pytest.raises(RuntimeError):
        delete_profiles()
    monkeypatch.undo()
    delete_profiles()
    assert (rows_of(live), Profile.objects.exists()) == ({}, False)


def test_a_profile_can_be_connected_again_while_its_rows_are_being_deleted(page, live):
    deletion(page, live)
    page.post(f"{PATH}new/", {"platform": live.platform, "platform_id": live.platform_id, "handle": "alice"})
    delete_profiles()
    again = Profile.objects.get()
    assert (again.pk != live.pk, again.platform_id, rows_of(again)) == (True, "live-1", {})


@pytest.mark.django_db(transaction=True)
def test_a_deletion_asks_a_worker_at_once(page, live, monkeypatch):
    sent = []
    monkeypatch.setattr(profile_deletion, "send", lambda task, **options: sent.append((task, options)))
    deletion(page, live)
    assert sent == [("interactions.tasks.delete_profiles", {"dedup_key": "delete profiles"})]


def test_operators_do_not_see_deleted_profiles(operator, alice, live):
    Profile.objects.update(owner=None)
    assert "alice" not in operator.get("/admin/accounts/profile/").content.decode().split("result_list")[-1]
    assert operator.get(f"/admin/accounts/profile/{live.pk}/change/").status_code == 302


def test_a_webhook_address_without_a_profile_is_404(page):
    assert page.post(f"/api/v1/webhooks/profiles/{uuid4()}/").status_code == 404
