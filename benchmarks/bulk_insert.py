"""Fills the table of interactions with many rows by one statement, for `lists`, `search` and `cleanup`; creates profiles for such rows."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection

from accounts.models import Platform, Profile, User


def create_profiles(owner: User, number: int = 5) -> list[Profile]:
    """Create a profile on each of the first `number` platforms, whose id and handle are the platform's name."""
    return [
        Profile.objects.create(owner=owner, platform=platform, platform_id=platform, handle=platform)
        for platform in Platform.values[:number]
    ]


def fill(
    profiles: Sequence[Profile], number: int, newest: datetime, apart: timedelta, message_every: int
) -> None:
    """Store interactions with the ids `p1` to `p{number}`; higher numbers are older.

    They are divided among the profiles; `newest` is the time of the first, `apart` is the time between two of them, and every
    `message_every`-th is a message, the others are comments.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO interactions_interaction (profile_id, is_demo, platform_id, text, posted_at, received_at,"
            " updated_at, created_digest, text_at, text_digest, type, direction, content_ref, parent_ref,"
            " conversation_id, author_id, author_handle, author_name)"
            " SELECT (%(profiles)s::bigint[])[1 + i %% %(profile_count)s], %(is_demo)s, 'p' || i,"
            " 'coffee and the weather ' || md5(i::text), %(newest)s - i * %(apart)s, now(), now(), i, now(), i,"
            " CASE WHEN i %% %(every)s = 0 THEN 'message' ELSE 'comment' END, 'in',"
            " CASE WHEN i %% %(every)s = 0 THEN '' ELSE 'c' || i %% 1000 END, '',"
            " CASE WHEN i %% %(every)s = 0 THEN 't' || i %% 5000 ELSE '' END,"
            " 'a' || i %% 50000, 'a' || i %% 50000, 'A' FROM generate_series(1, %(number)s) i",
            {
                "profiles": [profile.pk for profile in profiles],
                "profile_count": len(profiles),
                "is_demo": profiles[0].is_demo,
                "newest": newest,
                "apart": apart,
                "every": message_every,
                "number": number,
            },
        )
        cursor.execute("VACUUM ANALYZE interactions_interaction")
