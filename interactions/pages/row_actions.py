"""What a user does with one comment or message of a thread: hide, unhide, delete, withdraw, send again. Routed by `urls.py`."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from interactions import replies
from interactions.clock import now
from interactions.models import WITHDRAWAL, Interaction, InteractionQuerySet, Thread
from interactions.moderation import requests
from interactions.pages.action_responses import respond
from interactions.pages.decorators import form_view
from interactions.pages.inbox_query import InboxQuery
from interactions.pages.outcome import Outcome, Undo
from interactions.pages.shown_list import ShownList

SECONDS = int(WITHDRAWAL.total_seconds())
Change = Callable[[Interaction, datetime], None]


@form_view
def act_on_row(request: HttpRequest, page: str, id: str, action: str) -> HttpResponse:
    """Make one of ACTIONS; the pane then shows the thread of the row, or the next one if nothing of it is left."""
    query = InboxQuery.from_request(request, page)
    return respond(request, query, _outcome(request, query, int(id), action))


def _outcome(request: HttpRequest, query: InboxQuery, id: int, action: str) -> Outcome:
    change, sentence = ACTIONS[action]
    if action == "withdraw":
        change = partial(requests.withdraw, action=request.POST.get("request"))
    try:
        rows = _rows(request.user, action)
        row = rows.get(pk=id)
        requests.change_locked(rows, id, change, now())
    except Interaction.DoesNotExist:
        return Outcome(_("This comment or message is gone: it was deleted meanwhile."), status=404)
    except requests.DeletionRequested:
        return Outcome(_("Its deletion is requested already."), open_id=row.thread_id, status=409)
    except requests.AlreadyQueued:
        sentence_too_late = _("It is too late to take that back: the network has been asked.")
        return Outcome(sentence_too_late, open_id=row.thread_id, status=409)
    except replies.NotFailed:
        return Outcome(_("There is nothing to retry: it was sent."), open_id=row.thread_id, status=409)
    except requests.NotPossible as error:
        return Outcome(str(error), open_id=row.thread_id, status=422)
    open_id = ShownList.of(request.POST).next_id if _ends_thread(request.user, row, action) else row.thread_id
    return Outcome(sentence(row), _undo(query, row, action), open_id=open_id)


def _ends_thread(user: User, row: Interaction, action: str) -> bool:
    """Whether nothing of the row's thread is left after a deletion. A network is asked later: until then the row stays."""
    is_deleted = action == "delete" and row.is_demo
    return is_deleted and not Thread.objects.visible_to(user).filter(pk=row.thread_id).exists()


def _rows(user: User, action: str) -> InteractionQuerySet:
    """The rows that the user may change. A deletion that is repeated is harmless."""
    if action == "delete":
        return Interaction.objects.filter(profile__owner=user)
    return Interaction.objects.visible_to(user)


def _undo(query: InboxQuery, row: Interaction, action: str) -> Undo | None:
    """The form that takes it back: the opposite in a demo, which has no network, else a withdrawal while it is possible."""
    if action in ("withdraw", "retry"):
        return None
    if not row.is_demo:
        return Undo(reverse("inbox-row", args=[query.page, row.pk, "withdraw"]), {"request": action})
    opposite = {"hide": "unhide", "unhide": "hide"}.get(action)
    return Undo(reverse("inbox-row", args=[query.page, row.pk, opposite])) if opposite else None


def _hidden(row: Interaction) -> str:
    return _("Hidden: only its author sees it now.") if row.is_demo else _asked(_("Hidden."), row)


def _unhidden(row: Interaction) -> str:
    return _("Shown again.") if row.is_demo else _asked(_("Shown again."), row)


def _deleted(row: Interaction) -> str:
    return _("Deleted.") if row.is_demo else _asked(_("It will be deleted."), row)


def _asked(done: str, row: Interaction) -> str:
    wait = _("%(platform)s is asked in %(seconds)d seconds.")
    return f"{done} {wait % {'platform': row.profile.get_platform_display(), 'seconds': SECONDS}}"


ACTIONS: dict[str, tuple[Change, Callable[[Interaction], str]]] = {
    "hide": (requests.hide, _hidden),
    "unhide": (requests.unhide, _unhidden),
    "delete": (requests.delete, _deleted),
    "withdraw": (requests.withdraw, lambda row: _("Taken back.")),
    "retry": (replies.retry_reply, lambda row: _("It will be sent again.")),
}
