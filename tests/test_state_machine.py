"""Requests, work and tasks in any order and at any time: the invariants hold after every step.

Hypothesis's profile says how many sequences of requests are tried (tests/conftest.py). Those of `short` and `long` are
the same in every run; `pytest --hypothesis-profile=random tests/test_state_machine.py` tries 500 others.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from unittest.mock import patch

import pytest
from django.db import transaction
from django.db.models import QuerySet
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Profile, User
from demo.engine import retention
from demo.engine.delivery import deliver_due
from demo.engine.planning import plan_due, plan_initial
from demo.exceptions import InvalidOption, InvalidState
from demo.lifecycle import on_demand, pending_work, recovery, scenarios, transitions
from demo.models import DemoAccount, State, StoryEvent
from interactions import replies
from interactions.models import Interaction
from interactions.threads.decisions import decide
from interactions.threads.hiding import set_hidden
from tests import invariants
from tests.expected_state import CONTENT, STATES_WITH_RETENTION, Demo, stored
from tests.expected_threads import check_threads
from tests.timeline import live_rows
from tests.world import DAY, HOUR, NOW, event, send

MOMENT = timedelta(milliseconds=7)  # no two steps happen at once
MINUTE = timedelta(minutes=1)
FAULTS = {  # the function that raises, and the state whose work calls it
    "demo.lifecycle.pending_work.plan_initial": State.ENABLING,
    "demo.lifecycle.pending_work.deliver_due": State.ENABLING,
    "demo.lifecycle.advance._shift_account": State.ACTIVE,
    "demo.lifecycle.removal.delete_profiles": State.DISABLING,
    "demo.lifecycle.resume._activate": State.PAUSED,
}

WHO = st.sampled_from(["alice", "bob"])
AT_ONCE = st.sampled_from([True, True, False])  # the work is done at once, or undelivered to the sweep
OPTIONS = {
    "seed": st.sampled_from([1, 2, 3]),
    "platforms": st.sampled_from([["instagram", "youtube"], ["facebook"], ["youtube"], ["x", "tiktok"]]),
    "initial_content": st.integers(1, 3),
    "initial_comments": st.just(20),
    "initial_messages": st.just(4),
}
RETENTION = st.fixed_dictionaries({"retention_days": st.sampled_from([30, 3, 1])})
SETTINGS = {
    "content_per_day": st.integers(0, 3),
    "comments_per_window": st.integers(0, 4),
    "messages_per_window": st.integers(0, 3),
    "posting_hour": st.none() | st.integers(0, 23),
    "time_zone": st.sampled_from(["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"]),
    "rhythm": st.sampled_from(["steady", "natural"]),
    "viral_spikes": st.booleans(),
    "retention_days": st.sampled_from([1, 3, 14, 30, 60]),
}
MINUTES = st.integers(0, 120).map(lambda minutes: minutes * MINUTE)
HOURS = st.integers(3, 30).map(lambda hours: hours * HOUR)
DAYS = st.integers(1, 7).map(lambda days: days * DAY)
RUNS = st.sampled_from([("plan", "deliver"), ("plan", "deliver"), ("plan",), ("deliver",), ()])


def later(**arguments: st.SearchStrategy) -> Callable:
    """A rule that first lets time pass and runs some of the tasks."""

    def rule_for(act: Callable) -> Callable:
        @wraps(act)
        def acts(
            machine: "DemoMachine", *given: Any, passed: timedelta = 0 * DAY, runs: tuple = (), **named: Any
        ):
            machine.pass_time(passed, runs)
            act(machine, *given, **named)

        return rule(passed=MINUTES | HOURS | DAYS, runs=RUNS, **arguments)(acts)

    return rule_for


def run_slices(account: int, now: datetime) -> None:
    """Do the pending work in time slices of one step each."""
    with (
        patch("demo.lifecycle.pending_work.LATER_SLICE", timedelta(0)),
        patch("demo.lifecycle.pending_work.FIRST_SLICE", timedelta(0)),
    ):
        following = pending_work.run_slice(account, now)
        while following:
            following = pending_work.run_slice(account, now, following.number)


class DemoMachine(RuleBasedStateMachine):
    """Alice and Bob use their demos; each step changes neither the other's demo nor Alice's live profile."""

    def __init__(self, alice: User, bob: User, live: Profile) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.now, self.live = NOW, live
        self.demos = {user.username: self._off(user) for user in (alice, bob)}
        self.live_rows, self.snapshots = live_rows(), self._snapshots()
        self.deleted: set[tuple[int, str]] = set()  # rows that the platform deleted
        self.is_sound = True
        self.in_slices = False  # every other work is done in slices

    def _off(self, user: User) -> Demo:
        account = DemoAccount.objects.create(user=user, seed=0, comments_per_window=3, messages_per_window=2)
        names = [*OPTIONS, *SETTINGS]
        return Demo(user, account.pk, {name: getattr(account, name) for name in names})

    def _snapshots(self) -> dict[str, list[tuple[str]]]:
        return {who: demo.snapshot() for who, demo in self.demos.items()}

    def _in(self, *states: State) -> list[Demo]:
        return [demo for demo in self.demos.values() if demo.state in states]

    @contextmanager
    def step(self, *concerned: Demo) -> Iterator[None]:
        """The block may change the demos `concerned`, and no other."""
        self.is_sound = False
        yield
        before, self.snapshots = self.snapshots, self._snapshots()
        for who, demo in self.demos.items():
            assert demo in concerned or self.snapshots[who] == before[who]

    def ask(
        self, demo: Demo, request: Callable, *what: Any, starts: bool, idle: bool = False, **options: Any
    ) -> Any:
        """Make a request. If it `starts`, it changes the demo; if `idle`, it changes nothing; otherwise it is refused."""
        with self.step(*[demo] * starts):
            if not (starts or idle):
                with pytest.raises(InvalidState):
                    request(demo.user, *what, **options)
                return None
            answer = request(demo.user, *what, **options)
            assert getattr(answer, "started", starts) == starts
            return answer

    def do_pending_work(self, demo: Demo) -> None:
        """A worker does the pending work, every other time in the shortest slices."""
        self.in_slices = not self.in_slices
        with self.step(*[demo] * demo.has_work):
            if self.in_slices and demo.has_work:  # without work a slice would still be counted
                run_slices(demo.account, self.now)
            else:
                pending_work.run_to_completion(demo.account, self.now)
            demo.complete_work(self.now)
        if demo.resumed:
            demo.check_plan(self.now)

    # Requests

    @initialize(
        hers=st.fixed_dictionaries(OPTIONS),
        his=st.fixed_dictionaries(OPTIONS),
        her_retention=RETENTION,
        his_retention=RETENTION,
    )
    def begin(self, hers: dict, his: dict, her_retention: dict, his_retention: dict) -> None:
        for who, options, kept in (("alice", hers, her_retention), ("bob", his, his_retention)):
            with self.step(self.demos[who]):
                transitions.change_settings(self.demos[who].user, self.now, kept)
            self.demos[who].settings |= kept
            self.enable(who, options, at_once=True)

    @later(who=WHO, options=st.fixed_dictionaries(OPTIONS), at_once=AT_ONCE)
    def enable(self, who: str, options: dict, at_once: bool) -> None:
        demo = self.demos[who]
        continues = demo.state == State.FAILED and (
            not demo.planned or demo.settings | options == demo.settings
        )
        starts, idle = demo.state == State.OFF or continues, demo.state not in (State.DISABLING, State.FAILED)
        self.ask(
            demo, transitions.enable, self.now, starts=starts, idle=idle, request_worker=False, **options
        )
        if starts:
            demo.enable(options, self.now)
        if at_once:
            self.do_pending_work(demo)

    @later(who=WHO, at_once=AT_ONCE)
    def disable(self, who: str, at_once: bool) -> None:
        demo = self.demos[who]
        starts = demo.state in STATES_WITH_RETENTION
        with self.step(*[demo] * (starts or demo.reset)):
            assert transitions.disable(demo.user, request_worker=False).started == starts
        demo.reset = False
        if starts:
            demo.remove(reset=False)
        if at_once:
            self.do_pending_work(demo)

    @later(who=WHO, at_once=AT_ONCE)
    def reset(self, who: str, at_once: bool) -> None:
        demo = self.demos[who]
        if self.ask(
            demo, transitions.reset, starts=demo.state in STATES_WITH_RETENTION, request_worker=False
        ):
            demo.remove(reset=True)
        if at_once:
            self.do_pending_work(demo)

    @later(who=WHO, until=st.none() | HOURS | DAYS)
    def pause(self, who: str, until: timedelta | None) -> None:
        demo = self.demos[who]
        starts, idle = demo.is_active_and_idle, demo.state == State.PAUSED and not demo.resume_at
        self.ask(demo, transitions.pause, self.now, starts=starts, idle=idle)
        if starts:
            demo.check_plan(self.now, all_planned=True)
            demo.pause(self.now)
        if until:
            self.pass_time(until, ("plan", "deliver"))
            self.resume(who, at_once=True)

    @later(who=WHO, at_once=AT_ONCE)
    def resume(self, who: str, at_once: bool) -> None:
        demo = self.demos[who]
        starts = demo.state == State.PAUSED and not demo.resume_at
        idle = demo.state == State.ACTIVE or demo.resume_at is not None
        self.ask(demo, transitions.resume, self.now, starts=starts, idle=idle, request_worker=False)
        if starts:
            demo.resume(self.now)
        if at_once:
            self.do_pending_work(demo)

    @later(who=WHO, changes=st.fixed_dictionaries({}, optional=SETTINGS).filter(bool))
    def change_settings(self, who: str, changes: dict) -> None:
        demo = self.demos[who]
        self.now += 6 * HOUR  # a window opens, to which the changes do not apply
        with self.step(demo):
            transitions.change_settings(demo.user, self.now, changes)
        demo.check_plan(self.now, all_planned=demo.state == State.ACTIVE)  # with the old settings
        demo.settings |= changes

    @later(who=WHO, days=st.integers(0, 14), at_once=AT_ONCE)
    def advance(self, who: str, days: int, at_once: bool) -> None:
        demo = self.demos[who]
        if not 1 <= days <= demo.settings["retention_days"]:
            with self.step(), pytest.raises(InvalidOption):
                transitions.advance(demo.user, days, self.now, request_worker=False)
        elif self.ask(
            demo, transitions.advance, days, self.now, starts=demo.is_active_and_idle, request_worker=False
        ):
            demo.advance_days = days
        if at_once:
            self.do_pending_work(demo)

    @later(who=WHO)
    def generate_content(self, who: str) -> None:
        demo = self.demos[who]
        made = self.ask(demo, on_demand.generate_content, self.now, starts=demo.is_active_and_idle)
        assert made in (None, on_demand.GenerationResult(2, 0, 0))

    @later(who=WHO)
    def generate_interactions(self, who: str) -> None:
        demo = self.demos[who]
        made = self.ask(demo, on_demand.generate_interactions, self.now, starts=demo.is_active_and_idle)
        comments = {10} if self._has_published(demo, self.now - HOUR) else {0, 10}
        assert made is None or (made.comments in comments and made.messages == 5 * demo.has_messages)

    def _has_published(self, demo: Demo, until: datetime) -> bool:
        """Whether a post of the 30 days before `until` exists."""
        posts = StoryEvent.objects.filter(account=demo.account, type=CONTENT, expired_at=None)
        return posts.filter(due_at__range=(until - 30 * DAY + 2 * MINUTE, until)).exists()

    @later(who=WHO, name=st.sampled_from(scenarios.SCENARIO_NAMES), cancels=st.booleans())
    def act_on_scenario(self, who: str, name: str, cancels: bool) -> None:
        demo = self.demos[who]
        undelivered = StoryEvent.objects.undelivered().filter(account=demo.account, origin=name)
        runs = undelivered.exists()
        if cancels:
            self.ask(demo, scenarios.cancel, name, self.now, starts=runs, idle=demo.state != State.OFF)
            assert not undelivered.exists()
        else:
            possible = name != "complaint-wave" or self._has_published(demo, self.now)
            starts, idle = demo.is_active_and_idle and possible and not runs, demo.is_active_and_idle and runs
            self.ask(demo, scenarios.start, name, self.now, starts=starts, idle=idle)
            demo.check_plan(self.now, all_planned=starts)

    @later(who=WHO)
    def restore(self, who: str) -> None:
        demo = self.demos[who]
        account = DemoAccount.objects.get(user=demo.user)
        self.ask(demo, lambda at: retention.restore(account, at), starts=demo.state in STATES_WITH_RETENTION)
        assert demo.state not in STATES_WITH_RETENTION or not stored([demo], expired_at__isnull=False)

    @later(
        who=WHO,
        act=st.sampled_from(["reply", "archived", "hidden", "delete", "nonsense"]),
        which=st.integers(0, 99),
    )
    def use_the_inbox(self, who: str, act: str, which: int) -> None:
        demo = self.demos[who]
        rows = Interaction.objects.visible_to(demo.user).filter(is_demo=True)
        with self.step(demo):
            self._act(rows, act, which)

    @later(act=st.sampled_from(["reply", "archived", "delete", "nonsense"]), which=st.integers(0, 99))
    def use_live_rows(self, act: str, which: int) -> None:
        with self.step():
            self._act(Interaction.objects.filter(profile=self.live, deleted_at=None), act, which)
        before, self.live_rows = self.live_rows, live_rows()
        assert sum(row not in before for row in self.live_rows) <= 2
        assert sum(row not in self.live_rows for row in before) <= 2  # the row and its thread

    def _act(self, rows: QuerySet, act: str, which: int) -> None:
        """Apply the act of the user or platform to one of the rows, if there is any."""
        rows = list(rows.order_by("posted_at", "text", "platform_id"))
        row = rows[which % len(rows)] if rows else None
        if row and act == "reply":
            replies.store_reply(row, "Thank you!", self.now)
        elif row and act == "delete":
            deletion = event(f"{row.type}.deleted", row.platform_id, self.now.isoformat())
            [result] = send(row.profile, deletion, at=self.now)
            assert (result.status, result.id) == ("updated", row.pk)
            self.deleted.add((row.profile_id, row.platform_id))
        elif row and act == "nonsense":
            send(row.profile, {"type": act}, event("comment.edited", "none"), at=self.now)
        elif row and act == "hidden":
            set_hidden([row.pk], True, self.now)
        elif row:
            decide([row.thread_id], act, self.now)

    # Tasks and time

    @later()
    def nothing_is_asked(self) -> None:
        """Let time pass and run tasks, without a request."""

    def pass_time(self, passed: timedelta, runs: tuple[str, ...]) -> None:
        self.now += passed
        for run in runs:
            getattr(self, run)()
        self.invariants_hold()

    def plan(self) -> None:
        before = StoryEvent.objects.filter(origin="window").count()
        with self.step(*self._in(State.ACTIVE)):
            planned = plan_due(self.now)
        assert planned.events == StoryEvent.objects.filter(origin="window").count() - before
        assert not DemoAccount.objects.with_open_windows(self.now).exists()

    def deliver(self) -> None:
        planned = [demo for demo in self._in(State.ENABLING) if demo.planned]
        deliverable = [demo for demo in self.demos.values() if demo.is_active_and_idle or demo in planned]
        undelivered = StoryEvent.objects.filter(
            account__in=[demo.account for demo in deliverable], delivered_at=None
        )
        due = undelivered.filter(due_at__lte=self.now)
        number = due.count()
        with self.step(*deliverable):
            assert (deliver_due(self.now), due.count()) == (number, 0)
        for demo in planned:
            demo.complete_work(self.now)

    @later(worker_runs=AT_ONCE)
    def sweep(self, worker_runs: bool) -> None:
        """A minute after the last step the sweep claims pending work, which a worker does or not."""
        self.now += MINUTE
        stalled = [demo for demo in self.demos.values() if demo.has_work]
        with self.step(*stalled):
            assert recovery.claim_stalled(self.now).keys() == {demo.account for demo in stalled}
        for demo in stalled * worker_runs:
            self.do_pending_work(demo)

    @later(who=WHO, fault=st.none() | st.sampled_from(list(FAULTS)))
    def work_fails(self, who: str, fault: str | None) -> None:
        """A function raises, or the worker dies after planning the initial batch."""
        demo = self.demos[who]
        if fault is None:
            with self.step(*[demo] * (demo.state == State.ENABLING and not demo.planned)):
                if plan_initial(demo.account, self.now):
                    demo.plan()
        elif demo.has_work and demo.state == FAULTS[fault]:
            with self.step(demo), patch(fault, side_effect=RuntimeError(fault)):
                pending_work.run_to_completion(demo.account, self.now)
            demo.fail(planned=fault == "demo.lifecycle.pending_work.deliver_due")

    @later(
        who=st.none() | WHO, days=st.none() | st.integers(0, 5), dry_run=AT_ONCE.map(lambda once: not once)
    )
    def clean_up(self, who: str | None, days: int | None, dry_run: bool) -> None:
        """Old rows expire, rows that expired a week ago are purged, no others; a dry run returns the same counts."""
        chosen = [self.demos[who]] if who else list(self.demos.values())
        concerned = [demo for demo in chosen if demo.state in STATES_WITH_RETENTION and not dry_run]
        options = {"older_than_days": days, "accounts": [demo.account for demo in chosen] if who else None}
        dry = retention.clean_up(self.now, dry_run=True, **options)
        before, purged = stored(concerned), stored(concerned, expired_at__lte=self.now - 7 * DAY + HOUR)
        with self.step(*concerned):
            assert retention.clean_up(self.now, dry_run=dry_run, **options) == dry
        assert before - stored(concerned) == purged
        for demo in concerned:
            cutoff = self.now - DAY * (demo.settings["retention_days"] if days is None else days)
            for rows in demo.expiring[1:]:
                assert not rows.filter(expired_at=self.now, posted_at__gte=cutoff).exists()
        assert dry_run or retention.clean_up(self.now, dry_run=True, **options) == retention.CleanupResult()

    # Invariants after every step

    @invariant()
    def invariants_hold(self) -> None:
        for demo in self.demos.values():
            demo.check_plan(self.now)
            demo.check_times()
            demo.check_state()
            demo.check_rows()
        with invariants.plans_for_many_rows():
            invariants.nothing_is_dated_in_the_future(self.now)
            check_threads(self.now)
            invariants.causes_come_first()
            invariants.a_pause_holds_undelivered_events()
            invariants.invisible_rows_are_expired_or_deleted(self.deleted)
        assert live_rows() == self.live_rows
        self.is_sound, self.now = True, self.now + MOMENT

    def teardown(self) -> None:
        """Unless a check has failed, run every demo for two days, and remove it without a trace."""
        try:
            if self.is_sound:
                self._run_on_and_remove()
        finally:
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    def _run_on_and_remove(self) -> None:
        self.sweep(worker_runs=True)
        for who in self.demos:
            if self.demos[who].state == State.PAUSED:
                self.resume(who, at_once=True)
        self.pass_time(2 * DAY, ("plan", "deliver"))
        for who in self.demos:
            self.disable(who, at_once=True)
        self.invariants_hold()
        assert self._in(State.OFF) == list(self.demos.values())


@pytest.mark.timeout(0)
def test_the_invariants_hold_after_any_sequence_of_requests(alice, bob, live):
    chosen = settings(
        max_examples=max(settings().max_examples // 40, 1),
        stateful_step_count=min(30, settings().max_examples),
        derandomize=settings.get_current_profile_name() != "random",
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: DemoMachine(alice, bob, live), settings=chosen)
