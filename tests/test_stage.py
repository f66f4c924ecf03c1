"""Scenarios on stage: begun, watched, cancelled; and nothing else of the demo changes for them."""

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
from demo.models import DemoAccount, StoryEvent
from demo.simulator import SCENARIO_DURATION
from demo.throttling import AdvanceThrottle, ScenarioThrottle
from interactions.models import Interaction
from tests.timeline import ENABLED, FIRST_TALK, counts, live_rows, resume, run_until, told
from tests.world import DAY, HOUR, NOW, demo_of

BROUGHT = {"viral-spike": (1, 80, 0), "complaint-wave": (0, 30, 8), "product-launch": (1, 40, 6)}
SECOND = timedelta(seconds=1)


def url(name: str) -> str:
    return f"/api/v1/demo/scenarios/{name}/"


@pytest.mark.parametrize("name", BROUGHT)
def test_a_scenario_brings_what_it_promises_on_top_of_every_quota(alice, live, name):
    demo_of(alice)
    before = live_rows()
    assert scenarios.start(alice, name, NOW).started
    deliver_due(NOW)
    assert counts(alice) == (3, 30, 5)  # its first event is some seconds away
    deliver_due(NOW + SCENARIO_DURATION)
    brought = tuple(now - then for now, then in zip(counts(alice), (3, 30, 5), strict=True))
    assert (brought, live_rows()) == (BROUGHT[name], before)
    assert set(StoryEvent.objects.exclude(origin=name).values_list("origin", flat=True)) <= {
        "initial", "brand", "figures", "spike",
    }  # fmt: skip


def test_a_scenario_changes_nothing_of_what_windows_bring(alice, bob):
    for user in (alice, bob):
        demo_of(user, seed=9, brand="Twin")
    for hours, name in enumerate(BROUGHT):
        scenarios.start(alice, name, ENABLED + hours * HOUR)
    run_until(ENABLED + 3 * DAY, every=2 * HOUR)
    ours = StoryEvent.objects.exclude(origin__in=scenarios.NAMES)
    fields = ("type", "platform_id", "origin", "due_at", "payload")
    hers, his = (
        list(ours.filter(account__user=user).order_by("due_at", "platform_id").values_list(*fields))
        for user in (alice, bob)
    )
    assert hers == his
    assert len(told(alice)) > len(told(bob)) + 150


def test_the_same_start_plans_the_same(alice, bob):
    for user in (alice, bob):
        demo_of(user, seed=9, brand="Twin")
        scenarios.start(user, "viral-spike", NOW + HOUR)
    hers, his = (
        list(StoryEvent.objects.filter(account__user=user, origin="viral-spike").order_by("due_at", "platform_id").values_list("due_at", "payload"))
        for user in (alice, bob)
    )  # fmt: skip
    assert hers == his
    assert len(hers) > 80


def test_beginning_plans_what_is_open_with_the_story_as_it_was(alice):
    demo_of(alice)
    scenarios.start(alice, "complaint-wave", FIRST_TALK)
    assert StoryEvent.objects.filter(origin="window").count() == 15
    assert plan_due(FIRST_TALK).windows == 0


def test_the_demo_says_what_runs_and_what_comes_next(page, alice):
    demo_of(alice, timezone.now() - HOUR)
    answer = page.post(url("product-launch"))
    assert answer.status_code == 202
    [running] = answer.json()["scenarios"]
    planned = StoryEvent.objects.filter(origin="product-launch")
    assert (running["name"], running["left"]) == ("product-launch", planned.count())
    assert {event["origin"] for event in answer.json()["upcoming"]} == {"product-launch"}
    assert answer.json()["upcoming"][0]["type"] == "content.published"


def test_a_second_click_begins_nothing(page, alice):
    demo_of(alice, timezone.now() - HOUR)
    codes = [page.post(url("viral-spike")).status_code for _ in range(5)]
    assert codes == [202, 200, 200, 200, 200]
    assert StoryEvent.objects.filter(origin="viral-spike", type="content.published").count() == 1


