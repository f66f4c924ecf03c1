"""The ingest: stores events of platforms and demos. Only it and `replies.py` create the inbox's rows.

Called by the webhook, by the demo's delivery and by the replay of dead letters.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import DataError, IntegrityError, transaction

from accounts.models import Profile
from interactions import pending_changes, upserts
from interactions.dead_letters import store_dead_letters
from interactions.events import (
    EPOCH,
    MICROSECOND,
    Event,
    EventError,
    FutureEventError,
    digest_bytes,
    has_lone_surrogate,
    read_event,
)
from interactions.locks import lock_profiles
from interactions.merging import DUPLICATE, REJECTED, Key, Row, apply_events, max_event_time
from interactions.metrics import INGESTED
from interactions.models import DeadLetter
from interactions.moderation.arrivals import WATCHED, Outcome, apply_outcomes, match_created_rows
from interactions.moderation.requests import end_deletions
from interactions.threads.arrivals import follow_changes, set_roots

logger = logging.getLogger(__name__)

TARGETS = (upserts.CONTENT, upserts.INTERACTION)  # content first, so that comments are linked to it on insert


class IncomingEvent(NamedTuple):
    """One event, decoded from JSON (or Unreadable), and its profile.

    `letter_received_at` is when it was first received, for a replayed dead letter.
    """

    profile_id: int
    event: object
    letter_received_at: datetime | None = None


class Result(NamedTuple):
    """The result of one event. `id` is the affected row; null when rejected or while its target does not exist."""

    platform_id: str | None
    id: int | None
    status: str
    error: str | None = None


class _ValidEvent(NamedTuple):
    position: int
    incoming: IncomingEvent
    key: Key
    event: Event
    future_received_at: int | None  # receipt of a future event (see merging.py), in microseconds since 1970


class _RowsAppeared(Exception):
    """Rows to be inserted exist, and did not when they were looked up."""


class Rejection(NamedTuple):
    """Why an event is not stored, and when to replay it, if it is dated too far in the future."""

    reason: str
    replay_at: datetime | None = None


def ingest(
    events: Sequence[IncomingEvent], received_at: datetime, *, raw: Callable[[int], bytes] | None = None
) -> list[Result]:
    """Store each event once, however often and in whatever order it is sent; return one result per event, in order.

    Takes events of any number of profiles, in one transaction and a constant number of statements, and holds the
    profiles' locks until the surrounding transaction ends. An event that is invalid, or dated more than a day after
    `received_at`, is stored as a DeadLetter and answered `rejected`; the other events of the batch are stored. `raw`
    returns the bytes of the event at a position as they were sent; without it a dead letter has the event's JSON.

    An event that the database refuses (DataError, IntegrityError) is rejected as well. Other errors of the database are
    raised, such as OperationalError for a lost connection or a timeout; then nothing of the batch is stored.
    """
    with transaction.atomic():
        results, rejections = store_events(events, received_at)
        if rejections:
            raw = raw or (lambda position: _encode(events[position]))
            for position, letter in _save_rejected(events, rejections, received_at, raw).items():
                results[position] = results[position]._replace(error=letter.reason)
    return results


def store_events(
    events: Sequence[IncomingEvent], received_at: datetime
) -> tuple[list[Result], dict[int, Rejection]]:
    """Store the events like `ingest`, without writing dead letters; also return the rejections, by position."""
    with transaction.atomic(savepoint=False):
        profiles = _lock_and_load_profiles(events)
        valid, rejections = _validate(events, profiles, received_at)
        stored, refused = _store(valid, profiles, received_at)
        rejections |= refused
    for position, rejection in rejections.items():
        stored[position] = _rejected_result(events[position], rejection.reason)
    results = [stored[position] for position in range(len(events))]
    transaction.on_commit(lambda: _report(events, results))
    return results, rejections


def _lock_and_load_profiles(events: Sequence[IncomingEvent]) -> dict[int, Profile]:
    profile_ids = {incoming.profile_id for incoming in events}
    lock_profiles(profile_ids)
    columns = ("id", "is_demo", "platform_id", "owner__answers_close_threads")
    owned = Profile.objects.exclude(owner=None)  # one that has no owner is being deleted
    profiles = owned.select_related("owner").only(*columns).annotate(**WATCHED)
    return profiles.in_bulk(profile_ids)


def _validate(
    events: Sequence[IncomingEvent], profiles: dict[int, Profile], received_at: datetime
) -> tuple[list[_ValidEvent], dict[int, Rejection]]:
    max_time = max_event_time(_microseconds(received_at))
    valid: list[_ValidEvent] = []
    rejections: dict[int, Rejection] = {}
    for position, incoming in enumerate(events):
        try:
            if incoming.profile_id not in profiles:
                raise EventError("The profile does not exist any more.")
            event = read_event(incoming.event)
            if event.at > max_time:
                raise FutureEventError(event.at, received_at, settings.LETTER_DAYS)
            key = incoming.profile_id, event.platform_id
            future_received_at = _future_received_at(incoming, event)
            valid.append(_ValidEvent(position, incoming, key, event, future_received_at))
        except FutureEventError as error:
            rejections[position] = Rejection(str(error), error.replay_at)
        except EventError as error:
            rejections[position] = Rejection(str(error))
    return valid, rejections


def _microseconds(time: datetime) -> int:
    return (time - EPOCH) // MICROSECOND


def _future_received_at(incoming: IncomingEvent, event: Event) -> int | None:
    if incoming.letter_received_at is None:
        return None
    received_at = _microseconds(incoming.letter_received_at)
    return received_at if event.at > max_event_time(received_at) else None


def _store(
    events: list[_ValidEvent], profiles: dict[int, Profile], received_at: datetime
) -> tuple[dict[int, Result], dict[int, Rejection]]:
    """Store the batch; if PostgreSQL refuses it, store its halves, so that only the failing event is rejected.

    Returns the results and the rejections by position.
    """
    if not events:
        return {}, {}
    try:
        return _store_targets(events, profiles, received_at), {}
    except (DataError, IntegrityError) as error:
        if len(events) == 1:
            return {}, {events[0].position: _database_rejection(events[0].incoming, error)}
    middle = len(events) // 2
    results, rejections = _store(events[:middle], profiles, received_at)
    more_results, more_rejections = _store(events[middle:], profiles, received_at)
    return results | more_results, rejections | more_rejections


def _store_targets(
    events: list[_ValidEvent], profiles: dict[int, Profile], received_at: datetime
) -> dict[int, Result]:
    """Store the events in one savepoint; return their results by position.

    When rows appear that a writer without the lock has inserted, start again: now they are found.
    """
    while True:
        results: dict[int, Result] = {}
        with suppress(_RowsAppeared), transaction.atomic():
            for target in TARGETS:
                of_target = [valid for valid in events if valid.event.target == target]
                if of_target:
                    results |= _store_target(target, of_target, profiles, received_at)
            return results


def _database_rejection(incoming: IncomingEvent, error: DataError | IntegrityError) -> Rejection:
    """Log the database's error, without its message texts, which quote the event; return a sentence for the sender."""
    diagnostics = getattr(error.__cause__, "diag", None)
    columns = ("sqlstate", "table_name", "column_name", "constraint_name")
    logger.warning(
        "The database refused an event of profile %d: SQLSTATE %s, table %s, column %s, constraint %s",
        incoming.profile_id,
        *(getattr(diagnostics, name, None) for name in columns),
    )
    return Rejection(
        "The event could not be stored. It is kept for an operator, who finds the reason in the log."
    )


