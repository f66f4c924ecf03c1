"""The IANA time zones that users may choose. Pure; read by the preferences, the cookie of the browser's zone, and the demo."""

from functools import cache
from zoneinfo import available_timezones

TIME_ZONE_LENGTH = 64  # of the columns that store a name
# `localtime` depends on the machine, `Factory` is a placeholder.
UNUSABLE_TIME_ZONES = {"localtime", "Factory"}


@cache
def time_zones() -> frozenset[str]:
    """The IANA names, without UNUSABLE_TIME_ZONES. The first call takes 30 ms."""
    return frozenset(available_timezones() - UNUSABLE_TIME_ZONES)
