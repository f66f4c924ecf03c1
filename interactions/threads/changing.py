"""Changes status, unread and labels of one thread as a person asks for it. Called by the API and the pages."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from interactions.locks import lock_profiles
from interactions.models import Interaction, Thread
from interactions.models.choices import LabelAction
from interactions.threads.decisions import decide, is_decided, mark_read, mark_unread
from interactions.threads.labels import LabelChange, change_labels, ids_for

MAX_SNOOZE = timedelta(days=365)


@dataclass(frozen=True)
class ThreadChange:
    """What to change; None leaves it as it is. `snoozed_until` is the end of a snooze.

    `covers` is the id of the newest interaction that the person saw; None: all that the thread has.
    """

    status: str | None = None
    snoozed_until: datetime | None = None
    unread: bool | None = None
    labels: tuple[str, ...] | None = None
    covers: int | None = None


class InvalidChange(Exception):
    """The change is not possible; `field` is a name of ThreadChange, and the message is a sentence."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def change_thread(thread: Thread, change: ThreadChange, now: datetime) -> None:
    """Make the change in one transaction; repeated, it changes nothing.

    Raises InvalidChange, TooManyLabels, or Thread.DoesNotExist when the thread is shown no more.
    """
    with transaction.atomic():
        lock_profiles([thread.profile_id])
        thread = Thread.objects.shown().get(pk=thread.pk)
        check_end(change.snoozed_until, now)
        covers = _covered_row(thread, change.covers)
        if change.labels is not None:
            labels = LabelChange(LabelAction.REPLACE, change.labels)
            change_labels([thread.pk], ids_for(labels, [thread.profile_id]), labels.action)
        if change.status is not None and not is_decided(
            thread, change.status, change.snoozed_until, covers, stays_unread=change.unread is True
        ):
            decide([thread.pk], change.status, now, until=change.snoozed_until, covers=covers)
        if change.unread is True:
            mark_unread([thread.pk], now)
        elif change.unread is False:
            mark_read([thread.pk], now, covers=covers)


def check_end(end: datetime | None, now: datetime) -> None:
    """Raise InvalidChange unless the end of a snooze, if there is one, is after `now` and at most MAX_SNOOZE ahead."""
    if end is None:
        return
    if end <= now:
        raise InvalidChange("snoozed_until", "snoozed_until must be in the future.")
    if end > now + MAX_SNOOZE:
        raise InvalidChange("snoozed_until", f"snoozed_until must be at most {MAX_SNOOZE.days} days ahead.")


def _covered_row(thread: Thread, id: int | None) -> Interaction | None:
    if id is None:
        return None
    row = Interaction.objects.filter(pk=id, thread=thread.pk).first()
    if row is None:
        raise InvalidChange(
            "covers", "covers must be the id of an interaction of this thread: the newest that was shown."
        )
    return row
