"""The promise, with time as an argument: enable, plan, deliver, recover, leave."""

import logging
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, OperationalError
from django.utils import timezone

from accounts.models import Profile, User
from demo import delivery, lifecycle, removal, retention, story, unfinished
from demo.delivery import deliver_due
from demo.models import DemoAccount, State, StoryEvent
from demo.planning import plan_due
from demo.progress import progress_of
from demo.states import NotPossible
from interactions.models import Content, DeadLetter, Interaction, PendingChange
from tests.world import DAY, HOUR, NOW, demo_of, event, send

ENABLED = NOW  # Wednesday 07:30
FIRST_TALK = datetime(2026, 3, 4, 18, tzinfo=UTC)
FIRST_CONTENT = datetime(2026, 3, 5, 10, tzinfo=UTC)


def counts(user: User) -> tuple[int, int, int]:
    rows = Interaction.objects.filter(profile__owner=user, is_demo=True)
    pieces = Content.objects.filter(profile__owner=user, is_demo=True)
    return pieces.count(), rows.filter(type="comment").count(), rows.filter(type="message").count()


def told(user: User) -> list[tuple]:
    """Every stored demo row of a user, without primary keys and times of receipt."""
    pieces = Content.objects.filter(profile__owner=user, is_demo=True)
    talk = Interaction.objects.filter(profile__owner=user, is_demo=True)
    links = [
        "content__platform_id",
        "parent__platform_id",
        "author_id",
        "author_name",
        "conversation_id",
        "status",
    ]
    return [
        *pieces.order_by("platform_id").values_list(
            "profile__platform", "platform_id", "text", "posted_at", "kind", "url"
        ),
        *talk.order_by("platform_id").values_list(
            "profile__platform", "platform_id", "text", "posted_at", *links
        ),
    ]


def live_rows() -> list[tuple]:
    """Every column of every live row."""
    rows = []
    for model in (Profile, Content, Interaction, PendingChange, DeadLetter):
        rows += [
            (model.__name__, *row) for row in model.objects.filter(is_demo=False).order_by("pk").values_list()
        ]
    return rows


def run_until(end: datetime, start: datetime = ENABLED, every: timedelta = timedelta(hours=1)) -> None:
    """Plan and deliver at each step, as the schedule does."""
    now = start
    while now <= end:
        plan_due(now)
        deliver_due(now)
        now += every


def test_enabling_creates_exactly_the_initial_batch(alice):
    account = demo_of(alice, size="full")
    assert account.state == State.ACTIVE
    assert counts(alice) == (35, 920, 100)
    assert Counter(Profile.objects.filter(owner=alice).values_list("platform", flat=True)) == {
        "instagram": 1,
        "youtube": 1,
        "facebook": 1,
    }
    assert progress_of(account).text == "content 35/35, comments 920/920, messages 100/100"


def test_the_initial_batch_lies_in_the_last_18_days_and_in_causal_order(alice):
    demo_of(alice, size="full")
    rows = [*Content.objects.all(), *Interaction.objects.all()]
    assert all(ENABLED - 18 * DAY <= row.posted_at < ENABLED for row in rows)
    assert all(row.is_demo for row in rows)
    comments = Interaction.objects.filter(type="comment").select_related("content", "parent")
    assert all(c.content and c.posted_at > c.content.posted_at for c in comments)
    assert all(c.posted_at > c.parent.posted_at for c in comments if c.parent)
    assert 150 < sum(c.parent is not None for c in comments) < 330


def test_enabling_twice_adds_nothing(alice):
    demo_of(alice)
    assert lifecycle.enable(alice, NOW + DAY, dispatch=False).started is False
    assert counts(alice) == (3, 30, 5)
    assert User.objects.get().demo_mode_enabled_at == ENABLED


def test_the_gates_are_the_first_windows_after_six_and_24_hours(alice):
    account = demo_of(alice)
    assert (account.next_interactions_window, account.next_content_window) == (FIRST_TALK, FIRST_CONTENT)


@pytest.mark.parametrize(
    ("now", "windows"),
    [
        (FIRST_TALK - timedelta(seconds=1), 0),
        (FIRST_TALK, 1),
        (FIRST_CONTENT - timedelta(seconds=1), 3),
        (FIRST_CONTENT, 4),
    ],
)
def test_windows_open_at_their_instants(alice, now, windows):
    demo_of(alice)
    assert plan_due(now).windows == windows
    assert plan_due(now).windows == 0


def test_a_window_brings_its_quota_and_logs_it(alice, caplog):
    demo_of(alice)
    with caplog.at_level(logging.INFO, "demo.planning"):
        plan_due(FIRST_CONTENT)
    assert [r.message for r in caplog.records] == [
        *["Generated 10 comments and 5 DMs for user alice"] * 3,
        "Generated 2 new content pieces for user alice",
    ]
    deliver_due(FIRST_CONTENT + DAY)
    assert counts(alice) == (3 + 2, 30 + 30, 5 + 15)


