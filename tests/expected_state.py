"""A model of one demo: what its state and rows must be after each request, and checks that they are."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from accounts.models import Profile, User
from accounts.platforms import MESSAGE_PLATFORMS
from demo.models import DemoAccount, State, StoryEvent
from demo.simulator.posting import posting_delay
from interactions.profile_deletion import RECEIVED_MODELS
from tests.world import DAY, HOUR

CONTENT, COMMENT = StoryEvent.Type.CONTENT.value, StoryEvent.Type.COMMENT.value
MESSAGE, METRICS = StoryEvent.Type.MESSAGE.value, StoryEvent.Type.METRICS.value
WINDOW_KINDS = {  # a start, the interval, and the minimum delay of the first one after enabling
    "content": (datetime(2026, 1, 1, 10, tzinfo=UTC), DAY, DAY),
    "interactions": (datetime(2026, 1, 1, tzinfo=UTC), 6 * HOUR, 6 * HOUR),
}
STATES_WITH_RETENTION = (State.ENABLING, State.FAILED, State.ACTIVE, State.PAUSED)

Window = tuple[str, datetime]  # its kind and start


def start_from(kind: str, moment: datetime) -> datetime:
    """The first start of a window of the kind at or after `moment`."""
    start, step, _ = WINDOW_KINDS[kind]
    return start - (start - moment) // step * step


def window_of(event: Any, delay: timedelta = 0 * HOUR) -> Window:
    """The window of a story event, whose time is in whole seconds.

    `delay` is the time from the start of a content window to the account's posting hour.
    """
    kind = "content" if event.type == CONTENT else "interactions"
    delay = delay if kind == "content" else 0 * HOUR
    return kind, start_from(kind, event.due_at + timedelta(seconds=1) - delay) - WINDOW_KINDS[kind][1]


@dataclass(eq=False)
class Demo:
    """The expected state, settings and next windows, and what the last check found in the database."""

    user: User
    account: int
    settings: dict[str, Any]
    state: State = State.OFF
    advance_days: int = 0
    reset: bool = False
    planned: bool = False  # the initial batch is planned
    is_batch_unchecked: bool = False  # the next check must find the initial batch
    enabled_at: datetime | None = None
    paused_at: datetime | None = None
    resume_at: datetime | None = None  # the requested end of the pause, until the work is done
    has_moved: bool = False  # the story has moved by the pause already
    next_windows: dict[str, datetime] = field(default_factory=dict)
    ordinals: dict[str, int] = field(default_factory=dict)
    newest: int = 0  # key of the newest story event in the last check
    delivered: set[tuple[int, str]] = field(default_factory=set)  # events delivered up to the last check
    times: dict[tuple[str, int], datetime] = field(default_factory=dict)  # of all rows in the last check
    moved: timedelta = timedelta(0)  # the rows moved back by advancing since the last check
    paused_for: timedelta = timedelta(0)  # the length of a pause that has ended since the last check
    resumed: datetime | None = None  # the end of that pause

    @property
    def has_work(self) -> bool:
        is_changing = self.state in (State.ENABLING, State.DISABLING)
        return is_changing or self.advance_days > 0 or self.resume_at is not None

    @property
    def is_active_and_idle(self) -> bool:
        """Whether it is active and not advancing."""
        return self.state == State.ACTIVE and not self.advance_days

    @property
    def has_messages(self) -> bool:
        return not MESSAGE_PLATFORMS.isdisjoint(self.settings["platforms"])

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

    # Changes by requests and work

    def enable(self, options: dict[str, Any], now: datetime) -> None:
        """A batch that failed after it was planned keeps its options."""
        if self.planned:
            self.state = State.ENABLING
        else:
            self.settings |= options
            self._begin(now)

    def _begin(self, now: datetime) -> None:
        self.state, self.enabled_at = State.ENABLING, now.replace(microsecond=0)
        self.next_windows = {
            kind: start_from(kind, self.enabled_at + min_delay)
            for kind, (_, _, min_delay) in WINDOW_KINDS.items()
        }
        self.ordinals = dict.fromkeys(WINDOW_KINDS, 0)

    def plan(self) -> None:
        """The initial batch is planned."""
        self.is_batch_unchecked, self.planned = not self.planned, True

    def remove(self, *, reset: bool) -> None:
        self.state, self.reset, self.advance_days = State.DISABLING, reset, 0
        self.paused_at = self.resume_at = None

    def pause(self, now: datetime) -> None:
        self.state, self.paused_at = State.PAUSED, now

    def resume(self, now: datetime) -> None:
        self.resume_at, self.has_moved = now, False

    @property
    def pause_length(self) -> timedelta:
        return self.resume_at.replace(microsecond=0) - self.paused_at.replace(microsecond=0)

    def move_story(self) -> None:
        """The story moves later by the pause."""
        if not self.has_moved:
            self.paused_for, self.has_moved = self.pause_length, True

    def end_pause(self) -> None:
        """Skips the windows that start within the pause."""
        self.move_story()
        for kind, (_, step, _) in WINDOW_KINDS.items():
            self.next_windows[kind] += self.pause_length // step * step
        self.resumed = self.resume_at.replace(microsecond=0)
        self.state, self.paused_at, self.resume_at = State.ACTIVE, None, None

    def complete_work(self, now: datetime) -> None:
        """The pending work is done."""
        if self.state == State.DISABLING:
            self.state, self.planned, self.enabled_at, self.next_windows = State.OFF, False, None, {}
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
            self.next_windows = {kind: start - self.moved for kind, start in self.next_windows.items()}

    def fail(self, *, planned: bool) -> None:
        """The work failed: enabling sets failed, advancing is given up, removing and resuming stay pending."""
        if self.state == State.ENABLING:
            self.state = State.FAILED
            if planned:
                self.plan()
        if self.resume_at:
            self.move_story()
        self.advance_days = 0

    # Planned windows

    def pass_windows(self, account: DemoAccount, now: datetime) -> Iterator[Window]:
        """The windows planned since the last check: from the expected next window to the stored one, which must be valid."""
        for kind, expected in self.next_windows.items():
            _, step, _ = WINDOW_KINDS[kind]
            stored = getattr(account, f"next_{kind}_window")
            number = (stored - expected) // step
            assert (stored, number >= 0) == (expected + number * step, True)
            assert number == 0 or (self.state == State.ACTIVE and stored - step <= now)
            self.next_windows[kind], self.ordinals[kind] = stored, self.ordinals[kind] + number
            assert getattr(account, f"{kind}_ordinal") == self.ordinals[kind]
            yield from ((kind, expected + index * step) for index in range(number))

    def possible_counts(
        self, window: Window, now: datetime, posts: list[datetime]
    ) -> dict[str, Container[int]]:
        """The possible numbers of events by type of a window, given the times of `posts`; empty if older than the retention."""
        kind, start = window
        # The window was planned before advancing, or after it.
        planned_start = start + self.moved if start + self.moved <= now else start
        retention = self.settings["retention_days"] * DAY
        if planned_start < now - retention:
            return {}
        if kind == "content":
            return {CONTENT: {self.settings["content_per_day"]}}
        comments, messages = self.settings["comments_per_window"], self.settings["messages_per_window"]
        messages *= self.has_messages
        if self.settings["rhythm"] == "natural":
            return {COMMENT: range(6 * comments + 1), MESSAGE: range(4 * messages + 1)}
        without_posts = not any(start - min(retention, 30 * DAY) <= at < start for at in posts)
        return {COMMENT: {comments, 0 if without_posts else comments}, MESSAGE: {messages}}

    # Rows

    @property
    def rows(self) -> list[QuerySet]:
        """All its rows; the first three querysets have the rows with a retention."""
        profiles = Profile.objects.demo().filter(owner=self.user)
        received = [model.objects.filter(profile__in=profiles, is_demo=True) for model in RECEIVED_MODELS]
        return [StoryEvent.objects.filter(account=self.account), *received, profiles]

    @property
    def expiring(self) -> list[QuerySet]:
        return self.rows[:3]

    def snapshot(self) -> list[tuple[str]]:
        """All columns of all its rows, as text."""
        user = User.objects.filter(pk=self.user.pk).values("demo_mode_enabled_at")
        found = []
        for rows in (user, DemoAccount.objects.filter(pk=self.account), *self.rows):
            query, values = rows.order_by("pk").query.sql_with_params()
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT row::text FROM ({query}) row", values)
                found += cursor.fetchall()
        return found

    # Checks

    def check_plan(self, now: datetime, *, all_planned: bool = False) -> None:
        """Check the events planned since the last check; with `all_planned` no window may be open any more.

        The settings must not have changed since the last check.
        """
        account, story = DemoAccount.objects.get(pk=self.account), self.expiring[0]
        published = story.filter(type=CONTENT, origin__in=["initial", "window"], expired_at=None)
        posts = list(published.values_list("due_at", flat=True))
        new = list(story.filter(pk__gt=self.newest).values_list("pk", "origin", "type", "due_at", named=True))
        windows = list(self.pass_windows(account, now))
        late = self._check_late_windows(windows, [one for one in new if one.origin != "initial"])
        planned = Counter(
            (late.get(one.pk) or window_of(one, self.delay), one.type)
            for one in new
            if one.origin == "window"
        )
        planned_windows = set()
        for window in windows:
            for type, counts in self.possible_counts(window, now, posts).items():
                assert planned.pop((window, type), 0) in counts
                planned_windows.add(window)
        assert not planned
        assert not all_planned or min(self.next_windows.values()) > now
        without_quota = [one for one in new if one.origin in ("spike", "brand", "figures")]
        assert {
            late.get(one.pk) or window_of(one) for one in without_quota if one.due_at >= self.enabled_at
        } <= planned_windows
        self._check_initial_batch([one for one in new if one.origin == "initial"])
        self.newest, self.resumed = max([self.newest, *(one.pk for one in new)]), None

    def _check_late_windows(self, windows: list[Window], new: list) -> dict[int, Window]:
        """Windows open at the end of a pause have no event before it. Return the window of each of their events, by key."""
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
        assert Counter(one.type for one in events) == (
            self.initial_quota if self.is_batch_unchecked else Counter()
        )
        assert all(self.enabled_at - 18 * DAY <= one.due_at < self.enabled_at for one in events)
        self.is_batch_unchecked = False

    def check_times(self) -> None:
        """Times changed since the last check only by advancing and, of story events, by a pause."""
        before, self.times = self.times, {}
        for rows, paused_for in zip(self.expiring, (self.paused_for, DAY * 0, DAY * 0), strict=True):
            name, at = rows.model.__name__, "due_at" if rows.model is StoryEvent else "posted_at"
            times = {(name, pk): at for pk, at in rows.values_list("pk", at)}
            for key in before.keys() & times.keys():
                assert times[key] == before[key] - self.moved + paused_for
            self.times |= times
        self.moved = self.paused_for = timedelta(0)

    def check_state(self) -> None:
        account = DemoAccount.objects.select_related("user").get(pk=self.account)
        assert (account.state, account.advance_days) == (self.state, self.advance_days)
        assert (account.reset_requested, account.paused_at) == (self.reset, self.paused_at)
        assert (account.resume_requested_at, account.catching_up) == (self.resume_at, False)
        assert account.user.demo_mode_enabled_at == self.enabled_at
        next_windows = (account.next_content_window, account.next_interactions_window)
        assert (self.state == State.OFF) == (next_windows == (None, None)) == (self.enabled_at is None)
        assert self.state != State.OFF or not any(rows.exists() for rows in self.rows)

    def check_rows(self) -> None:
        """Delivered events are stored once, expired or not; other rows are replies or rows whose events were purged."""
        story, *received = self.expiring
        events, key = story.exclude(type=METRICS), ("profile", "platform_id")
        delivered = set(events.filter(delivered_at__isnull=False).values_list(*key))
        self.delivered |= delivered
        rows = [row for table in received for row in table.values_list(*key)]
        assert len(rows) == len(set(rows))
        assert delivered <= set(rows) <= self.delivered | {row for row in rows if row[1].startswith("reply:")}
        assert set(rows).isdisjoint(events.filter(delivered_at=None).values_list(*key))


def stored(demos: Iterable[Demo], **only: Any) -> set[tuple[str, int]]:
    """The rows of the demos that have a retention and match `only`: their models and primary keys."""
    expiring = [rows.filter(**only) for demo in demos for rows in demo.expiring]
    return {(rows.model.__name__, pk) for rows in expiring for pk in rows.values_list("pk", flat=True)}
