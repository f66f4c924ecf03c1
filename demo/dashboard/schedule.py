"""What a demo's schedule brings, in words. Called by the dashboard and the page of settings."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.timezone import get_current_timezone_name, localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from accounts.declarations import check_table
from demo.models import COUNTED_TYPES, DemoAccount
from demo.windows import CONTENT_WINDOWS, INTERACTION_WINDOWS, WINDOW_KINDS, WindowKind, next_cleanup
from interactions import ages

DAY = timedelta(days=1)
# Numbers of rows, by their names in COUNTED_TYPES; filled with `% {"count": number}`.
COUNT_TEXTS: Mapping[str, Promise] = {
    "content": ngettext_lazy("%(count)d post", "%(count)d posts", "count"),
    "comments": ngettext_lazy("%(count)d comment", "%(count)d comments", "count"),
    "messages": ngettext_lazy("%(count)d direct message", "%(count)d direct messages", "count"),
}
check_table("COUNT_TEXTS in demo/dashboard/schedule.py", COUNT_TEXTS, COUNTED_TYPES)
# The name in COUNTED_TYPES of what a quota counts, by its setting.
KIND_BY_QUOTA = {
    "content_per_day": "content",
    "comments_per_window": "comments",
    "messages_per_window": "messages",
}
check_table(
    "KIND_BY_QUOTA in demo/dashboard/schedule.py",
    KIND_BY_QUOTA,
    [name for kind in WINDOW_KINDS.values() for name in kind.quotas],
)
_CLEANUP_TEXTS = (  # by weekday, from Monday
    gettext_lazy("on Mondays at %(clock)s"),
    gettext_lazy("on Tuesdays at %(clock)s"),
    gettext_lazy("on Wednesdays at %(clock)s"),
    gettext_lazy("on Thursdays at %(clock)s"),
    gettext_lazy("on Fridays at %(clock)s"),
    gettext_lazy("on Saturdays at %(clock)s"),
    gettext_lazy("on Sundays at %(clock)s"),
)


def counts_in_words(numbers: Iterable[tuple[str, int]]) -> str:
    """The numbers in words, such as "10 comments and 5 direct messages"; "" when all are 0."""
    return join_with_and([COUNT_TEXTS[name] % {"count": number} for name, number in numbers if number])


def join_with_and(texts: Sequence[str]) -> str:
    """The texts, joined by commas and, before the last, "and"."""
    if len(texts) < 2:
        return "".join(texts)
    return _("%(first)s and %(last)s") % {"first": ", ".join(texts[:-1]), "last": texts[-1]}


def schedule_text(account: DemoAccount) -> str:
    """What arrives, such as "2 posts a day, and 10 comments and 5 direct messages every 6 hours"; "" for nothing."""
    texts = [text for kind in (CONTENT_WINDOWS, INTERACTION_WINDOWS) if (text := _rate_text(account, kind))]
    schedule = texts[0] if len(texts) == 1 else ""
    if len(texts) == 2:
        schedule = _("%(first)s, and %(second)s") % {"first": texts[0], "second": texts[1]}
    if schedule and account.rhythm == "natural":
        return _("%(schedule)s on average") % {"schedule": schedule}
    return schedule


def _rate_text(account: DemoAccount, kind: WindowKind) -> str:
    brought = quota_text(account, kind)
    if not brought:
        return ""
    if kind.length == DAY:
        return _("%(counted)s a day") % {"counted": brought}
    every = ngettext("%(counted)s every hour", "%(counted)s every %(hours)d hours", kind.hours)
    return every % {"counted": brought, "hours": kind.hours}


def settings_in_words(account: DemoAccount, now: datetime) -> list[str]:
    """The account's settings as sentences, with times in the user's zone."""
    return [
        sentence
        for sentence in (
            _amount_sentence(account),
            _posting_time(account, now),
            _rhythm_sentence(account),
            _("Data older than %(kept)s expires %(times)s: it is not shown any more.")
            % {"kept": _retention_in_words(account), "times": cleanup_times(now)},
        )
        if sentence
    ]


def _amount_sentence(account: DemoAccount) -> str:
    schedule = schedule_text(account)
    if not schedule:
        return _("Nothing arrives by itself.")
    quotas = account.quotas(INTERACTION_WINDOWS).items()
    a_day = counts_in_words(
        (KIND_BY_QUOTA[name], number * INTERACTION_WINDOWS.per_day) for name, number in quotas
    )
    if not a_day:
        return _("%(schedule)s.") % {"schedule": schedule}
    return _("%(schedule)s: about %(counted)s a day.") % {"schedule": schedule, "counted": a_day}


def _posting_time(account: DemoAccount, now: datetime) -> str:
    zone = {
        "zone": account.time_zone,
        "own_zone": get_current_timezone_name(),
        "hour": account.posting_hour,
        "clock": default_posting_time(now),
    }
    audience = _("The audience lives in the time zone %(zone)s.") % zone
    if not account.content_per_day:
        return audience
    if account.posting_hour is None:
        return (
            _("The day's first post is published at %(clock)s in your time zone, %(own_zone)s.") % zone
            + " "
            + audience
        )
    return _("The day's first post is published at %(hour)d:00 in %(zone)s.") % zone + " " + audience


def _rhythm_sentence(account: DemoAccount) -> str:
    rhythm = account.get_rhythm_display()
    if not account.viral_spikes:
        return _("%(rhythm)s. No post goes viral.") % {"rhythm": rhythm}
    spikes = DemoAccount._meta.get_field("viral_spikes").help_text
    return _("%(rhythm)s. %(spikes)s") % {"rhythm": rhythm, "spikes": spikes}


def _retention_in_words(account: DemoAccount) -> str:
    days = account.retention_days
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}


def default_posting_time(now: datetime) -> str:
    """The time of the day's first post unless a posting hour is set."""
    return ages.clock(localtime(CONTENT_WINDOWS.start_at_or_after(now)))


def cleanup_times(now: datetime) -> str:
    """When data expires, such as "on Mondays at 04:00"."""
    cleanup = localtime(next_cleanup(now))
    return _CLEANUP_TEXTS[cleanup.weekday()] % {"clock": ages.clock(cleanup)}


def quota_text(account: DemoAccount, kind: WindowKind) -> str:
    """How many rows one window of the kind brings; "" for none."""
    return counts_in_words((KIND_BY_QUOTA[name], number) for name, number in account.quotas(kind).items())


def window_text(account: DemoAccount, kind: WindowKind) -> str:
    """What the next window of the kind brings, such as "5 comments, within 6 hours"; "" for nothing."""
    brought = quota_text(account, kind)
    if not brought:
        return ""
    if account.rhythm == "natural":
        brought = _("about %(counted)s") % {"counted": brought}
    spread = ngettext("%(counted)s, within an hour", "%(counted)s, within %(hours)d hours", kind.hours)
    return spread % {"counted": brought, "hours": kind.hours}