def test_the_first_piece_is_posted_at_ten(alice):
    demo_of(alice)
    plan_due(FIRST_CONTENT)
    deliver_due(FIRST_CONTENT)
    assert Content.objects.filter(posted_at=FIRST_CONTENT).count() == 1


def test_nothing_is_delivered_before_it_is_due(alice):
    demo_of(alice)
    plan_due(FIRST_TALK)
    deliver_due(FIRST_TALK + HOUR)
    assert Interaction.objects.filter(posted_at__gt=FIRST_TALK + HOUR).count() == 0
    assert StoryEvent.objects.undelivered().filter(due_at__lte=FIRST_TALK + HOUR).count() == 0


def test_the_rows_after_an_outage_are_the_rows_that_no_outage_would_have_given(alice, bob):
    demo_of(alice, seed=9, brand="Twin")
    demo_of(bob, seed=9, brand="Twin")
    end = ENABLED + 5 * DAY
    for now in (ENABLED + n * HOUR for n in range(121)):
        ids = [DemoAccount.objects.get(user=alice).pk]
        DemoAccount.objects.filter(user=bob).update(state="failed")
        plan_due(now)
        deliver_due(now, ids)
        DemoAccount.objects.filter(user=bob).update(state="active")
    plan_due(end)
    deliver_due(end)
    assert StoryEvent.objects.filter(account__user=alice, origin="window").count() == 4 * 2 + 19 * 15
    assert told(bob) == told(alice)


def test_what_people_do_changes_no_draw(alice, bob):
    demo_of(alice, seed=9, brand="Twin")
    demo_of(bob, seed=9, brand="Twin")
    mine = Interaction.objects.filter(profile__owner=alice)
    mine.filter(type="message").delete()
    mine.update(status="hidden")
    run_until(ENABLED + DAY, every=6 * HOUR)
    fields = ("type", "platform_id", "due_at", "payload")
    stories = [
        list(
            StoryEvent.objects.filter(account__user=user)
            .order_by("due_at", "platform_id")
            .values_list(*fields)
        )
        for user in (alice, bob)
    ]
    assert stories[0] == stories[1]


def test_windows_older_than_the_retention_are_skipped_and_consume_their_ordinals(alice):
    demo_of(alice)
    plan_due(ENABLED + 40 * DAY)
    account = DemoAccount.objects.get()
    assert StoryEvent.objects.filter(origin="window", due_at__lt=ENABLED + 10 * DAY).count() == 0
    assert account.interactions_ordinal == (account.next_interactions_window - FIRST_TALK) / (6 * HOUR)


def test_without_messages_the_quota_is_zero_and_enabling_says_so(page, alice):
    answer = page.post("/api/v1/demo/enable/", {"platforms": ["youtube"]}, content_type="application/json")
    assert answer.json()["notices"] == [
        "None of the chosen platforms has direct messages, so the demo brings none."
    ]
    assert answer.json()["progress"]["messages"] == {"done": 0, "total": 0}
    unfinished.finish(DemoAccount.objects.get().pk, timezone.now())
    assert counts(alice) == (35, 920, 0)


def test_a_worker_killed_between_planning_and_delivery_is_taken_up_by_the_sweep(alice):
    account = lifecycle.enable(alice, NOW, dispatch=False).account
    unfinished.plan_initial(account.pk, NOW)
    DemoAccount.objects.update(heartbeat_at=NOW)
    assert unfinished.claim_silent(NOW + timedelta(seconds=29)) == []
    later = NOW + timedelta(seconds=31)
    assert unfinished.claim_silent(later) == [account.pk]
    assert unfinished.claim_silent(later) == []
    unfinished.finish(account.pk, later)
    assert counts(alice) == (35, 920, 100)


def test_a_lost_connection_leaves_the_account_enabling(alice, monkeypatch):
    account = lifecycle.enable(alice, NOW, dispatch=False).account

    def lost(*_):
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(delivery, "ingest", lost)
    with pytest.raises(OperationalError):
        unfinished.finish(account.pk, NOW)
    account.refresh_from_db()
    assert account.state == State.ENABLING
    monkeypatch.undo()
    unfinished.finish(account.pk, NOW)
    assert counts(alice) == (35, 920, 100)


def test_any_other_error_fails_visibly_and_enabling_again_completes(alice, monkeypatch):
    account = lifecycle.enable(alice, NOW, dispatch=False).account
    monkeypatch.setattr(unfinished, "plan_initial", lambda *_: 1 / 0)
    unfinished.finish(account.pk, NOW)
    account.refresh_from_db()
    assert (account.state, account.last_error) == (State.FAILED, "ZeroDivisionError: division by zero")
    monkeypatch.undo()
    demo_of(alice, size="full")
    assert counts(alice) == (35, 920, 100)


