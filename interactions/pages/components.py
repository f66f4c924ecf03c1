"""The page /settings/ui/, in development only: every component of the pages in every state. Its rows are examples that are not stored."""

from datetime import datetime, timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.decorators import user_page
from accounts.models import Profile
from interactions.models import Content, Decision, Interaction, Note, Thread
from interactions.pages.conversation import comment_tree, conversation
from interactions.pages.inbox_list import Profiles
from interactions.pages.inbox_query import InboxQuery
from interactions.pages.outcome import Outcome, Undo
from interactions.pages.snooze_choices import snooze_choices
from interactions.pages.thread_pane import Composer, Pane

# In an earlier year, so that the same ages and dates are shown every day.
NOW = datetime(2025, 3, 5, 14, 2, tzinfo=timezone.get_default_timezone())
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh of the Northern Isles"
TEXTS = {
    "instagram": (
        "Ada Lovelace",
        "ada",
        "Is the washed Nyeri back in stock? I have been waiting since March.",
    ),
    "youtube": ("", "grinder_reviews", "12:40 changed how I brew. Thank you!"),
    "facebook": (
        LONG_NAME,
        "",
        "A text that is much longer than the row is wide, so that it ends in an ellipsis.",
    ),
    "tiktok": ("ليلى", "layla", "متى يفتح المقهى يوم الجمعة؟"),
    "x": ("山田 太郎", "taro", "おはようございます。今日も美味しかったです。"),
    "linkedin": ("🌿🌿🌿", "leaf", "🙌🙌🙌"),
}
COLOURS = (
    *(
        "canvas",
        "surface",
        "raised",
        "hover",
        "line",
        "edge",
        "ink",
        "muted",
        "leaf",
        "leaf-strong",
        "leaf-tint",
    ),
    *("note", "note-tint", "demo", "demo-tint", "danger", "danger-tint", "snooze", "snooze-tint"),
)
COMPOSERS = {
    "comment": Composer("ui", text="Yes, from Friday on!", error="The reply is 12 characters too long."),
    "message": Composer("ui", is_note=True, text="She is a regular."),
}


@user_page
@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """Show the components; 404 outside of development."""
    if not settings.DEBUG:
        raise Http404
    query = InboxQuery.from_parameters("inbox", QueryDict())
    kind = "comment" if request.GET.get("pane") == "comment" else "message"
    context = {
        "query": query,
        "profiles": Profiles([Profile(pk=1, is_demo=True), Profile(pk=2)]),
        "colours": COLOURS,
        "threads": _threads(),
        "compact_threads": _threads(first=11),
        "open_id": 1,
        "tomorrow": NOW + timedelta(days=1),
        "snoozes": snooze_choices(NOW),
        "pane": _pane(kind, COMPOSERS[kind]),
        "toasts": [
            Outcome("Marked as done.", Undo("#", {"restore": "1 open"})),
            Outcome("This thread is gone: it was deleted meanwhile.", status=404),
        ],
    }
    return render(request, "ui/components.html", context)


def _threads(first: int = 1) -> list[Thread]:
    """A row of each platform; of each status, read and unread, with and without labels."""
    statuses = ["open", "open", "snoozed", "done", "archived", "open"]
    return [
        _thread(number, platform, status)
        for number, (platform, status) in enumerate(zip(TEXTS, statuses, strict=True), first)
    ]


def _thread(number: int, platform: str, status: str, kind: str = "comment") -> Thread:
    name, handle, text = TEXTS[platform]
    profile = Profile(
        pk=1, platform=platform, platform_id="brand", handle="lowfieldhill", display_name="Lowfield Hill"
    )
    thread = Thread(
        pk=number,
        profile=profile,
        kind=kind,
        status=status,
        unread=number in (2, 3, 5),
        is_demo=number > 4,
        snoozed_until=NOW + timedelta(days=1) if status == "snoozed" else None,
        active_at=NOW - timedelta(hours=7 * (number % 10)),
        root_ref="1",
    )
    row = _row(number, name, handle, text, hours=7 * (number % 10), direction="out" if number == 4 else "in")
    row.text_start, row.profile = text, profile
    thread.last_row = thread.author_row = row
    thread.last_id = number
    thread.label_names = ["wholesale", "urgent"][: number % 3]
    return thread


def _row(
    id: int, name: str, handle: str, text: str, *, hours: float, direction: str = "in", **columns
) -> Interaction:
    at = NOW - timedelta(hours=hours)
    return Interaction(
        pk=id,
        platform_id=str(id),
        author_id=handle or name,
        author_name=name,
        author_handle=handle,
        text=text,
        direction=direction,
        posted_at=at,
        type=columns.pop("type", "comment"),
        **columns,
    )


def _pane(kind: str, composer: Composer) -> Pane:
    thread = _thread(1, "instagram", "open", kind)
    thread.content = Content(
        pk=1,
        text="The person who packs your orders takes the washed Nyeri home.",
        posted_at=NOW - timedelta(days=2),
        views=9_312,
        likes=327,
        shares=24,
    )
    rows = [
        _row(1, "Ada Lovelace", "ada", TEXTS["instagram"][2], hours=30, type=kind),
        _row(
            2,
            "Lowfield Hill",
            "lowfieldhill",
            "It is back on Friday.",
            hours=29,
            direction="out",
            type=kind,
            parent_id=1,
            send_status="sent",
        ),
        _row(3, "Bram", "bram", "Same question here", hours=5, type=kind, parent_id=1, hidden_at=NOW),
        _row(
            4,
            "Lowfield Hill",
            "lowfieldhill",
            "Friday, from nine.",
            hours=4,
            direction="out",
            type=kind,
            parent_id=3,
            send_status="failed",
            send_error="Instagram did not answer.",
        ),
        _row(
            5,
            "Lowfield Hill",
            "lowfieldhill",
            "We keep a bag for you.",
            hours=3.99,
            direction="out",
            type=kind,
            parent_id=3,
            send_status="queued",
        ),
    ]
    notes = [Note(pk=1, text="She ordered last month.", created_at=NOW - timedelta(hours=28))]
    decisions = [
        Decision(pk=1, status="done", at=NOW - timedelta(hours=27)),
        Decision(pk=2, status="snoozed", at=NOW - timedelta(hours=4.5), until=NOW + timedelta(days=1)),
    ]
    for row in rows:
        row.profile = thread.profile
    entries = (
        conversation(rows, notes, decisions, timezone.get_current_timezone())
        if kind == "message"
        else comment_tree(rows, notes, decisions, "1")
    )
    return Pane(
        thread=thread,
        entries=entries,
        older=None,
        is_newest=True,
        cursor="",
        seen_id=5,
        composer=composer,
        labels=[("urgent", False), ("wholesale", True)],
    )
