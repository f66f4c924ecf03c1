"""Writes what people decide on threads. Called by the API, the pages and tasks, inside a transaction that holds the locks."""

from collections.abc import Iterable
from datetime import datetime

from interactions.models import Decision as DecisionRow
from interactions.models import Interaction, Thread
from interactions.threads.state import Decision, Position
from interactions.threads.table import stored_facts, update_threads


def decide(
    ids: Iterable[int],
    status: str,
    now: datetime,
    *,
    until: datetime | None = None,
    covers: Interaction | None = None,
    author_name: str = "",
) -> None:
    """Give the threads a status, until a newer received row than `covers` arrives; `until` is the end of a snooze.

    `covers` is the newest row that the person saw; without it, the newest received row of each thread. What the decision
    covers is read. `author_name` is empty for the user who owns the threads.
    """
    facts = stored_facts(ids)
    for one in facts.values():
        seen = Position(covers.posted_at, covers.platform_id) if covers else one.last_in
        one.mark_read(now, covers and covers.received_at)
        one.decision = Decision(now, status, until, seen)
    update_threads(facts, now)
    threads = Thread.objects.filter(pk__in=facts).values_list("pk", "profile", "is_demo")
    DecisionRow.objects.bulk_create(
        DecisionRow(
            thread_id=id,
            profile_id=profile,
            is_demo=is_demo,
            at=now,
            status=status,
            until=until,
            author_name=author_name,
        )
        for id, profile, is_demo in threads
    )


def mark_read(ids: Iterable[int], now: datetime) -> None:
    """Mark everything as read that the threads have."""
    facts = stored_facts(ids)
    for one in facts.values():
        one.mark_read(now)
    update_threads(facts, now)


def mark_unread(ids: Iterable[int], now: datetime) -> None:
    """Mark the threads as unread. An answered thread has nothing that is unread."""
    facts = stored_facts(ids)
    for one in facts.values():
        one.read_at = None
    update_threads(facts, now)
