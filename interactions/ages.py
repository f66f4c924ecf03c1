"""How pages write times: the age of a row, the day, and the exact time. Called by the template tags.

All times are in the zone in which they are shown.
"""

from datetime import UTC, datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def age(at: datetime, now: datetime) -> str:
    """Return "now", the minutes, hours or days since `at`, or from a week on the date; a time ahead is "now"."""
    passed = now.astimezone(UTC) - at.astimezone(UTC)  # else a change of the clocks would count
    if passed < MINUTE:
        return _("now")
    if passed < HOUR:
        return _("%(minutes)dm") % {"minutes": passed // MINUTE}
    if passed < DAY:
        return _("%(hours)dh") % {"hours": passed // HOUR}
    if passed < 7 * DAY:
        return _("%(days)dd") % {"days": passed // DAY}
    # Translators: a day of this year, in the date format of Django
    return date_format(at, _("j M") if at.year == now.year else _("j M Y"))


def day(at: datetime, now: datetime) -> str:
    """Return "Today", "Yesterday", "Tomorrow", the weekday and date, or for another year the date with its year."""
    named = {now.date(): _("Today"), (now - DAY).date(): _("Yesterday"), (now + DAY).date(): _("Tomorrow")}
    if at.date() in named:
        return named[at.date()]
    return date_format(at, _("l, j F") if at.year == now.year else _("j F Y"))


def ahead(at: datetime, now: datetime) -> str:
    """Return the time until `at`, such as "in 5 min"; for a time that has passed "now"."""
    left = at.astimezone(UTC) - now.astimezone(UTC)
    if left < MINUTE:
        return _("now")
    if left < HOUR:
        return _("in %(minutes)d min") % {"minutes": left // MINUTE}
    if left < DAY:
        return _("in %(hours)d h") % {"hours": left // HOUR}
    return ngettext("in %(days)d day", "in %(days)d days", left // DAY) % {"days": left // DAY}


def moment(at: datetime, now: datetime) -> str:
    """Return a time ahead for the middle of a sentence, such as "at 18:00", "tomorrow at 10:00" and "on Friday at 10:00".

    From a week on it has the date instead of the weekday.
    """
    near = at.date() < (now + 7 * DAY).date()
    time = {"clock": clock(at), "day": date_format(at, _("l") if near else _("j F"))}
    if at.date() == now.date():
        return _("at %(clock)s") % time
    if at.date() == (now + DAY).date():
        return _("tomorrow at %(clock)s") % time
    return _("on %(day)s at %(clock)s") % time


def clock(at: datetime) -> str:
    """Return the time of day, such as 14:02."""
    return date_format(at, _("H:i"))


def exact(at: datetime) -> str:
    """Return date, time and zone, such as "Monday, 30 November 2026, 14:02 CET"."""
    return date_format(at, _("l, j F Y, H:i")) + f" {at.tzname()}"


def clock_or_day(at: datetime) -> str:
    """Return day and time of a time ahead, such as "Mon 30 Nov, 09:00"."""
    return date_format(at, _("D j M, H:i"))
