"""Enabling again, resetting, pausing, resuming, advancing and changing settings."""

from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

import pytest
from django.db import IntegrityError, connection
from django.db.models import DateTimeField, F, Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from accounts.models import Profile, User
from demo import simulator
from demo.engine import retention
from demo.engine.delivery import deliver_due
from demo.engine.planning import plan_due
from demo.exceptions import InvalidState
from demo.lifecycle import activation, pending_work, scenarios, transitions
from demo.lifecycle.options import columns_for
from demo.models import DemoAccount, State, StoryEvent
from demo.schedules import SCHEDULES
from interactions.models import Content, Interaction, Thread
from interactions.profile_deletion import PROFILE_MODELS
from tests.lock_helpers import locked_elsewhere
from tests.timeline import (
    ENABLED,
    FIRST_CONTENT,
    FIRST_INTERACTIONS,
    counts,
    live_rows,
    resume,
    run_until,
    visible_rows,
)
from tests.world import DAY, HOUR, NOW, demo_of, event, send, work_on


def test_enabling_again_with_the_same_seed_gives_the_same_story(alice):
    demo_of(alice, seed=3)
    first = visible_rows(alice)
    transitions.disable(alice, request_worker=False)
    pending_work.run_to_completion(DemoAccount.objects.get().pk, NOW)
    assert visible_rows(alice) == []
    demo_of(alice, seed=3)
    assert visible_rows(alice) == first


def test_reset_gives_the_same_story_again(alice):
    demo_of(alice)
    first = visible_rows(alice)
    run_until(ENABLED + DAY, every=6 * HOUR)
    assert len(visible_rows(alice)) > len(first)
    transitions.reset(alice, request_worker=False)
    pending_work.run_to_completion(DemoAccount.objects.get().pk, NOW)
    assert visible_rows(alice) == first
    assert DemoAccount.objects.get().state == State.ACTIVE


def test_a_pause_holds_all_undelivered_events_and_resuming_moves_them(alice):
    demo_of(alice)
    plan_due(FIRST_INTERACTIONS)
    paused = FIRST_INTERACTIONS + timedelta(minutes=1)
    deliver_due(paused)
    before = counts(alice)
    held = list(StoryEvent.objects.undelivered().order_by("id").values_list("due_at", flat=True))
    transitions.pause(alice, paused)
    plan_due(paused + 3 * DAY)
    deliver_due(paused + 3 * DAY)
    assert counts(alice) == before
    resume(alice, paused + 3 * DAY)
    deliver_due(paused + 3 * DAY)
    waiting = StoryEvent.objects.undelivered().order_by("id").values_list("due_at", flat=True)
    assert (counts(alice), list(waiting)) == (before, [due + 3 * DAY for due in held])
    account = DemoAccount.objects.get()
    assert account.next_interactions_window == FIRST_INTERACTIONS + 6 * HOUR + 3 * DAY
    assert account.next_content_window == FIRST_CONTENT + 3 * DAY


