"""What people answer: kept as rows of their own that wait to be sent."""

import uuid
from datetime import datetime

from django.db import transaction

from interactions.events import digest
from interactions.locks import lock_profiles
from interactions.models import Interaction


class KeyReused(Exception):
    """The key has come with another reply of the profile before."""


def reply(to: Interaction, text: str, now: datetime, key: str | None = None) -> Interaction:
    """Store an answer to a comment or message of the same profile, `queued` to be sent; return its row.

    Its platform id is one of ours until the platform gives it another. What was sent with the same `key` before is
    stored once: its row is returned as it stands, whatever has become of what it answers; those that come at once wait
    for the first. Raises KeyReused, and Interaction.DoesNotExist when what is answered went meanwhile.
    """
    with transaction.atomic():
        lock_profiles([to.profile_id])  # nothing of the profile's goes before the answer is there
        sent = digest(str(to.pk), text)
        if key and (earlier := _with_key(to.profile_id, key)):
            if earlier.idempotency_digest != sent:
                raise KeyReused
            return earlier
        to = Interaction.objects.select_related("profile").get(pk=to.pk, deleted_at=None)
        profile = to.profile
        return Interaction.objects.create(
            profile=profile,
            is_demo=profile.is_demo,
            platform_id=f"reply:{uuid.uuid4()}",
            type=to.type,
            direction=Interaction.Direction.OUT,
            send_status=Interaction.SendStatus.QUEUED,
            status=Interaction.Status.DONE,
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
            idempotency_key=key,
            idempotency_digest=sent if key else None,
        )


def _with_key(profile_id: int, key: str) -> Interaction | None:
    rows = Interaction.objects.with_relations()
    return rows.filter(profile_id=profile_id, idempotency_key=key).first()
