"""The only door: whatever sends events, live or demo, ends here."""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import DataError, IntegrityError, transaction

from accounts.models import Profile
from interactions import rows
from interactions.events import Event, EventError, digest, has_lone_surrogate, read_event
from interactions.locks import lock_profiles
from interactions.merging import CREATED, DUPLICATE, REJECTED, UPDATED, Key, Row, fold
from interactions.metrics import INGESTED
from interactions.models import DeadLetter

logger = logging.getLogger(__name__)

TARGETS = (rows.CONTENT, rows.INTERACTION)  # pieces first, so that their comments find them


class Arrival(NamedTuple):
    """One event as it came, decoded from JSON, and the profile that it came for."""

    profile_id: int
    event: object


class Result(NamedTuple):
    """What became of one arrival. `id` is the affected row; null when rejected or still waiting for its target."""

    platform_id: str | None
    id: int | None
    status: str
    error: str | None = None


class _Readable(NamedTuple):
    position: int
    arrival: Arrival
    key: Key
    event: Event


def ingest(arrivals: Sequence[Arrival], received_at: datetime) -> list[Result]:
    """Store each arrival once, however often and in whatever order it is sent; return one result per arrival, in order.

    Takes events of any number of profiles in one transaction and a constant number of statements, and holds the
    profiles' locks until the surrounding transaction ends. An unreadable event is kept as a DeadLetter and answered
    `rejected`; its neighbours are stored.
    """
    with transaction.atomic():
        profiles = _locked_profiles(arrivals)
        results, readable = _read(arrivals, profiles)
        _store(readable, profiles, received_at, results)
        _bury(arrivals, results, profiles, received_at)
    answered = [results[position] for position in range(len(arrivals))]
    transaction.on_commit(lambda: _report(arrivals, answered))
    return answered


def _locked_profiles(arrivals: Sequence[Arrival]) -> dict[int, Profile]:
    wanted = {arrival.profile_id for arrival in arrivals}
    lock_profiles(wanted)
    return Profile.objects.only("id", "is_demo", "platform_id").in_bulk(wanted)


def _read(
    arrivals: Sequence[Arrival], profiles: dict[int, Profile]
) -> tuple[dict[int, Result], list[_Readable]]:
    results: dict[int, Result] = {}
    readable: list[_Readable] = []
    for position, arrival in enumerate(arrivals):
        try:
            if arrival.profile_id not in profiles:
                raise EventError("The profile does not exist any more.")
            event = read_event(arrival.event)
            readable.append(_Readable(position, arrival, (arrival.profile_id, event.platform_id), event))
        except EventError as error:
            results[position] = _rejection(arrival, str(error))
    return results, readable


def _store(
    readable: list[_Readable], profiles: dict[int, Profile], received_at: datetime, results: dict[int, Result]
) -> None:
    """Store the batch, or, when PostgreSQL refuses it, its halves, so that only the culprit is rejected."""
    if not readable:
        return
    try:
        with transaction.atomic():
            for target in TARGETS:
                chosen = [item for item in readable if item.event.target == target]
                if chosen:
                    results |= _store_target(target, chosen, profiles, received_at)
    except (DataError, IntegrityError) as error:
        if len(readable) == 1:
            results[readable[0].position] = _rejection(
                readable[0].arrival, f"The database refused it: {error}"
            )
            return
        middle = len(readable) // 2
        for half in (readable[:middle], readable[middle:]):
            _store(half, profiles, received_at, results)


def _store_target(
    target: str, chosen: list[_Readable], profiles: dict[int, Profile], received_at: datetime
) -> dict[int, Result]:
    keys = list({item.key: None for item in chosen})
    known = rows.stored_rows(target, keys)
    absent = [key for key in keys if key not in known]
    waiting = rows.pending_rows(target, absent) if absent else {}
    known |= waiting
    statuses = fold([(item.key, item.event) for item in chosen], known)
    _write(target, known, waiting.keys(), profiles, received_at)
    return {
        item.position: Result(item.event.platform_id, known[item.key].id, status)
        for item, status in zip(chosen, statuses, strict=True)
    }