def _store_target(
    target: str, events: list[_ValidEvent], profiles: dict[int, Profile], received_at: datetime
) -> dict[int, Result]:
    keys = list({valid.key: None for valid in events})
    rows = upserts.stored_rows(target, keys)
    missing = [key for key in keys if key not in rows]
    pending = pending_changes.pending_rows(target, missing) if missing else {}
    rows |= pending
    future_keys = [valid.key for valid in events if valid.future_received_at is not None]
    for key, stamps in (pending_changes.future_stamps(target, future_keys) if future_keys else {}).items():
        rows.setdefault(key, Row()).future_stamps = stamps
    statuses = apply_events([(valid.key, valid.event, valid.future_received_at) for valid in events], rows)
    new = {key: row for key, row in rows.items() if row.exists and not row.stored}
    created = {key: row for key, row in rows.items() if "created" in row.values}
    outcomes: dict[Key, Outcome] = {}
    if target == upserts.INTERACTION and created:
        outcomes = match_created_rows(created, ((valid.key, valid.event) for valid in events), profiles)
    _write(target, rows, new, pending.keys(), profiles, received_at)
    if outcomes:
        apply_outcomes(outcomes, created, profiles, received_at)
    if future_keys:
        demo_flags = {key[0]: profiles[key[0]].is_demo for key in future_keys}
        pending_changes.save_future_stamps(target, rows, demo_flags, received_at)
    return {
        valid.position: Result(valid.event.platform_id, rows[valid.key].id, status)
        for valid, status in zip(events, statuses, strict=True)
    }


