"""The demo of each user: its settings, its state, and its story as a table."""

from array import array
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models
from django.db.models import F, Q
from django.db.models.functions import Least

from accounts.models import Platform, Profile
from demo import simulator

DEFAULT_PLATFORMS = ("instagram", "youtube", "facebook")
MARKS = ("next_content_window", "content_ordinal", "next_interactions_window", "interactions_ordinal")
NEXT_WINDOW = Least(F("next_content_window"), F("next_interactions_window"))
LONGEST_BRAND, LONGEST_PRODUCT, MOST_PRODUCTS = 80, 60, 20
LARGEST_SEED = 2**53 - 1  # exact in every JSON reader


def default_platforms() -> list[str]:
    return list(DEFAULT_PLATFORMS)


@cache
def time_zones() -> set[str]:
    """The IANA names, without the machine's own time and what stands for a time that was never set."""
    return available_timezones() - {"localtime", "Factory"}


def zone_alike(name: str) -> str:
    """The time zone that is spelled as `name` is but for case, or what one may look like."""
    alike = (zone for zone in time_zones() if zone.casefold() == name.casefold())
    return next(alike, "a name such as Europe/Berlin")


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless `name` is an IANA time zone, with one to use."""
    if name not in time_zones():
        raise ValidationError(f"{name} is not an IANA time zone; use {zone_alike(name)}.")


def between(low: int, high: int) -> list:
    return [MinValueValidator(low), MaxValueValidator(high)]


class State(models.TextChoices):
    OFF = "off"
    ENABLING = "enabling"
    FAILED = "failed"
    ACTIVE = "active"
    PAUSED = "paused"
    DISABLING = "disabling"


class Rhythm(models.TextChoices):
    STEADY = "steady", "Steady: every six hours bring exactly the numbers set"
    NATURAL = (
        "natural",
        "Natural: few at night, many in the evening and after a good piece; as many over the weeks",
    )


class DemoAccountQuerySet(models.QuerySet):
    def with_open_windows(self, now) -> "DemoAccountQuerySet":
        """Active accounts for which a window has started that is not planned yet."""
        return self.alias(opens=NEXT_WINDOW).filter(opens__lte=now, state=State.ACTIVE)

    def resuming(self) -> "DemoAccountQuerySet":
        """Paused accounts whose resuming was asked for; what is older than the pause is of an earlier one."""
        return self.filter(state=State.PAUSED, resume_requested_at__gte=F("paused_at"))

    def silent_since(self, moment) -> "DemoAccountQuerySet":
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
        values = [[getattr(account, name) for account in accounts] for name in ("pk", *MARKS)]
        moved = ", ".join(f"{name} = new.{name}" for name in MARKS)
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {self.model._meta.db_table} account SET last_error = '', {moved}"
                f" FROM unnest(%s::bigint[], %s::timestamptz[], %s::int[], %s::timestamptz[], %s::int[])"
                f" AS new (id, {', '.join(MARKS)}) WHERE account.id = new.id",
                values,
            )


class DemoAccount(models.Model):
    """One per user. `next_…_window` are the starts of the next windows to plan, null only while off."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="demo_account"
    )
    seed = models.BigIntegerField(validators=between(0, LARGEST_SEED))
    state = models.CharField(max_length=9, choices=State.choices, default=State.OFF, editable=False)

    platforms = ArrayField(
        models.CharField(max_length=16, choices=Platform.choices), default=default_platforms
    )
    niche = models.CharField(max_length=32, default=simulator.DEFAULT_NICHE)
    brand = models.CharField(max_length=LONGEST_BRAND)
    language = models.CharField(max_length=8, default=simulator.DEFAULT_LANGUAGE)
    products = ArrayField(
        models.CharField(max_length=LONGEST_PRODUCT),
        default=list,
        blank=True,
        help_text="Names that are spoken of in place of the niche's own products.",
    )

    content_per_day = models.PositiveSmallIntegerField(default=2, validators=between(0, 20))
    comments_per_window = models.PositiveSmallIntegerField(default=10, validators=between(0, 200))
    messages_per_window = models.PositiveSmallIntegerField(default=5, validators=between(0, 100))
    posting_hour = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=between(0, 23), help_text="Local hour; empty: 10:00 UTC."
    )
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    rhythm = models.CharField(
        max_length=7,
        choices=Rhythm.choices,
        default=Rhythm.STEADY,
        help_text="How many comments and messages a window of six hours brings.",
    )
    viral_spikes = models.BooleanField(
        default=True,
        help_text="One piece in fifty draws several times its comments for about a day and a half, on top of the others.",
    )
    retention_days = models.PositiveSmallIntegerField(default=30, validators=between(1, 365))

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
    turn = models.BigIntegerField(
        default=0, db_default=0, editable=False, help_text="How many turns workers have taken at its work."
    )
    reset_requested = models.BooleanField(default=False, editable=False)
    last_error = models.TextField(blank=True, editable=False)

    objects = DemoAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="demo_state_is_known"),
            models.CheckConstraint(
                condition=Q(state="off", next_content_window=None, next_interactions_window=None)
                | (
                    ~Q(state="off")
                    & Q(next_content_window__isnull=False, next_interactions_window__isnull=False)
                ),
                name="demo_marks_are_set_unless_off",
            ),
            models.CheckConstraint(
                condition=Q(state="paused", paused_at__isnull=False)
                | (~Q(state="paused") & Q(paused_at=None)),
                name="demo_pause_has_a_start",
            ),
            models.CheckConstraint(
                condition=Q(
                    content_per_day__lte=20,
                    comments_per_window__lte=200,
                    messages_per_window__lte=100,
                    retention_days__range=(1, 365),
                )
                & (Q(posting_hour=None) | Q(posting_hour__lte=23)),
                name="demo_settings_are_in_range",
            ),
            models.CheckConstraint(condition=Q(rhythm__in=Rhythm.values), name="demo_rhythm_is_known"),
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
        return not simulator.MESSAGE_PLATFORMS.isdisjoint(self.platforms)

    @property
    def retention(self) -> timedelta:
        return timedelta(days=self.retention_days)

    @property
    def initial_quota(self) -> simulator.Quota:
        messages = self.initial_messages if self.has_messages else 0
        return simulator.Quota(self.initial_content, self.initial_comments, messages)