def by_window(user: User, first: datetime) -> list[Counter]:
    """The event types of each period of six hours from `first` on."""
    story = StoryEvent.objects.filter(account__user=user, origin="window", due_at__gte=first)
    types = story.exclude(type="content.metrics").values_list("due_at", "type")
    return [
        Counter(type for _, type in found)
        for _, found in groupby(types.order_by("due_at"), lambda row: (row[0] - first) // (6 * HOUR))
    ]


@pytest.mark.long
def test_short_pauses_skip_no_window(alice, bob):
    for user in (alice, bob):
        demo_of(user, seed=9, brand="Twin")
    second, now = timedelta(seconds=1), ENABLED
    for pause in (
        FIRST_INTERACTIONS - second,
        FIRST_INTERACTIONS + HOUR,
        FIRST_INTERACTIONS + 6 * HOUR,
        FIRST_CONTENT - second,
    ):
        run_until(pause, now)
        transitions.pause(alice, pause)
        resume(alice, pause + 2 * second)
        now = pause + 2 * second
    run_until(FIRST_CONTENT + 3 * DAY, now)
    next_windows = DemoAccount.objects.values_list("next_content_window", "next_interactions_window")
    assert (len(set(next_windows)), counts(alice)) == (1, counts(bob))
    assert by_window(alice, FIRST_INTERACTIONS) == by_window(bob, FIRST_INTERACTIONS)
    posts = StoryEvent.objects.filter(account__user=alice, origin="window", type="content.published")
    assert posts.earliest("due_at").due_at == FIRST_CONTENT + second


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("hours", "content", "interactions", "first_post"),
    [  # of a pause from an hour before the window of 10:00
        (1, 0, 0, 1 * HOUR),
        (2, 0, 0, 2 * HOUR),
        (11, 0, 1, 11 * HOUR),
        (24, 1, 4, 25 * HOUR),
        (24 * 7 + 12, 7, 30, (24 * 7 + 12) * HOUR),
    ],
)
def test_a_pause_skips_the_windows_that_lie_in_it(alice, hours, content, interactions, first_post):
    demo_of(alice, seed=9)
    paused = FIRST_CONTENT - HOUR
    run_until(paused)
    deliver_due(paused)
    transitions.pause(alice, paused)
    resume(alice, paused + hours * HOUR)
    run_until(end := paused + (hours + 48) * HOUR, paused + hours * HOUR)
    account = DemoAccount.objects.get()
    assert account.content_ordinal == (end - FIRST_CONTENT) // DAY + 1 - content
    assert account.interactions_ordinal == (end - FIRST_INTERACTIONS) // (6 * HOUR) + 1 - interactions
    posts = StoryEvent.objects.filter(origin="window", type="content.published")
    assert posts.earliest("due_at").due_at == paused + first_post
    meanwhile = Interaction.objects.filter(posted_at__gt=paused, posted_at__lt=paused + hours * HOUR)
    assert not meanwhile.exists()


def test_a_window_open_at_the_end_of_a_pause_begins_then_and_keeps_its_intervals(alice):
    demo_of(alice)
    transitions.pause(alice, FIRST_INTERACTIONS - HOUR)
    resume(alice, resumed := FIRST_INTERACTIONS + 4 * HOUR)
    plan_due(resumed)
    times = sorted(StoryEvent.objects.filter(origin="window").values_list("due_at", flat=True))
    assert (len(times), times[0]) == (15, resumed)
    assert resumed + 3 * HOUR < times[-1] < resumed + 6 * HOUR


def test_a_pause_ends_also_when_open_windows_cannot_be_planned(alice):
    demo_of(alice)
    transitions.pause(alice, FIRST_INTERACTIONS - HOUR)
    DemoAccount.objects.update(niche="none that exists")
    resume(alice, resumed := FIRST_INTERACTIONS + 4 * HOUR)
    account = DemoAccount.objects.get()
    assert (account.state, account.next_interactions_window) == (State.ACTIVE, FIRST_INTERACTIONS)
    DemoAccount.objects.update(niche="coffee")
    plan_due(resumed)
    assert DemoAccount.objects.get().interactions_ordinal == 1


@pytest.mark.parametrize("ask", [transitions.pause, partial(transitions.change_settings, changes={})])
@pytest.mark.parametrize(("days", "is_refused"), [(2.3, True), (2, False)])  # ten windows, and nine
def test_requests_with_a_large_backlog_are_refused_before_anything_is_planned(alice, ask, days, is_refused):
    """A web request plans up to 3,000 events; a window has 300 here."""
    demo_of(alice, comments_per_window=200, messages_per_window=100)
    now = FIRST_INTERACTIONS + days * DAY
    with CaptureQueriesContext(connection) as queries:
        if is_refused:
            with pytest.raises(InvalidState, match="more open windows than a request can plan"):
                ask(alice, now)
        else:
            ask(alice, now)
    read_past = any("demo_storyevent post" in query["sql"] for query in queries)
    assert (read_past, StoryEvent.objects.filter(origin="window").exists()) == (not is_refused,) * 2


@pytest.mark.parametrize("move", [transitions.pause, transitions.resume])
def test_a_demo_that_is_off_cannot_be_paused_or_resumed(alice, move):
    with pytest.raises(InvalidState, match="Demo mode is off"):
        move(alice, NOW)


def test_an_advancing_demo_cannot_be_paused(alice):
    demo_of(alice)
    transitions.advance(alice, 1, NOW, request_worker=False)
    with pytest.raises(InvalidState, match="skipping ahead"):
        transitions.pause(alice, NOW)
    assert DemoAccount.objects.values_list("state", "advance_days").get() == (State.ACTIVE, 1)


