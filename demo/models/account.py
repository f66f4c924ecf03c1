"""The table DemoAccount: one row per user with the settings, the state and the next windows of the demo."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import F, Q
from django.db.models.functions import Least

from accounts.declarations import InvalidDeclaration, check_contains, check_table
from accounts.models import Platform, Profile
from accounts.platforms import DEFAULT_PLATFORMS, MESSAGE_PLATFORMS
from demo import simulator
from demo.account_settings import SETTINGS
from demo.models.setting_columns import choices_are_known, numbers_in_range, range_validators, setting_column
from demo.names import MAX_BRAND_LENGTH, MAX_PRODUCT_LENGTH
from demo.windows import WINDOW_KINDS, WindowKind

# Sorted by name: their order is part of an index and of a constraint, and that of WINDOW_KINDS has another meaning.
NEXT_WINDOW_COLUMNS = tuple(sorted(kind.next_window_column for kind in WINDOW_KINDS.values()))
WINDOW_COLUMN_TYPES = {
    name: type
    for kind in WINDOW_KINDS.values()
    for name, type in ((kind.next_window_column, "timestamptz"), (kind.ordinal_column, "int"))
}
ORDINAL_COLUMNS = tuple(sorted(kind.ordinal_column for kind in WINDOW_KINDS.values()))
if len(WINDOW_KINDS) < 2:
    raise InvalidDeclaration(
        "WINDOW_KINDS in demo/windows.py must have at least two kinds, as LEAST() in SQL needs."
    )
EARLIEST_NEXT_WINDOW = Least(*map(F, NEXT_WINDOW_COLUMNS))
MAX_SEED = 2**53 - 1  # larger integers lose digits in JSON readers that use doubles


def default_platforms() -> list[str]:
    return list(DEFAULT_PLATFORMS)


class State(models.TextChoices):
    OFF = "off"
    ENABLING = "enabling"
    FAILED = "failed"
    ACTIVE = "active"
    PAUSED = "paused"
    DISABLING = "disabling"


# A request to resume that is older than the pause belongs to an earlier pause.
IS_RESUMING = Q(state=State.PAUSED, resume_requested_at__gte=F("paused_at"))


class DemoAccountQuerySet(models.QuerySet):
    def with_open_windows(self, now: datetime) -> "DemoAccountQuerySet":
        """Active accounts with an open window: one that has started by `now` and is not planned yet.

        The alias `earliest_start` is the start of the earliest one.
        """
        rows = self.alias(earliest_start=EARLIEST_NEXT_WINDOW)
        return rows.filter(earliest_start__lte=now, state=State.ACTIVE)

    def resuming(self) -> "DemoAccountQuerySet":
        """Paused accounts with a request to resume."""
        return self.filter(IS_RESUMING)

    def stalled_since(self, moment: datetime) -> "DemoAccountQuerySet":
        """Accounts with pending work and no heartbeat since `moment`."""
        without_heartbeat = Q(heartbeat_at=None) | Q(heartbeat_at__lt=moment)
        advancing = Q(advance_days__gt=0) | Q(catching_up=True)
        has_pending_work = (
            Q(state__in=[State.ENABLING, State.DISABLING]) | Q(state=State.ACTIVE) & advancing | IS_RESUMING
        )
        return self.filter(without_heartbeat, has_pending_work)

    def store_next_windows(self, accounts: Sequence["DemoAccount"]) -> None:
        """Store the next window and ordinal of each kind for all `accounts` in one UPDATE, and clear `last_error`."""
        values = [[getattr(account, name) for account in accounts] for name in ("pk", *WINDOW_COLUMN_TYPES)]
        assignments = ", ".join(f"{name} = new.{name}" for name in WINDOW_COLUMN_TYPES)
        types = "".join(f", %s::{type}[]" for type in WINDOW_COLUMN_TYPES.values())
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {self.model._meta.db_table} account SET last_error = '', {assignments}"
                f" FROM unnest(%s::bigint[]{types}) AS new (id, {', '.join(WINDOW_COLUMN_TYPES)})"
                " WHERE account.id = new.id",
                values,
            )


class DemoAccount(models.Model):
    """One per user. `next_…_window` is the start of the next window to plan of each kind; null only while off."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="demo_account"
    )
    seed = models.BigIntegerField(validators=range_validators(0, MAX_SEED))
    state = models.CharField(max_length=9, choices=State.choices, default=State.OFF, editable=False)

    platforms = ArrayField(
        models.CharField(max_length=16, choices=Platform.choices), default=default_platforms
    )
    niche = models.CharField(max_length=32, default=simulator.DEFAULT_NICHE)
    brand = models.CharField(max_length=MAX_BRAND_LENGTH)
    language = models.CharField(max_length=8, default=simulator.DEFAULT_LANGUAGE)
    products = ArrayField(
        models.CharField(max_length=MAX_PRODUCT_LENGTH),
        default=list,
        blank=True,
        help_text="Names that are spoken of in place of the niche's own products.",
    )

    content_per_day = setting_column("content_per_day")
    comments_per_window = setting_column("comments_per_window")
    messages_per_window = setting_column("messages_per_window")
    posting_hour = setting_column("posting_hour")
    time_zone = setting_column("time_zone")
    rhythm = setting_column("rhythm")
    viral_spikes = setting_column("viral_spikes")
    retention_days = setting_column("retention_days")

    initial_content = models.PositiveIntegerField(default=35)
    initial_comments = models.PositiveIntegerField(default=920)
    initial_messages = models.PositiveIntegerField(default=100)

    next_content_window = models.DateTimeField(null=True, editable=False)
    next_interactions_window = models.DateTimeField(null=True, editable=False)
    content_ordinal = models.PositiveIntegerField(default=0, editable=False)
    interactions_ordinal = models.PositiveIntegerField(default=0, editable=False)
    extra_ordinal = models.PositiveIntegerField(default=0, editable=False)

    planned_at = models.DateTimeField(
        null=True, editable=False, help_text="When the initial batch was planned."
    )
    paused_at = models.DateTimeField(null=True, editable=False)
    heartbeat_at = models.DateTimeField(null=True, editable=False)
    advance_days = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="Days still to advance."
    )
    catching_up = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="The days have passed, and what they bring is still being planned and delivered.",
    )
    resume_requested_at = models.DateTimeField(null=True, editable=False)
    resumed_to = models.BigIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="The story up to this key has been moved on by the pause that ends.",
    )
    next_slice = models.BigIntegerField(
        default=0,
        db_default=0,
        db_column="turn",
        editable=False,
        help_text="The number of the next time slice of its pending work.",
    )
    reset_requested = models.BooleanField(default=False, editable=False)
    last_error = models.TextField(blank=True, editable=False)

    objects = DemoAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="demo_state_is_known"),
            models.CheckConstraint(
                condition=Q(state="off", **dict.fromkeys(NEXT_WINDOW_COLUMNS))
                | (~Q(state="off") & Q(**{f"{name}__isnull": False for name in NEXT_WINDOW_COLUMNS})),
                name="demo_marks_are_set_unless_off",
            ),
            models.CheckConstraint(
                condition=Q(state="paused", paused_at__isnull=False)
                | (~Q(state="paused") & Q(paused_at=None)),
                name="demo_pause_has_a_start",
            ),
            models.CheckConstraint(condition=numbers_in_range(), name="demo_settings_are_in_range"),
            *choices_are_known(),
            models.CheckConstraint(
                condition=Q(advance_days=0) | Q(state="active"), name="demo_advances_only_while_active"
            ),
        ]
        indexes = [
            models.Index(EARLIEST_NEXT_WINDOW, condition=Q(state="active"), name="demo_next_window"),
            models.Index(F("planned_at"), condition=Q(state="enabling"), name="demo_enabling"),
        ]

    def __str__(self) -> str:
        return str(self.user)

    @property
    def is_advancing(self) -> bool:
        """Whether an advance is unfinished: its shift is pending, or its events are not all planned and delivered."""
        return self.state == State.ACTIVE and (self.advance_days > 0 or self.catching_up)

    @property
    def is_resuming(self) -> bool:
        """Whether the account is paused and a request to resume is pending."""
        requested_at = self.resume_requested_at
        return self.state == State.PAUSED and requested_at is not None and requested_at >= self.paused_at

    @property
    def world(self) -> simulator.World:
        """The simulator's input that is the same for every window of the account."""
        return simulator.World(
            seed=self.seed,
            platforms=tuple(self.platforms),
            niche=self.niche,
            brand=self.brand,
            language=self.language,
            time_zone=self.time_zone,
            posting_hour=self.posting_hour,
            viral_spikes=self.viral_spikes,
            rhythm=self.rhythm,
            products=tuple(self.products),
        )

    @property
    def profiles(self) -> models.QuerySet[Profile]:
        """The demo profiles of the current activation."""
        return Profile.objects.demo().filter(owner=self.user_id)

    @property
    def has_messages(self) -> bool:
        """Whether one of its platforms has direct messages."""
        return not MESSAGE_PLATFORMS.isdisjoint(self.platforms)

    @property
    def messages_quota(self) -> int:
        """Direct messages per window; 0 when no platform of the account has them."""
        return self.messages_per_window if self.has_messages else 0

    def quotas(self, kind: WindowKind) -> dict[str, int]:
        """How many events one window of the kind has, by setting."""
        quotas = {"messages_per_window": self.messages_quota}
        return {name: quotas.get(name, getattr(self, name)) for name in kind.quotas}

    def start_of_next(self, kind: WindowKind) -> datetime:
        """The start of the next window of the kind to plan; None while off."""
        return getattr(self, kind.next_window_column)

    @property
    def next_window_start(self) -> datetime:
        """The start of the next window to plan, of any kind; do not call while off."""
        return min(map(self.start_of_next, WINDOW_KINDS.values()))

    @property
    def retention(self) -> timedelta:
        return timedelta(days=self.retention_days)

    @property
    def initial_quota(self) -> simulator.Quota:
        messages = self.initial_messages if self.has_messages else 0
        return simulator.Quota(self.initial_content, self.initial_comments, messages)


_COLUMNS = [field.name for field in DemoAccount._meta.fields]
check_contains("DemoAccount in demo/models/account.py", _COLUMNS, SETTINGS)
check_contains("DemoAccount in demo/models/account.py", _COLUMNS, WINDOW_COLUMN_TYPES)
check_table("RHYTHMS in demo/simulator/windows.py", simulator.RHYTHMS, SETTINGS["rhythm"].value_type.values)