def test_a_batch_that_failed_after_planning_goes_on_where_it_was(alice, monkeypatch):
    account = lifecycle.enable(alice, NOW, dispatch=False, seed=6).account
    monkeypatch.setattr(unfinished, "deliver_due", lambda *_: 1 / 0)
    unfinished.finish(account.pk, NOW)
    monkeypatch.undo()
    story = StoryEvent.objects.filter(origin="initial").order_by("pk").values_list("pk", flat=True)
    planned = list(story)
    demo_of(alice, NOW + HOUR, seed=7, size="full")
    assert counts(alice) == (35, 920, 100)
    assert list(story) == planned
    assert DemoAccount.objects.get().seed == 6


def test_a_poison_event_dies_after_six_attempts_and_its_neighbours_go_on(alice, monkeypatch):
    account = lifecycle.enable(
        alice, NOW, dispatch=False, initial_content=3, initial_comments=30, initial_messages=5
    ).account
    unfinished.plan_initial(account.pk, NOW)
    poison = StoryEvent.objects.filter(type="comment.created").first().platform_id
    real = delivery.ingest

    def ingest(arrivals, now):
        if any(arrival.event["id"] == poison for arrival in arrivals):
            raise RuntimeError("poison")
        return real(arrivals, now)

    monkeypatch.setattr(delivery, "ingest", ingest)
    now = NOW
    for attempt in range(1, 7):
        deliver_due(now)
        assert StoryEvent.objects.get(platform_id=poison).attempts == attempt
        now += 6 * HOUR
    assert counts(alice) == (3, 29, 5)
    assert (progress_of(account).dead, StoryEvent.objects.get(platform_id=poison).last_error) == (1, "poison")


def test_an_account_that_cannot_be_planned_does_not_hold_up_the_others(alice, bob, monkeypatch):
    demo_of(alice)
    demo_of(bob)
    real = story.simulator.interactions_window

    def window(world, *args):
        if world.brand == "Broken":
            raise RuntimeError("broken")
        return real(world, *args)

    DemoAccount.objects.filter(user=alice).update(brand="Broken")
    monkeypatch.setattr(story.simulator, "interactions_window", window)
    assert plan_due(FIRST_TALK).windows == 1
    assert DemoAccount.objects.get(user=alice).last_error == "Planning failed: broken"
    assert DemoAccount.objects.get(user=bob).next_interactions_window == FIRST_TALK + 6 * HOUR


def test_disabling_leaves_no_trace_and_live_rows_as_they_were(alice, bob, live):
    before = live_rows()
    demo_of(alice, seed=3)
    demo_of(bob, seed=3)
    bobs = told(bob)
    demo_profile = Profile.objects.filter(owner=alice, is_demo=True).first()
    send(demo_profile, {"type": "bad"}, event("comment.edited", "nobody"))
    run_until(ENABLED + DAY, every=6 * HOUR)
    lifecycle.disable(alice, dispatch=False)
    unfinished.finish(DemoAccount.objects.get(user=alice).pk, NOW)
    account = DemoAccount.objects.get(user=alice)
    assert (
        account.state,
        account.next_content_window,
        User.objects.get(pk=alice.pk).demo_mode_enabled_at,
    ) == ("off", None, None)
    assert live_rows() == before
    assert [m.objects.filter(profile__owner=alice, is_demo=True).count() for m in removal.DERIVED] == [0] * 4
    assert not StoryEvent.objects.filter(account=account).exists()
    assert not Profile.objects.filter(owner=alice, is_demo=True).exists()
    assert set(bobs) <= set(told(bob))


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


def test_a_removal_that_was_interrupted_goes_on(alice, monkeypatch):
    demo_of(alice)
    lifecycle.disable(alice, dispatch=False)
    account = DemoAccount.objects.get()
    monkeypatch.setattr(removal, "_gone", lambda *_: (_ for _ in ()).throw(OperationalError("killed")))
    with pytest.raises(OperationalError):
        unfinished.finish(account.pk, NOW)
    monkeypatch.undo()
    unfinished.finish(account.pk, NOW)
    assert DemoAccount.objects.get().state == State.OFF


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
    lifecycle.advance(alice, 7, dispatch=False)
    unfinished.finish(DemoAccount.objects.get(user=alice).pk, now)
    deliver_due(now)
    assert told(alice) == told(bob)
    assert max(row[3] for row in told(alice)) <= now


def test_cleanup_takes_old_demo_rows_only_and_keeps_a_piece_that_is_talked_about(alice, live):
    demo_of(alice, size="small")
    before = live_rows()
    later = ENABLED + 22 * DAY
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


def test_planning_takes_a_constant_number_of_statements(alice, bob, django_assert_num_queries):
    demo_of(alice)
    with django_assert_num_queries(11):
        plan_due(FIRST_TALK)
    demo_of(bob)
    with django_assert_num_queries(11):
        assert plan_due(FIRST_TALK + 6 * HOUR).windows == 3
