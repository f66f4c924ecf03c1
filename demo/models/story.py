"""The table StoryEvent: one row for each event of a demo, past or future. Planning inserts rows, delivery sends them."""

from array import array
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection, models
from django.db.models import F, Q

from accounts.declarations import check_contains
from accounts.models import Profile
from demo import simulator
from demo.models.account import DemoAccount, State
from interactions.event_types import COMMENT_CREATED, CONTENT_METRICS, CONTENT_PUBLISHED, MESSAGE_CREATED


class StoryEventQuerySet(models.QuerySet):
    def undelivered(self) -> "StoryEventQuerySet":
        """Events that are neither delivered nor dead."""
        return self.filter(delivered_at=None, dead_at=None)

    def undelivered_by_account_index(self) -> "StoryEventQuerySet":
        """The same rows. Use it for queries by account: `account > 0` lets PostgreSQL use the index story_undelivered."""
        return self.undelivered().filter(account__gt=0)

    def delivered_or_dead(self) -> "StoryEventQuerySet":
        return self.filter(Q(delivered_at__isnull=False) | Q(dead_at__isnull=False))

    def dead(self) -> "StoryEventQuerySet":
        """Events that failed all their attempts and have not expired; an operator can retry them."""
        return self.filter(dead_at__isnull=False, expired_at=None)

    def due(self, now: datetime) -> "StoryEventQuerySet":
        """Undelivered events to deliver at `now`: due, not held by a pause, not leased and not waiting for a retry.

        Their account is active or enabling, and no shift of an advance is pending. The index that serves this query
        leaves out held events, so paused demos do not slow it down.
        """
        not_leased = Q(claimed_until=None) | Q(claimed_until__lte=now)
        deliverable = Q(account__state__in=[State.ACTIVE, State.ENABLING], account__advance_days=0)
        return self.undelivered().filter(not_leased, deliverable, held=False, due_at__lte=now)

    def leased(self, now: datetime) -> "StoryEventQuerySet":
        """Undelivered events that have been sent over HTTP and whose lease or retry wait has not ended at `now`."""
        return self.undelivered().filter(delivery_id__isnull=False, claimed_until__gt=now)

    def earliest_keys_by_owner(self, limit: int, batch_size: int, owner: str) -> list[list[array]]:
        """The primary keys of the `limit` earliest events, in rounds of one batch per `owner` ("account" or "profile").

        The first round has a batch of up to `batch_size` keys of each owner, the second the next batch of each owner
        with more keys, and so on. An owner with many events thus delays each other owner by one batch at most.
        """
        earliest = self.order_by("due_at", "id").values(owner, "pk")[:limit]
        sql, parameters = earliest.query.sql_with_params()
        by_owner = f"SELECT array_agg(id ORDER BY id) FROM ({sql}) AS earliest (owner, id) GROUP BY owner ORDER BY owner"
        rounds: list[list[array]] = []
        with connection.cursor() as cursor:
            cursor.execute(by_owner, parameters)
            for (ids,) in cursor:
                keys = array("q", ids)
                for round_number, start in enumerate(range(0, len(keys), batch_size)):
                    if round_number == len(rounds):
                        rounds.append([])
                    rounds[round_number].append(keys[start : start + batch_size])
        return rounds

    def claim(self, keys: Sequence[int]) -> list[NamedTuple]:
        """Lock the rows of `keys` until the transaction ends, skip those that others have locked; earliest first.

        Returns named tuples of pk, profile_id, platform_id, payload, due_at and attempts.
        """
        unlocked = self.filter(pk__in_array=keys).select_for_update(skip_locked=True, of=("self",))
        fields = ("pk", "profile_id", "platform_id", "payload", "due_at", "attempts")
        return list(unlocked.order_by("due_at", "id").values_list(*fields, named=True))


def webhook_event(event: "StoryEvent | NamedTuple") -> dict[str, object]:
    """The event in the format of the webhook: `occurred_at` is `due_at`, and the simulator's memo is left out."""
    payload = event.payload | {"occurred_at": event.due_at.isoformat()}
    payload.pop(simulator.MEMO, None)
    return payload