@models.BigAutoField.register_lookup
class Among(models.Lookup):
    """One of a list that is sent as a single array, which costs a fraction of the thousand parameters of `in`."""

    lookup_name = "among"

    def get_prep_lookup(self) -> list[int]:
        return list(self.rhs)

    def as_sql(self, compiler, connection) -> tuple[str, list]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s::bigint[])", [*parameters, self.rhs]


class StoryEventQuerySet(models.QuerySet):
    def undelivered(self) -> "StoryEventQuerySet":
        return self.filter(delivered_at=None, dead_at=None)

    def undelivered_by_account(self) -> "StoryEventQuerySet":
        """The same, where it is of some accounts: by the index that begins with them, which needs to be told."""
        return self.undelivered().filter(account__gt=0)

    def past(self) -> "StoryEventQuerySet":
        """What has been delivered, or never will be."""
        return self.filter(Q(delivered_at__isnull=False) | Q(dead_at__isnull=False))

    def dead(self) -> "StoryEventQuerySet":
        """What could not be delivered and waits for an operator."""
        return self.filter(dead_at__isnull=False, expired_at=None)

    def due(self, now) -> "StoryEventQuerySet":
        """What is to be delivered at `now`: due, of an account that lives and is not advancing, not leased to another worker or waiting.

        What a pause holds is not in the index that this reads, so that paused demos cost a tick nothing.
        """
        free = Q(claimed_until=None) | Q(claimed_until__lte=now)
        living = Q(account__state__in=[State.ACTIVE, State.ENABLING], account__advance_days=0)
        return self.undelivered().filter(free, living, held=False, due_at__lte=now)

    def leased(self, now) -> "StoryEventQuerySet":
        """What may be on its way over HTTP at `now`, or waits to be sent again."""
        return self.undelivered().filter(delivery_id__isnull=False, claimed_until__gt=now)

    def earliest_keys(self, most: int, at_once: int, owner: str) -> list[list[array]]:
        """The primary keys of the `most` earliest by their `owner` (account or profile), in rounds.

        The first round has up to `at_once` keys of each owner, the second the next of those who have more, and so on, so
        that one with many holds up no other by more than that.
        """
        earliest = self.order_by("due_at", "id").values(owner, "pk")[:most]
        sql, values = earliest.query.sql_with_params()
        by_owner = f"SELECT array_agg(id ORDER BY id) FROM ({sql}) AS earliest (owner, id) GROUP BY owner ORDER BY owner"
        rounds: list[list[array]] = []
        with connection.cursor() as cursor:
            cursor.execute(by_owner, values)
            for (found,) in cursor:
                keys = array("q", found)
                for place, start in enumerate(range(0, len(keys), at_once)):
                    if place == len(rounds):
                        rounds.append([])
                    rounds[place].append(keys[start : start + at_once])
        return rounds

    def claim(self, keys: Sequence[int]) -> list[NamedTuple]:
        """Lock those of the keys for this transaction that no other worker holds, the earliest first; plain values."""
        free = self.filter(pk__among=keys).select_for_update(skip_locked=True, of=("self",))
        fields = ("pk", "profile_id", "platform_id", "payload", "due_at", "attempts")
        return list(free.order_by("due_at", "id").values_list(*fields, named=True))