def test_settings_apply_from_the_next_window_on(alice):
    demo_of(alice)
    transitions.change_settings(
        alice, FIRST_INTERACTIONS, {"comments_per_window": 3, "messages_per_window": 0}
    )
    assert StoryEvent.objects.filter(origin="window").count() == 15
    plan_due(FIRST_INTERACTIONS + 6 * HOUR)
    assert StoryEvent.objects.filter(origin="window").count() == 18


@pytest.mark.long
def test_advancing_a_week_gives_the_rows_of_a_week(alice, bob):
    now = ENABLED + DAY / 2
    demo_of(alice, seed=4, brand="Twin")
    demo_of(bob, ENABLED - 7 * DAY, seed=4, brand="Twin")
    run_until(now, ENABLED - 7 * DAY, every=6 * HOUR)
    transitions.advance(alice, 7, now, request_worker=False)
    pending_work.run_to_completion(DemoAccount.objects.get(user=alice).pk, now)
    deliver_due(now)
    assert visible_rows(alice) == visible_rows(bob)
    assert max(row[3] for row in visible_rows(alice)) <= now


@pytest.mark.parametrize("days", [1, 3, pytest.param(5, marks=pytest.mark.long)])
def test_advancing_by_days_gives_the_quotas_and_no_reply_before_its_parent(alice, days):
    demo_of(alice)
    advance(alice, days, NOW)
    deliver_due(NOW)
    windows = StoryEvent.objects.filter(origin="window")
    assert windows.filter(type="content.published").count() == 2 * (days - 1)
    assert windows.exclude(type="content.published").count() == 15 * (4 * days - 1)
    assert Interaction.objects.filter(posted_at__gt=NOW).count() == 0
    late = Q(posted_at__lte=F("content__posted_at")) | Q(posted_at__lte=F("parent__posted_at"))
    assert Interaction.objects.filter(late).count() == 0


def advance(user: User, days: int, now: datetime) -> None:
    transitions.advance(user, days, now, request_worker=False)
    pending_work.run_to_completion(DemoAccount.objects.get(user=user).pk, now)


def test_advancing_moves_every_time_of_the_demo_and_no_other(alice, bob, live):
    for user in (alice, bob):
        demo_of(user)
        send(
            Profile.objects.demo().get(owner=user, platform="facebook"),
            {"type": "bad"},
            event("comment.edited", "x"),
        )
        work_on(Thread.objects.filter(profile__owner=user, is_demo=True, kind="comment").first())
    retention.clean_up(NOW, older_than_days=1)
    before, others = times(alice), [times(bob), live_rows()]
    advance(alice, 2, NOW)
    after = times(alice)
    assert {key: after[key] for key in before} == {key: at and at - 2 * DAY for key, at in before.items()}
    assert [times(bob), live_rows()] == others


def times(user: User) -> dict[tuple, datetime]:
    """Every time in every row of the user's demo, and the time of enabling."""
    profiles = Profile.objects.demo().filter(owner=user)
    found = {"enabled": User.objects.get(pk=user.pk).demo_mode_enabled_at}
    account = DemoAccount.objects.filter(user=user)
    found["planned"] = account.values_list("planned_at", flat=True).get()
    for rows in [
        profiles,
        *(model.objects.filter(profile__in=profiles) for model in (StoryEvent, *PROFILE_MODELS)),
    ]:
        names = [field.name for field in rows.model._meta.fields if isinstance(field, DateTimeField)]
        found |= {(rows.model, pk, name): at for name in names for pk, at in rows.values_list("pk", name)}
    return found


def test_no_schedule_is_created_for_a_user(alice, bob):
    before = set(PeriodicTask.objects.values_list("name", flat=True))
    for user in (alice, bob):
        demo_of(user)
        transitions.change_settings(user, NOW, {"posting_hour": 7, "time_zone": "Asia/Tokyo"})
        scenarios.start(user, "viral-spike", NOW)
        transitions.advance(user, 1, NOW, request_worker=False)
    assert set(PeriodicTask.objects.values_list("name", flat=True)) == before
    assert {schedule.name for schedule in SCHEDULES} <= before


