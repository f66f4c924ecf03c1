"""What arrived, for operators: to look at, to search, and to replay what could not be read."""

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
from accounts.plurals import amount
from interactions.clock import now
from interactions.cursors import MAX_COUNTED
from interactions.events import Unreadable
from interactions.models import Arrived, Content, DeadLetter, Interaction, PendingChange
from interactions.replay import read_letter, replay
from interactions.text_search import HasWords

EXCERPT = 120  # bytes or characters
MAX_SEARCHED = 100_000  # words are looked for in this many of the newest rows
MAX_SHOWN = 100_000  # characters of a dead letter


def with_platform_id(model: type[Model], platform_id: str, parts: Sequence[Q] = (Q(),)) -> list[int]:
    """The keys of the rows with that platform id, at most MAX_COUNTED of each of `parts`, which have an index each.

    The indexes that have the ids begin with the profiles. Looking it up once for each profile costs what there are
    profiles; a join may walk through all of the index, before PostgreSQL 18.
    """
    keys: list[int] = []
    for part in parts:
        rows = model.objects.filter(part, platform_id=platform_id).order_by()
        first = Subquery(rows.filter(profile=OuterRef("pk")).values("pk")[:1])
        profiles = Profile.objects.order_by().annotate(first=first).filter(first__isnull=False)
        having = list(profiles.values_list("pk", flat=True)[:MAX_COUNTED])
        keys += rows.filter(profile__in=having).values_list("pk", flat=True)[:MAX_COUNTED]
    return keys


class OrMore(int):
    """A count that went no further than this; pages show it as such."""

    def __str__(self) -> str:
        return f"{int(self):,}+"


class BoundedPaginator(Paginator):
    """Counts no further than the first MAX_COUNTED rows, whose pages are also the only ones offered."""

    @cached_property
    def count(self) -> int:
        found = self.object_list.order_by().values("pk")[: MAX_COUNTED + 1].count()
        return found if found <= MAX_COUNTED else OrMore(MAX_COUNTED)


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


class SearchedAdmin(ReadOnlyAdmin):
    """Words are searched among the newest rows only, as they would mean to read every row."""

    def get_search_results(self, request, queryset, search_term: str) -> tuple[QuerySet, bool]:
        newest = self._newest(queryset) if search_term.strip() else queryset
        return super().get_search_results(request, newest, search_term)

    def _newest(self, queryset: QuerySet) -> QuerySet:
        keys = self.model.objects.order_by("-pk").values_list("pk", flat=True)
        oldest = list(keys[MAX_SEARCHED - 1 : MAX_SEARCHED])
        return queryset.filter(pk__gte=oldest[0]) if oldest else queryset


class ArrivedAdmin(SearchedAdmin):
    """Rows of the ingest. An id or a handle finds its rows at any age."""

    readonly_fields = ["whole_text"]
    search_help_text = (
        f"A row's exact id, a profile's exact handle, or words among the newest {MAX_SEARCHED:,} rows."
    )

    def get_queryset(self, request) -> QuerySet:
        """Of each text a list reads the beginning only: cutting a long one takes time by the square of its length."""
        return super().get_queryset(request).defer("text").annotate(beginning=Left("text", EXCERPT))

    @admin.display(description="text")
    def words(self, row: Arrived) -> str:
        return Truncator(row.beginning).chars(60)

    @admin.display(description="text")
    def whole_text(self, row: Arrived) -> str:
        """As the inbox shows it, a long one folded."""
        return render_to_string("interactions/text.html", {"text": row.text})

    def get_fields(self, request, obj=None) -> list[str]:
        fields = super().get_fields(request, obj)
        return ["whole_text" if name == "text" else name for name in fields if name != "whole_text"]

    def get_search_results(self, request, queryset, search_term: str) -> tuple[QuerySet, bool]:
        words = search_term.strip()
        if not words:
            return queryset, False
        if ids := with_platform_id(self.model, words):
            return queryset.filter(pk__in=ids), False
        if profiles := list(Profile.objects.filter(handle=words.removeprefix("@"))[:MAX_COUNTED]):
            return queryset.filter(profile__in=profiles), False
        return super().get_search_results(request, queryset, words)


