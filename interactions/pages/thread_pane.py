"""Reads a thread as its pane shows it: the post, the conversation, notes, decisions, and what the composer needs.

Called by the inbox's views.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from accounts.models import User
from accounts.platforms import PLATFORMS, TextLimit
from interactions.cursors import Cursor, Page, read_cursor, read_page
from interactions.display import display_inline
from interactions.events import TEXT_LENGTH
from interactions.models import BlockedAuthor, Content, Decision, Interaction, Label, Note, SavedReply, Thread
from interactions.models.choices import InteractionType
from interactions.pages.conversation import Entry, comment_tree, conversation
from interactions.saved_replies import render
from interactions.threads.showing import add_shown

ROWS_SHOWN = 100
NOTES_SHOWN = 100  # on a page; and as many decisions
ALSO_WRITTEN = 8  # rows of the person
LONGEST_REPLY = TextLimit(TEXT_LENGTH)


@dataclass(frozen=True)
class FilledReply:
    """A saved reply with its variables filled in for the person of the thread."""

    name: str
    text: str


@dataclass(frozen=True)
class Composer:
    """The form below the thread: what was typed, and why it was refused.

    `key` makes a reply that is sent twice be stored once. `to` is the row that is answered; None: that by which the thread
    names its person. `newer` is an answer of somebody else that the user has not seen.
    """

    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    is_note: bool = False
    text: str = ""
    error: str = ""
    newer: Interaction | None = None
    to: Interaction | None = None


@dataclass(frozen=True)
class Pane:
    """Everything that the pane of a thread shows, by a constant number of queries."""

    thread: Thread
    entries: Sequence[Entry]
    older: Cursor | None
    is_newest: bool  # the page of the newest rows
    cursor: str  # of the page; empty for the newest rows
    seen_id: int  # the row that was stored last among those that the user may have seen
    composer: Composer
    labels: Sequence[tuple[str, bool]]  # of the profile, and whether the thread has them

    @property
    def post(self) -> Content | None:
        return self.thread.visible_content

    def has_unread_after(self, seen_id: int | None) -> bool:
        """Whether it shows unread rows that were stored after the row `seen_id`; None: after any."""
        return self.thread.unread and self.is_newest and self.seen_id > (seen_id or 0)

    @property
    def answered(self) -> Interaction | None:
        """The row that the composer answers, unless the user chooses another."""
        return self.composer.to or self.thread.author_row

    def is_deleted_with(self, row: Interaction) -> bool:
        """Whether the whole thread is deleted with the row: its platform deletes all replies with the first comment."""
        is_first = row.type == InteractionType.COMMENT and row.platform_id == self.thread.root_ref
        return is_first and PLATFORMS[self.thread.profile.platform].deletes_replies

    @property
    def rows_shown(self) -> int:
        return sum(entry.kind == "row" for entry in self.entries)

    @property
    def shows_all_rows(self) -> bool:
        return self.is_newest and self.older is None

    @property
    def limit(self) -> TextLimit:
        return text_limit(self.thread)


def text_limit(thread: Thread) -> TextLimit:
    """Return the longest reply that the platform and the API accept."""
    spec = PLATFORMS[thread.profile.platform]
    limit = spec.comments if thread.kind == InteractionType.COMMENT else spec.messages
    return limit or LONGEST_REPLY


def find_thread(user: User, id: int) -> Thread:
    """Return the user's thread with its post and what lists show of it; raises Thread.DoesNotExist."""
    thread = Thread.objects.visible_to(user).with_relations().defer(None).get(pk=id)
    add_shown([thread])
    return thread


def read_pane(
    thread: Thread, user: User, cursor: str | None = None, composer: Composer | None = None
) -> Pane:
    """Read the page of the thread's rows at the cursor, or its newest; raises CursorError."""
    rows = Interaction.objects.of_thread(thread.pk).with_relations()
    page = read_page(rows, user, cursor, ROWS_SHOWN)
    shown = _with_first_comment(thread, page)
    period = _period(page, cursor)
    notes = _of_people(Note, thread, "created_at", period)
    decisions = _of_people(Decision, thread, "at", period)
    if thread.kind == InteractionType.COMMENT:
        entries = comment_tree(shown, notes, decisions, thread.root_ref)
    else:
        entries = conversation(shown, notes, decisions, timezone.get_current_timezone())
    return Pane(
        thread=thread,
        entries=entries,
        older=page.older,
        is_newest=not cursor,
        cursor=cursor or "",
        seen_id=max([row.pk for row in shown] + [thread.last_id or 0]),
        composer=composer or Composer(),
        labels=_labels(thread),
    )


def _with_first_comment(thread: Thread, page: Page) -> list[Interaction]:
    """The rows of the page, and the first comment of the thread, below which the others stand."""
    if thread.kind != InteractionType.COMMENT or any(row.platform_id == thread.root_ref for row in page.rows):
        return page.rows
    rows = Interaction.objects.of_thread(thread.pk).with_relations()
    return [*rows.filter(profile=thread.profile_id, platform_id=thread.root_ref), *page.rows]


def _period(page: Page, cursor: str | None) -> tuple[datetime | None, datetime | None]:
    """From when and until when the page shows a thread; None: without a limit."""
    since = page.rows[-1].posted_at if page.older else None
    return since, read_cursor(cursor, by_time=True).at if cursor else None


def _of_people(
    model: type[Note] | type[Decision],
    thread: Thread,
    column: str,
    period: tuple[datetime | None, datetime | None],
) -> list:
    """The newest notes or decisions of the period."""
    limits = dict(zip((f"{column}__gte", f"{column}__lt"), period, strict=True))
    filters = {name: limit for name, limit in limits.items() if limit is not None}
    rows = model.objects.filter(thread=thread.pk, **filters)
    return list(rows.order_by(f"-{column}", "-pk")[:NOTES_SHOWN])


def filled_replies(thread: Thread, user: User) -> list[FilledReply]:
    """Return the user's saved replies by name, with the variables filled in."""
    values = _variables(thread)
    saved = SavedReply.objects.owned_by(user).order_by("name_key")
    return [FilledReply(one.name, render(one.text, values)) for one in saved]


def _variables(thread: Thread) -> dict[str, str]:
    """The values of the variables of saved replies."""
    person = thread.author_row
    name = display_inline(person.author_name) if person else ""
    return {
        "first_name": name.split(" ")[0],
        "handle": person.author_handle.lstrip("@") if person else "",
        "brand": thread.profile.display_name or thread.profile.handle,
    }


def _labels(thread: Thread) -> list[tuple[str, bool]]:
    names = Label.objects.filter(profile=thread.profile_id).values_list("name", flat=True)
    return [(name, name in thread.label_names) for name in sorted(names, key=str.casefold)]


@dataclass(frozen=True)
class Person:
    """The person of a thread: the newest rows that they wrote in other threads of the profile, and whether they are blocked."""

    row: Interaction
    also_wrote: Sequence[Interaction]
    blocked: BlockedAuthor | None
    is_brand: bool


def read_person(thread: Thread, user: User) -> Person | None:
    """Read the person of the thread; None when the row that names them was just deleted."""
    row = thread.author_row
    if row is None:
        return None
    rows = Interaction.objects.visible().filter(profile=thread.profile_id).exclude(thread=thread.pk)
    also = rows.by_author(row.author_id).with_quotes().page_for(user, ALSO_WRITTEN)
    blocked = BlockedAuthor.objects.filter(profile=thread.profile_id, author_id=row.author_id).first()
    return Person(row, list(also), blocked, row.author_id == thread.profile.platform_id)
