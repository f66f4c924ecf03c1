"""What a user does with many threads, undo, and saved views. Routed by `urls.py`."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.decorators import wants_fragment
from accounts.names import UnreadableName, normalize_name
from interactions.api.throttling import BulkChanges
from interactions.clock import now
from interactions.models import (
    MAX_QUERY,
    MAX_VIEW_NAME,
    BulkJob,
    BulkJobRunning,
    SavedView,
    SavedViewNameTaken,
    Thread,
    ThreadStatus,
    TooManySavedViews,
)
from interactions.models.choices import LabelAction
from interactions.models.thread_lists import ThreadFilters
from interactions.pages.action_responses import respond
from interactions.pages.actions import read_label
from interactions.pages.decorators import form_view, list_fragment
from interactions.pages.inbox_query import InboxQuery
from interactions.pages.outcome import Outcome, Refused, Undo
from interactions.pages.rendering import saved_views, show_list
from interactions.pages.restoring import REOPEN, parse_states, undo_form
from interactions.pages.shown_list import ShownList, read_id, read_time
from interactions.pages.snooze_choices import end_problem, read_end
from interactions.threads.bulk import BulkChange, Selection, UnknownThreads, change_all, find_threads
from interactions.threads.bulk_jobs import MAX_IN_REQUEST, cancel, find_first, need_job, start_job
from interactions.threads.labels import LabelChange, TooManyLabels
from interactions.threads.restoring import restore_states


@form_view
def change_many(request: HttpRequest, page: str) -> HttpResponse:
    """Change the selected threads, or all that match the filters."""
    query = InboxQuery.from_request(request, page)
    shown = ShownList.of(request.POST)
    try:
        _check_rate(request)
        outcome = _change_many(request, query, shown)
    except Refused as error:
        outcome = Outcome(str(error), status=422)
    except UnknownThreads:
        outcome = Outcome(_("Some of these threads are gone; nothing was changed. Select again."), status=404)
    except TooManyLabels:
        outcome = Outcome(_("A profile has as many labels as it may have; nothing was changed."), status=409)
    except BulkJobRunning:
        outcome = Outcome(
            _("Another change of many threads is running; wait until it has ended."), status=409
        )
    return respond(request, query, outcome)


def _check_rate(request: HttpRequest) -> None:
    if not BulkChanges().allow_request(request, None):
        raise Refused(_("Too many changes within a minute; try again in a moment."))


def _change_many(request: HttpRequest, query: InboxQuery, shown: ShownList) -> Outcome:
    change = _read_change(request.POST)
    at = now()
    if request.POST.get("all") == "1":
        if query.errors:
            raise Refused(str(query.errors[0]))
        selection = Selection(request.user, ThreadFilters(**query.filters()), shown.listed_at or at, change)
        return _change_all(selection, query, at)
    return _change_selected(Selection(request.user, ThreadFilters(), at, change), request, query)


def _change_all(selection: Selection, query: InboxQuery, at: datetime) -> Outcome:
    """Change all threads of the selection; many of them by a job, which cannot be undone."""
    candidates = find_first(selection, at)
    if need_job(candidates):
        return Outcome(job=start_job(selection, candidates, at))
    undo = _undo_of(selection, query, Thread.objects.filter(pk__in=[one.id for one in candidates]), at)
    return _done(change_all(selection, candidates, at), undo)


def _change_selected(selection: Selection, request: HttpRequest, query: InboxQuery) -> Outcome:
    """Change the threads whose ids were sent; those of which a row has arrived that was not shown are left."""
    ids, shown = _read_ids(request.POST.getlist("ids"))
    selection = replace(selection, shown=shown)
    at = selection.until
    found = find_threads(request.user, ids)
    rows = list(Thread.objects.filter(pk__in=ids))
    seen = [one for one in rows if not selection.has_arrivals(one.pk, one.last_in_received_at)]
    undo = _undo_of(selection, query, seen, at)
    return _done(change_all(selection, found, at), undo, left=len(rows) - len(seen))


def _undo_of(selection: Selection, query: InboxQuery, threads: Iterable[Thread], at: datetime) -> Undo | None:
    """The undo of the change, with the threads as they are before it; None for labels."""
    return undo_form(query, threads, at) if selection.change.can_be_undone else None


def _done(changed: int, undo: Undo | None, left: int = 0) -> Outcome:
    sentence = ngettext("%(count)d thread changed.", "%(count)d threads changed.", changed)
    sentence %= {"count": changed}
    if left:
        of_left = ngettext(
            "%(count)d was left: a new message has arrived there.",
            "%(count)d were left: new messages have arrived there.",
            left,
        )
        sentence = f"{sentence} {of_left % {'count': left}}"
    return Outcome(sentence, undo if changed else None)


def _read_ids(texts: list[str]) -> tuple[list[int], dict[int, datetime | None]]:
    """The ids, and of each that names it the latest arrival that was shown, such as "12:2026-01-31T09:00:00+00:00"."""
    ids: list[int] = []
    shown: dict[int, datetime | None] = {}
    for text in texts[:MAX_IN_REQUEST]:
        before, colon, arrival = text.partition(":")
        id = read_id(before)
        if id is None:
            continue
        ids.append(id)
        if colon:
            shown[id] = read_time(arrival)
    if not ids:
        raise Refused(_("Select threads first."))
    return ids, shown


def _read_change(sent: QueryDict) -> BulkChange:
    """Return the change that the form asks for; raises Refused."""
    name = sent.get("change") or (ThreadStatus.SNOOZED if "until" in sent else "")
    match name:
        case ThreadStatus.DONE | ThreadStatus.ARCHIVED | ThreadStatus.OPEN:
            return BulkChange(status=name)
        case ThreadStatus.SNOOZED:
            return _snooze(sent.get("until", ""))
        case "read" | "unread":
            return BulkChange(unread=name == "unread")
        case "label" | "unlabel":
            action = LabelAction.ADD if name == "label" else LabelAction.REMOVE
            return BulkChange(labels=LabelChange(action, (read_label(sent.get("label", "")),)))
    raise Refused(_("Choose what to do with the threads."))


def _snooze(text: str) -> BulkChange:
    until = read_end(text)
    if problem := end_problem(until, now()):
        raise Refused(problem)
    return BulkChange(status=ThreadStatus.SNOOZED, snoozed_until=until)


@form_view
def undo(request: HttpRequest, page: str) -> HttpResponse:
    """Give threads back what they were before a change; the list is read again.

    The pane shows the thread that was closed by the change (`reopen`), or the one that it shows.
    """
    at = now()
    query = InboxQuery.from_request(request, page)
    open_id = ShownList.of(request.POST).open_id
    reopened = None
    try:
        before = parse_states(request.POST.get("restore", ""), at)
        ids = [id for group in before.values() for id in group]
        if len(ids) == 1 and request.POST.get(REOPEN) == "1":
            open_id = reopened = ids[0]
        _check_rate(request)
        changed_at = read_time(request.POST.get("until", "")) or at
        outcome = Outcome(_left(restore_states(request.user, before, changed_at, at)), open_id=open_id)
    except Refused as error:
        outcome = Outcome(str(error), open_id=open_id, status=422)
    if not wants_fragment(request):
        return respond(request, query, outcome)
    stays_unread = reopened is not None and any(state.unread for state in before)
    return show_list(request, query, open_id, stays_unread=stays_unread, outcome=outcome)


def _left(count: int) -> str:
    """Say how many threads an undo has left; nothing when there are none, as the list shows the others."""
    sentence = ngettext(
        "%(count)d thread was left as it is: it has changed since.",
        "%(count)d threads were left as they are: they have changed since.",
        count,
    )
    return sentence % {"count": count} if count else ""


@list_fragment
def job(request: HttpRequest, page: str, id: str) -> HttpResponse:
    """The progress of a bulk change that a worker makes."""
    return _show_job(request, page, id)


def _show_job(request: HttpRequest, page: str, id: str) -> HttpResponse:
    row = get_object_or_404(BulkJob.objects.owned_by(request.user), pk=id)
    context = {"job": row, "query": InboxQuery.from_request(request, page), "again": _fields(row.change)}
    return render(request, "inbox/job.html", context)


def _fields(change: dict[str, Any]) -> dict[str, str]:
    """The fields by which a form makes a job's change again, as `_read_change` reads them; none for a change that only the API makes."""
    match change:
        case {"status": ThreadStatus.SNOOZED, "snoozed_until": until}:
            return {"until": until}
        case {"status": status}:
            return {"change": status}
        case {"unread": unread}:
            return {"change": "unread" if unread else "read"}
        case {"add_labels": [name]}:
            return {"change": "label", "label": name}
        case {"remove_labels": [name]}:
            return {"change": "unlabel", "label": name}
    return {}


