"""The section of the settings with the user's inbox rules: in which order they are tried, and what one would have done."""

from django.db.models.functions import Left
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import form_target, refuse_form, user_page
from accounts.forms import sent_data
from accounts.next_message import show_next
from interactions.clock import now
from interactions.models import MAX_RULES, InboxRule, InboxRuleChanged, Interaction, TooManyInboxRules
from interactions.moderation.dry_run import dry_run
from interactions.pages.settings.forms import RuleForm, language_name
from interactions.read_limits import read_within_limits

MAX_SHOWN = 10  # rows that a dry run shows
SHOWN_LENGTH = 300  # characters of each
SWITCH_VALUES = {"1": True, "0": False}


@user_page
@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """All rules in the order in which they are tried."""
    rows = list(InboxRule.objects.owned_by(request.user).select_related("profile"))
    for row in rows:
        row.shown_value = (
            language_name(row.value) if row.condition == InboxRule.Condition.LANGUAGE else row.value
        )
    return render(request, "settings/rules.html", {"rules": rows, "max_rules": MAX_RULES})


@user_page
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """The form of a new rule, which becomes the last one."""
    form = RuleForm(sent_data(request), owner=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            InboxRule.objects.store(request.user, now(), **form.values)
        except TooManyInboxRules:
            sentence = _("You have %(number)d inbox rules, which is the maximum. Delete one first.")
            form.add_error(None, sentence % {"number": MAX_RULES})
        else:
            show_next(request, _("The rule is saved. It applies to what arrives from now on."))
            return redirect("settings-rules")
    return render(request, "settings/rule.html", {"form": form})


@user_page
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, id: str) -> HttpResponse:
    """The form of a rule."""
    row = _rule(request, id)
    form = RuleForm(sent_data(request), owner=request.user, initial=RuleForm.initial_of(row))
    if request.method == "POST" and form.is_valid() and form.check_unchanged(row):
        if not _change(request, row, **form.values):
            return redirect("settings-rules-one", row.pk)
        show_next(request, _("The rule is saved. It applies to what arrives from now on."))
        return redirect("settings-rules")
    return render(request, "settings/rule.html", {"form": form, "row": row})


@form_target("settings-rules")
def switch(request: HttpRequest, id: str) -> HttpResponse:
    """Enable the rule, or disable it; 422 for anything but the two values of the switch."""
    row = _rule(request, id)
    enabled = SWITCH_VALUES.get(request.POST.get("enabled", ""))
    if enabled is None:
        return refuse_form(request, _("A rule is enabled with 1 and disabled with 0."))
    _change(request, row, enabled=enabled)
    return redirect("settings-rules")


@form_target("settings-rules")
def move(request: HttpRequest, id: str) -> HttpResponse:
    """Move the rule to a position; the others make room."""
    row = _rule(request, id)
    position = request.POST.get("position", "")
    if position not in map(str, range(1, MAX_RULES + 1)):
        raise Http404
    _change(request, row, position=int(position))
    return redirect("settings-rules")


@form_target("settings-rules")
def delete(request: HttpRequest, id: str) -> HttpResponse:
    """Delete a rule. What it has done stays."""
    _rule(request, id).delete()
    show_next(request, _("The rule is deleted. What it has done stays."))
    return redirect("settings-rules")


@form_target("settings-rules")
def dry_run_rule(request: HttpRequest) -> HttpResponse:
    """What the rule in the form would have done with the newest received rows; it changes nothing."""
    form = RuleForm(request.POST, owner=request.user)
    if not form.is_valid():
        errors = [error for of_field in form.errors.values() for error in of_field]
        return render(request, "settings/rule_dry_run.html", {"errors": errors})
    result = read_within_limits(request.user, lambda: dry_run(request.user, form.rule))
    shown = Interaction.objects.visible_to(request.user).filter(pk__in=result.ids[:MAX_SHOWN])
    shown = shown.defer("text").annotate(beginning=Left("text", SHOWN_LENGTH)).select_related("profile")
    rows = sorted(shown, key=lambda row: result.ids.index(row.pk))
    return render(request, "settings/rule_dry_run.html", {"result": result, "rows": rows})


def _rule(request: HttpRequest, id: str) -> InboxRule:
    return get_object_or_404(InboxRule.objects.owned_by(request.user), pk=id)


def _change(request: HttpRequest, row: InboxRule, **values: object) -> bool:
    """Change the rule; False, with a message for the next page, if another request changed it since it was read."""
    try:
        InboxRule.objects.change(row, now(), **values)
    except InboxRuleChanged:
        sentence = _("The rule was changed elsewhere at the same moment. Look at it, then try again.")
        show_next(request, sentence, is_error=True)
        return False
    except InboxRule.DoesNotExist as error:
        raise Http404 from error
    return True