@admin.register(Content)
class ContentAdmin(ArrivedAdmin):
    list_display = [
        "received_at",
        "words",
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
    search_fields = [f"text__{HasWords.lookup_name}"]


@admin.register(Interaction)
class InteractionAdmin(ArrivedAdmin):
    list_display = [
        *["received_at", "words", "author", "profile", "posted_at", "type", "direction"],
        *["status", "send_status", "is_demo", "deleted_at"],
    ]
    list_filter = ["is_demo", "type", "status", "direction", "send_status", "profile__platform"]
    list_select_related = ["profile"]
    search_fields = [
        f"text__{HasWords.lookup_name}",
        f"author_name__{HasWords.lookup_name}",
        "=author_handle",
    ]

    @admin.display(description="author")
    def author(self, row: Interaction) -> str:
        return format_html_join(" ", "<bdi>{}</bdi>", ((part,) for part in row.shown_author if part))


@admin.register(PendingChange)
class PendingChangeAdmin(SearchedAdmin):
    list_display = ["received_at", "profile", "shown_target", "platform_id", "aspect"]
    list_filter = ["is_demo", "target", "aspect"]
    list_select_related = ["profile"]
    search_fields = ["=platform_id"]
    search_help_text = f"A target's exact id, among the newest {MAX_SEARCHED:,} rows."

    @admin.display(description="target")
    def shown_target(self, change: PendingChange) -> str:
        """Notes of what came ahead have targets that are no choice."""
        return change.get_target_display()


@admin.register(DeadLetter)
class DeadLetterAdmin(SearchedAdmin):
    list_display = ["received_at", "profile", "reason", "excerpt", "replay_at", "is_demo"]
    list_filter = ["is_demo"]
    list_select_related = ["profile"]
    fields = ["profile", "received_at", "replay_at", "is_demo", "reason", "payload"]
    readonly_fields = ["payload"]
    search_fields = ["reason", "=profile__handle"]
    search_help_text = (
        f"Words of the reason or a profile's exact handle, among the newest {MAX_SEARCHED:,} rows."
    )
    actions = ["replay"]

    def get_queryset(self, request) -> QuerySet:
        """Of each letter's bytes, which may be millions, a list reads the first only."""
        return super().get_queryset(request).defer("raw").annotate(first=Substr("raw", 1, EXCERPT))

    @admin.display(description="event")
    def excerpt(self, letter: DeadLetter) -> str:
        return bytes(letter.first).decode(errors="replace")

    @admin.display(description="event as it came")
    def payload(self, letter: DeadLetter) -> str:
        """Indented where it can be read, else the bytes; what is no UTF-8 is shown as replacement characters."""
        raw = bytes(letter.raw)
        event = read_letter(letter)
        shown = raw[: 4 * MAX_SHOWN].decode(errors="replace")
        if not isinstance(event, Unreadable):
            with contextlib.suppress(RecursionError):  # writing nests deeper than reading
                shown = _beginning(json.JSONEncoder(indent=2).iterencode(event))
        rest = f"\n… This is the beginning of {len(raw):,} bytes." if len(shown) > MAX_SHOWN else ""
        return format_html("<pre>{}{}</pre>", shown[:MAX_SHOWN], rest)

    def has_replay_permission(self, request) -> bool:
        return request.user.has_perm("interactions.change_deadletter")

    @admin.action(description="Replay: send through the ingest again", permissions=["replay"])
    def replay(self, request, queryset) -> None:
        replayed = replay(queryset, now())
        told = []
        if replayed.taken:
            told.append(f"{amount(replayed.taken, 'event was', 'events were')} taken.")
        if replayed.rejected:
            again = (
                "was rejected again and stays" if replayed.rejected == 1 else "were rejected again and stay"
            )
            told.append(f"{amount(replayed.rejected, 'event')} {again}.")
        if replayed.failed:
            told.append(
                f"{replayed.failed} failed, which the log says, and will be replayed by the worker, in an hour."
            )
        if replayed.marked:
            told.append(f"{replayed.marked} more will be replayed by the worker, within minutes.")
        if replayed.more:
            told.append("Then choose what is left, and do it again.")
        self.message_user(
            request, " ".join(told) or "No event was replayed: those that were chosen are gone."
        )


def _beginning(pieces: Iterable[str]) -> str:
    """As many of the pieces, joined, as have more than MAX_SHOWN characters; the rest, of any size, is not made."""
    kept, length = [], 0
    for piece in pieces:
        kept.append(piece)
        length += len(piece)
        if length > MAX_SHOWN:
            break
    return "".join(kept)