def test_advancing_is_limited_to_the_retention(page, alice):
    demo_of(alice, timezone.now(), retention_days=7)
    answer = page.post("/api/v1/demo/advance/", {"days": 8}, content_type="application/json")
    assert (answer.status_code, "from 1 to 7, the demo's retention" in str(answer.json())) == (400, True)
    assert page.post("/api/v1/demo/advance/", {"days": 7}, content_type="application/json").status_code == 202


def test_a_demo_delivered_to_another_installation_does_not_advance(page, alice):
    demo_of(alice, timezone.now())
    Interaction.objects.all().delete()
    Content.objects.all().delete()  # as if everything was delivered over HTTP to another installation
    answer = page.post("/api/v1/demo/advance/", {"days": 1}, content_type="application/json")
    assert (answer.status_code, "another installation" in answer.json()["detail"]) == (409, True)
    assert DemoAccount.objects.get().advance_days == 0


def test_a_pause_marks_all_undelivered_events_as_held(alice, bob):
    for user in (alice, bob):
        demo_of(user)
    plan_due(FIRST_INTERACTIONS)
    transitions.pause(alice, FIRST_INTERACTIONS)
    alices_events = StoryEvent.objects.undelivered().filter(account__user=alice)
    assert (alices_events.exists(), alices_events.filter(held=False).exists()) == (True, False)
    assert set(StoryEvent.objects.filter(held=True).values_list("account__user", flat=True)) == {alice.pk}
    resume(alice, FIRST_INTERACTIONS + HOUR)
    assert not StoryEvent.objects.filter(held=True).exists()


SETTINGS = {"settings": {"comments_per_window": 3}}


@pytest.mark.sample(2)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ask", ["settings", "enable", "pause", "reset", "disable", "advance"])
def test_requests_for_a_locked_demo_are_answered_409_soon(page, alice, ask):
    demo_of(alice)
    with locked_elsewhere(DemoAccount.objects.select_for_update().get):
        if ask == "settings":
            answer = page.patch("/api/v1/demo/", SETTINGS, content_type="application/json")
        else:
            body = {"days": 1} if ask == "advance" else {}
            answer = page.post(f"/api/v1/demo/{ask}/", body, content_type="application/json")
    assert (answer.status_code, "demo is busy" in answer.json()["detail"]) == (409, True)


def test_settings_cannot_change_before_a_large_backlog_is_planned(page, alice, monkeypatch):
    demo_of(alice, timezone.now() - 3 * DAY)
    monkeypatch.setattr(transitions, "EVENTS_PER_TRANSACTION", 20)
    answer = page.patch("/api/v1/demo/", SETTINGS, content_type="application/json")
    assert (answer.status_code, "more open windows than a request can plan" in answer.json()["detail"]) == (
        409,
        True,
    )
    assert StoryEvent.objects.filter(origin="window").count() == 0
    plan_due(timezone.now())
    assert page.patch("/api/v1/demo/", SETTINGS, content_type="application/json").status_code == 200


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"state": "unknown"}, "demo_state_is_known"),
        ({"next_content_window": None}, "demo_marks_are_set_unless_off"),
        ({"state": "off"}, "demo_marks_are_set_unless_off"),
        ({"state": "paused"}, "demo_pause_has_a_start"),
        ({"content_per_day": 21}, "demo_settings_are_in_range"),
        ({"state": "disabling", "advance_days": 1}, "demo_advances_only_while_active"),
    ],
)
def test_the_database_rejects_invalid_accounts(alice, changes, name):
    demo_of(alice)
    with pytest.raises(IntegrityError, match=name):
        DemoAccount.objects.update(**changes)


def test_enabling_again_keeps_the_brand_and_another_niche_brings_its_own(alice):
    account = activation.get_or_create_account(alice)
    account.brand, account.products = "Acme", ["Zork"]
    same = columns_for(account, {"niche": account.niche, "language": "en", "seed": account.seed})
    assert {"brand", "products"} & same.keys() == set()
    other = columns_for(account, {"niche": "fitness"})
    assert (other["products"], other["brand"]) == ([], simulator.default_brand(account.seed, "fitness", "en"))
    given = columns_for(account, {"niche": "fitness", "products": ["Zork"], "brand": "Acme"})
    assert (given["products"], given["brand"]) == (["Zork"], "Acme")
