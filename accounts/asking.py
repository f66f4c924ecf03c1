"""What the admin's actions and forms share: a question before what cannot be undone, and rows that are held meanwhile."""

from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

CONFIRMED = "confirmed"
MOST_TOLD = 50  # rows that a page names one by one


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
        "names": list(chosen.values())[:MOST_TOLD],
        "more": max(0, len(chosen) - MOST_TOLD),
        "chosen": ",".join(map(str, chosen)),
        "checkbox": ACTION_CHECKBOX_NAME,
        "action": action,
        "opts": admin.opts,
        "confirmed": CONFIRMED,
        "back": request.get_full_path(),
    }
    return render(request, "admin/confirm.html", context)


class HeldWhileChanged:
    """Mixed into an admin: the row of a form that is sent is locked from its reading to the end of the transaction.

    It does not go meanwhile, and no older state of it is written over a newer one. Who sends the form of a row that is
    gone is told so.
    """

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model | None:
        row = super().get_object(request, object_id, from_field)
        if row is None or request.method != "POST":
            return row
        held = self.model.objects.filter(pk=row.pk).select_for_update(no_key=True)
        return super().get_object(request, object_id, from_field) if held.values_list("pk") else None