def test_cancelling_takes_back_what_has_not_come_and_leaves_what_has(page, alice):
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
def test_an_unknown_scenario_is_404_and_named(page, alice, method):
    demo_of(alice, timezone.now())
    answer = getattr(page, method)(url("earthquake"))
    assert (answer.status_code, "viral-spike" in answer.json()["detail"]) == (404, True)


@pytest.mark.parametrize("method", ["post", "delete"])
def test_what_is_off_has_no_scenarios(page, alice, method):
    answer = getattr(page, method)(url("viral-spike"))
    assert (answer.status_code, "Demo mode is off" in answer.json()["detail"]) == (409, True)


def test_a_paused_demo_begins_none_and_keeps_what_it_holds(alice):
    demo_of(alice)
    scenarios.start(alice, "viral-spike", NOW)
    transitions.pause(alice, NOW + SECOND)
    with pytest.raises(InvalidState, match="paused"):
        scenarios.start(alice, "product-launch", NOW + HOUR)
    resume(alice, NOW + DAY)
    assert StoryEvent.objects.filter(origin="viral-spike").earliest("due_at").due_at > NOW + DAY
    assert scenarios.cancel(alice, "viral-spike", NOW + DAY).started


def test_another_users_scenarios_are_their_own(page, alice, bob):
    for user in (alice, bob):
        demo_of(user, timezone.now() - HOUR)
    scenarios.start(bob, "viral-spike", timezone.now())
    assert page.get("/api/v1/demo/").json()["scenarios"] == []
    assert page.delete(f"{url('viral-spike')}?user=bob").status_code == 403
    page.delete(url("viral-spike"))
    assert StoryEvent.objects.filter(account__user=bob, origin="viral-spike").exists()


def test_a_days_scenarios_are_limited(alice, monkeypatch):
    demo_of(alice)
    monkeypatch.setattr(scenarios, "MAX_A_DAY", 150)
    scenarios.start(alice, "viral-spike", NOW)
    deliver_due(NOW + SCENARIO_DURATION)
    with pytest.raises(InvalidState, match="within a day"):
        scenarios.start(alice, "viral-spike", NOW + SCENARIO_DURATION)
    assert DemoAccount.objects.get().extra_ordinal == 1
    assert scenarios.start(alice, "viral-spike", NOW + DAY + SCENARIO_DURATION).started


def test_without_a_piece_there_is_nothing_to_complain_of(alice):
    demo_of(alice, initial_content=0, initial_comments=0, initial_messages=0, platforms=["youtube"])
    with pytest.raises(InvalidState, match="no recent piece"):
        scenarios.start(alice, "complaint-wave", NOW)
    on_demand.daily_content(alice, NOW)
    assert scenarios.start(alice, "complaint-wave", NOW + HOUR).started


def test_what_is_on_its_way_over_http_is_not_taken_back(alice):
    demo_of(alice)
    scenarios.start(alice, "viral-spike", NOW)
    leased = StoryEvent.objects.filter(origin="viral-spike").order_by("due_at")[:10].values("pk")
    on_its_way = StoryEvent.objects.filter(pk__in=list(leased.values_list("pk", flat=True)))
    on_its_way.update(delivery_id=uuid.uuid4(), claimed_until=NOW + HOUR)
    assert scenarios.cancel(alice, "viral-spike", NOW + SECOND).started
    assert (on_its_way.count(), StoryEvent.objects.filter(origin="viral-spike").count()) == (10, 10)


@pytest.mark.parametrize(
    ("address", "limit"),
    [("/demo/scenarios/viral-spike/start", ScenarioThrottle), ("/demo/advance/1", AdvanceThrottle)],
)
def test_clicks_on_the_page_are_limited_as_calls_are(page, alice, monkeypatch, address, limit):
    demo_of(alice, timezone.now() - HOUR)
    monkeypatch.setattr(limit, "get_rate", lambda self: "2/min")
    answers = [page.post(address, headers={"HX-Request": "true"}).content.decode() for _ in range(3)]
    assert ["too often" in answer for answer in answers] == [False, False, True]


@pytest.mark.django_db(transaction=True)
def test_a_storm_of_clicks_begins_one(alice):
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
