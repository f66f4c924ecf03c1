"""The demo of each user: its settings, its state, and its story as a table."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import F, Q
from django.db.models.functions import Least

from accounts.declarations import check_table
from accounts.models import Platform, Profile
from accounts.platforms import DEFAULT_PLATFORMS, MESSAGE_PLATFORMS
from demo import simulator
from demo.account_settings import SETTINGS
from demo.models.setting_columns import between, choices_are_known, column, numbers_in_range
from demo.windows import CONTENT, INTERACTIONS, WINDOW_KINDS, WindowKind

# A kind of window without its two columns stops the start: Django finds no such field.
MARKS = tuple(kind.mark for kind in (CONTENT, INTERACTIONS))
WINDOW_COLUMNS = {  # and their types
    name: type
    for kind in WINDOW_KINDS.values()
    for name, type in ((kind.mark, "timestamptz"), (kind.ordinal, "int"))
}
NEXT_WINDOW = Least(*map(F, MARKS))
MAX_BRAND_LENGTH, MAX_PRODUCT_LENGTH, MAX_PRODUCTS = 80, 60, 20
MAX_SEED = 2**53 - 1  # exact in every JSON reader


def default_platforms() -> list[str]:
    return list(DEFAULT_PLATFORMS)


class State(models.TextChoices):
    OFF = "off"
    ENABLING = "enabling"
    FAILED = "failed"
    ACTIVE = "active"
    PAUSED = "paused"
    DISABLING = "disabling"


class DemoAccountQuerySet(models.QuerySet):
    def with_open_windows(self, now) -> "DemoAccountQuerySet":
        """Active accounts for which a window has started that is not planned yet."""
        return self.alias(opens=NEXT_WINDOW).filter(opens__lte=now, state=State.ACTIVE)

    def resuming(self) -> "DemoAccountQuerySet":
        """Paused accounts whose resuming was asked for; what is older than the pause is of an earlier one."""
        return self.filter(state=State.PAUSED, resume_requested_at__gte=F("paused_at"))

    def stalled_since(self, moment) -> "DemoAccountQuerySet":
        """Accounts with work to do that nobody has been doing since `moment`."""
        asleep = Q(heartbeat_at=None) | Q(heartbeat_at__lt=moment)
        advancing = Q(advance_days__gt=0) | Q(catching_up=True)
        working = (
            Q(state__in=[State.ENABLING, State.DISABLING])
            | Q(state=State.ACTIVE) & advancing
            | Q(state=State.PAUSED, resume_requested_at__gte=F("paused_at"))
        )
        return self.filter(asleep, working)

    def store_marks(self, accounts: Sequence["DemoAccount"]) -> None:
        """Write the marks and ordinals of `accounts`, whose planning has succeeded, in one statement."""
        values = [[getattr(account, name) for account in accounts] for name in ("pk", *WINDOW_COLUMNS)]
        moved = ", ".join(f"{name} = new.{name}" for name in WINDOW_COLUMNS)
        types = "".join(f", %s::{type}[]" for type in WINDOW_COLUMNS.values())
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {self.model._meta.db_table} account SET last_error = '', {moved}"
                f" FROM unnest(%s::bigint[]{types}) AS new (id, {', '.join(WINDOW_COLUMNS)})"
                " WHERE account.id = new.id",
                values,
            )


class DemoAccount(models.Model):
    """One per user. `next_…_window` are the starts of the next windows to plan, null only while off."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="demo_account"
    )
    seed = models.BigIntegerField(validators=between(0, MAX_SEED))
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

    content_per_day = column("content_per_day")
    comments_per_window = column("comments_per_window")
    messages_per_window = column("messages_per_window")
    posting_hour = column("posting_hour")
    time_zone = column("time_zone")
    rhythm = column("rhythm")
    viral_spikes = column("viral_spikes")
    retention_days = column("retention_days")

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
                condition=Q(state="off", **dict.fromkeys(MARKS))
                | (~Q(state="off") & Q(**{f"{mark}__isnull": False for mark in MARKS})),
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
            models.Index(NEXT_WINDOW, condition=Q(state="active"), name="demo_next_window"),
            models.Index(F("planned_at"), condition=Q(state="enabling"), name="demo_enabling"),
        ]

    def __str__(self) -> str:
        return str(self.user)

    @property
    def is_advancing(self) -> bool:
        """Whether days were asked for that have not passed yet, or have not brought everything yet."""
        return self.state == State.ACTIVE and (self.advance_days > 0 or self.catching_up)

    @property
    def is_resuming(self) -> bool:
        """Whether a pause is about to end."""
        asked_for = self.resume_requested_at
        return self.state == State.PAUSED and asked_for is not None and asked_for >= self.paused_at

    @property
    def world(self) -> simulator.World:
        """What the account's draws depend on besides their window."""
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
        """The demo profiles of the present activation."""
        return Profile.objects.demo().filter(owner=self.user_id)

    @property
    def has_messages(self) -> bool:
        """Whether one of its platforms has direct messages."""
        return not MESSAGE_PLATFORMS.isdisjoint(self.platforms)

    @property
    def messages_quota(self) -> int:
        """Messages per window: none where no platform has direct messages."""
        return self.messages_per_window if self.has_messages else 0

    def quota(self, kind: WindowKind) -> int:
        """How many events one window of the kind brings."""
        quotas = {"messages_per_window": self.messages_quota}
        return sum(quotas.get(name, getattr(self, name)) for name in kind.quotas)

    def start_of_next(self, kind: WindowKind) -> datetime:
        """The start of the next window of the kind to plan; not while off."""
        return getattr(self, kind.mark)

    @property
    def next_window_start(self) -> datetime:
        """The start of the next window to plan, of whatever kind; not while off."""
        return min(map(self.start_of_next, WINDOW_KINDS.values()))

    @property
    def retention(self) -> timedelta:
        return timedelta(days=self.retention_days)

    @property
    def initial_quota(self) -> simulator.Quota:
        messages = self.initial_messages if self.has_messages else 0
        return simulator.Quota(self.initial_content, self.initial_comments, messages)


check_table(
    "DemoAccount in demo/models/account.py",
    [field.name for field in DemoAccount._meta.fields if field.name in SETTINGS],
    SETTINGS,
)
