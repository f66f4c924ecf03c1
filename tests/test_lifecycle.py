"""Starting over, pausing, advancing, ageing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Profile
from demo import activation, lifecycle, removal, retention, simulator, unfinished
from demo.delivery import deliver_due
from demo.models import DemoAccount, State, StoryEvent
from demo.planning import plan_due
from demo.states import NotPossible
from interactions import replies
from interactions.models import Content, Interaction, PendingChange
from tests.timeline import ENABLED, FIRST_CONTENT, FIRST_TALK, counts, live_rows, run_until, told
from tests.world import DAY, HOUR, NOW, demo_of, event, send


def test_switching_on_again_with_the_same_seed_tells_the_same_story(alice):
    demo_of(alice, seed=3)
    first = told(alice)
    lifecycle.disable(alice, dispatch=False)
    unfinished.finish(DemoAccount.objects.get().pk, NOW)
    assert told(alice) == []
    demo_of(alice, seed=3)
    assert told(alice) == first


def test_reset_tells_the_same_story_again(alice):
    demo_of(alice)
    first = told(alice)
    run_until(ENABLED + DAY, every=6 * HOUR)
    assert len(told(alice)) > len(first)
    lifecycle.reset(alice, dispatch=False)
    unfinished.finish(DemoAccount.objects.get().pk, NOW)
    assert told(alice) == first
    assert DemoAccount.objects.get().state == State.ACTIVE


def test_a_pause_holds_everything_and_resuming_shifts_it(alice):
    demo_of(alice)
    plan_due(FIRST_TALK)
    paused = FIRST_TALK + timedelta(minutes=1)
    deliver_due(paused)
    before = counts(alice)
    held = list(StoryEvent.objects.undelivered().order_by("id").values_list("due_at", flat=True))
    lifecycle.pause(alice, paused)
    plan_due(paused + 3 * DAY)
    deliver_due(paused + 3 * DAY)
    assert counts(alice) == before
    lifecycle.resume(alice, paused + 3 * DAY)
    deliver_due(paused + 3 * DAY)
    assert counts(alice) == before
    assert list(StoryEvent.objects.undelivered().order_by("id").values_list("due_at", flat=True)) == [
        due + 3 * DAY for due in held
    ]
    account = DemoAccount.objects.get()
    assert account.next_interactions_window == FIRST_TALK + 6 * HOUR + 3 * DAY
    assert account.next_content_window == FIRST_CONTENT + 3 * DAY


@pytest.mark.parametrize("move", [lifecycle.pause, lifecycle.resume])
def test_what_is_off_cannot_be_paused_or_resumed(alice, move):
    with pytest.raises(NotPossible, match="Demo mode is off"):
        move(alice, NOW)


def test_what_is_advancing_cannot_be_paused_before_it_has_arrived(alice):
    demo_of(alice)
    lifecycle.advance(alice, 1, NOW, dispatch=False)
    with pytest.raises(NotPossible, match="advancing"):
        lifecycle.pause(alice, NOW)
    assert DemoAccount.objects.values_list("state", "advance_days").get() == (State.ACTIVE, 1)


def test_settings_hold_from_the_next_window(alice):
    demo_of(alice)
    lifecycle.change_settings(alice, FIRST_TALK, {"comments_per_window": 3, "messages_per_window": 0})
    assert StoryEvent.objects.filter(origin="window").count() == 15
    plan_due(FIRST_TALK + 6 * HOUR)
    assert StoryEvent.objects.filter(origin="window").count() == 18


def test_advancing_a_week_equals_living_it(alice, bob):
    now = ENABLED + DAY / 2
    demo_of(alice, seed=4, brand="Twin")
    demo_of(bob, ENABLED - 7 * DAY, seed=4, brand="Twin")
    run_until(now, ENABLED - 7 * DAY, every=6 * HOUR)
    lifecycle.advance(alice, 7, now, dispatch=False)
    unfinished.finish(DemoAccount.objects.get(user=alice).pk, now)
    deliver_due(now)
    assert told(alice) == told(bob)
    assert max(row[3] for row in told(alice)) <= now


def test_cleanup_takes_old_demo_rows_only_and_keeps_a_piece_that_is_talked_about(alice, live):
    demo_of(alice, size="small")
    before = live_rows()
    later = ENABLED + 22 * DAY
    plan_due(later)
    deliver_due(later)
    cutoff = later - 30 * DAY
    young = Content.objects.filter(is_demo=True, comments__posted_at__gte=cutoff).distinct()
    kept = set(young.values_list("pk", flat=True))
    old_and_kept = young.filter(posted_at__lt=cutoff).count()
    dry = retention.clean_up(later, dry_run=True)
    assert old_and_kept > 0
    assert Interaction.objects.filter(is_demo=True, posted_at__lt=cutoff).count() > 0
    done = retention.clean_up(later)
    assert (done.content, done.comments, done.messages) == (dry.content, dry.comments, dry.messages)
    assert kept <= set(Content.objects.filter(is_demo=True).values_list("pk", flat=True))
    replied = Interaction.objects.filter(replies__posted_at__gte=cutoff)
    assert not Interaction.objects.filter(is_demo=True, posted_at__lt=cutoff).exclude(pk__in=replied).exists()
    assert live_rows() == before
    assert retention.clean_up(later).content == 0


def test_after_a_long_pause_nobody_talks_about_what_cleanup_took(alice):
    demo_of(alice, size="small")
    plan_due(FIRST_TALK)
    deliver_due(FIRST_TALK + timedelta(minutes=1))
    lifecycle.pause(alice, FIRST_TALK + timedelta(minutes=1))
    later = FIRST_TALK + 40 * DAY
    dry = retention.clean_up(later, dry_run=True)
    assert retention.clean_up(later) == dry
    assert dry.story > 200
    lifecycle.resume(alice, later)
    run_until(later + 2 * DAY, later, every=6 * HOUR)
    comments = Interaction.objects.filter(type="comment", posted_at__gt=later)
    assert comments.count() > 0
    assert not comments.filter(content=None).exists()


def test_what_is_still_to_come_keeps_what_it_answers(alice):
    demo_of(alice)
    plan_due(FIRST_TALK)
    coming = StoryEvent.objects.undelivered().filter(type="comment.created").first()
    old = Interaction.objects.filter(type="comment", parent=None, profile=coming.profile).earliest(
        "posted_at"
    )
    answered = {"content_id": old.content_ref, "parent_id": old.platform_id}
    StoryEvent.objects.filter(pk=coming.pk).update(payload=coming.payload | answered)
    lifecycle.pause(alice, FIRST_TALK)
    retention.clean_up(FIRST_TALK + 40 * DAY)
    assert Interaction.objects.filter(pk=old.pk, content__platform_id=old.content_ref).exists()
    assert Interaction.objects.filter(type="comment").count() < 30


def test_what_is_hung_on_an_old_row_while_cleanup_comes_to_it_keeps_it(alice, monkeypatch):
    demo_of(alice)
    old = Interaction.objects.filter(type="comment").earliest("posted_at")
    real = removal.lock_profiles

    def answer_first(profiles):
        replies.reply(old, "We are sorry that this took so long.", ENABLED + 60 * DAY)
        monkeypatch.undo()
        real(profiles)

    def at_the_first_interactions(rows, *args):
        if rows.model is Interaction:
            monkeypatch.setattr(removal, "lock_profiles", answer_first)
            monkeypatch.setattr(retention, "delete_in_batches", delete)
        return delete(rows, *args)

    delete = retention.delete_in_batches
    monkeypatch.setattr(retention, "delete_in_batches", at_the_first_interactions)
    retention.clean_up(ENABLED + 60 * DAY)
    assert Interaction.objects.get(direction="out").parent == old


def test_cleanup_goes_on_past_an_account_that_fails(alice, bob):
    demo_of(alice)
    demo_of(bob)
    DemoAccount.objects.filter(user=alice).update(niche="none that exists")  # its windows cannot be planned
    done = retention.clean_up(ENABLED + 60 * DAY)
    assert (done.failed, done.content) == (1, 3)
    assert (counts(alice), counts(bob)) == ((3, 30, 5), (0, 0, 0))


def test_changes_that_wait_for_a_demo_row_in_vain_go_with_its_age(alice, live):
    demo_of(alice)
    profile = Profile.objects.filter(is_demo=True).first()
    for owner in (profile, live):
        send(owner, event("comment.edited", "never-arrives"), at=NOW)
    assert retention.clean_up(NOW + 29 * DAY).pending_changes == 0
    assert retention.clean_up(NOW + 31 * DAY).pending_changes == 1
    assert [change.profile for change in PendingChange.objects.all()] == [live]


SETTINGS = {"settings": {"comments_per_window": 3}}


@pytest.mark.django_db(transaction=True)
def test_a_demo_that_is_busy_is_409_soon(page, alice):
    demo_of(alice)
    busy, done = Event(), Event()

    def work() -> None:
        with transaction.atomic():
            DemoAccount.objects.select_for_update().get()
            busy.set()
            done.wait(20)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(work)
        assert busy.wait(10)
        answer = page.patch("/api/v1/demo/", SETTINGS, content_type="application/json")
        done.set()
    assert (answer.status_code, "busy just now" in answer.json()["detail"]) == (409, True)


def test_settings_wait_until_a_long_backlog_is_planned(page, alice, monkeypatch):
    demo_of(alice, timezone.now() - 3 * DAY)
    monkeypatch.setattr(lifecycle, "MOST_EVENTS", 20)
    answer = page.patch("/api/v1/demo/", SETTINGS, content_type="application/json")
    assert (answer.status_code, "catching up" in answer.json()["detail"]) == (409, True)
    assert StoryEvent.objects.filter(origin="window").count() == 0
    plan_due(timezone.now())
    assert page.patch("/api/v1/demo/", SETTINGS, content_type="application/json").status_code == 200


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"state": "dreaming"}, "demo_state_is_known"),
        ({"next_content_window": None}, "demo_marks_are_set_unless_off"),
        ({"state": "off"}, "demo_marks_are_set_unless_off"),
        ({"state": "paused"}, "demo_pause_has_a_start"),
        ({"content_per_day": 21}, "demo_settings_are_in_range"),
        ({"state": "disabling", "advance_days": 1}, "demo_advances_only_while_active"),
    ],
)
def test_the_database_keeps_the_invariants(alice, changes, name):
    demo_of(alice)
    with pytest.raises(IntegrityError, match=name):
        DemoAccount.objects.update(**changes)


def test_enabling_again_keeps_the_brand_and_another_niche_brings_its_own(alice):
    account = activation.account_of(alice)
    account.brand, account.products = "Acme", ["Zork"]
    same = lifecycle.changes(account, {"niche": account.niche, "language": "en", "seed": account.seed})
    assert {"brand", "products"} & same.keys() == set()
    other = lifecycle.changes(account, {"niche": "fitness"})
    assert (other["products"], other["brand"]) == ([], simulator.default_brand(account.seed, "fitness", "en"))
    given = lifecycle.changes(account, {"niche": "fitness", "products": ["Zork"], "brand": "Acme"})
    assert (given["products"], given["brand"]) == (["Zork"], "Acme")
