"""Keeps the dead letters that the ingest makes, up to a ceiling per profile. Their replay is in replay.py."""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from interactions.metrics import DROPPED_LETTERS
from interactions.models import DeadLetter

logger = logging.getLogger(__name__)

# Of one profile. A sender's mistakes are kept for an operator, but must not fill the disk.
MAX_LETTERS = 10_000
MAX_BYTES = 100 * 2**20
MAX_WAITING = 5_000  # of those that wait for their time, which are dropped last
MAX_WAITING_BYTES = 50 * 2**20
KEPT = 0.9  # of a ceiling, once it is passed: so the letters are ranked by age once in a thousand


NO_ROOM = (
    "`occurred_at` is more than a day ahead of the time here. So many events of the profile wait for their time already that"
    " this one is not taken later; send it again with the right time, or when its time has come."
)


def keep(letters: Sequence[DeadLetter]) -> None:
    """Store the letters, each once by profile and bytes, under the profiles' locks, which the caller holds.

    One that is kept already takes the new reason. Of a profile that has too many by then the oldest tenth is deleted;
    and when too many wait for their time, further ones do not: they lose their `replay_at`, and their reason says so.
    """
    _let_no_more_wait([letter for letter in letters if letter.replay_at])
    once = {(letter.profile_id, letter.digest): letter for letter in letters}
    DeadLetter.objects.bulk_create(
        once.values(),
        update_conflicts=True,
        unique_fields=["profile", "digest"],
        update_fields=["reason", "replay_at"],
    )
    full = _full(sorted({profile for profile, _ in once}))
    if full:
        dropped = _drop_oldest(full)
        transaction.on_commit(lambda: _report(dropped))


def _let_no_more_wait(letters: Sequence[DeadLetter]) -> None:
    if not letters:
        return
    now = max(letter.received_at for letter in letters)
    full = _with_too_many_waiting(sorted({letter.profile_id for letter in letters}), now)
    if not full:
        return
    digests = [letter.digest for letter in letters]
    waiting = DeadLetter.objects.filter(profile__in=full, digest__in=digests, replay_at__isnull=False)
    known = set(waiting.values_list("profile", "digest"))
    for letter in letters:
        if letter.profile_id in full and (letter.profile_id, letter.digest) not in known:
            letter.reason, letter.replay_at = NO_ROOM, None


def _with_too_many_waiting(profiles: list[int], now: datetime) -> list[int]:
    """Those of the profiles with as many letters as may wait for their time; what is due at `now` waits no more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT profile_id FROM interactions_deadletter WHERE profile_id = ANY(%s) AND replay_at > %s"
            " GROUP BY profile_id HAVING count(*) >= %s OR sum(octet_length(raw)) >= %s",
            [profiles, now, MAX_WAITING, MAX_WAITING_BYTES],
        )
        return [profile for (profile,) in cursor]


def _full(profiles: list[int]) -> list[int]:
    """Those of the profiles that have passed a ceiling."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT profile_id FROM interactions_deadletter WHERE profile_id = ANY(%s) GROUP BY profile_id"
            " HAVING count(*) > %s OR sum(octet_length(raw)) > %s",
            [profiles, MAX_LETTERS, MAX_BYTES],
        )
        return [profile for (profile,) in cursor]


def _drop_oldest(profiles: list[int]) -> list[int]:
    """Delete the oldest letters of each profile, those that wait for their time last; return the profile of each."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM interactions_deadletter letter USING (SELECT id, row_number() OVER newest AS place,"
            " sum(octet_length(raw)) OVER newest AS bytes FROM interactions_deadletter WHERE profile_id = ANY(%s)"
            " WINDOW newest AS (PARTITION BY profile_id ORDER BY replay_at IS NULL, id DESC)) ranked"
            " WHERE letter.id = ranked.id AND (place > %s OR bytes > %s) RETURNING letter.profile_id",
            [profiles, int(KEPT * MAX_LETTERS), int(KEPT * MAX_BYTES)],
        )
        return [profile for (profile,) in cursor]


def _report(dropped: list[int]) -> None:
    DROPPED_LETTERS.inc(len(dropped))
    logger.warning(
        "%d dead letters deleted, the oldest of profiles %s, which have reached the ceiling",
        len(dropped),
        sorted(set(dropped)),
    )
