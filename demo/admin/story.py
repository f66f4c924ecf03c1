"""The story in the admin: its events, past and future, and retrying dead ones."""

from collections.abc import Iterator

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.utils.text import Truncator

from accounts.plurals import pluralize
from demo.engine.retries import retry_dead
from demo.models import DemoAccount, StoryEvent
from interactions.admin import ReadOnlyAdmin, ids_with_platform_id
from interactions.clock import now

FIGURES = Q(type=StoryEvent.Type.METRICS)  # have an index of their own


class Standing(admin.SimpleListFilter):
    """Where in its life an event is; unless asked otherwise, those that are still to come and not held by a pause."""

    title = "standing"
    parameter_name = "standing"
    WAITING = "waiting"
    TITLES = {
        "due": "Story events that are due now",
        "held": "Story events that a pause holds",
        "delivered": "Delivered story events",
        "dead": "Dead story events",
        "any": "All story events",
    }
    OTHERWISE = "Story events that are still to come; choose others under “By standing”"
    PAST = {"delivered": Q(delivered_at__isnull=False), "dead": Q(dead_at__isnull=False), "any": Q()}

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        return [("due", "due now"), ("held", "held"), *((name, name) for name in self.PAST)]

    def choices(self, changelist) -> Iterator[dict]:
        everything, *others = super().choices(changelist)
        yield everything | {"display": self.WAITING}
        yield from others

    def queryset(self, request, queryset):
        if self.value() in self.PAST:
            return queryset.filter(self.PAST[self.value()])
        if self.value() == "due":
            return queryset.due(now())
        return queryset.undelivered().filter(held=self.value() == "held")


@admin.register(StoryEvent)
class StoryEventAdmin(ReadOnlyAdmin):
    list_display = [
        *["due_at", "words", "type", "account", "last_error", "attempts"],
        *["origin", "delivered_at", "dead_at"],
    ]
    list_filter = [Standing, "type", "origin"]
    list_select_related = ["account__user"]
    search_fields = ["platform_id__exact"]
    search_help_text = "A user's exact name, or an event's exact id."
    actions = ["retry"]

    def get_changelist_instance(self, request) -> ChangeList:
        """With a title that says which events are shown, as an old story has none that are still to come."""
        changelist = super().get_changelist_instance(request)
        standing = request.GET.get(Standing.parameter_name, "")
        changelist.title = Standing.TITLES.get(standing, Standing.OTHERWISE)
        return changelist

    def get_ordering(self, request) -> list[str]:
        """What comes next first; of the past the newest first, by the index that covers it."""
        past = request.GET.get(Standing.parameter_name) in Standing.PAST
        return ["-pk"] if past else ["due_at", "pk"]

    def get_search_results(self, request, queryset, search_term: str) -> tuple[QuerySet, bool]:
        if accounts := list(DemoAccount.objects.filter(user__username=search_term.strip())):
            return queryset.filter(account__in=accounts), False
        if words := search_term.strip():
            return queryset.filter(pk__in=ids_with_platform_id(StoryEvent, words, (~FIGURES, FIGURES))), False
        return queryset, False

    @admin.display(description="text")
    def words(self, event: StoryEvent) -> str:
        text = event.payload.get("text") if isinstance(event.payload, dict) else None
        return Truncator(str(text or event.payload)).chars(60)

    def has_retry_permission(self, request) -> bool:
        return request.user.has_perm("demo.change_demoaccount")

    @admin.action(description="Retry dead events", permissions=["retry"])
    def retry(self, request, queryset) -> None:
        self.message_user(request, retried(retry_dead(queryset)))


def retried(number: int) -> str:
    if not number:
        return "There was no dead event to deliver again."
    return f"{pluralize(number, 'dead event')} will be delivered again."
