"""Stores replies as outbound rows that are queued to be sent, and queues failed ones again. Called by the API and the pages."""

import uuid
from datetime import datetime

from django.db import transaction

from interactions.events import digest
from interactions.locks import lock_profiles
from interactions.models import Interaction, InteractionQuerySet, Thread
from interactions.models.choices import SendStatus
from interactions.threads.moving import move_rows
from interactions.threads.recomputing import recompute


class ReplyKeyReused(Exception):
    """The idempotency key was used with another reply of the profile before."""


class AnsweredMeanwhile(Exception):
    """The thread has a newer answer than the person saw: `newer`."""

    def __init__(self, newer: Interaction) -> None:
        super().__init__(newer)
        self.newer = newer


class NotFailed(Exception):
    """The row is no reply that failed to be sent."""


def store_reply(to: Interaction, text: str, now: datetime, key: str | None = None) -> Interaction:
    """Store a reply to a comment or message, with `send_status` queued, and return its row.

    Its platform id is a generated one until the platform assigns its own. A reply with a `key` is stored once: sent
    again it returns the existing row, even if `to` has been deleted since; simultaneous requests wait for the first.
    Raises ReplyKeyReused when the key belongs to another reply, Interaction.DoesNotExist when `to` has been deleted.
    """
    request_digest = digest(str(to.pk), text)
    with transaction.atomic():
        lock_profiles([to.profile_id])  # so that `to` is not deleted before the reply is stored
        if stored := _stored_before(to.profile_id, key, request_digest):
            return stored
        to = _visible().get(pk=to.pk)
        return _store(to, text, now, key, request_digest)


def answer_thread(
    thread: Thread,
    text: str,
    now: datetime,
    key: str | None = None,
    *,
    seen_id: int | None = None,
    to_id: int | None = None,
) -> Interaction:
    """Store a reply to the row `to_id` of the thread.

    Without it to the newest received row, or to the newest row when none was received. As `store_reply`; and raises
    AnsweredMeanwhile when the thread has an answer that was stored after the row `seen_id`,
    Interaction.DoesNotExist or Thread.DoesNotExist when there is nothing to answer any more.
    """
    request = ["thread", str(thread.pk), text]
    if to_id is not None:
        request.append(str(to_id))
    request_digest = digest(*request)
    with transaction.atomic():
        lock_profiles([thread.profile_id])
        if stored := _stored_before(thread.profile_id, key, request_digest):
            return stored
        thread = Thread.objects.shown().get(pk=thread.pk)
        if seen_id is not None and (newer := _answer_after(thread, seen_id)):
            raise AnsweredMeanwhile(newer)
        if to_id is None:
            newest = thread.last_in_ref or thread.last_ref
            to = _visible().get(profile=thread.profile_id, platform_id=newest)
        else:
            to = _visible().get(thread=thread.pk, pk=to_id)
        return _store(to, text, now, key, request_digest)


def retry_reply(row: Interaction, now: datetime) -> None:
    """Queue a reply that was not sent again, as one written `now`. Does nothing if it is queued; raises NotFailed.

    The caller holds the lock of the row's profile.
    """
    if row.send_status == SendStatus.QUEUED:
        return
    if row.send_status != SendStatus.FAILED:
        raise NotFailed
    row.send_status, row.send_error, row.posted_at, row.updated_at = SendStatus.QUEUED, "", now, now
    row.save(update_fields=["send_status", "send_error", "posted_at", "updated_at"])
    recompute([row.thread_id] if row.thread_id else [], now)


def _stored_before(profile_id: int, key: str | None, request_digest: int) -> Interaction | None:
    """The row of the reply that was sent with the key before; raises ReplyKeyReused."""
    if key is None:
        return None
    rows = Interaction.objects.with_relations()
    existing = rows.filter(profile_id=profile_id, idempotency_key=key).first()
    if existing and existing.idempotency_digest != request_digest:
        raise ReplyKeyReused
    return existing


def _answer_after(thread: Thread, seen_id: int) -> Interaction | None:
    """The newest visible answer of the thread that was stored after the row `seen_id`. Reads a long thread to its end."""
    if thread.last_out_at is None:
        return None
    answers = Interaction.objects.of_thread(thread.pk).filter(direction=Interaction.Direction.OUT)
    return answers.filter(pk__gt=seen_id).with_relations().order_by("-posted_at", "-pk").first()


def _visible() -> InteractionQuerySet:
    """The rows that can be answered; a profile without an owner is being deleted."""
    return Interaction.objects.visible().exclude(profile__owner=None).select_related("profile__owner")


def _store(to: Interaction, text: str, now: datetime, key: str | None, request_digest: int) -> Interaction:
    row = _outbound_row(to, text, now)
    row.idempotency_key, row.idempotency_digest = key, request_digest if key else None
    row.save(force_insert=True)
    move_rows([row.pk], now)
    row.refresh_from_db(fields=["thread"])
    return row


def _outbound_row(to: Interaction, text: str, now: datetime) -> Interaction:
    """The row of a reply to `to`, not stored yet."""
    profile = to.profile
    return Interaction(
        profile=profile,
        is_demo=profile.is_demo,
        platform_id=f"reply:{uuid.uuid4()}",
        type=to.type,
        direction=Interaction.Direction.OUT,
        send_status=SendStatus.QUEUED,
        parent=to,
        parent_ref=to.platform_id,
        content_id=to.content_id,
        content_ref=to.content_ref,
        conversation_id=to.conversation_id,
        author_id=profile.platform_id,
        author_handle=profile.handle,
        author_name=profile.display_name,
        text=text,
        posted_at=now,
        received_at=now,
        updated_at=now,
        text_at=now,
        created_digest=digest(text),
        text_digest=digest(text),
        closes=profile.owner.answers_close_threads,
    )
