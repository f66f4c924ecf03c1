"""The admin pages of this app's tables; Django imports this module.

They are read-only and searchable. Dead letters can be replayed.
"""

import contextlib
import json
from collections.abc import Iterable, Sequence

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Left, Substr
from django.template.loader import render_to_string
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.text import Truncator

from accounts.models import Profile
from accounts.plurals import pluralize
from interactions.clock import now
from interactions.cursors import MAX_COUNTED
from interactions.events import Unreadable
from interactions.models import (
    BlockedAuthor,
    BulkJob,
    Content,
    DeadLetter,
    Decision,
    Enrichment,
    ExportLease,
    InboxRule,
    Interaction,
    InteractionQuerySet,
    Label,
    Moderation,
    Note,
    PendingChange,
    PlatformRow,
    ReadStatus,
    SavedReply,
    SavedView,
    Thread,
    UnindexedRange,
)
from interactions.replay import RETRY_MINUTES, ReplayResult, read_letter, replay
from interactions.text_search import ContainsText

EXCERPT = 120  # bytes or characters
MAX_SEARCHED = 100_000  # newest rows in which texts are searched
MAX_SHOWN = 100_000  # characters of a dead letter


def ids_with_platform_id(
    model: type[Model], platform_id: str, index_parts: Sequence[Q] = (Q(),)
) -> list[int]:
    """Return the keys of the rows with that platform id, at most MAX_COUNTED for each of `index_parts`.

    The indexes start with the profile, so the id is looked up once for each profile. A join might scan the whole index
    before PostgreSQL 18. `index_parts` are the conditions of partial indexes.
    """
    keys: list[int] = []
    for part in index_parts:
        rows = model.objects.filter(part, platform_id=platform_id).order_by()
        first = Subquery(rows.filter(profile=OuterRef("pk")).values("pk")[:1])
        profiles = Profile.objects.order_by().annotate(first=first).filter(first__isnull=False)
        profile_ids = list(profiles.values_list("pk", flat=True)[:MAX_COUNTED])
        keys += rows.filter(profile__in=profile_ids).values_list("pk", flat=True)[:MAX_COUNTED]
    return keys


class AtLeast(int):
    """A count that stopped at its maximum; shown as "10,000+"."""

    def __str__(self) -> str:
        return f"{int(self):,}+"


class BoundedPaginator(Paginator):
    """Counts and offers only the first MAX_COUNTED rows."""

    @cached_property
    def count(self) -> int:
        count = self.object_list.order_by().values("pk")[: MAX_COUNTED + 1].count()
        return count if count <= MAX_COUNTED else AtLeast(MAX_COUNTED)


