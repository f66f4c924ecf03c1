"""Stores dead letters, up to a limit per profile; called by the ingest. `replay.py` replays them."""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from interactions.metrics import DROPPED_LETTERS
from interactions.models import DeadLetter

logger = logging.getLogger(__name__)

# Limits per profile, so that a sender's invalid events cannot fill the disk.
MAX_LETTERS = 10_000
MAX_BYTES = 100 * 2**20
MAX_SCHEDULED = 5_000  # letters with a future `replay_at`
MAX_SCHEDULED_BYTES = 50 * 2**20
KEPT_FRACTION = 0.9  # of a limit that was exceeded; so letters are ranked by age only once in a thousand

TOO_MANY_SCHEDULED = (
    "`occurred_at` is more than a day ahead of the time here. The profile has too many such events waiting already, so"
    " this one will not be replayed; send it again with the right time, or when it is less than a day ahead."
)


def store_dead_letters(letters: Sequence[DeadLetter]) -> None:
    """Store the letters, each once by profile and bytes. The caller holds the profiles' locks.

    A letter that exists already gets the new reason. When a profile has too many letters, its oldest tenth is deleted.
    When too many letters wait for their replay, further ones lose their `replay_at`, and their reason says so.
    """
    _limit_scheduled([letter for letter in letters if letter.replay_at])
    unique = {(letter.profile_id, letter.digest): letter for letter in letters}
    DeadLetter.objects.bulk_create(
        unique.values(),
        update_conflicts=True,
        unique_fields=["profile", "digest"],
        update_fields=["reason", "replay_at"],
    )
    full = _full_profiles(sorted({profile for profile, _ in unique}))
    if full:
        deleted = _delete_oldest(full)
        transaction.on_commit(lambda: _report_deleted(deleted))


def _limit_scheduled(letters: Sequence[DeadLetter]) -> None:
    if not letters:
        return
    now = max(letter.received_at for letter in letters)
    full = _profiles_with_max_scheduled(sorted({letter.profile_id for letter in letters}), now)
    if not full:
        return
    digests = [letter.digest for letter in letters]
    scheduled = DeadLetter.objects.filter(profile__in=full, digest__in=digests, replay_at__isnull=False)
    known = set(scheduled.values_list("profile", "digest"))
    for letter in letters:
        if letter.profile_id in full and (letter.profile_id, letter.digest) not in known:
            letter.reason, letter.replay_at = TOO_MANY_SCHEDULED, None


def _profiles_with_max_scheduled(profiles: list[int], now: datetime) -> list[int]:
    """Return those of the profiles that have the maximum of letters with a `replay_at` after `now`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT profile_id FROM interactions_deadletter WHERE profile_id = ANY(%s) AND replay_at > %s"
            " GROUP BY profile_id HAVING count(*) >= %s OR sum(octet_length(raw)) >= %s",
            [profiles, now, MAX_SCHEDULED, MAX_SCHEDULED_BYTES],
        )
        return [profile for (profile,) in cursor]


def _full_profiles(profiles: list[int]) -> list[int]:
    """Return those of the profiles that exceed MAX_LETTERS or MAX_BYTES."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT profile_id FROM interactions_deadletter WHERE profile_id = ANY(%s) GROUP BY profile_id"
            " HAVING count(*) > %s OR sum(octet_length(raw)) > %s",
            [profiles, MAX_LETTERS, MAX_BYTES],
        )
        return [profile for (profile,) in cursor]


def _delete_oldest(profiles: list[int]) -> list[int]:
    """Delete the oldest letters of each profile, those with a `replay_at` last; return the profile of each letter."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM interactions_deadletter letter USING (SELECT id, row_number() OVER newest AS position,"
            " sum(octet_length(raw)) OVER newest AS bytes FROM interactions_deadletter WHERE profile_id = ANY(%s)"
            " WINDOW newest AS (PARTITION BY profile_id ORDER BY replay_at IS NULL, id DESC)) ranked"
            " WHERE letter.id = ranked.id AND (ranked.position > %s OR bytes > %s) RETURNING letter.profile_id",
            [profiles, int(KEPT_FRACTION * MAX_LETTERS), int(KEPT_FRACTION * MAX_BYTES)],
        )
        return [profile for (profile,) in cursor]


def _report_deleted(deleted: list[int]) -> None:
    DROPPED_LETTERS.inc(len(deleted))
    logger.warning(
        "Deleted the %d oldest dead letters of profiles %s: each may have %d letters or %d MiB. Their senders' events are"
        " invalid; the admin shows the reasons",
        *(len(deleted), sorted(set(deleted)), MAX_LETTERS, MAX_BYTES // 2**20),
    )