def webhook_event(event) -> dict[str, object]:
    """A story event as the webhook takes it, dated when it was due and without the simulator's memo."""
    payload = event.payload | {"occurred_at": event.due_at.isoformat()}
    payload.pop(simulator.MEMO, None)
    return payload


class StoryEvent(models.Model):
    """One thing that happens in a demo, past or future.

    `payload` is the webhook event without its time: what is delivered is dated `due_at`.
    """

    class Type(models.TextChoices):
        CONTENT = "content.published", "Content"
        COMMENT = "comment.created", "Comment"
        MESSAGE = "message.created", "Direct message"
        METRICS = "content.metrics", "Figures of a piece"

    class Origin(models.TextChoices):
        """What an event was planned by; only the first two count against a quota, and the last three are scenarios."""

        INITIAL = "initial"
        WINDOW = "window"
        GENERATE = "generate"
        SPIKE = "spike"
        BRAND = "brand"
        FIGURES = "figures"
        VIRAL_SPIKE = "viral-spike"
        COMPLAINT_WAVE = "complaint-wave"
        PRODUCT_LAUNCH = "product-launch"

    account = models.ForeignKey(DemoAccount, on_delete=models.CASCADE, related_name="story", db_index=False)
    # Without a constraint: its check would read the table from end to end whenever a profile goes. A profile goes in one
    # transaction with its account's story (demo/removal.py), after which nothing more is planned for it.
    profile = models.ForeignKey(
        Profile, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    type = models.CharField(max_length=24, choices=Type.choices)
    platform_id = models.CharField(max_length=255)
    origin = models.CharField(max_length=16, choices=Origin.choices)
    due_at = models.DateTimeField()
    payload = models.JSONField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    dead_at = models.DateTimeField(null=True, blank=True)
    expired_at = models.DateTimeField(null=True, blank=True)
    held = models.BooleanField(db_default=False, help_text="Kept back by a pause.")
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True, blank=True)
    delivery_id = models.UUIDField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    objects = StoryEventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["profile", "platform_id", "type"],
                condition=~Q(type="content.metrics"),  # of which a piece has many
                name="story_event_is_planned_once",
            ),
            models.CheckConstraint(
                condition=Q(delivered_at=None) | Q(dead_at=None), name="story_event_is_not_delivered_and_dead"
            ),
        ]
        indexes = [
            models.Index(
                *(F("due_at"), F("id")),
                condition=Q(delivered_at=None, dead_at=None, held=False),
                name="story_due_first",
            ),
            models.Index(F("account"), F("type"), F("due_at"), name="story_of_an_account_by_type"),
            models.Index(
                # No account has a lower key; but so the planner does not take it for what is due, in no order of time,
                # whenever its statistics say that hardly anything is undelivered.
                *(F("account"), F("type")),
                condition=Q(delivered_at=None, account__gt=0),
                name="story_undelivered",
            ),
            models.Index(
                *(F("profile"), F("platform_id"), F("due_at")),
                condition=Q(type="content.metrics"),
                name="story_figures_of_a_piece",
            ),
            models.Index(
                *(F("due_at"), F("id")),
                condition=Q(delivered_at=None, dead_at=None, held=True),
                name="story_held",
            ),
            models.Index(F("dead_at"), condition=Q(dead_at__isnull=False), name="story_dead"),
            models.Index(
                F("account"), F("expired_at"), condition=~Q(expired_at=None), name="story_to_be_purged"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.platform_id}"
