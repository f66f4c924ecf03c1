"""The section of the settings with the user's saved replies, with a preview of their variables."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import form_target, user_page
from accounts.forms import sent_data
from accounts.models import Profile, User
from accounts.next_message import show_next
from interactions.clock import now
from interactions.models import (
    MAX_REPLIES,
    MAX_REPLY_TEXT,
    SavedReply,
    SavedReplyChanged,
    SavedReplyNameTaken,
    TooManySavedReplies,
)
from interactions.pages.settings.forms import SavedReplyForm
from interactions.saved_replies import InvalidSavedReply
from interactions.saved_replies import render as fill_in


@dataclass(frozen=True)
class Preview:
    """A text as two people get it, or the sentence that says what is wrong with it. `unknown` is "" where it is the same."""

    known: str = ""  # by a person whose name is known
    unknown: str = ""
    wrong: str = ""


@user_page
@require_safe
def replies(request: HttpRequest) -> HttpResponse:
    """All saved replies, by name."""
    rows = SavedReply.objects.owned_by(request.user).order_by("name_key")
    return render(request, "settings/replies.html", {"replies": rows, "max_replies": MAX_REPLIES})


@user_page
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """The form of a new saved reply."""
    form = SavedReplyForm(sent_data(request))
    if request.method == "POST" and form.is_valid():
        try:
            row = SavedReply.objects.store(request.user, now=now(), **form.values)
        except SavedReplyNameTaken:
            form.add_error("name", _("You have a saved reply of that name. Choose another name."))
        except TooManySavedReplies:
            sentence = _("You have %(number)d saved replies, which is the maximum. Delete one first.")
            form.add_error(None, sentence % {"number": MAX_REPLIES})
        else:
            return _saved(request, row.name)
    return _render(request, form)


@user_page
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, id: str) -> HttpResponse:
    """The form of a saved reply."""
    row = _reply(request, id)
    form = SavedReplyForm(sent_data(request), initial=SavedReplyForm.initial_of(row))
    if request.method == "POST" and form.is_valid() and form.check_unchanged(row):
        try:
            row.change(now(), only_unchanged=True, **form.values)
        except SavedReplyChanged:
            row = _reply(request, id)
            form.refuse_change(row)
        except SavedReplyNameTaken:
            form.add_error("name", _("You have a saved reply of that name. Choose another name."))
        except SavedReply.DoesNotExist as error:
            raise Http404 from error
        else:
            return _saved(request, form.cleaned_data["name"])
    return _render(request, form, row=row)


@form_target("settings-replies")
def delete(request: HttpRequest, id: str) -> HttpResponse:
    """Delete a saved reply."""
    row = _reply(request, id)
    row.delete()
    show_next(request, _("The saved reply “%(name)s” is deleted.") % {"name": row.name})
    return redirect("settings-replies")


@form_target("settings-replies")
def preview(request: HttpRequest) -> HttpResponse:
    """What the text in the form becomes for a person whose name is known, and for one whose name is not."""
    shown = _preview(request.user, request.POST.get("text", ""))
    return render(request, "settings/reply_preview.html", {"preview": shown})


def _reply(request: HttpRequest, id: str) -> SavedReply:
    return get_object_or_404(SavedReply.objects.owned_by(request.user), pk=id)


def _saved(request: HttpRequest, name: str) -> HttpResponse:
    show_next(request, _("The saved reply “%(name)s” is saved.") % {"name": name})
    return redirect("settings-replies")


def _render(request: HttpRequest, form: SavedReplyForm, **row: object) -> HttpResponse:
    context = {
        "form": form,
        "max_text": MAX_REPLY_TEXT,
        **row,
        "preview": _preview(request.user, form["text"].value() or ""),
    }
    return render(request, "settings/reply.html", context)


def _preview(user: User, text: str) -> Preview:
    text = text[:MAX_REPLY_TEXT]
    newest = Profile.objects.owned_by(user).order_by("-pk").values_list("display_name", "handle").first()
    brand = next(filter(None, newest or ()), _("your profile"))
    try:
        known = fill_in(text, {"first_name": "Ada", "handle": "ada", "brand": brand})
        unknown = fill_in(text, {"handle": "ada", "brand": brand})
    except InvalidSavedReply as error:
        return Preview(wrong=str(error))
    return Preview(known, unknown if unknown != known else "")