@form_view
def cancel_job(request: HttpRequest, page: str, id: str) -> HttpResponse:
    row = get_object_or_404(BulkJob.objects.owned_by(request.user), pk=id)
    cancel(row, now())
    return _show_job(request, page, id) if wants_fragment(request) else redirect(page)


@form_view
def save_view(request: HttpRequest, page: str) -> HttpResponse:
    """Save the filters under a name."""
    query = InboxQuery.from_request(request, page)
    try:
        name = normalize_name(request.POST.get("name", ""), MAX_VIEW_NAME)
        if query.errors:
            raise Refused(str(query.errors[0]))
        if len(query.query_string) > MAX_QUERY:
            raise Refused(_("These filters are too long to be saved."))
        SavedView.objects.store(request.user, name, page, query.query_string)
        outcome = Outcome(_("View saved."), views=saved_views(request.user))
    except UnreadableName as error:
        outcome = Outcome(_("The name %(problem)s") % {"problem": error}, status=422)
    except Refused as error:
        outcome = Outcome(str(error), status=422)
    except SavedViewNameTaken:
        outcome = Outcome(_("Another view has this name; choose another one."), status=409)
    except TooManySavedViews:
        outcome = Outcome(_("You have as many views as you may have. Delete one first."), status=409)
    return respond(request, query, outcome)


@form_view
def delete_view(request: HttpRequest, page: str, id: str) -> HttpResponse:
    """Delete a saved view; repeated, it changes nothing and says so."""
    deleted, _by_table = SavedView.objects.owned_by(request.user).filter(pk=id).delete()
    sentence = _("View deleted.") if deleted else _("This view is gone already.")
    outcome = Outcome(sentence, views=saved_views(request.user))
    return respond(request, InboxQuery.from_request(request, page), outcome)
