from django.contrib import admin
from django.utils import timezone

from demo import lifecycle
from demo.models import DemoAccount, StoryEvent
from demo.retries import retry_dead
from interactions.admin import ReadOnlyAdmin


@admin.register(DemoAccount)
class DemoAccountAdmin(admin.ModelAdmin):
    list_display = [
        "user",
        "state",
        "niche",
        "brand",
        "next_content_window",
        "next_interactions_window",
        "last_error",
    ]
    list_filter = ["state", "niche"]
    search_fields = ["user__username"]
    readonly_fields = [
        *["user", "seed", "state", "platforms", "niche", "brand", "language"],
        *["initial_content", "initial_comments", "initial_messages"],
        *["next_content_window", "next_interactions_window", "content_ordinal", "interactions_ordinal"],
        *["planned_at", "paused_at", "heartbeat_at", "last_error"],
    ]

    def has_add_permission(self, request) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False

    def save_model(self, request, obj, form, change) -> None:
        """Settings count from the next window on, as they do when the user changes them."""
        lifecycle.change_settings(
            obj.user, timezone.now(), {name: form.cleaned_data[name] for name in form.changed_data}
        )


@admin.register(StoryEvent)
class StoryEventAdmin(ReadOnlyAdmin):
    list_display = ["due_at", "type", "account", "platform_id", "origin", "delivered_at", "dead_at"]
    list_filter = ["type", "origin"]
    list_select_related = ["account__user"]
    ordering = ["due_at"]
    actions = ["retry"]

    @admin.action(description="Retry dead events", permissions=["view"])
    def retry(self, request, queryset) -> None:
        self.message_user(request, f"{retry_dead(queryset)} dead events will be delivered again.")