class LargeTableAdmin(admin.ModelAdmin):
    """Lists of tables that may have millions of rows: no full counts, newest first by primary key."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    ordering = ["-pk"]


class ReadOnlyAdmin(LargeTableAdmin):
    """Rows that operators cannot add, change or delete."""

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


class SearchNewestAdmin(ReadOnlyAdmin):
    """Searches texts in the newest rows only, because a text search reads every row."""

    def get_search_results(self, request, queryset, search_term: str) -> tuple[QuerySet, bool]:
        newest = self._newest(queryset) if search_term.strip() else queryset
        return super().get_search_results(request, newest, search_term)

    def _newest(self, queryset: QuerySet) -> QuerySet:
        keys = self.model.objects.order_by("-pk").values_list("pk", flat=True)
        oldest = list(keys[MAX_SEARCHED - 1 : MAX_SEARCHED])
        return queryset.filter(pk__gte=oldest[0]) if oldest else queryset


class PlatformRowAdmin(SearchNewestAdmin):
    """Content and interactions. An exact platform id or handle finds rows of any age."""

    readonly_fields = ["whole_text"]
    search_help_text = (
        f"A row's exact id, a profile's exact handle, or part of a text in the newest {MAX_SEARCHED:,} rows."
    )

    def get_queryset(self, request) -> QuerySet:
        """Load only the start of each text: Truncator takes time quadratic in a text's length."""
        return super().get_queryset(request).defer("text").annotate(text_start=Left("text", EXCERPT))

    @admin.display(description="text")
    def short_text(self, row: PlatformRow) -> str:
        return Truncator(row.text_start).chars(60)

    @admin.display(description="text")
    def whole_text(self, row: PlatformRow) -> str:
        """Return the text as the inbox shows it; a long one is folded."""
        return render_to_string("interactions/text.html", {"text": row.text})

    def get_fields(self, request, obj=None) -> list[str]:
        fields = super().get_fields(request, obj)
        return ["whole_text" if name == "text" else name for name in fields if name != "whole_text"]

    def get_search_results(self, request, queryset, search_term: str) -> tuple[QuerySet, bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if ids := ids_with_platform_id(self.model, term):
            return queryset.filter(pk__in=ids), False
        if profiles := list(Profile.objects.filter(handle=term.removeprefix("@"))[:MAX_COUNTED]):
            return queryset.filter(profile__in=profiles), False
        return super().get_search_results(request, queryset, term)


@admin.register(Content)
class ContentAdmin(PlatformRowAdmin):
    list_display = [
        "received_at",
        "short_text",
        "profile",
        "posted_at",
        "kind",
        "views",
        "likes",
        "is_demo",
        "deleted_at",
    ]
    list_filter = ["is_demo", "kind", "profile__platform"]
    list_select_related = ["profile"]
    search_fields = [f"text__{ContainsText.lookup_name}"]


class StatusFilter(admin.SimpleListFilter):
    title = parameter_name = "status"

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        return ReadStatus.choices

    def queryset(self, request, queryset: InteractionQuerySet) -> QuerySet:
        return queryset.with_status(self.value()) if self.value() in ReadStatus.values else queryset


@admin.register(Interaction)
class InteractionAdmin(PlatformRowAdmin):
    list_display = [
        *["received_at", "short_text", "author", "profile", "posted_at", "type", "direction"],
        *["status", "send_status", "is_demo", "deleted_at"],
    ]
    list_filter = ["is_demo", "type", StatusFilter, "direction", "send_status", "profile__platform"]
    list_select_related = ["profile", "thread"]
    search_fields = [
        f"text__{ContainsText.lookup_name}",
        f"author_name__{ContainsText.lookup_name}",
        "=author_handle",
    ]

    @admin.display(description="author")
    def author(self, row: Interaction) -> str:
        return format_html_join(" ", "<bdi>{}</bdi>", ((part,) for part in row.display_author if part))


class ThreadRowAdmin(SearchNewestAdmin):
    """Threads, and what people add to them. The search finds exact ids."""

    list_filter = ["is_demo", "profile__platform"]
    list_select_related = ["profile"]


@admin.register(Thread)
class ThreadAdmin(ThreadRowAdmin):
    list_display = [
        *["active_at", "kind", "root_ref", "profile", "status", "snoozed_until", "unread"],
        *["last_in_at", "last_out_at", "is_demo"],
    ]
    list_filter = ["is_demo", "kind", "status", "unread", "profile__platform"]
    search_fields = ["=root_ref"]
    search_help_text = f"A first comment's or a conversation's exact id, in the newest {MAX_SEARCHED:,} rows."


@admin.register(Decision)
class DecisionAdmin(ThreadRowAdmin):
    list_display = ["at", "status", "until", "author_name", "thread", "profile", "is_demo"]
    list_filter = ["is_demo", "status"]
    list_select_related = ["profile", "thread"]


@admin.register(Note)
class NoteAdmin(ThreadRowAdmin):
    list_display = ["created_at", "__str__", "author_name", "thread", "profile", "is_demo"]
    list_select_related = ["profile", "thread"]
    search_fields = [f"text__{ContainsText.lookup_name}"]
    search_help_text = f"Part of a note, in the newest {MAX_SEARCHED:,} notes."


@admin.register(Label)
class LabelAdmin(ThreadRowAdmin):
    list_display = ["name", "profile", "is_demo"]
    search_fields = ["=name"]
    search_help_text = f"A label's exact name, in the newest {MAX_SEARCHED:,} labels."


@admin.register(SavedView)
class SavedViewAdmin(SearchNewestAdmin):
    list_display = ["id", "name", "owner", "page"]
    fields = ["owner", "name", "page", "query"]
    list_select_related = ["owner"]
    search_fields = [f"name__{ContainsText.lookup_name}", "=owner__username"]
    search_help_text = f"Part of a name or a user's exact name, in the newest {MAX_SEARCHED:,} rows."


@admin.register(SavedReply)
class SavedReplyAdmin(SearchNewestAdmin):
    list_display = ["created_at", "name", "owner", "updated_at"]
    fields = ["owner", "name", "whole_text", "created_at", "updated_at"]
    readonly_fields = ["whole_text"]
    list_select_related = ["owner"]
    search_fields = [f"name__{ContainsText.lookup_name}", "=owner__username"]
    search_help_text = f"Part of a name or a user's exact name, in the newest {MAX_SEARCHED:,} rows."

    def get_queryset(self, request) -> QuerySet:
        """The list shows no texts, so it does not load them."""
        return super().get_queryset(request).defer("text")

    @admin.display(description="text")
    def whole_text(self, row: SavedReply) -> str:
        return render_to_string("interactions/text.html", {"text": row.text})


@admin.register(Moderation)
class ModerationAdmin(ThreadRowAdmin):
    """What is asked of the networks, and when it was asked for."""

    list_display = ["requested_at", "action", "interaction_id", "profile", "is_demo"]
    fields = [
        "profile",
        "interaction_id",
        "action",
        "requested_at",
        "replaced_action",
        "replaced_at",
        "is_demo",
    ]
    readonly_fields = ["interaction_id"]
    list_filter = ["is_demo", "action"]


@admin.register(BlockedAuthor)
class BlockedAuthorAdmin(ThreadRowAdmin):
    list_display = ["created_at", "author_id", "name", "profile", "is_hiding", "is_demo"]
    search_fields = ["=author_id"]
    search_help_text = f"An author's exact id, in the newest {MAX_SEARCHED:,} rows."


@admin.register(InboxRule)
class InboxRuleAdmin(SearchNewestAdmin):
    list_display = [
        "created_at",
        "owner",
        "position",
        "condition",
        "value",
        "action",
        "label",
        "profile",
        "enabled",
    ]
    list_filter = ["condition", "action", "enabled"]
    list_select_related = ["owner", "profile"]
    search_fields = ["=owner__username"]
    search_help_text = f"A user's exact name, in the newest {MAX_SEARCHED:,} rows."


@admin.register(BulkJob)
class BulkJobAdmin(SearchNewestAdmin):
    """The bulk changes of threads that run in the worker, and those that ended within a day."""

    list_display = ["created_at", "owner", "state", "changed", "left", "updated_at"]
    list_filter = ["state"]
    list_select_related = ["owner"]
    search_fields = ["=owner__username"]
    search_help_text = f"A user's exact name, in the newest {MAX_SEARCHED:,} rows."


@admin.register(ExportLease)
class ExportLeaseAdmin(ReadOnlyAdmin):
    """The exports that run now, and those whose process has died."""

    list_display = ["owner", "expires_at"]
    list_select_related = ["owner"]


@admin.register(PendingChange)
class PendingChangeAdmin(SearchNewestAdmin):
    list_display = ["received_at", "profile", "target_label", "platform_id", "aspect"]
    fields = [
        *["profile", "target_label", "platform_id", "aspect", "occurred_at", "rank", "value"],
        *["received_at", "is_demo"],
    ]
    readonly_fields = ["target_label"]
    list_filter = ["is_demo", "target", "aspect"]
    list_select_related = ["profile"]
    search_fields = ["=platform_id"]
    search_help_text = f"A target's exact id, in the newest {MAX_SEARCHED:,} rows."

    @admin.display(description="target")
    def target_label(self, change: PendingChange) -> str:
        return change.target_label


@admin.register(Enrichment)
class EnrichmentAdmin(ReadOnlyAdmin):
    """The words by which interactions are found."""

    list_display = ["pk"]
    fields = ["interaction_id", "search"]
    readonly_fields = ["interaction_id"]

    def get_queryset(self, request) -> QuerySet:
        return super().get_queryset(request).defer("search")


@admin.register(UnindexedRange)
class UnindexedRangeAdmin(ReadOnlyAdmin):
    """The interactions whose words are not stored yet."""

    list_display = ["pk", "first_id", "last_id"]


@admin.register(DeadLetter)
class DeadLetterAdmin(SearchNewestAdmin):
    list_display = ["received_at", "profile", "reason", "excerpt", "replay_at", "is_demo"]
    list_filter = ["is_demo"]
    list_select_related = ["profile"]
    fields = ["profile", "received_at", "replay_at", "is_demo", "reason", "payload"]
    readonly_fields = ["payload"]
    search_fields = ["reason", "=profile__handle"]
    search_help_text = (
        f"Words of the reason or a profile's exact handle, in the newest {MAX_SEARCHED:,} rows."
    )
    actions = ["replay"]

    def get_queryset(self, request) -> QuerySet:
        """Load only the first of each letter's bytes, which may be a million."""
        return super().get_queryset(request).defer("raw").annotate(raw_start=Substr("raw", 1, EXCERPT))

    @admin.display(description="event")
    def excerpt(self, letter: DeadLetter) -> str:
        return bytes(letter.raw_start).decode(errors="replace")

    @admin.display(description="event as received")
    def payload(self, letter: DeadLetter) -> str:
        """Return indented JSON where the event is readable, else its bytes decoded as UTF-8 with replacement characters."""
        raw = bytes(letter.raw)
        event = read_letter(letter)
        shown = raw[: 4 * MAX_SHOWN].decode(errors="replace")
        if not isinstance(event, Unreadable):
            with contextlib.suppress(RecursionError):  # encoding recurses deeper than decoding
                shown = _join_up_to_max(json.JSONEncoder(indent=2).iterencode(event))
        cut = f"\n… Only the first part of {len(raw):,} bytes is shown." if len(shown) > MAX_SHOWN else ""
        return format_html("<pre>{}{}</pre>", shown[:MAX_SHOWN], cut)

    def has_replay_permission(self, request) -> bool:
        return request.user.has_perm("interactions.change_deadletter")

    @admin.action(description="Replay: send through the ingest again", permissions=["replay"])
    def replay(self, request, queryset) -> None:
        self.message_user(request, _replay_message(replay(queryset, now())))


def _replay_message(result: ReplayResult) -> str:
    sentences = []
    if result.accepted:
        sentences.append(f"{pluralize(result.accepted, 'event was', 'events were')} stored.")
    if result.rejected:
        rejected = pluralize(result.rejected, "event was", "events were")
        sentences.append(f"{rejected} rejected again and kept.")
    if result.failed:
        failed = f"{result.failed} failed: see the log."
        sentences.append(f"{failed} The worker will replay them in {RETRY_MINUTES} minutes.")
    if result.deferred:
        sentences.append(f"The worker will replay {result.deferred} more within minutes.")
    if result.more:
        sentences.append("More are left: when the worker has finished, select them and replay again.")
    return " ".join(sentences) or "No event was replayed: the selected ones have been deleted."


def _join_up_to_max(parts: Iterable[str]) -> str:
    """Join the first parts until they exceed MAX_SHOWN characters; later parts are not computed."""
    joined, length = [], 0
    for part in parts:
        joined.append(part)
        length += len(part)
        if length > MAX_SHOWN:
            break
    return "".join(joined)
