"""What people answer: kept as rows of their own that wait to be sent."""

import uuid
from datetime import datetime

from django.db import transaction

from interactions.events import digest
from interactions.locks import lock_profiles
from interactions.models import Interaction


def reply(to: Interaction, text: str, now: datetime) -> Interaction:
    """Store an answer to a comment or message of the same profile, `queued` to be sent; return its row.

    Its platform id is one of ours until the platform gives it another. Raises Interaction.DoesNotExist when what is
    answered went meanwhile.
    """
    with transaction.atomic():
        lock_profiles([to.profile_id])  # nothing of the profile's goes before the answer is there
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
        )
