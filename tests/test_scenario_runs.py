"""Scenarios: starting, progress, cancelling; the rest of the demo is not changed by them."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from demo.engine.delivery import deliver_due
from demo.engine.planning import plan_due
from demo.exceptions import InvalidState
from demo.lifecycle import on_demand, scenarios, transitions
from demo.models import DemoAccount, State, StoryEvent
from demo.simulator import SCENARIO_DURATION
from demo.throttling import AdvanceThrottle, ScenarioThrottle
from interactions.models import Interaction
from tests.timeline import ENABLED, FIRST_INTERACTIONS, counts, live_rows, resume, run_until, visible_rows
from tests.world import DAY, HOUR, NOW, SECOND, demo_of

BROUGHT = {"viral-spike": (1, 80, 0), "complaint-wave": (0, 30, 8), "product-launch": (1, 40, 6)}


def url(name: str) -> str:
    return f"/api/v1/demo/scenarios/{name}/"


@pytest.mark.parametrize("name", BROUGHT)
def test_a_scenario_brings_its_events_on_top_of_every_quota(alice, live, name):
    demo_of(alice)
    before = live_rows()
    assert scenarios.start(alice, name, NOW).started
    deliver_due(NOW)
    assert counts(alice) == (3, 30, 5)  # its first event is due some seconds later
    deliver_due(NOW + SCENARIO_DURATION)
    brought = tuple(now - then for now, then in zip(counts(alice), (3, 30, 5), strict=True))
    assert (brought, live_rows()) == (BROUGHT[name], before)
    assert set(StoryEvent.objects.exclude(origin=name).values_list("origin", flat=True)) <= {
        "initial", "brand", "figures", "spike",
    }  # fmt: skip


def test_a_scenario_does_not_change_the_windows(alice, bob):
    for user in (alice, bob):
        demo_of(user, seed=9, brand="Twin")
    for hours, name in enumerate(BROUGHT):
        scenarios.start(alice, name, ENABLED + hours * HOUR)
    run_until(ENABLED + 3 * DAY, every=2 * HOUR)
    ours = StoryEvent.objects.exclude(origin__in=scenarios.SCENARIO_NAMES)
    fields = ("type", "platform_id", "origin", "due_at", "payload")
    hers, his = (
        list(ours.filter(account__user=user).order_by("due_at", "platform_id", "type").values_list(*fields))
        for user in (alice, bob)
    )
    assert hers == his
    assert len(visible_rows(alice)) > len(visible_rows(bob)) + 150


def test_the_same_start_gives_the_same_events(alice, bob):
    for user in (alice, bob):
        demo_of(user, seed=9, brand="Twin")
        scenarios.start(user, "viral-spike", NOW + HOUR)
    hers, his = (
        list(StoryEvent.objects.filter(account__user=user, origin="viral-spike").order_by("due_at", "platform_id", "type").values_list("due_at", "payload"))
        for user in (alice, bob)
    )  # fmt: skip
    assert hers == his
    assert len(hers) > 80


def test_starting_plans_open_windows_first(alice):
    demo_of(alice)
    scenarios.start(alice, "complaint-wave", FIRST_INTERACTIONS)
    assert StoryEvent.objects.filter(origin="window").count() == 15
    assert plan_due(FIRST_INTERACTIONS).windows == 0


def test_the_api_shows_running_scenarios_and_their_events(page, alice):
    demo_of(alice, timezone.now() - HOUR)
    answer = page.post(url("product-launch"))
    assert answer.status_code == 202
    [running] = answer.json()["scenarios"]
    planned = StoryEvent.objects.filter(origin="product-launch")
    assert (running["name"], running["left"]) == ("product-launch", planned.count())
    assert {event["origin"] for event in answer.json()["upcoming"]} == {"product-launch"}
    assert answer.json()["upcoming"][0]["type"] == "content.published"


def test_starting_a_running_scenario_does_nothing(page, alice):
    demo_of(alice, timezone.now() - HOUR)
    codes = [page.post(url("viral-spike")).status_code for _ in range(5)]
    assert codes == [202, 200, 200, 200, 200]
    assert StoryEvent.objects.filter(origin="viral-spike", type="content.published").count() == 1


def test_cancelling_deletes_undelivered_events_only(page, alice):
    start = timezone.now() - timedelta(minutes=20)
    demo_of(alice, start - HOUR)
    scenarios.start(alice, "viral-spike", start)
    deliver_due(timezone.now())
    arrived = StoryEvent.objects.filter(origin="viral-spike", delivered_at__isnull=False).count()
    others = StoryEvent.objects.exclude(origin="viral-spike").count()
    answer = page.delete(url("viral-spike"))
    assert (answer.status_code, answer.json()["scenarios"]) == (200, [])
    assert StoryEvent.objects.filter(origin="viral-spike").count() == arrived > 0
    assert StoryEvent.objects.exclude(origin="viral-spike").count() == others
    assert page.delete(url("viral-spike")).status_code == 200


@pytest.mark.parametrize("method", ["post", "delete"])
def test_an_unknown_scenario_is_404_with_the_known_names(page, alice, method):
    demo_of(alice, timezone.now())
    answer = getattr(page, method)(url("earthquake"))
    assert (answer.status_code, "viral-spike" in answer.json()["detail"]) == (404, True)


@pytest.mark.parametrize("method", ["post", "delete"])
def test_scenarios_of_a_demo_that_is_off_are_409(page, alice, method):
    answer = getattr(page, method)(url("viral-spike"))
    assert (answer.status_code, "Demo mode is off" in answer.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("state", "sentence"),
    {
        State.OFF: "Demo mode is off; switch it on first.",
        State.ENABLING: "Demo mode is enabling; wait until it is active.",
        State.PAUSED: "Demo mode is paused; resume it first.",
        State.DISABLING: "Demo mode is disabling; wait until it is off, then switch it on.",
        State.FAILED: "Demo mode is failed; switch it on again first.",
    }.items(),
)
@pytest.mark.parametrize("route", ["scenarios/viral-spike/", "generate/interactions/", "advance/"])
def test_what_needs_an_active_demo_says_how_to_get_one(page, alice, state, sentence, route):
    if state != State.OFF:
        demo_of(alice)
        DemoAccount.objects.update(state=state, paused_at=NOW if state == State.PAUSED else None)
    answer = page.post(f"/api/v1/demo/{route}", {"days": 1} if route == "advance/" else {})
    assert (answer.status_code, answer.json()["detail"]) == (409, sentence)


def test_a_paused_demo_starts_no_scenario_and_keeps_a_running_one(alice):
    demo_of(alice)
    scenarios.start(alice, "viral-spike", NOW)
    transitions.pause(alice, NOW + SECOND)
    with pytest.raises(InvalidState, match="paused"):
        scenarios.start(alice, "product-launch", NOW + HOUR)
    resume(alice, NOW + DAY)
    assert StoryEvent.objects.filter(origin="viral-spike").earliest("due_at").due_at > NOW + DAY
    assert scenarios.cancel(alice, "viral-spike", NOW + DAY).started


def test_scenarios_of_another_user_are_not_shown_or_cancelled(page, alice, bob):
    for user in (alice, bob):
        demo_of(user, timezone.now() - HOUR)
    scenarios.start(bob, "viral-spike", timezone.now())
    assert page.get("/api/v1/demo/").json()["scenarios"] == []
    assert page.delete(f"{url('viral-spike')}?user=bob").status_code == 403
    page.delete(url("viral-spike"))
    assert StoryEvent.objects.filter(account__user=bob, origin="viral-spike").exists()


def test_the_scenario_events_of_a_day_are_limited(alice, monkeypatch):
    demo_of(alice)
    monkeypatch.setattr(scenarios, "MAX_PER_DAY", 150)
    scenarios.start(alice, "viral-spike", NOW)
    deliver_due(NOW + SCENARIO_DURATION)
    with pytest.raises(InvalidState, match="within a day"):
        scenarios.start(alice, "viral-spike", NOW + SCENARIO_DURATION)
    assert DemoAccount.objects.get().extra_ordinal == 1
    assert scenarios.start(alice, "viral-spike", NOW + DAY + SCENARIO_DURATION).started


def test_a_complaint_wave_needs_a_recent_post(alice):
    demo_of(alice, initial_content=0, initial_comments=0, initial_messages=0, platforms=["youtube"])
    with pytest.raises(InvalidState, match="no recent post"):
        scenarios.start(alice, "complaint-wave", NOW)
    on_demand.generate_content(alice, NOW)
    assert scenarios.start(alice, "complaint-wave", NOW + HOUR).started


def test_cancelling_keeps_leased_events(alice):
    demo_of(alice)
    scenarios.start(alice, "viral-spike", NOW)
    leased = StoryEvent.objects.filter(origin="viral-spike").order_by("due_at")[:10].values("pk")
    leased_events = StoryEvent.objects.filter(pk__in=list(leased.values_list("pk", flat=True)))
    leased_events.update(delivery_id=uuid.uuid4(), claimed_until=NOW + HOUR)
    assert scenarios.cancel(alice, "viral-spike", NOW + SECOND).started
    assert (leased_events.count(), StoryEvent.objects.filter(origin="viral-spike").count()) == (10, 10)


@pytest.mark.parametrize(
    ("address", "limit"),
    [("/demo/scenarios/viral-spike/start", ScenarioThrottle), ("/demo/advance/1", AdvanceThrottle)],
)
def test_clicks_on_the_page_are_rate_limited_like_api_calls(page, alice, monkeypatch, address, limit):
    demo_of(alice, timezone.now() - HOUR)
    monkeypatch.setattr(limit, "get_rate", lambda self: "2/min")
    answers = [page.post(address, headers={"HX-Request": "true"}).content.decode() for _ in range(3)]
    assert ["Too many requests" in answer for answer in answers] == [False, False, True]


@pytest.mark.django_db(transaction=True)
def test_eight_parallel_starts_begin_one_scenario(alice):
    demo_of(alice)
    together = Barrier(8)

    def click(_: int) -> bool:
        together.wait()
        try:
            return scenarios.start(alice, "complaint-wave", NOW).started
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(click, range(8))) == [False] * 7 + [True]
    deliver_due(NOW + SCENARIO_DURATION)
    assert Interaction.objects.filter(type="comment", direction="in").count() == 60
