"""The ends of a snooze that the pages offer, and the reading of the chosen one. Called by the inbox and its actions."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from interactions.threads.changing import MAX_SNOOZE

MORNING, EVENING = 9, 18  # hours of the user's day


@dataclass(frozen=True)
class SnoozeChoice:
    label: str
    until: datetime


def snooze_choices(now: datetime) -> list[SnoozeChoice]:
    """Return the choices at `now`, which is in the user's zone; later ones last, and of equal times only the first one."""
    in_an_hour = (now.astimezone(UTC) + timedelta(hours=1)).astimezone(now.tzinfo)
    choices = [SnoozeChoice(_("In an hour"), in_an_hour.replace(second=0, microsecond=0))]
    if now.hour < EVENING - 2:
        choices.append(SnoozeChoice(_("This evening"), _at(now, 0, EVENING)))
    choices.append(SnoozeChoice(_("Tomorrow"), tomorrow(now)))
    choices.append(SnoozeChoice(_("Next Monday"), _at(now, 7 - now.weekday(), MORNING)))
    choices.append(SnoozeChoice(_("In a week"), _at(now, 7, MORNING)))
    first_of_time = {choice.until: choice for choice in reversed(choices)}
    return sorted(first_of_time.values(), key=lambda choice: choice.until)


def tomorrow(now: datetime) -> datetime:
    """Return the next day's morning."""
    return _at(now, 1, MORNING)


def read_end(text: str) -> datetime | None:
    """Return the time of a text with an offset, or without one in the user's zone; None for any other text."""
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    return timezone.make_aware(at) if at and timezone.is_naive(at) else at


def end_problem(end: datetime | None, now: datetime) -> str:
    """Return a sentence that says what to choose instead of this end of a snooze; "" for one that is possible."""
    if end is None:
        return _("Choose when the snooze ends.")
    if end <= now:
        return _("Choose a time in the future.")
    if end > now + MAX_SNOOZE:
        days = MAX_SNOOZE.days
        sentence = ngettext(
            "A snooze ends within %(count)d day; choose an earlier time.",
            "A snooze ends within %(count)d days; choose an earlier time.",
            days,
        )
        return sentence % {"count": days}
    return ""


def _at(now: datetime, days: int, hour: int) -> datetime:
    return (now + timedelta(days=days)).replace(hour=hour, minute=0, second=0, microsecond=0)
