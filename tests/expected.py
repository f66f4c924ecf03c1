"""What must have become of a user's demo by all that was asked of it, step by step, and whether it has."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from accounts.models import Profile, User
from demo.engine.deletion import DERIVED
from demo.models import DemoAccount, State, StoryEvent
from demo.simulator.posting import posting_delay
from tests.world import DAY, HOUR

CONTENT, COMMENT, MESSAGE, METRICS = StoryEvent.Type.values
KINDS = {  # of windows: the start of one, the time from each to the next, and the gate after enabling
    "content": (datetime(2026, 1, 1, 10, tzinfo=UTC), DAY, DAY),
    "interactions": (datetime(2026, 1, 1, tzinfo=UTC), 6 * HOUR, 6 * HOUR),
}
LIVING = (State.ENABLING, State.FAILED, State.ACTIVE, State.PAUSED)

Window = tuple[str, datetime]  # its kind and start


def start_from(kind: str, moment: datetime) -> datetime:
    """The first start of a window of that kind at or after the moment."""
    origin, step, _ = KINDS[kind]
    return origin - (origin - moment) // step * step


def window_of(event: Any, delay: timedelta = 0 * HOUR) -> Window:
    """The window in which an event of the story lies; its time is in whole seconds.

    `delay` is how much later than the window the 24 hours begin in which a posting hour lets the pieces come.
    """
    kind = "content" if event.type == CONTENT else "interactions"
    late = delay if kind == "content" else 0 * HOUR
    return kind, start_from(kind, event.due_at + timedelta(seconds=1) - late) - KINDS[kind][1]


@dataclass(eq=False)
class Demo:
    """The state that it should be in, its settings and marks, and what was seen of the real one last."""

    user: User
    account: int
    settings: dict[str, Any]
    state: State = State.OFF
    advance_days: int = 0
    reset: bool = False
    planned: bool = False  # the initial batch,
    awaited: bool = False  # which is then to be found once
    enabled_at: datetime | None = None
    paused_at: datetime | None = None
    resume_at: datetime | None = None  # the end of the pause, while that is still to be worked on,
    has_moved_on: bool = False  # and whether the story has moved already
    marks: dict[str, datetime] = field(default_factory=dict)
    ordinals: dict[str, int] = field(default_factory=dict)
    newest: int = 0  # event of the story that was seen
    told: set[tuple[int, str]] = field(default_factory=set)  # what was delivered, then or before
    times: dict[tuple[str, int], datetime] = field(default_factory=dict)  # of all that was seen
    moved: timedelta = timedelta(0)  # back, by advancing since then
    rested: timedelta = timedelta(0)  # in a pause that has ended since then,
    resumed: datetime | None = None  # at this time

    @property
    def has_work(self) -> bool:
        working = self.state in (State.ENABLING, State.DISABLING)
        return working or self.advance_days > 0 or self.resume_at is not None

    @property
    def is_free(self) -> bool:
        """Whether it goes on and takes requests."""
        return self.state == State.ACTIVE and not self.advance_days

    @property
    def has_messages(self) -> bool:
        return set(self.settings["platforms"]) != {"youtube"}

    @property
    def delay(self) -> timedelta:
        hour = self.settings["posting_hour"]
        return 0 * HOUR if hour is None else posting_delay(self.settings["time_zone"], hour)

    @property
    def initial_quota(self) -> Counter[str]:
        kinds = {"content": CONTENT, "comments": COMMENT} | (
            {"messages": MESSAGE} if self.has_messages else {}
        )
        return Counter({type: self.settings[f"initial_{kind}"] for kind, type in kinds.items()})

    # What may become of it

    def enable(self, options: dict[str, Any], now: datetime) -> None:
        """A batch that failed when it was planned goes on as it is."""
        if self.planned:
            self.state = State.ENABLING
        else:
            self.settings |= options
            self._begin(now)

    def _begin(self, now: datetime) -> None:
        self.state, self.enabled_at = State.ENABLING, now.replace(microsecond=0)
        self.marks = {kind: start_from(kind, self.enabled_at + gate) for kind, (_, _, gate) in KINDS.items()}
        self.ordinals = dict.fromkeys(KINDS, 0)

    def plan(self) -> None:
        """The initial batch is written."""
        self.awaited, self.planned = not self.planned, True

    def leave(self, *, reset: bool) -> None:
        self.state, self.reset, self.advance_days = State.DISABLING, reset, 0
        self.paused_at = self.resume_at = None

    def pause(self, now: datetime) -> None:
        self.state, self.paused_at = State.PAUSED, now

    def resume(self, now: datetime) -> None:
        self.resume_at, self.has_moved_on = now, False

    @property
    def pause_length(self) -> timedelta:
        return self.resume_at.replace(microsecond=0) - self.paused_at.replace(microsecond=0)

    def move_on(self) -> None:
        """The story moves on by the pause."""
        if not self.has_moved_on:
            self.rested, self.has_moved_on = self.pause_length, True

    def end_pause(self) -> None:
        """Whole windows are left out, as many as the pause has room for."""
        self.move_on()
        for kind, (_, step, _) in KINDS.items():
            self.marks[kind] += self.pause_length // step * step
        self.resumed = self.resume_at.replace(microsecond=0)
        self.state, self.paused_at, self.resume_at = State.ACTIVE, None, None

    def finish(self, now: datetime) -> None:
        """The work that the state asks for is done."""
        if self.state == State.DISABLING:
            self.state, self.planned, self.enabled_at, self.marks = State.OFF, False, None, {}
            if self.reset:
                self.reset = False
                self._begin(now)
        if self.state == State.ENABLING:
            self.plan()
            self.state = State.ACTIVE
        if self.resume_at:
            self.end_pause()
        if self.advance_days:
            self.moved, self.advance_days = self.advance_days * DAY, 0
            self.enabled_at -= self.moved
            self.marks = {kind: mark - self.moved for kind, mark in self.marks.items()}

    def fail(self, *, planned: bool) -> None:
        """The work is broken off: enabling has failed, advancing is given up, removing and resuming stay to be done."""
        if self.state == State.ENABLING:
            self.state = State.FAILED
            if planned:
                self.plan()
        if self.resume_at:
            self.move_on()
        self.advance_days = 0

    # What is planned

    def pass_windows(self, account: DemoAccount, now: datetime) -> Iterator[Window]:
        """The windows that the real marks have passed: from where they must have been, step by step, to none in the future."""
        for kind, mark in self.marks.items():
            _, step, _ = KINDS[kind]
            real = getattr(account, f"next_{kind}_window")
            number = (real - mark) // step
            assert (real, number >= 0) == (mark + number * step, True)
            assert number == 0 or (self.state == State.ACTIVE and real - step <= now)
            self.marks[kind], self.ordinals[kind] = real, self.ordinals[kind] + number
            assert getattr(account, f"{kind}_ordinal") == self.ordinals[kind]
            yield from ((kind, mark + place * step) for place in range(number))

    def numbers(self, window: Window, now: datetime, pieces: list[datetime]) -> dict[str, Container[int]]:
        """How many of each type a window may bring when `pieces` were published; empty when it is older than the retention."""
        kind, start = window
        opened = (
            start + self.moved if start + self.moved <= now else start
        )  # planned before advancing, or after
        retention = self.settings["retention_days"] * DAY
        if opened < now - retention:
            return {}
        if kind == "content":
            return {CONTENT: {self.settings["content_per_day"]}}
        comments, messages = self.settings["comments_per_window"], self.settings["messages_per_window"]
        messages *= self.has_messages
        if self.settings["rhythm"] == "natural":
            return {COMMENT: range(6 * comments + 1), MESSAGE: range(4 * messages + 1)}
        silent = not any(start - min(retention, 30 * DAY) <= at < start for at in pieces)
        return {COMMENT: {comments, 0 if silent else comments}, MESSAGE: {messages}}

    # What is there

    @property
    def rows(self) -> list[QuerySet]:
        """All that is stored of it, what ages first."""
        profiles = Profile.objects.demo().filter(owner=self.user)
        arrived = [model.objects.filter(profile__in=profiles, is_demo=True) for model in DERIVED]
        return [StoryEvent.objects.filter(account=self.account), *arrived, profiles]

    @property
    def ageing(self) -> list[QuerySet]:
        return self.rows[:3]

    def picture(self) -> list[tuple[str]]:
        """Every column of all of it, as text."""
        user = User.objects.filter(pk=self.user.pk).values("demo_mode_enabled_at")
        found = []
        for rows in (user, DemoAccount.objects.filter(pk=self.account), *self.rows):
            query, values = rows.order_by("pk").query.sql_with_params()
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT row::text FROM ({query}) row", values)
                found += cursor.fetchall()
        return found

    # What holds

    def check_what_was_planned(self, now: datetime, *, is_through: bool = False) -> None:
        """Since the last time, in which the settings were the same; perhaps all that is open, as it must be now."""
        account, story = DemoAccount.objects.get(pk=self.account), self.ageing[0]
        published = story.filter(type=CONTENT, origin__in=["initial", "window"], expired_at=None)
        pieces = list(published.values_list("due_at", flat=True))
        new = list(story.filter(pk__gt=self.newest).values_list("pk", "origin", "type", "due_at", named=True))
        windows = list(self.pass_windows(account, now))
        late = self._check_late_windows(windows, [one for one in new if one.origin != "initial"])
        told = Counter(
            (late.get(one.pk) or window_of(one, self.delay), one.type)
            for one in new
            if one.origin == "window"
        )
        lived = set()
        for window in windows:
            for type, numbers in self.numbers(window, now, pieces).items():
                assert told.pop((window, type), 0) in numbers
                lived.add(window)
        assert not told
        assert not is_through or min(self.marks.values()) > now
        beside = [one for one in new if one.origin in ("spike", "brand", "figures")]
        assert {
            late.get(one.pk) or window_of(one) for one in beside if one.due_at >= self.enabled_at
        } <= lived
        self._check_initial_batch([one for one in new if one.origin == "initial"])
        self.newest, self.resumed = max([self.newest, *(one.pk for one in new)]), None

    def _check_late_windows(self, windows: list[Window], new: list) -> dict[int, Window]:
        """Those that were open when a pause ended begin there if they would have earlier; their events, and which is whose."""
        late = {}
        for kind, start in windows:
            if self.resumed is not None and start < self.resumed:
                events = [one for one in new if window_of(one)[0] == kind]
                in_place = all(window_of(one, self.delay) == (kind, start) for one in events)
                assert in_place or min(one.due_at for one in events) == self.resumed
                assert all(one.due_at >= self.resumed for one in events)
                late |= dict.fromkeys((one.pk for one in events), (kind, start))
        return late

    def _check_initial_batch(self, events: list) -> None:
        assert Counter(one.type for one in events) == (self.initial_quota if self.awaited else Counter())
        assert all(self.enabled_at - 18 * DAY <= one.due_at < self.enabled_at for one in events)
        self.awaited = False

    def check_times(self) -> None:
        """None has changed since the last time but by advancing and, in the story alone, by a pause."""
        before, self.times = self.times, {}
        for rows, rested in zip(self.ageing, (self.rested, DAY * 0, DAY * 0), strict=True):
            name, at = rows.model.__name__, "due_at" if rows.model is StoryEvent else "posted_at"
            times = {(name, pk): at for pk, at in rows.values_list("pk", at)}
            for key in before.keys() & times.keys():
                assert times[key] == before[key] - self.moved + rested
            self.times |= times
        self.moved = self.rested = timedelta(0)

    def check_state(self) -> None:
        account = DemoAccount.objects.select_related("user").get(pk=self.account)
        assert (account.state, account.advance_days) == (self.state, self.advance_days)
        assert (account.reset_requested, account.paused_at) == (self.reset, self.paused_at)
        assert (account.resume_requested_at, account.catching_up) == (self.resume_at, False)
        assert account.user.demo_mode_enabled_at == self.enabled_at
        marks = (account.next_content_window, account.next_interactions_window)
        assert (self.state == State.OFF) == (marks == (None, None)) == (self.enabled_at is None)
        assert self.state != State.OFF or not any(rows.exists() for rows in self.rows)

    def check_rows(self) -> None:
        """What was delivered is stored once, shown or hidden; else only what the user wrote and the story forgot."""
        story, *arrived = self.ageing
        events, key = story.exclude(type=METRICS), ("profile", "platform_id")
        delivered = set(events.filter(delivered_at__isnull=False).values_list(*key))
        self.told |= delivered
        rows = [row for table in arrived for row in table.values_list(*key)]
        assert len(rows) == len(set(rows))
        assert delivered <= set(rows) <= self.told | {row for row in rows if row[1].startswith("reply:")}
        assert set(rows).isdisjoint(events.filter(delivered_at=None).values_list(*key))


def stored(demos: Iterable[Demo], **only: Any) -> set[tuple[str, int]]:
    """The rows of the demos that age: their tables and primary keys."""
    ageing = [rows.filter(**only) for demo in demos for rows in demo.ageing]
    return {(rows.model.__name__, pk) for rows in ageing for pk in rows.values_list("pk", flat=True)}
