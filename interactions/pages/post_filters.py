"""The menus by which the list of posts is filtered: links to the same list with another value. Called by `posts.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Profile
from accounts.platforms import PLATFORMS
from interactions.pages.post_query import PostQuery

PERIODS = (7, 30, 90)  # days


@dataclass(frozen=True)
class Choice:
    """A link of a menu; `platform` is the glyph beside it, or ""."""

    label: str
    address: str
    is_chosen: bool
    platform: str = ""


@dataclass(frozen=True)
class Menu:
    """A menu with its first choice, which removes the filter. `label` names what is chosen, or the filter."""

    name: str
    label: str
    is_active: bool
    choices: Sequence[Choice]


def filter_menus(query: PostQuery, profiles: Sequence[Profile], today: date) -> list[Menu]:
    """Return the menus of platforms and profiles, each where there are two or more, and that of days."""
    menus = [_platforms(query, profiles), _profiles(query, profiles)]
    return [menu for menu in menus if menu.is_active or len(menu.choices) > 2] + [_days(query, today)]


def _platforms(query: PostQuery, profiles: Sequence[Profile]) -> Menu:
    chosen, own = query.parameters.get("platform", ""), {profile.platform for profile in profiles}
    choices = [
        Choice(spec.label, query.having(platform=name, profile="").address, name == chosen, name)
        for name, spec in PLATFORMS.items()
        if name in own
    ]
    everything = Choice(_("All platforms"), query.having(platform="", profile="").address, not chosen)
    return _menu("platform", _("Platform"), chosen, [everything, *choices])


def _profiles(query: PostQuery, profiles: Sequence[Profile]) -> Menu:
    chosen = query.parameters.get("profile", "")
    platform = query.parameters.get("platform")
    choices = [
        Choice(
            f"@{one.handle}", query.having(profile=str(one.pk)).address, str(one.pk) == chosen, one.platform
        )
        for one in profiles
        if platform in (None, one.platform)
    ]
    everything = Choice(_("All profiles"), query.having(profile="").address, not chosen)
    return _menu("profile", _("Profile"), chosen, [everything, *choices])


def _days(query: PostQuery, today: date) -> Menu:
    since, until = query.parameters.get("since", ""), query.parameters.get("until", "")
    choices = [Choice(_("Any time"), query.having(since="", until="").address, not (since or until))]
    for days in PERIODS:
        first = (today - timedelta(days=days - 1)).isoformat()
        label = ngettext("Last %(days)d day", "Last %(days)d days", days) % {"days": days}
        choices.append(
            Choice(label, query.having(since=first, until="").address, (since, until) == (first, ""))
        )
    return _menu("days", _period(since, until), since or until, choices)


def _menu(name: str, label: str, chosen: str, choices: Sequence[Choice]) -> Menu:
    labels = (choice.label for choice in choices[1:] if choice.is_chosen)
    return Menu(name, next(labels, label), bool(chosen), choices)


def _period(since: str, until: str) -> str:
    """The label of days that are not among PERIODS; "Date" for none and for those that cannot be read."""
    first, last = _shown_day(since), _shown_day(until)
    if first and last:
        return first if first == last else f"{first} – {last}"
    if first or last:
        return _("From %(day)s") % {"day": first} if first else _("Until %(day)s") % {"day": last}
    return _("Date")


def _shown_day(text: str) -> str:
    try:
        return date_format(date.fromisoformat(text), _("j M Y"))
    except ValueError:
        return ""
