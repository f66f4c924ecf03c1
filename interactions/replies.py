"""Stores replies as outbound rows that are queued to be sent; called by the API."""

import uuid
from datetime import datetime

from django.db import transaction

from interactions.events import digest
from interactions.locks import lock_profiles
from interactions.models import Interaction
from interactions.threads.moving import move_rows


class ReplyKeyReused(Exception):
    """The idempotency key was used with another reply of the profile before."""


def store_reply(to: Interaction, text: str, now: datetime, key: str | None = None) -> Interaction:
    """Store a reply to a comment or message, with `send_status` queued, and return its row.

    Its platform id is a generated one until the platform assigns its own. A reply with a `key` is stored once: sent
    again it returns the existing row, even if `to` has been deleted since; simultaneous requests wait for the first.
    Raises ReplyKeyReused when the key belongs to another reply, Interaction.DoesNotExist when `to` has been deleted.
    """
    with transaction.atomic():
        lock_profiles([to.profile_id])  # so that `to` is not deleted before the reply is stored
        request_digest = digest(str(to.pk), text)
        if key and (existing := _find_by_key(to.profile_id, key)):
            if existing.idempotency_digest != request_digest:
                raise ReplyKeyReused
            return existing
        row = _outbound_row(
            Interaction.objects.select_related("profile__owner").get(pk=to.pk, deleted_at=None), text, now
        )
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
        send_status=Interaction.SendStatus.QUEUED,
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


def _find_by_key(profile_id: int, key: str) -> Interaction | None:
    rows = Interaction.objects.with_relations()
    return rows.filter(profile_id=profile_id, idempotency_key=key).first()
