"""The admin page of story events, past and future, with a retry for dead ones."""

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

IS_METRICS = Q(type=StoryEvent.Type.METRICS)  # these have a separate index


class DeliveryState(admin.SimpleListFilter):
    """Filters events by their delivery. The default are the undelivered ones that no pause holds."""

    title = "delivery state"
    parameter_name = "delivery_state"
    DEFAULT = "undelivered"
    TITLES = {
        "due": "Story events that are due now",
        "held": "Story events held by a pause",
        "delivered": "Delivered story events",
        "dead": "Dead story events",
        "any": "All story events",
    }
    DEFAULT_TITLE = "Undelivered story events; choose others under “By delivery state”"
    FINAL = {"delivered": Q(delivered_at__isnull=False), "dead": Q(dead_at__isnull=False), "any": Q()}

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        return [("due", "due now"), ("held", "held"), *((name, name) for name in self.FINAL)]

    def choices(self, changelist) -> Iterator[dict]:
        default, *others = super().choices(changelist)
        yield default | {"display": self.DEFAULT}
        yield from others

    def queryset(self, request, queryset):
        if self.value() in self.FINAL:
            return queryset.filter(self.FINAL[self.value()])
        if self.value() == "due":
            return queryset.due(now())
        return queryset.undelivered().filter(held=self.value() == "held")


@admin.register(StoryEvent)
class StoryEventAdmin(ReadOnlyAdmin):
    list_display = [
        "due_at",
        "words",
        "type",
        "account",
        "last_error",
        "attempts",
        "origin",
        "delivered_at",
        "dead_at",
    ]
    list_filter = [DeliveryState, "type", "origin"]
    list_select_related = ["account__user"]
    search_fields = ["platform_id__exact"]
    search_help_text = "A user's exact name, or an event's exact id."
    actions = ["retry"]

    def get_changelist_instance(self, request) -> ChangeList:
        """Set a title that says which events are shown, as the default shows none of an old story."""
        changelist = super().get_changelist_instance(request)
        state = request.GET.get(DeliveryState.parameter_name, "")
        changelist.title = DeliveryState.TITLES.get(state, DeliveryState.DEFAULT_TITLE)
        return changelist

    def get_ordering(self, request) -> list[str]:
        """Undelivered events by due time; the others by primary key, newest first, as no index has their times."""
        is_final = request.GET.get(DeliveryState.parameter_name) in DeliveryState.FINAL
        return ["-pk"] if is_final else ["due_at", "pk"]

    def get_search_results(self, request, queryset, search_term: str) -> tuple[QuerySet, bool]:
        if accounts := list(DemoAccount.objects.filter(user__username=search_term.strip())):
            return queryset.filter(account__in=accounts), False
        if words := search_term.strip():
            return queryset.filter(
                pk__in=ids_with_platform_id(StoryEvent, words, (~IS_METRICS, IS_METRICS))
            ), False
        return queryset, False

    @admin.display(description="text")
    def words(self, event: StoryEvent) -> str:
        if not isinstance(event.payload, dict):
            return Truncator(str(event.payload)).chars(60)
        if isinstance(metrics := event.payload.get("metrics"), dict):
            return ", ".join(f"{name} {number}" for name, number in metrics.items())
        return Truncator(str(event.payload.get("text") or "no text")).chars(60)

    def has_retry_permission(self, request) -> bool:
        return request.user.has_perm("demo.change_demoaccount")

    @admin.action(description="Retry dead events", permissions=["retry"])
    def retry(self, request, queryset) -> None:
        self.message_user(request, retry_report(retry_dead(queryset)))


def retry_report(number: int) -> str:
    """A sentence about `number` events that `retry_dead` made due."""
    if not number:
        return "There was no dead event to retry."
    return f"{pluralize(number, 'dead event')} will be retried."
