"""A demo's story: one row for each event, past or future."""

from array import array
from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection, models
from django.db.models import F, Q

from accounts.declarations import check_table
from accounts.models import Profile
from demo import simulator
from demo.models.account import DemoAccount, State
from interactions.event_types import COMMENT_CREATED, CONTENT_METRICS, CONTENT_PUBLISHED, MESSAGE_CREATED


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


STORY_TYPES = {  # the types of events that a story has
    "CONTENT": CONTENT_PUBLISHED,
    "COMMENT": COMMENT_CREATED,
    "MESSAGE": MESSAGE_CREATED,
    "METRICS": CONTENT_METRICS,
}


class StoryEvent(models.Model):
    """One thing that happens in a demo, past or future.

    `payload` is the webhook event without its time: what is delivered is dated `due_at`.
    """

    Type = models.TextChoices(
        "Type",
        {member: (type.name, type.label) for member, type in STORY_TYPES.items()},
        module=__name__,
        qualname="StoryEvent.Type",
    )

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
    # transaction with its account's story (demo/lifecycle/removal.py), after which nothing more is planned for it.
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


KINDS = {  # what the initial batch and the quotas count, by its name in the API
    "content": StoryEvent.Type.CONTENT,
    "comments": StoryEvent.Type.COMMENT,
    "messages": StoryEvent.Type.MESSAGE,
}

check_table(
    "StoryEvent.Origin in demo/models/story.py",
    [origin for origin in StoryEvent.Origin.values if origin in simulator.SCENARIOS],
    simulator.SCENARIOS,
)
