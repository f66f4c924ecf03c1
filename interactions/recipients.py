"""Finds the recipients of sent direct messages, which platforms do not name; called by the messages page."""

from accounts.models import User
from interactions.display import Author, display_author
from interactions.models import Interaction

MAX_EARLIER_MESSAGES = 100  # per profile, searched for a recipient


def recipients(rows: list[Interaction], user: User) -> dict[int, Author]:
    """Return the recipient of each sent message among `rows`, by its key. The rows are the user's, newest first.

    The recipient is the author of the received message that it answers, or else the last author in the conversation
    among `rows` and MAX_EARLIER_MESSAGES before them. At most one query.
    """
    sent = [row for row in rows if not _was_received(row)]
    parents = {row.pk: row.visible_parent for row in sent}
    answered = {
        pk: parent.display_author for pk, parent in parents.items() if parent and _was_received(parent)
    }
    others = [row for row in sent if row.pk not in answered]
    if not others:
        return answered
    authors = _earlier_authors(others, user) | {
        (row.profile_id, row.conversation_id): row.display_author for row in rows if _was_received(row)
    }
    found = {row.pk: authors.get((row.profile_id, row.conversation_id)) for row in others}
    return answered | {pk: author for pk, author in found.items() if author}


def _was_received(row: Interaction) -> bool:
    return row.direction == Interaction.Direction.IN


def _earlier_authors(rows: list[Interaction], user: User) -> dict[tuple[int, str], Author]:
    """Return the last author of a received message in each conversation of the rows' profiles, by (profile, conversation)."""
    messages = Interaction.objects.visible_to(user).filter(
        profile__in={row.profile_id for row in rows},
        type=Interaction.Type.MESSAGE,
        posted_at__lte=rows[0].posted_at,
    )
    received = messages.page_for(user, MAX_EARLIER_MESSAGES).filter(direction=Interaction.Direction.IN)
    authors = received.values_list(
        "profile_id", "conversation_id", "author_id", "author_handle", "author_name"
    )
    return {
        (profile, conversation): display_author(*author)
        for profile, conversation, *author in reversed(authors)
    }
