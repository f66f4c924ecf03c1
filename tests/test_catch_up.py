"""After any outage the rows are those of a twin that had none: same seed, settings and start."""

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
from tests.long import first
from tests.timeline import ENABLED, counts, told
from tests.world import DAY, HOUR, demo_of

MINUTE = timedelta(minutes=1)
END = ENABLED + 9 * DAY
Runs = Iterable[
    tuple[datetime, str]
]  # when beat fires, and what: p(lan), d(eliver), c(lean up), in that order


def every(step: timedelta, start: datetime = ENABLED, end: datetime = END, what: str = "pd") -> Iterator:
    """Runs at each step from start to end."""
    while start <= end:
        yield start, what
        start += step


def without(runs: Runs, begin: datetime, length: timedelta, what: str = "pd") -> Iterator:
    """The runs less what is down from `begin` on for so long."""
    for at, done in runs:
        down = what if begin <= at < begin + length else ""
        yield at, "".join(one for one in done if one not in down)


def live_through(user, runs: Runs, **settings) -> list[tuple]:
    """The rows that a demo has at the end, when these are the runs that happened; it is gone afterwards."""
    demo_of(user, seed=9, brand="Twin", **settings)
    for at, what in [*runs, (END, "pd")]:
        act(at, what)
    rows = told(user)
    transitions.disable(user, dispatch=False)
    pending_work.finish(DemoAccount.objects.get().pk, END)
    return rows


def act(at: datetime, what: str) -> None:
    for one in what:
        {"p": plan_due, "d": deliver_due, "c": retention.clean_up}[one](at)


NOON = ENABLED + 28.5 * HOUR  # in the middle of windows of both kinds
OUTAGES = {  # `make test` takes the first
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


TWIN: list[tuple] = []  # lives once for all tests


@pytest.fixture
def undisturbed(alice) -> list[tuple]:
    """The rows of the twin, which is planned and delivered every quarter of an hour."""
    TWIN.extend([] if TWIN else live_through(alice, every(15 * MINUTE)))
    return TWIN


@pytest.mark.parametrize("outage", first(1, OUTAGES))
def test_the_rows_after_an_outage_are_those_of_the_twin(alice, undisturbed, outage):
    assert live_through(alice, list(OUTAGES[outage])) == undisturbed


def test_the_twin_has_lived(alice):
    demo_of(alice, seed=9, brand="Twin")
    for at, what in every(6 * HOUR):
        act(at, what)
    assert StoryEvent.objects.filter(origin="window", type="content.published").count() == 2 * 8
    assert counts(alice)[0] == 3 + 2 * 8


@pytest.mark.long
@pytest.mark.parametrize(
    "settings", [{"rhythm": "natural"}, {"viral_spikes": False, "platforms": ["youtube"]}]
)
def test_so_they_are_with_other_settings(alice, settings):
    lived = live_through(alice, every(HOUR), **settings)
    assert live_through(alice, without(every(3 * HOUR), NOON, 7 * DAY), **settings) == lived


def test_a_cleanup_that_comes_late_leaves_the_same_rows(alice):
    """A retention of eight days, of which the outage takes five; the twin is cleaned up as it goes."""
    demo = {"initial_content": 3, "initial_comments": 60}
    account = demo_of(alice, seed=9, brand="Twin", **demo)
    DemoAccount.objects.filter(pk=account.pk).update(retention_days=8)
    runs = [*every(6 * HOUR, what="pdc"), (END, "c")]
    lived = run_and_forget(alice, runs)
    demo_of(alice, seed=9, brand="Twin", **demo)
    assert run_and_forget(alice, [*without(runs, NOON, 5 * DAY, "pdc"), (END, "c")]) == lived
    assert min(row[3] for row in lived) < END - 7 * DAY


def run_and_forget(user, runs: Runs) -> list[tuple]:
    for at, what in runs:
        act(at, what)
    rows = told(user)
    transitions.disable(user, dispatch=False)
    pending_work.finish(DemoAccount.objects.get().pk, END)
    return rows


def test_london_has_its_piece_at_ten_on_every_day_while_the_clocks_change(alice, bob):
    """In spring and in autumn, by the planning of every six hours."""
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
        pieces = StoryEvent.objects.filter(account=account, type="content.published", origin="window")
        clocks = [at.astimezone(zone) for at in pieces.order_by("due_at").values_list("due_at", flat=True)]
        at_ten = [clock.date() for clock in clocks if (clock.hour, clock.minute) == (10, 0)]
        assert at_ten[:6] == [(change + days * DAY).date() for days in range(-2, 4)]
        assert Counter(clock.date() for clock in clocks) == dict.fromkeys(at_ten, 2)