def _write(
    target: str,
    rows: dict[Key, Row],
    new: dict[Key, Row],
    pending_keys: Iterable[Key],
    profiles: dict[int, Profile],
    received_at: datetime,
) -> None:
    """Insert the new ones of `rows`, update changed ones, and store changes whose target does not exist yet as pending.

    Then link the rows that refer to the new ones, end the requests to delete rows that the platform has deleted, and compute
    the threads of rows that changed.
    """
    changed = {key: row for key, row in rows.items() if row.stored and row.values}
    pending = {key: row for key, row in rows.items() if not row.exists and row.values}
    if changed:
        upserts.update_rows(target, _columns(changed, profiles), received_at)
    moved: list[int] = []
    if new:
        columns = _columns(new, profiles)
        if target == upserts.CONTENT:
            _insert_content(new, columns, received_at)
        else:
            moved = _insert_interactions(new, columns, profiles, received_at)
    if applied := [key for key in pending_keys if key in new]:
        pending_changes.delete_pending(target, applied)
    if pending:
        demo_flags = {key[0]: profiles[key[0]].is_demo for key in pending}
        pending_changes.save_pending(target, pending, demo_flags, received_at)
    if target == upserts.INTERACTION:
        end_deletions([row.id for row in changed.values() if row.values.get("deletion")])
        follow_changes(changed, moved, received_at)


def _insert_content(new: dict[Key, Row], columns: list[dict], received_at: datetime) -> None:
    """Insert the posts, and link the comments to them that came before."""
    _set_ids(new, upserts.insert_content(columns, received_at))
    upserts.link_references(upserts.CONTENT, {key: row.id for key, row in new.items()})


def _insert_interactions(
    new: dict[Key, Row], columns: list[dict], profiles: dict[int, Profile], received_at: datetime
) -> list[int]:
    """Insert comments and messages into their threads, and link the replies to them that came before.

    Returns the ids of comments whose replies are in another thread than they are.
    """
    for (profile_id, _), values in zip(new, columns, strict=True):
        values["closes"] = profiles[profile_id].owner.answers_close_threads
    set_roots(columns)
    inserted = upserts.insert_interactions(columns, received_at)
    _set_ids(new, {key: row.id for key, row in inserted.items()})
    if awaited := {key: row.id for key, row in inserted.items() if row.is_awaited}:
        upserts.link_references(upserts.INTERACTION, awaited)
    return [row.id for row in inserted.values() if row.replies_move]


def _set_ids(new: dict[Key, Row], ids: dict[Key, int]) -> None:
    if len(ids) < len(new):
        raise _RowsAppeared
    for key, row in new.items():
        row.id = ids[key]


def _columns(rows: dict[Key, Row], profiles: dict[int, Profile]) -> list[dict]:
    columns = []
    for (profile_id, platform_id), row in rows.items():
        profile = profiles[profile_id]
        values = upserts.column_values(row, profile.platform_id)
        values["profile_id"], values["platform_id"], values["is_demo"] = (
            profile_id,
            platform_id,
            profile.is_demo,
        )
        columns.append(values)
    return columns


def _save_rejected(
    events: Sequence[IncomingEvent],
    rejections: dict[int, Rejection],
    received_at: datetime,
    raw: Callable[[int], bytes],
) -> dict[int, DeadLetter]:
    """Store a dead letter for each rejected event whose profile exists; return the letters by position."""
    profile_ids = {events[position].profile_id for position in rejections}
    profiles = Profile.objects.only("id", "is_demo").in_bulk(profile_ids)
    letters = {
        position: _dead_letter(profiles[events[position].profile_id], rejection, received_at, raw(position))
        for position, rejection in rejections.items()
        if events[position].profile_id in profiles
    }
    if letters:
        store_dead_letters(list(letters.values()))
    return letters


def _dead_letter(profile: Profile, rejection: Rejection, received_at: datetime, raw: bytes) -> DeadLetter:
    return DeadLetter(
        profile_id=profile.pk,
        is_demo=profile.is_demo,
        raw=raw,
        digest=digest_bytes(raw),
        reason=rejection.reason,
        replay_at=rejection.replay_at,
        received_at=received_at,
    )


def _encode(incoming: IncomingEvent) -> bytes:
    return json.dumps(incoming.event).encode()


def _rejected_result(incoming: IncomingEvent, reason: str) -> Result:
    id = incoming.event.get("id") if isinstance(incoming.event, dict) else None
    platform_id = id if isinstance(id, str) and not has_lone_surrogate(id) else None
    return Result(platform_id, None, REJECTED, reason)


def _report(events: Sequence[IncomingEvent], results: Sequence[Result]) -> None:
    """Count the results in the metrics, and log the duplicates of a batch in one line."""
    for status, count in Counter(result.status for result in results).items():
        INGESTED.labels(status).inc(count)
    profiles = [
        incoming.profile_id
        for incoming, result in zip(events, results, strict=True)
        if result.status == DUPLICATE
    ]
    if profiles:
        logger.info(
            "%d duplicates answered with their existing ids, profiles %s",
            len(profiles),
            sorted(set(profiles)),
        )