STORY_TYPES = {  # the types of events in a story
    "CONTENT": CONTENT_PUBLISHED,
    "COMMENT": COMMENT_CREATED,
    "MESSAGE": MESSAGE_CREATED,
    "METRICS": CONTENT_METRICS,
}


class OriginText(NamedTuple):
    """An origin's label for operators, and what plans its events."""

    label: str
    planned_by: str


# What planned an event. Only `initial` and `window` count against quotas.
ORIGINS: Mapping[str, OriginText] = {
    "initial": OriginText("Initial batch", "enabling: the initial batch"),
    "window": OriginText("Window", "a window, within its quotas"),
    "generate": OriginText("On demand", "`POST demo/generate/…`"),
    simulator.SPIKE_ORIGIN: OriginText(
        "Comments of a viral post", "a window: comments of a viral post, on top of the quotas"
    ),
    simulator.BRAND_ORIGIN: OriginText(
        "Brand", "a window or the initial batch: the brand's own comments and messages"
    ),
    simulator.METRICS_ORIGIN: OriginText(
        "Metrics", "a window or the initial batch: views, likes and shares of a post"
    ),
    **{name: OriginText(scenario.label, "a scenario") for name, scenario in simulator.SCENARIOS.items()},
}
check_contains("ORIGINS in demo/models/story.py", ORIGINS, simulator.ORIGINS)


class StoryEvent(models.Model):
    """One event of a demo, past or future. `payload` is the webhook event without `occurred_at`, which is `due_at`.

    `claimed_until` is the end of a lease or of the wait before a retry. `delivery_id` identifies an HTTP batch.
    """

    Type = models.TextChoices(
        "Type",
        {member: (type.name, type.label) for member, type in STORY_TYPES.items()},
        module=__name__,
        qualname="StoryEvent.Type",
    )

    Origin = models.TextChoices(
        "Origin",
        {name.upper().replace("-", "_"): (name, origin.label) for name, origin in ORIGINS.items()},
        module=__name__,
        qualname="StoryEvent.Origin",
    )

    account = models.ForeignKey(DemoAccount, on_delete=models.CASCADE, related_name="story", db_index=False)
    # No database constraint: its check would scan the whole table for each deleted profile. Profiles are deleted in one
    # transaction with their account's story (demo/lifecycle/removal.py), and nothing is planned for them afterwards.
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
    held = models.BooleanField(db_default=False, help_text="Whether a pause holds the event back.")
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True, blank=True)
    delivery_id = models.UUIDField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    objects = StoryEventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["profile", "platform_id", "type"],
                condition=~Q(type=CONTENT_METRICS.name),  # a post has many
                name="story_event_is_planned_once",
            ),
            models.CheckConstraint(
                condition=Q(delivered_at=None) | Q(dead_at=None), name="story_event_is_not_delivered_and_dead"
            ),
        ]
        indexes = [
            models.Index(
                F("due_at"),
                F("id"),
                condition=Q(delivered_at=None, dead_at=None, held=False),
                name="story_due_first",
            ),
            models.Index(F("account"), F("type"), F("due_at"), name="story_of_an_account_by_type"),
            models.Index(
                # Every key is greater than 0. The condition keeps the query planner from using this index, which is
                # not in order of time, for due events when its statistics say that few events are undelivered.
                F("account"),
                F("type"),
                condition=Q(delivered_at=None, account__gt=0),
                name="story_undelivered",
            ),
            models.Index(
                F("profile"),
                F("platform_id"),
                F("due_at"),
                condition=Q(type=CONTENT_METRICS.name),
                name="story_figures_of_a_piece",
            ),
            models.Index(
                F("due_at"),
                F("id"),
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


COUNTED_TYPES = {  # the event types that the initial batch and the quotas count, by their names in the API
    "content": StoryEvent.Type.CONTENT,
    "comments": StoryEvent.Type.COMMENT,
    "messages": StoryEvent.Type.MESSAGE,
}
COUNTED_TYPE_NAMES = {type: name for name, type in COUNTED_TYPES.items()}
