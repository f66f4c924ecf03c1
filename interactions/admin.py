"""What arrived, for operators: to look at, to search, and to replay what could not be read."""

import json

from django.contrib import admin
from django.core.paginator import Paginator
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html

from interactions.models import Content, DeadLetter, Interaction, PendingChange
from interactions.paging import MOST_COUNTED
from interactions.replay import replay


class BoundedPaginator(Paginator):
    """Counts no further than the first MOST_COUNTED rows, whose pages are also the only ones offered."""

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by().values("pk")[:MOST_COUNTED].count()


class LargeTableAdmin(admin.ModelAdmin):
    """Lists of tables with millions of rows: no full counts, newest first by primary key."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    ordering = ["-pk"]


class ReadOnlyAdmin(LargeTableAdmin):
    """Rows that only the machine writes."""

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


@admin.register(Content)
class ContentAdmin(ReadOnlyAdmin):
    list_display = ["posted_at", "profile", "kind", "text", "views", "likes", "is_demo", "deleted_at"]
    list_filter = ["is_demo", "kind", "profile__platform"]
    list_select_related = ["profile"]
    search_fields = ["=platform_id", "=profile__handle", "text"]


@admin.register(Interaction)
class InteractionAdmin(ReadOnlyAdmin):
    list_display = [
        *[
            "posted_at",
            "profile",
            "type",
            "direction",
            "author_name",
            "text",
            "status",
            "send_status",
            "is_demo",
        ],
        "deleted_at",
    ]
    list_filter = ["is_demo", "type", "status", "direction", "send_status", "profile__platform"]
    list_select_related = ["profile"]
    search_fields = ["=platform_id", "=author_handle", "=profile__handle", "text"]


@admin.register(PendingChange)
class PendingChangeAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "profile", "target", "platform_id", "aspect"]
    list_filter = ["is_demo", "target", "aspect"]
    list_select_related = ["profile"]
    search_fields = ["=platform_id"]


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "profile", "reason", "excerpt", "is_demo"]
    list_filter = ["is_demo"]
    list_select_related = ["profile"]
    fields = ["profile", "received_at", "is_demo", "reason", "payload"]
    readonly_fields = ["payload"]
    search_fields = ["reason", "=profile__handle"]
    actions = ["replay"]

    @admin.display(description="event")
    def excerpt(self, letter: DeadLetter) -> str:
        return bytes(letter.raw)[:120].decode()

    @admin.display(description="event as it came")
    def payload(self, letter: DeadLetter) -> str:
        return format_html("<pre>{}</pre>", json.dumps(json.loads(bytes(letter.raw)), indent=2))

    def has_replay_permission(self, request) -> bool:
        return request.user.has_perm("interactions.change_deadletter")

    @admin.action(description="Replay: send through the ingest again", permissions=["replay"])
    def replay(self, request, queryset) -> None:
        replayed = replay(queryset, timezone.now())
        self.message_user(
            request, f"{replayed.taken} events were taken, {replayed.rejected} were rejected again and stay."
        )
