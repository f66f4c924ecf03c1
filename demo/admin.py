from django.contrib import admin

from demo.models import DemoAccount, StoryEvent
from demo.retries import retry_dead


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


@admin.register(StoryEvent)
class StoryEventAdmin(admin.ModelAdmin):
    list_display = ["due_at", "type", "account", "platform_id", "origin", "delivered_at", "dead_at"]
    list_filter = ["type", "origin"]
    list_select_related = ["account__user"]
    ordering = ["due_at"]
    show_full_result_count = False
    actions = ["retry"]

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False

    @admin.action(description="Retry dead events", permissions=["view"])
    def retry(self, request, queryset) -> None:
        self.message_user(request, f"{retry_dead(queryset)} dead events will be delivered again.")
