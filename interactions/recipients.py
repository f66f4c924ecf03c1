"""To whom a direct message was sent, which platforms do not say; called by the page of messages."""

from accounts.models import User
from interactions.display import Author, shown_author
from interactions.models import Interaction

MAX_LOOKED_AT = 100  # messages, of each profile, before the newest of a page whose recipient is looked for


def recipients(rows: list[Interaction], user: User) -> dict[int, Author]:
    """Who was written to, by the key of each sent message among `rows`, which are the user's, newest first.

    It is the author of the received message that it answers, or else whoever has written in the same conversation, as far as
    `rows` and MAX_LOOKED_AT messages before them show it. One query at most.
    """
    sent = [row for row in rows if not _was_received(row)]
    parents = {row.pk: row.shown_parent for row in sent}
    answered = {pk: parent.shown_author for pk, parent in parents.items() if parent and _was_received(parent)}
    others = [row for row in sent if row.pk not in answered]
    if not others:
        return answered
    partners = _partners_before(others, user) | {
        (row.profile_id, row.conversation_id): row.shown_author for row in rows if _was_received(row)
    }
    found = {row.pk: partners.get((row.profile_id, row.conversation_id)) for row in others}
    return answered | {pk: partner for pk, partner in found.items() if partner}


def _was_received(row: Interaction) -> bool:
    return row.direction == Interaction.Direction.IN


def _partners_before(rows: list[Interaction], user: User) -> dict[tuple[int, str], Author]:
    """Who was the last to write in each conversation of the profiles of `rows`, by profile and conversation."""
    messages = Interaction.objects.visible_to(user).filter(
        profile__in={row.profile_id for row in rows},
        type=Interaction.Type.MESSAGE,
        posted_at__lte=rows[0].posted_at,
    )
    received = messages.nearest(user, MAX_LOOKED_AT).filter(direction=Interaction.Direction.IN)
    authors = received.values_list(
        "profile_id", "conversation_id", "author_id", "author_handle", "author_name"
    )
    return {
        (profile, conversation): shown_author(*author) for profile, conversation, *author in reversed(authors)
    }
