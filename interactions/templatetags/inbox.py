"""Template tags of the inbox: addresses within the page that is shown, and what rows show."""

from urllib.parse import urlsplit

from django import template
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.platforms import PLATFORMS
from interactions.display import display_inline
from interactions.models import Interaction, Thread
from interactions.pages.inbox_list import Profiles
from interactions.pages.inbox_list import row_version as version_of_row
from interactions.pages.inbox_query import InboxQuery
from interactions.pages.thread_pane import Pane

register = template.Library()


@register.simple_tag
def thread_address(query: InboxQuery, thread: Thread) -> str:
    """Return the address of the page with the thread open."""
    return query.thread_address(thread.pk)


@register.simple_tag
def action_address(query: InboxQuery, action: str, thread: Thread) -> str:
    """Return the address to which a form of the thread posts."""
    return _with_query(reverse(f"inbox-{action}", args=[query.page, thread.pk]), query)


@register.simple_tag
def row_address(query: InboxQuery, row: Interaction, action: str) -> str:
    """Return the address to which a form of one comment or message posts."""
    return _with_query(reverse("inbox-row", args=[query.page, row.pk, action]), query)


@register.simple_tag
def deleted_with(pane: Pane, row: Interaction) -> str:
    """Return a sentence about the replies that are deleted with the row; empty without any."""
    if not pane.is_deleted_with(row):
        return ""
    if not pane.shows_all_rows:
        return _("Its replies go with it.")
    replies = pane.rows_shown - 1
    sentence = ngettext("Its reply goes with it.", "Its %(count)d replies go with it.", replies)
    return sentence % {"count": replies} if replies else ""


@register.simple_tag
def with_status(query: InboxQuery, status: str) -> str:
    """Return the address of another tab with the same filters."""
    return query.with_status(status).address


@register.simple_tag
def without(query: InboxQuery, name: str) -> str:
    """Return the address without the filter."""
    return query.without(name).address


@register.simple_tag
def filter_label(name: str, value: str, profiles: Profiles) -> str:
    """Return a filter in words, on one line."""
    is_true = value.lower() in ("true", "1")
    labels = {
        "platform": lambda: PLATFORMS[value].label if value in PLATFORMS else value,
        "profile": lambda: next((f"@{one.handle}" for one in profiles.rows if str(one.pk) == value), value),
        "kind": lambda: {"comment": _("Comments"), "message": _("Messages")}.get(value, value),
        "unread": lambda: _("Unread") if is_true else _("Read"),
        "sentiment": lambda: {
            "positive": _("Positive"),
            "neutral": _("Neutral"),
            "negative": _("Negative"),
        }.get(value, value),
        "search": lambda: f"“{value}”",
        "content": lambda: _("One post"),
        "active_after": lambda: _("From %(day)s") % {"day": value},
        "active_before": lambda: _("Before %(day)s") % {"day": value},
        "is_demo": lambda: _("Demo") if is_true else _("Live"),
    }
    return display_inline(labels.get(name, lambda: value)())


@register.filter
def row_version(thread: Thread) -> str:
    return version_of_row(thread)


@register.filter
def is_web_address(url: object) -> bool:
    """Whether a link may lead there: no other scheme than http and https."""
    try:
        return urlsplit(str(url or "")).scheme in ("http", "https")
    except ValueError:
        return False


def _with_query(address: str, query: InboxQuery) -> str:
    return f"{address}?{query.query_string}" if query.parameters else address
