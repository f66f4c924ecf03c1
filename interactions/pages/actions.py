"""What a user does with one thread and its rows. Routed by `urls.py`; each action calls what the API calls."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import wraps

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Profile
from accounts.names import UnreadableName, normalize_name
from accounts.platforms import PLATFORMS
from accounts.visible_text import has_visible_text
from interactions import replies
from interactions.ages import clock_or_day
from interactions.clock import now
from interactions.events import NAME_LENGTH
from interactions.models import (
    LABEL_LENGTH,
    MAX_LABELS_OF_THREAD,
    NOTE_LENGTH,
    BlockedAuthor,
    Interaction,
    Thread,
    ThreadStatus,
)
from interactions.models.choices import InteractionType
from interactions.moderation.blocking import TooManyBlockedAuthors, block_and_hide, unblock, undo_block
from interactions.pages.action_responses import respond, shows_pane
from interactions.pages.decorators import thread_form_view
from interactions.pages.inbox_query import InboxQuery
from interactions.pages.outcome import Outcome, Refused, Undo
from interactions.pages.restoring import undo_form
from interactions.pages.shown_list import ShownList, read_id
from interactions.pages.snooze_choices import end_problem, read_end
from interactions.pages.thread_pane import Composer, find_thread, text_limit
from interactions.threads.changing import InvalidChange, ThreadChange, change_thread
from interactions.threads.labels import TooManyLabels
from interactions.threads.noting import TooManyNotes, add_note

Action = Callable[[HttpRequest, InboxQuery, Thread], Outcome]


def thread_action(action: Action) -> Callable[..., HttpResponse]:
    """A view that a form of a thread posts to. A refusal shows the thread, with its sentence."""

    @thread_form_view
    @wraps(action)
    def view(request: HttpRequest, page: str, id: str) -> HttpResponse:
        query = InboxQuery.from_request(request, page)
        return respond(request, query, _outcome(action, request, query, int(id)))

    return view


def _outcome(action: Action, request: HttpRequest, query: InboxQuery, id: int) -> Outcome:
    try:
        return action(request, query, find_thread(request.user, id))
    except (Thread.DoesNotExist, Interaction.DoesNotExist, Profile.DoesNotExist):
        typed = request.POST.get("text", "")
        composer = Composer(text=typed) if typed else None  # so that the text can be copied
        sentence = _("This thread is gone: it was deleted meanwhile.")
        return Outcome(sentence, open_id=id, composer=composer, status=404)
    except Refused as error:
        return Outcome(str(error), open_id=id, status=422)
    except InvalidChange:  # such as when the row that was shown has moved to another thread
        sentence = _("The thread has changed meanwhile. Look at it, then do it again.")
        return Outcome(sentence, open_id=id, status=422)
    except TooManyLabels:
        sentence = _(
            "The profile has as many labels as it may have. Use one of them, or remove one everywhere."
        )
        return Outcome(sentence, open_id=id, status=409)


@thread_action
def change_status(request: HttpRequest, query: InboxQuery, thread: Thread) -> Outcome:
    """Mark the thread done, archive, snooze or reopen it; done, archive and snooze open the next one."""
    status = request.POST.get("status", "")
    if status not in ThreadStatus.values:
        raise Refused(_("Choose what to do with the thread: done, archive, snooze or open."))
    until = None
    at = now()
    if status == ThreadStatus.SNOOZED:
        until = read_end(request.POST.get("until", ""))
        if problem := end_problem(until, at):
            raise Refused(problem)
    leaves = status != ThreadStatus.OPEN
    undo = undo_form(query, [thread], at, reopens=leaves and shows_pane(request))
    covers = _covers(request)
    change_thread(thread, ThreadChange(status=status, snoozed_until=until, covers=covers), at)
    return Outcome(
        _status_sentence(status, until),
        undo,
        open_id=ShownList.of(request.POST).next_id if leaves else thread.pk,
    )


@thread_action
def change_unread(request: HttpRequest, query: InboxQuery, thread: Thread) -> Outcome:
    """Mark the thread read, up to the newest row that was shown, or unread. It tells nothing: the dot changes."""
    if request.POST.get("unread") not in ("0", "1"):
        raise Refused(_("Choose whether the thread is read or unread."))
    unread = request.POST["unread"] == "1"
    covers = None if unread else _covers(request)
    change_thread(thread, ThreadChange(unread=unread, covers=covers), now())
    return Outcome(_("Marked as unread.") if unread else "", open_id=thread.pk)


@thread_action
def change_labels(request: HttpRequest, query: InboxQuery, thread: Thread) -> Outcome:
    """Give the thread the chosen labels, and a new one if its name was typed.

    Of the labels that were shown; one that it got meanwhile stays.
    """
    shown = set(request.POST.getlist("shown_label"))
    kept = [name for name in thread.label_names if name not in shown]
    names = [*kept, *request.POST.getlist("label"), *filter(str.strip, [request.POST.get("new", "")])]
    labels = tuple(dict.fromkeys(map(read_label, names)))
    if len(labels) > MAX_LABELS_OF_THREAD:
        raise Refused(_("A thread has at most %(count)d labels.") % {"count": MAX_LABELS_OF_THREAD})
    change_thread(thread, ThreadChange(labels=labels), now())
    return Outcome(open_id=thread.pk)


def read_label(text: str) -> str:
    """Return the normalized name of a label; raises Refused."""
    try:
        return normalize_name(text, LABEL_LENGTH)
    except UnreadableName as error:
        raise Refused(_("The label %(problem)s") % {"problem": error}) from error


@thread_action
def write(request: HttpRequest, query: InboxQuery, thread: Thread) -> Outcome:
    """Send a reply or store a note; "Send and done" then opens the next thread. A refusal keeps what was typed."""
    text = request.POST.get("text", "").replace("\r\n", "\n").strip()
    typed = Composer(
        key=request.POST.get("key", "")[:64],
        is_note=request.POST.get("mode") == "note",
        text=text,
        to=_answered(request, thread),
    )
    try:
        if request.POST.get("mode") not in ("reply", "note"):
            raise Refused(_("Choose whether you write a reply or a note."))
        if typed.is_note:
            return _note(thread, typed)
        return _reply(request, query, thread, typed)
    except Refused as error:
        return Outcome(open_id=thread.pk, composer=_refused(typed, str(error)), status=422)
    except replies.AnsweredMeanwhile as error:
        return Outcome(open_id=thread.pk, composer=_refused(typed, "", error.newer), status=409)


def _answered(request: HttpRequest, thread: Thread) -> Interaction | None:
    """The row of the thread that the form answers, if it is still there."""
    id = read_id(request.POST.get("to", ""))
    rows = Interaction.objects.visible_to(request.user).filter(thread=thread.pk)
    return None if id is None else rows.select_related("profile").filter(pk=id).first()


def _refused(typed: Composer, error: str, newer: Interaction | None = None) -> Composer:
    return replace(typed, error=error, newer=newer)


def _note(thread: Thread, typed: Composer) -> Outcome:
    text = typed.text
    if not has_visible_text(text):
        raise Refused(_("Write the note first."))
    if len(text) > NOTE_LENGTH:
        raise Refused(_("A note has at most %(count)d characters.") % {"count": NOTE_LENGTH})
    try:
        add_note(thread, text, now(), typed.key)
    except TooManyNotes as error:
        raise Refused(_("The thread has as many notes as it may have.")) from error
    return Outcome(_("Note added."), open_id=thread.pk)


def _reply(request: HttpRequest, query: InboxQuery, thread: Thread, typed: Composer) -> Outcome:
    _check_reply(thread, typed.text)
    to = request.POST.get("to")
    to_id = (read_id(to) or 0) if to else None  # 0 is the id of no row
    seen_id = None if request.POST.get("anyway") else read_id(request.POST.get("seen_id", ""))
    at = now()
    is_done = request.POST.get("then") == "done"
    try:
        # One transaction: a reply that cannot be marked as done is not sent, so that nobody sends it twice.
        with transaction.atomic():
            replies.answer_thread(thread, typed.text, at, typed.key or None, seen_id=seen_id, to_id=to_id)
            if is_done:
                change_thread(thread, ThreadChange(status=ThreadStatus.DONE, covers=_covers(request)), at)
    except Interaction.DoesNotExist as error:
        if to_id is None:
            raise  # nothing of the thread is left
        raise Refused(
            _("What you answer was deleted meanwhile. Send again to answer the newest one.")
        ) from error
    except replies.ReplyKeyReused as error:
        raise Refused(_("This was sent already. Change the text to send another reply.")) from error
    except InvalidChange as error:
        raise Refused(_("The thread has changed meanwhile. Look at it, then send again.")) from error
    if not is_done:
        return Outcome(_("Reply queued."), open_id=thread.pk)
    undo = undo_form(query, [thread], at, reopens=True)
    return Outcome(_("Reply queued, marked as done."), undo, open_id=ShownList.of(request.POST).next_id)


def _covers(request: HttpRequest) -> int | None:
    """The id of the newest row that was shown; None: all rows that the thread has."""
    text = request.POST.get("covers", "")
    covers = read_id(text)
    if text and covers is None:
        raise Refused(_("The thread has changed meanwhile. Look at it, then do it again."))
    return covers


def _check_reply(thread: Thread, text: str) -> None:
    if not has_visible_text(text):
        raise Refused(_("Write the reply first."))
    limit = text_limit(thread)
    excess = -limit.left(text)
    if excess <= 0:
        return
    unit = (
        ngettext("%(count)d byte", "%(count)d bytes", excess)
        if limit.in_bytes
        else ngettext("%(count)d character", "%(count)d characters", excess)
    )
    platform = PLATFORMS[thread.profile.platform].label
    raise Refused(
        _("The reply is %(excess)s too long for %(platform)s. Shorten it; nothing was sent.")
        % {"excess": unit % {"count": excess}, "platform": platform}
    )


@thread_action
def change_blocked(request: HttpRequest, query: InboxQuery, thread: Thread) -> Outcome:
    """Block the author of the row `block`, or unblock that of the row `unblock`, both of the thread.

    Comments of the blocked are hidden, threads of their messages archived.
    """
    blocks = "block" in request.POST
    id = read_id(request.POST.get("block" if blocks else "unblock", ""))
    if id is None:
        raise Refused(_("Choose whom to block."))
    person = Interaction.objects.of_thread(thread.pk).select_related("profile").get(pk=id)
    if person.author_id == thread.profile.platform_id:
        raise Refused(_("This thread has nobody who can be blocked."))
    address = reverse("inbox-block", args=[query.page, thread.pk])
    name = person.display_author.name
    if not blocks:
        return _unblock(request, thread, person.author_id, name)
    try:
        block_and_hide(thread.profile, person.author_id, name[:NAME_LENGTH], now())
    except TooManyBlockedAuthors as error:
        raise Refused(
            _("The profile has as many blocked people as it may have. Unblock one first.")
        ) from error
    sentence = (
        _("%(name)s is blocked. Their comments are hidden, and threads of new messages archived.")
        if thread.kind == InteractionType.MESSAGE
        else _("%(name)s is blocked. What they write is hidden.")
    ) % {"name": name}
    return Outcome(sentence, Undo(address, {"unblock": str(person.pk), "show": "1"}), open_id=thread.pk)


def _unblock(request: HttpRequest, thread: Thread, author_id: str, name: str) -> Outcome:
    """Unblock a person. With `show`, as an undo sends it, what the block has hidden is shown again."""
    block = BlockedAuthor.objects.filter(profile=thread.profile_id, author_id=author_id).first()
    shows = request.POST.get("show") == "1"
    if block and shows:
        undo_block(block, now())
    elif block:
        unblock(block)
    sentence = (
        _("%(name)s is not blocked any more.")
        if shows
        else _("%(name)s is not blocked any more. What is hidden stays hidden; unhide it where you want.")
    )
    return Outcome(sentence % {"name": name}, open_id=thread.pk)


def _status_sentence(status: str, until: datetime | None) -> str:
    if status == ThreadStatus.SNOOZED and until is not None:
        return _("Snoozed until %(time)s.") % {"time": clock_or_day(timezone.localtime(until))}
    return {
        ThreadStatus.DONE: _("Marked as done."),
        ThreadStatus.ARCHIVED: _("Archived."),
        ThreadStatus.OPEN: _("Opened again."),
    }[ThreadStatus(status)]
