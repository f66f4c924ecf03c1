"""The SQL statements for pending changes, and for the stamps of future events, which the same table stores.

Called by the ingest. As in `upserts.py`, each takes any number of rows as one JSON parameter.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from interactions.events import BY_EDIT, Version
from interactions.json_parameters import WANTED_KEYS, keys_to_json, to_json
from interactions.merging import Key, Row, Stamp, stamp
from interactions.models import PendingChange
from interactions.upserts import iso_time, microseconds_of


def pending_rows(target: str, keys: Sequence[Key]) -> dict[Key, Row]:
    """Return the pending changes for those of `keys` whose rows do not exist yet."""
    pending: dict[Key, Row] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT profile_id, platform_id, aspect, {microseconds_of('occurred_at')}, rank, value"
            f" FROM {WANTED_KEYS} JOIN interactions_pendingchange USING (profile_id, platform_id) WHERE target = %s",
            [keys_to_json(keys), target],
        )
        for profile, platform_id, aspect, micros, rank, value in cursor:
            row = pending.setdefault((profile, platform_id), Row())
            row.versions[aspect] = _pending_version(aspect, micros, rank)
            row.values[aspect] = json.loads(value)["value"]
    return pending


def _pending_version(aspect: str, micros: int, rank: int) -> Version:
    """Return the version of a pending change; a pending text always comes from an edit, as creations are never pending."""
    if aspect == "text":
        return micros, BY_EDIT, rank
    return (micros,) if aspect == "deletion" else (micros, rank)


def save_pending(
    target: str, rows: dict[Key, Row], demo_flags: dict[int, bool], received_at: datetime
) -> None:
    """Store the changes of `rows` that do not exist yet, the newest per aspect; `demo_flags` is `is_demo` by profile id."""
    changes = [
        (key, aspect, row.versions[aspect][0], 0 if aspect == "deletion" else row.versions[aspect][-1], value)
        for key, row in rows.items()
        for aspect, value in row.values.items()
        if aspect in row.versions
    ]
    _write_pending(target, changes, demo_flags, received_at, only_newer=True)


def _write_pending(
    target: str,
    changes: list[tuple[Key, str, int, int, Any]],
    demo_flags: dict[int, bool],
    received_at: datetime,
    *,
    only_newer: bool,
) -> None:
    """Upsert rows of PendingChange (key, aspect, time, rank, value); with `only_newer` older versions change nothing."""
    records = [
        {
            "profile_id": profile,
            "platform_id": platform_id,
            "is_demo": demo_flags[profile],
            "aspect": aspect,
            "occurred_at": iso_time(at),
            "rank": rank,
            "value": {"value": value},
        }
        for (profile, platform_id), aspect, at, rank, value in changes
    ]
    newer = " WHERE (EXCLUDED.occurred_at, EXCLUDED.rank) > (pending.occurred_at, pending.rank)"
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO interactions_pendingchange AS pending"
            " (target, received_at, profile_id, platform_id, is_demo, aspect, occurred_at, rank, value)"
            " SELECT %s, %s, * FROM json_to_recordset(%s::json) AS changes (profile_id bigint, platform_id text,"
            " is_demo boolean, aspect text, occurred_at timestamptz, rank bigint, value jsonb)"
            " ON CONFLICT (profile_id, platform_id, target, aspect) DO UPDATE"
            " SET occurred_at = EXCLUDED.occurred_at, rank = EXCLUDED.rank, value = EXCLUDED.value,"
            f" received_at = EXCLUDED.received_at{newer if only_newer else ''}",
            [target, received_at, to_json(records)],
        )


def delete_pending(target: str, keys: Sequence[Key]) -> None:
    """Delete the pending changes of the rows with these `keys`."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM interactions_pendingchange pending USING {WANTED_KEYS}"
            " WHERE pending.profile_id = wanted.profile_id AND pending.platform_id = wanted.platform_id"
            " AND target = %s",
            [keys_to_json(keys), target],
        )


def future_stamps(target: str, keys: Sequence[Key]) -> dict[Key, dict[str, Stamp]]:
    """Return, by row and aspect, the stamp of the last version that a future event has stored (see merging.py)."""
    stamps: dict[Key, dict[str, Stamp]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT profile_id, platform_id, aspect, {microseconds_of('occurred_at')}, rank"
            f" FROM {WANTED_KEYS} JOIN interactions_pendingchange USING (profile_id, platform_id) WHERE target = %s",
            [keys_to_json(keys), PendingChange.FUTURE_TARGETS[target]],
        )
        for profile, platform_id, aspect, *version in cursor:
            stamps.setdefault((profile, platform_id), {})[aspect] = stamp(tuple(version))
    return stamps


def save_future_stamps(
    target: str, rows: dict[Key, Row], demo_flags: dict[int, bool], received_at: datetime
) -> None:
    """Store which of the versions stored now come from future events; later replays of the same rows read this."""
    stamps = [
        (key, aspect, at, rank, None)
        for key, row in rows.items()
        for aspect, (at, rank) in row.future_stamps.items()
        if aspect in row.values and aspect in row.versions
    ]
    _write_pending(PendingChange.FUTURE_TARGETS[target], stamps, demo_flags, received_at, only_newer=False)
