"""The table of inbox rules: what is done with a comment or message on arrival. Written by the API.

`interactions.moderation.matching` says which rows a rule matches, `interactions.moderation.arrivals` applies it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Deferrable, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Profile, User
from interactions.models.labels import LABEL_LENGTH

MAX_RULES = 50  # of one user
MAX_RULE_VALUE = 255  # characters: as long as an author's id


class RuleCondition(models.TextChoices):
    WORD = "word", _("The text has the words")
    AUTHOR = "author", _("The author has the handle or id")
    LANGUAGE = "language", _("The text is in the language")


class RuleAction(models.TextChoices):
    HIDE = "hide", _("Hide the comment")
    LABEL = "label", _("Label the thread")
    DONE = "done", _("Mark the thread as done")


class TooManyInboxRules(Exception):
    """The user has MAX_RULES."""


class InboxRuleChanged(Exception):
    """Another request has changed the rule since it was read."""


class InboxRuleQuerySet(models.QuerySet["InboxRule"]):
    def owned_by(self, user: User) -> "InboxRuleQuerySet":
        """Return the user's rules in the order in which they are tried."""
        return self.filter(owner=user).order_by("position")

    def store(self, owner: User, now: datetime, position: int | None = None, **values: Any) -> "InboxRule":
        """Store a new rule at the position, or as the last; raises User.DoesNotExist or TooManyInboxRules."""
        with transaction.atomic():
            ids = self._lock(owner.pk)
            if len(ids) >= MAX_RULES:
                raise TooManyInboxRules
            last = self.owned_by(owner).aggregate(last=models.Max("position"))["last"] or 0
            row = self.create(owner=owner, position=last + 1, created_at=now, updated_at=now, **values)
            self._place(row, ids, position)
        return row

    def change(self, row: "InboxRule", now: datetime, position: int | None = None, **values: Any) -> None:
        """Change only `values`, and move it to the position if there is one.

        Raises InboxRule.DoesNotExist, or InboxRuleChanged, as the values were checked together with those of `row`.
        """
        with transaction.atomic():
            ids = self._lock(row.owner_id)
            if row.pk not in ids:
                raise InboxRule.DoesNotExist
            if not self.filter(pk=row.pk, updated_at=row.updated_at).update(updated_at=now, **values):
                raise InboxRuleChanged
            if position is not None:
                self._place(row, [id for id in ids if id != row.pk], position)

    def _lock(self, owner_id: int) -> list[int]:
        """Lock the owner, so that simultaneous calls count and move one after the other; return the ids of the rules."""
        User.objects.lock(owner_id)
        return list(self.filter(owner=owner_id).order_by("position").values_list("pk", flat=True))

    def _place(self, row: "InboxRule", others: Sequence[int], position: int | None) -> None:
        """Number the rules from 1 on, with `row` at the position, or last."""
        place = len(others) if position is None else position - 1
        ids = [*others[:place], row.pk, *others[place:]]
        self.bulk_update(
            [InboxRule(pk=id, position=number) for number, id in enumerate(ids, 1)], ["position"]
        )


class InboxRule(models.Model):
    """What is done with received rows that match `condition` and `value`. Of a user's enabled rules the first that matches acts.

    The foreign keys have ON DELETE CASCADE in the database (migration 0011), as in SavedReply.
    """

    Condition, Action = RuleCondition, RuleAction

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    # Null: all profiles of the owner.
    profile = models.ForeignKey(
        Profile, on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_constraint=False
    )
    position = models.PositiveSmallIntegerField()
    condition = models.CharField(max_length=8, choices=Condition.choices)
    value = models.CharField(max_length=MAX_RULE_VALUE)
    action = models.CharField(max_length=5, choices=Action.choices)
    label = models.CharField(max_length=LABEL_LENGTH, blank=True)
    enabled = models.BooleanField(default=True, db_default=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = InboxRuleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "position"], name="a_position_is_of_one_rule", deferrable=Deferrable.DEFERRED
            ),
            models.CheckConstraint(
                condition=(Q(action="label") & ~Q(label="")) | (~Q(action="label") & Q(label="")),
                name="a_rule_that_labels_has_a_label",
            ),
            models.CheckConstraint(
                condition=Q(condition__in=RuleCondition.values, action__in=RuleAction.values),
                name="an_inbox_rule_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.condition} {self.value}: {self.action}"
