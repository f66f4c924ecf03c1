"""The question before an action of the admin that cannot be undone."""

from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

CONFIRMED = "confirmed"
MAX_TOLD = 50  # rows that a page names one by one


def is_confirmed(request: HttpRequest) -> bool:
    """Whether the operator has answered the question of `ask` with yes."""
    return CONFIRMED in request.POST


def ask(
    admin: ModelAdmin, request: HttpRequest, action: str, question: str, chosen: dict[int, str]
) -> HttpResponse:
    """A page that asks before the action is done to the rows that are `chosen`, and then sends the action again.

    `chosen` has what the page calls each row, by its key.
    """
    context = admin.admin_site.each_context(request) | {
        "title": question,
        "number": len(chosen),
        "names": list(chosen.values())[:MAX_TOLD],
        "more": max(0, len(chosen) - MAX_TOLD),
        "chosen": ",".join(map(str, chosen)),
        "checkbox": ACTION_CHECKBOX_NAME,
        "action": action,
        "opts": admin.opts,
        "confirmed": CONFIRMED,
        "back": request.get_full_path(),
    }
    return render(request, "admin/confirm.html", context)
