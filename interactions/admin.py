from django.contrib import admin

from interactions.models import Content, DeadLetter, Interaction, PendingChange


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that only the ingest writes."""

    show_full_result_count = False
    list_select_related = ["profile"]

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


@admin.register(Content)
class ContentAdmin(ReadOnlyAdmin):
    list_display = ["posted_at", "profile", "kind", "text", "views", "likes", "is_demo"]
    list_filter = ["is_demo", "kind"]
    ordering = ["-posted_at"]


@admin.register(Interaction)
class InteractionAdmin(ReadOnlyAdmin):
    list_display = ["posted_at", "profile", "type", "author_name", "text", "status", "is_demo"]
    list_filter = ["is_demo", "type", "status", "direction"]
    ordering = ["-posted_at"]


@admin.register(PendingChange)
class PendingChangeAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "profile", "target", "platform_id", "aspect"]


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "profile", "reason", "is_demo"]
    list_filter = ["is_demo"]