def _write(
    target: str,
    known: dict[Key, Row],
    waited: Iterable[Key],
    profiles: dict[int, Profile],
    received_at: datetime,
) -> None:
    new = {key: row for key, row in known.items() if row.exists and not row.stored}
    changed = {key: row for key, row in known.items() if row.stored and row.values}
    pending = {key: row for key, row in known.items() if not row.exists and row.values}
    if changed:
        rows.update_rows(target, _columns(changed, profiles), received_at)
    for generation in _parents_first(new):
        _insert(target, generation, _columns(generation, profiles), received_at)
    if arrived := [key for key in waited if key in new]:
        rows.drop_pending(target, arrived)
    if pending:
        rows.keep_pending(target, pending, {key[0]: profiles[key[0]].is_demo for key in pending}, received_at)
    if new:
        rows.link_waiting(target, {key: row.id for key, row in new.items()})


def _parents_first(new: dict[Key, Row]) -> list[dict[Key, Row]]:
    """Replies whose parent is new too, after all others: they find it stored, and need no second write to be linked."""
    replies = {key: row for key, row in new.items() if (key[0], row.values["created"].parent_ref) in new}
    others = {key: row for key, row in new.items() if key not in replies}
    return [generation for generation in (others, replies) if generation]


def _insert(target: str, new: dict[Key, Row], columns: list[dict], received_at: datetime) -> None:
    insert = rows.insert_content if target == rows.CONTENT else rows.insert_interactions
    ids = insert(columns, received_at)
    if len(ids) < len(new):  # a writer that does not take the profile's lock was faster
        ids |= {
            key: row.id for key, row in rows.stored_rows(target, [k for k in new if k not in ids]).items()
        }
    for key, row in new.items():
        row.id = ids[key]


def _columns(chosen: dict[Key, Row], profiles: dict[int, Profile]) -> list[dict]:
    return [
        {"profile_id": profile_id, "platform_id": platform_id, "is_demo": profiles[profile_id].is_demo}
        | rows.column_values(row, profiles[profile_id].platform_id)
        for (profile_id, platform_id), row in chosen.items()
    ]


def _bury(
    arrivals: Sequence[Arrival],
    results: dict[int, Result],
    profiles: dict[int, Profile],
    received_at: datetime,
) -> None:
    """Keep the raw bytes and the reason of every rejected arrival, once."""
    rejected = [
        (arrivals[position], result)
        for position, result in results.items()
        if result.status == REJECTED and arrivals[position].profile_id in profiles
    ]
    letters = [
        DeadLetter(
            profile_id=arrival.profile_id,
            is_demo=profiles[arrival.profile_id].is_demo,
            raw=(raw := _raw(arrival.event)),
            digest=digest(raw.decode()),
            reason=result.error,
            received_at=received_at,
        )
        for arrival, result in rejected
    ]
    if letters:
        DeadLetter.objects.bulk_create(letters, ignore_conflicts=True)


def _raw(event: object) -> bytes:
    return json.dumps(event).encode()


def _rejection(arrival: Arrival, reason: str) -> Result:
    named = arrival.event.get("id") if isinstance(arrival.event, dict) else None
    shown = named if isinstance(named, str) and not has_lone_surrogate(named) else None
    return Result(shown, None, REJECTED, reason)


def _report(arrivals: Sequence[Arrival], results: Sequence[Result]) -> None:
    """Count the results; duplicates are worth one line for all of a batch."""
    for status, count in Counter(result.status for result in results).items():
        INGESTED.labels(status).inc(count)
    again = [
        arrival.profile_id
        for arrival, result in zip(arrivals, results, strict=True)
        if result.status == DUPLICATE
    ]
    if again:
        logger.info(
            "%d duplicates answered with their existing ids, profiles %s", len(again), sorted(set(again))
        )


__all__ = ["CREATED", "DUPLICATE", "REJECTED", "UPDATED", "Arrival", "Result", "ingest"]
