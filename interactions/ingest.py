"""Stores events: the only way in, called by the webhook, by the demo's delivery and by the replay of dead letters."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import DataError, IntegrityError, transaction

from accounts.models import Profile
from interactions import dead_letters, upserts
from interactions.events import (
    EPOCH,
    MICROSECOND,
    AheadError,
    Event,
    EventError,
    digest_bytes,
    has_lone_surrogate,
    read_event,
)
from interactions.locks import lock_profiles
from interactions.merging import CREATED, DUPLICATE, REJECTED, UPDATED, Key, Row, fold, latest_at
from interactions.metrics import INGESTED
from interactions.models import DeadLetter

logger = logging.getLogger(__name__)

TARGETS = (upserts.CONTENT, upserts.INTERACTION)  # pieces first, so that their comments find them


class Arrival(NamedTuple):
    """One event as it came, decoded from JSON (or Unreadable), and the profile that it came for.

    `letter_received_at` is when it came first, if it has been kept as a dead letter.
    """

    profile_id: int
    event: object
    letter_received_at: datetime | None = None


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
    letter_received_at: int | None  # when it came, in microseconds since 1970, if its time was ahead then


class Refused(NamedTuple):
    """Why an event is not stored, and from when on it could be, if that is a matter of time."""

    reason: str
    replay_at: datetime | None = None


def ingest(
    arrivals: Sequence[Arrival], received_at: datetime, *, raw: Callable[[int], bytes] | None = None
) -> list[Result]:
    """Store each arrival once, however often and in whatever order it is sent; return one result per arrival, in order.

    Takes events of any number of profiles in one transaction and a constant number of statements, and holds the
    profiles' locks until the surrounding transaction ends. An unreadable event, or one whose time lies more than a day
    after `received_at`, is kept as a DeadLetter and answered `rejected`; its neighbours are stored. `raw` gives the
    bytes of the arrival at a position as they were sent; without it a dead letter keeps the event encoded again.
    """
    with transaction.atomic():
        results, refused = attempt(arrivals, received_at)
        if refused:
            kept = _store_dead_letters(
                arrivals, refused, received_at, raw or (lambda position: _encoded(arrivals[position]))
            )
            for position, letter in kept.items():
                results[position] = results[position]._replace(error=letter.reason)
    return results


def attempt(arrivals: Sequence[Arrival], received_at: datetime) -> tuple[list[Result], dict[int, Refused]]:
    """The same for arrivals that are dead letters already; return also what is refused, by position."""
    with transaction.atomic(savepoint=False):
        profiles = _locked_profiles(arrivals)
        readable, refused = _read(arrivals, profiles, received_at)
        stored: dict[int, Result] = {}
        _store(readable, profiles, received_at, stored, refused)
    stored |= {position: _rejection(arrivals[position], one.reason) for position, one in refused.items()}
    results = [stored[position] for position in range(len(arrivals))]
    transaction.on_commit(lambda: _report(arrivals, results))
    return results, refused


def _locked_profiles(arrivals: Sequence[Arrival]) -> dict[int, Profile]:
    wanted = {arrival.profile_id for arrival in arrivals}
    lock_profiles(wanted)
    return Profile.objects.only("id", "is_demo", "platform_id").in_bulk(wanted)


def _read(
    arrivals: Sequence[Arrival], profiles: dict[int, Profile], received_at: datetime
) -> tuple[list[_Readable], dict[int, Refused]]:
    latest = latest_at(_micros(received_at))
    readable: list[_Readable] = []
    refused: dict[int, Refused] = {}
    for position, arrival in enumerate(arrivals):
        try:
            if arrival.profile_id not in profiles:
                raise EventError("The profile does not exist any more.")
            event = read_event(arrival.event)
            if event.at > latest:
                raise AheadError(event.at, received_at, settings.LETTER_DAYS)
            key = arrival.profile_id, event.platform_id
            readable.append(_Readable(position, arrival, key, event, _ahead_since(arrival, event)))
        except AheadError as error:
            refused[position] = Refused(str(error), error.replay_at)
        except EventError as error:
            refused[position] = Refused(str(error))
    return readable, refused


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def _ahead_since(arrival: Arrival, event: Event) -> int | None:
    if arrival.letter_received_at is None:
        return None
    came_at = _micros(arrival.letter_received_at)
    return came_at if event.at > latest_at(came_at) else None


def _store(
    readable: list[_Readable],
    profiles: dict[int, Profile],
    received_at: datetime,
    results: dict[int, Result],
    refused: dict[int, Refused],
) -> None:
    """Store the batch, or, when PostgreSQL refuses it, its halves, so that only the event at fault is rejected."""
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
            refused[readable[0].position] = _database_refused(readable[0].arrival, error)
            return
        middle = len(readable) // 2
        for half in (readable[:middle], readable[middle:]):
            _store(half, profiles, received_at, results, refused)


def _database_refused(arrival: Arrival, error: DataError | IntegrityError) -> Refused:
    """A sentence for the sender. The log has what the database says, but for its texts, which quote the event."""
    said = getattr(error.__cause__, "diag", None)
    logger.warning(
        "The database refused an event of profile %d: SQLSTATE %s, table %s, column %s, constraint %s",
        arrival.profile_id,
        *(getattr(said, name, None) for name in ("sqlstate", "table_name", "column_name", "constraint_name")),
    )
    return Refused(
        "The event could not be stored. It is kept for an operator, who finds the reason in the log."
    )


def _store_target(
    target: str, chosen: list[_Readable], profiles: dict[int, Profile], received_at: datetime
) -> dict[int, Result]:
    keys = list({item.key: None for item in chosen})
    known = upserts.stored_rows(target, keys)
    absent = [key for key in keys if key not in known]
    waiting = upserts.pending_rows(target, absent) if absent else {}
    known |= waiting
    ahead = [item.key for item in chosen if item.letter_received_at is not None]
    for key, stamps in (upserts.came_ahead(target, ahead) if ahead else {}).items():
        known.setdefault(key, Row()).came_ahead = stamps
    statuses = fold([(item.key, item.event, item.letter_received_at) for item in chosen], known)
    _write(target, known, waiting.keys(), profiles, received_at)
    if ahead:
        upserts.note_ahead(target, known, {key[0]: profiles[key[0]].is_demo for key in ahead}, received_at)
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
        upserts.update_rows(target, _columns(changed, profiles), received_at)
    for generation in _parents_first(new):
        _insert(target, generation, _columns(generation, profiles), received_at)
    if arrived := [key for key in waited if key in new]:
        upserts.drop_pending(target, arrived)
    if pending:
        demo = {key[0]: profiles[key[0]].is_demo for key in pending}
        upserts.keep_pending(target, pending, demo, received_at)
    if new:
        upserts.link_waiting(target, {key: row.id for key, row in new.items()})


def _parents_first(new: dict[Key, Row]) -> list[dict[Key, Row]]:
    """Replies whose parent is new too, after all others: they find it stored, and need no second write to be linked."""
    replies = {key: row for key, row in new.items() if (key[0], row.values["created"].parent_ref) in new}
    others = {key: row for key, row in new.items() if key not in replies}
    return [generation for generation in (others, replies) if generation]


def _insert(target: str, new: dict[Key, Row], columns: list[dict], received_at: datetime) -> None:
    insert = upserts.insert_content if target == upserts.CONTENT else upserts.insert_interactions
    ids = insert(columns, received_at)
    if len(ids) < len(new):  # a writer that does not take the profile's lock was faster
        ids |= {
            key: row.id for key, row in upserts.stored_rows(target, [k for k in new if k not in ids]).items()
        }
    for key, row in new.items():
        row.id = ids[key]


def _columns(chosen: dict[Key, Row], profiles: dict[int, Profile]) -> list[dict]:
    return [
        {"profile_id": profile_id, "platform_id": platform_id, "is_demo": profiles[profile_id].is_demo}
        | upserts.column_values(row, profiles[profile_id].platform_id)
        for (profile_id, platform_id), row in chosen.items()
    ]


def _store_dead_letters(
    arrivals: Sequence[Arrival],
    refused: dict[int, Refused],
    received_at: datetime,
    raw: Callable[[int], bytes],
) -> dict[int, DeadLetter]:
    """Keep the raw bytes and the reason of every rejected arrival, once, unless its profile is gone; return the letters."""
    profiles = Profile.objects.only("id", "is_demo").in_bulk(
        {arrivals[position].profile_id for position in refused}
    )
    letters: dict[int, DeadLetter] = {}
    for position, one in refused.items():
        if (profile := profiles.get(arrivals[position].profile_id)) is None:
            continue
        sent = raw(position)
        letters[position] = DeadLetter(
            profile_id=profile.pk,
            is_demo=profile.is_demo,
            raw=sent,
            digest=digest_bytes(sent),
            reason=one.reason,
            replay_at=one.replay_at,
            received_at=received_at,
        )
    if letters:
        dead_letters.keep(list(letters.values()))
    return letters


def _encoded(arrival: Arrival) -> bytes:
    return json.dumps(arrival.event).encode()


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
