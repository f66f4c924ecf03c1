"""Template tags of the pages' components: icons, platform glyphs, times."""

from datetime import datetime
from functools import cache

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Profile
from accounts.platforms import PLATFORMS
from interactions import ages, numbers
from interactions.models import BlockedAuthor, Content, Interaction
from interactions.pictures.people import avatar_url
from interactions.pictures.posts import picture_urls

register = template.Library()


@register.simple_tag
@cache
def icon(name: str, style: str = "") -> SafeString:
    """Return the icon `name` of icons.svg, 16 px high, hidden from screen readers: a word or a label stands beside it."""
    return format_html(
        '<svg class="icon {}" width="16" height="16" aria-hidden="true"><use href="{}#{}"></use></svg>',
        style,
        static("perennial/icons.svg"),
        name,
    )


@register.simple_tag
def nth_icon(names: str, number: int) -> SafeString:
    """Return the icon at the position, from 0 on, among the names, which blanks separate."""
    return icon(names.split()[number])


@register.simple_tag
def drawing(icon_name: str) -> SafeString:
    """Return the drawing of an empty list: two rows, and in front of them the icon in a disc."""
    return format_html(
        '<svg class="drawing" width="120" height="90" viewBox="0 0 120 90" aria-hidden="true">'
        '<rect class="row" x="8" y="14" width="104" height="26" rx="6"></rect>'
        '<rect class="row" x="8" y="50" width="104" height="26" rx="6"></rect>'
        '<circle class="face" cx="22" cy="27" r="6"></circle><circle class="face" cx="22" cy="63" r="6"></circle>'
        '<path class="text" d="M36 24h40M36 31h24M36 60h32M36 67h48"></path>'
        '<circle class="disc" cx="60" cy="45" r="24"></circle>'
        '<svg class="icon" x="48" y="33" width="24" height="24"><use href="{}#{}"></use></svg></svg>',
        static("perennial/icons.svg"),
        icon_name,
    )


@register.simple_tag
def glyph(platform: str) -> SafeString:
    """Return the sign of a platform, 14 px high, with the platform's name for screen readers."""
    spec = PLATFORMS.get(platform)
    return format_html(
        '<svg class="glyph {}" width="14" height="14" role="img" aria-label="{}"><use href="{}#{}"></use></svg>',
        platform,
        spec.label if spec else platform,
        static("perennial/platforms.svg"),
        platform,
    )


@register.simple_tag
@cache
def hidden_glyph(platform: str) -> SafeString:
    """Return the sign of a platform, 14 px high, hidden from screen readers: its name or the profile's stands beside it."""
    return format_html(
        '<svg class="glyph {}" width="14" height="14" aria-hidden="true"><use href="{}#{}"></use></svg>',
        platform,
        static("perennial/platforms.svg"),
        platform,
    )


@register.inclusion_tag("nav_link.html", takes_context=True)
def nav_link(context: template.Context, name: str, icon_name: str, label: str, style: str = "") -> dict:
    """Return a link of the navigation to the page with the URL name; the current one is marked."""
    match = context["request"].resolver_match
    page = (match.kwargs.get("page") or (match.url_name or "").split("-")[0]) if match else None
    current = page == name
    return {"address": reverse(name), "icon": icon_name, "label": label, "style": style, "current": current}


@register.inclusion_tag("nav_link.html", takes_context=True)
def section_link(context: template.Context, name: str, icon_name: str, label: str) -> dict:
    """Return a link to a section of the settings; that of the current page is marked, also on its subpages."""
    match = context["request"].resolver_match
    shown = (match.url_name or "") if match else ""
    current = shown == name or (name != "settings" and shown.startswith(f"{name}-"))
    return {"address": reverse(name), "icon": icon_name, "label": label, "style": "", "current": current}


@register.simple_tag
def age(at: datetime) -> SafeString:
    """Return the age of a time, such as "5m", with the exact time in the user's zone on hover."""
    at = timezone.localtime(at)
    return format_html(
        '<time datetime="{}" title="{}" data-age>{}</time>',
        at.isoformat(timespec="seconds"),
        ages.exact(at),
        ages.age(at, timezone.localtime()),
    )


@register.filter
def clock(at: datetime) -> str:
    """Return the time of day in the user's zone."""
    return ages.clock(timezone.localtime(at))


@register.filter
def day(at: datetime) -> str:
    """Return the day in the user's zone: "Today", "Yesterday" or a date."""
    return ages.day(timezone.localtime(at), timezone.localtime())


@register.filter
def exact(at: datetime) -> str:
    """Return day and time in the user's zone, with the zone's abbreviation."""
    return ages.exact(timezone.localtime(at))


@register.filter
def soon(at: datetime) -> str:
    """Return day and time of a time ahead, short, in the user's zone."""
    return ages.clock_or_day(timezone.localtime(at))


@register.filter
def compact(number: int) -> str:
    """Return a number in at most four characters, such as 950, 1.2k, 38k and 1.4M."""
    return numbers.compact(number)


@register.inclusion_tag("avatar.html")
def avatar(row: Interaction | Profile | BlockedAuthor | None, platform: str, size: str = "") -> dict:
    """Return the picture of a row's author, a profile or a blocked author with the platform's glyph.

    Both are hidden from screen readers: the name stands beside them.
    """
    url = avatar_url(row) if row else ""
    return {"url": url, "glyph": hidden_glyph(platform) if platform else "", "size": size}


@register.inclusion_tag("post_picture.html")
def post_picture(post: Content) -> dict:
    """Return the picture of a post; costs a query for a demo's."""
    return {"url": picture_urls([post])[post.pk]}
