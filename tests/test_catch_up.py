"""Recovery from outages: the rows equal those of a demo without an outage, with the same seed, settings and start."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from demo.engine import retention
from demo.engine.delivery import deliver_due
from demo.engine.planning import plan_due
from demo.lifecycle import pending_work, transitions
from demo.models import DemoAccount, StoryEvent
from tests.timeline import ENABLED, counts, visible_rows
from tests.world import DAY, HOUR, demo_of

MINUTE = timedelta(minutes=1)
END = ENABLED + 9 * DAY
Runs = Iterable[
    tuple[datetime, str]
]  # when tasks run, and which: p(lan), d(eliver), c(lean up), in that order


def every(step: timedelta, start: datetime = ENABLED, end: datetime = END, what: str = "pd") -> Iterator:
    """Runs at `start` and after each step, up to `end`."""
    while start <= end:
        yield start, what
        start += step


def without(runs: Runs, begin: datetime, length: timedelta, what: str = "pd") -> Iterator:
    """The runs, without the tasks `what` from `begin` on for `length`."""
    for at, tasks in runs:
        skipped = what if begin <= at < begin + length else ""
        yield at, "".join(task for task in tasks if task not in skipped)


def run_and_remove(user, runs: Runs) -> list[tuple]:
    """The visible rows of the user's demo after these runs; the demo is removed afterwards."""
    for at, what in runs:
        act(at, what)
    rows = visible_rows(user)
    transitions.disable(user, request_worker=False)
    pending_work.run_to_completion(DemoAccount.objects.get().pk, END)
    return rows


def rows_after(user, runs: Runs, **settings) -> list[tuple]:
    """The visible rows of a new demo at END after these runs and a last one; the demo is removed afterwards."""
    demo_of(user, seed=9, brand="Twin", **settings)
    return run_and_remove(user, [*runs, (END, "pd")])


def act(at: datetime, what: str) -> None:
    for task in what:
        {"p": plan_due, "d": deliver_due, "c": retention.clean_up}[task](at)


NOON = ENABLED + 28.5 * HOUR  # in the middle of windows of both kinds
OUTAGES = {
    "everything for a week": without(every(3 * HOUR), NOON, 7 * DAY),
    "delivery for a day": without(every(HOUR), NOON, DAY, "d"),
    "beat fires in the wrong order": every(2 * HOUR, what="dp"),
    "everything for an hour": without(every(HOUR), NOON, HOUR),
    "everything for a day": without(every(HOUR), NOON, DAY),
    "planning for a day": without(every(HOUR), NOON, DAY, "p"),
    "planning for a week": without(every(3 * HOUR), NOON, 7 * DAY, "p"),
    "delivery for a week": without(every(3 * HOUR), NOON, 7 * DAY, "d"),
    "beat fires everything twice": every(3 * HOUR, what="ppdd"),
    "beat is late": every(HOUR, ENABLED + 17 * MINUTE),
    "beat is early": every(6 * HOUR, datetime.fromisoformat("2026-03-04T11:59:59Z")),
    "beat fires at a wrong hour, once a day": every(DAY, ENABLED + 20 * HOUR),
    "never but at the end": [],
}


UNDISTURBED: list[tuple] = []  # computed once for all tests


@pytest.fixture
def undisturbed(alice) -> list[tuple]:
    """The rows of a demo that is planned and delivered every 15 minutes."""
    UNDISTURBED.extend([] if UNDISTURBED else rows_after(alice, every(15 * MINUTE)))
    return UNDISTURBED


@pytest.mark.long
@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_leaves_the_rows_of_an_undisturbed_demo(alice, undisturbed, outage):
    assert rows_after(alice, list(OUTAGES[outage])) == undisturbed


def test_the_undisturbed_demo_has_planned_every_window(alice):
    demo_of(alice, seed=9, brand="Twin")
    for at, what in every(6 * HOUR):
        act(at, what)
    assert StoryEvent.objects.filter(origin="window", type="content.published").count() == 2 * 8
    assert counts(alice)[0] == 3 + 2 * 8


@pytest.mark.long
@pytest.mark.parametrize(
    "settings", [{"rhythm": "natural"}, {"viral_spikes": False, "platforms": ["youtube"]}]
)
def test_an_outage_changes_no_rows_with_other_settings(alice, settings):
    expected = rows_after(alice, every(HOUR), **settings)
    assert rows_after(alice, without(every(3 * HOUR), NOON, 7 * DAY), **settings) == expected


@pytest.mark.long
def test_a_late_cleanup_leaves_the_same_rows(alice):
    """The retention is eight days and the outage takes five of them; the other demo is cleaned up every six hours."""
    demo = {"initial_content": 3, "initial_comments": 60}
    account = demo_of(alice, seed=9, brand="Twin", **demo)
    DemoAccount.objects.filter(pk=account.pk).update(retention_days=8)
    runs = [*every(6 * HOUR, what="pdc"), (END, "c")]
    expected = run_and_remove(alice, runs)
    demo_of(alice, seed=9, brand="Twin", **demo)
    assert run_and_remove(alice, [*without(runs, NOON, 5 * DAY, "pdc"), (END, "c")]) == expected
    assert min(row[3] for row in expected) < END - 7 * DAY


@pytest.mark.long
def test_the_first_post_in_london_is_at_ten_before_and_after_a_clock_change(alice, bob):
    """In spring and in autumn, planned every six hours."""
    zone = ZoneInfo("Europe/London")
    for user, change in (
        (alice, datetime(2026, 3, 29, tzinfo=UTC)),
        (bob, datetime(2026, 10, 25, tzinfo=UTC)),
    ):
        start = change - 4 * DAY
        account = demo_of(user, start)
        transitions.change_settings(user, start, {"posting_hour": 10, "time_zone": zone.key})
        for hours in range(0, 9 * 24, 6):
            plan_due(start + hours * HOUR)
        posts = StoryEvent.objects.filter(account=account, type="content.published", origin="window")
        clocks = [at.astimezone(zone) for at in posts.order_by("due_at").values_list("due_at", flat=True)]
        at_ten = [clock.date() for clock in clocks if (clock.hour, clock.minute) == (10, 0)]
        assert at_ten[:6] == [(change + days * DAY).date() for days in range(-2, 4)]
        assert Counter(clock.date() for clock in clocks) == dict.fromkeys(at_ten, 2)
