"""The confirmation page before an admin action that cannot be undone; called by the actions of all apps' admin pages."""

from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

CONFIRMED = "confirmed"
MAX_NAMES = 50  # rows that the page lists by name


def is_confirmed(request: HttpRequest) -> bool:
    """Whether the operator has confirmed the action on the confirmation page."""
    return CONFIRMED in request.POST


def confirmation_page(
    admin: ModelAdmin, request: HttpRequest, action: str, question: str, rows: dict[int, str]
) -> HttpResponse:
    """Return a page that asks `question` and, when confirmed, submits `action` again for the same rows.

    `rows` maps the key of each selected row to its name on the page.
    """
    context = admin.admin_site.each_context(request) | {
        "title": question,
        "number": len(rows),
        "names": list(rows.values())[:MAX_NAMES],
        "more": max(0, len(rows) - MAX_NAMES),
        "keys": ",".join(map(str, rows)),
        "checkbox": ACTION_CHECKBOX_NAME,
        "action": action,
        "opts": admin.opts,
        "confirmed": CONFIRMED,
        "back": request.get_full_path(),
    }
    return render(request, "admin/confirm.html", context)
