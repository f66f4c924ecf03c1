"""Changes the status of one interaction as reads show it. Called by the API."""

from datetime import datetime

from interactions.models import Interaction, ReadStatus, Thread
from interactions.moderation.requests import change_hidden
from interactions.threads.decisions import decide, is_decided


def change_status(row: Interaction, status: str, now: datetime) -> None:
    """Hide the comment, or decide on its thread and unhide it; `status` is a value of ReadStatus except snoozed.

    The caller holds the profile's lock. Saving the row is not needed. Raises DeletionRequested as `change_hidden` does.
    """
    if row.type == Interaction.Type.COMMENT and (status == ReadStatus.HIDDEN or row.hidden_at):
        change_hidden(row, status == ReadStatus.HIDDEN, now)
    if status != ReadStatus.HIDDEN and not is_decided(Thread.objects.get(pk=row.thread_id), status):
        decide([row.thread_id], status, now)
