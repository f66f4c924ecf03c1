"""Tries an inbox rule on stored rows. Called by the API and the page of inbox rules."""

from dataclasses import dataclass

from accounts.models import User
from interactions.models import Interaction
from interactions.moderation.matching import Rule, Subject

MAX_DRY_RUN_ROWS = 500


@dataclass(frozen=True)
class DryRun:
    """How many rows were compared, and the ids of those that match, newest first."""

    read: int
    ids: list[int]

    @property
    def matched(self) -> int:
        return len(self.ids)


def dry_run(user: User, rule: Rule) -> DryRun:
    """Compare the rule with the newest MAX_DRY_RUN_ROWS received rows, of its profile if it has one; changes nothing.

    Fewer rows when their texts exceed MAX_PAGE_BYTES. A stored text may have been edited since it arrived. Call it within
    `read_within_limits`.
    """
    received = Interaction.objects.visible_to(user).filter(direction=Interaction.Direction.IN)
    if rule.profile_id is not None:
        received = received.filter(profile=rule.profile_id)
    columns = ("profile_id", "type", "text", "author_id", "author_handle")
    rows = list(received.only(*columns).page_for(user, MAX_DRY_RUN_ROWS))
    matching = [row.pk for row in rows if rule.matches(Subject(*(getattr(row, name) for name in columns)))]
    return DryRun(len(rows), matching)
