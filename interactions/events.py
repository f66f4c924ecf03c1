"""Reads one event of a platform and validates it. Pure: no database, no clock; called by the ingest.

An event becomes a list of changes to one row. Each change has a version, and the greatest version wins whatever the
order of arrival, so that any permutation, repetition or split of the same events leaves the same row. At equal times an
edit wins over the creation, and hiding over unhiding, then the greater digest wins. A deletion holds unless the newest
creation is later (merging.py).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from accounts.declarations import InvalidDeclaration, check_table
from interactions.event_types import EVENT_TYPES, EventType

MAX_EVENTS = 1_000  # in one batch
ID_LENGTH = 255
NAME_LENGTH = 255
TEXT_LENGTH = 65_536
URL_LENGTH = 2_048
KIND_LENGTH = 32
MAX_METRIC = 2**63 - 1
METRIC_NAMES = ("views", "likes", "shares")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
EARLIEST = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
LATEST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
MAX_FUTURE_OFFSET = timedelta(days=1)  # from the receipt of an event to its time, as clocks differ
BY_CREATION, BY_EDIT = 0, 1  # the source of a text

Version = tuple[int, ...]  # microseconds since 1970, then the numbers that decide at equal times


class EventError(ValueError):
    """The event cannot be stored; the message says which field is wrong and what it should be."""


class FutureEventError(EventError):
    """The event's time is more than MAX_FUTURE_OFFSET after its receipt.

    `replay_at` is when it can be stored; None when that is more than `max_days` from now, when it is deleted.
    """

    def __init__(self, at: int, received_at: datetime, max_days: int) -> None:
        replay_at = EPOCH + at * MICROSECOND - MAX_FUTURE_OFFSET
        kept = replay_at - received_at <= timedelta(days=max_days)
        self.replay_at = replay_at if kept else None
        super().__init__(
            "`occurred_at` is more than a day ahead of the time here, which is"
            f" {received_at.isoformat(timespec='seconds')}. "
            + (
                "The event is kept and replayed once it is less than a day ahead, unless other events change the same by then;"
                " if the time is wrong, send the event again with the right one."
                if kept
                else f"It will not be replayed, as events are kept for {max_days} days; send it again with the right"
                " time."
            )
        )


class Unreadable(NamedTuple):
    """Takes the place of an event whose bytes are not readable JSON; `reason` is a sentence for the sender."""

    reason: str


class Creation(NamedTuple):
    """The row's values from the creating event, except its text."""

    type: str  # content, comment or message
    author_id: str
    author_handle: str
    author_name: str
    content_ref: str
    parent_ref: str
    conversation_id: str
    url: str
    kind: str


class Change(NamedTuple):
    """A new value of one aspect of a row, at a version."""

    aspect: str  # created, text, deletion, hidden, or a column of VALUE_COLUMNS in upserts.py, such as views
    version: Version
    value: Any


class Event(NamedTuple):
    """One valid event: the row that it names and its changes to that row."""

    target: str  # content or interaction
    platform_id: str
    changes: tuple[Change, ...]

    @property
    def at(self) -> int:
        """The event's time in microseconds since 1970."""
        return self.changes[0].version[0]


def read_event(raw: object) -> Event:
    """Return the event in `raw`, one decoded JSON value of the webhook's `events` list.

    Raises EventError with a sentence for the sender when it is Unreadable, or when a field is missing, has the wrong
    type, is too long, or contains what PostgreSQL cannot store (NUL, lone surrogates, NaN, infinities). Unknown fields
    are ignored.
    """
    if not isinstance(raw, dict):
        raise EventError(raw.reason if isinstance(raw, Unreadable) else "An event must be a JSON object.")
    event_type = raw.get("type")
    reader = _BY_TYPE.get(event_type) if isinstance(event_type, str) else None
    if reader is None:
        raise EventError(f"`type` must be one of {', '.join(EVENT_TYPES)}.")
    target, read = reader
    platform_id = _text(raw, "id", ID_LENGTH, non_empty=True)
    return Event(target, platform_id, read(raw, _occurred_at(raw)))


def read_timestamp(text: str) -> datetime:
    """Return the RFC 3339 time in UTC; ValueError or OverflowError for any other text.

    `T` and `Z` may be lower case. Up to 30 decimals are accepted and cut off after six. A leap second (23:59:60 UTC on
    the last day of a month) becomes the last microsecond before midnight.
    """
    return _read_with_offset(text).astimezone(UTC)


def _read_with_offset(text: str) -> datetime:
    """The same with the offset of `text`. `fromisoformat` alone accepts forms that differ between Python versions."""
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise ValueError("not a time in the form of RFC 3339")
    if match[1]:
        return _leap_second(f"{text[:17]}59{text[19:]}")
    return datetime.fromisoformat(text.upper() if text[-1] == "z" else text)


def _leap_second(second_before: str) -> datetime:
    before = read_timestamp(second_before).replace(microsecond=999_999)
    after = before + MICROSECOND
    if (after.day, after.hour, after.minute) != (1, 0, 0):
        raise ValueError("a leap second must end a month")
    return before


_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|(60))(?:\.\d{1,30})?"
    r"(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


def digest(*fields: str) -> int:
    """Return 63 bits of BLAKE2b over `fields`, which must not contain NUL or lone surrogates."""
    return digest_bytes("\0".join(fields).encode())


def digest_bytes(raw: bytes) -> int:
    """Return 63 bits of BLAKE2b over `raw`."""
    return int.from_bytes(blake2b(raw, digest_size=8).digest(), "big") >> 1


def _read_content(raw: Mapping[str, Any], at: int) -> tuple[Change, ...]:
    url = _text(raw, "url", URL_LENGTH, optional=True)
    kind = _text(raw, "kind", KIND_LENGTH, optional=True) or "post"
    return _created(raw, at, Creation("content", "", "", "", "", "", "", url, kind))


def _read_comment(raw: Mapping[str, Any], at: int) -> tuple[Change, ...]:
    content_ref = _text(raw, "content_id", ID_LENGTH, non_empty=True)
    parent_ref = _text(raw, "parent_id", ID_LENGTH, optional=True)
    return _created(raw, at, Creation("comment", *_author(raw), content_ref, parent_ref, "", "", ""))


def _read_message(raw: Mapping[str, Any], at: int) -> tuple[Change, ...]:
    conversation = _text(raw, "conversation_id", ID_LENGTH, non_empty=True)
    parent_ref = _text(raw, "parent_id", ID_LENGTH, optional=True)
    return _created(raw, at, Creation("message", *_author(raw), "", parent_ref, conversation, "", ""))


def _created(raw: Mapping[str, Any], at: int, creation: Creation) -> tuple[Change, ...]:
    text = _text(raw, "text", TEXT_LENGTH)
    rank = digest(*creation, text)
    return Change("created", (at, rank), creation), Change("text", (at, BY_CREATION, rank), text)


def _read_edit(raw: Mapping[str, Any], at: int) -> tuple[Change, ...]:
    text = _text(raw, "text", TEXT_LENGTH)
    return (Change("text", (at, BY_EDIT, digest(text)), text),)


def _read_deletion(raw: Mapping[str, Any], at: int) -> tuple[Change, ...]:
    return (Change("deletion", (at,), True),)


def _read_hiding(raw: Mapping[str, Any], at: int) -> tuple[Change, ...]:
    return (Change("hidden", (at, 1), True),)


def _read_unhiding(raw: Mapping[str, Any], at: int) -> tuple[Change, ...]:
    return (Change("hidden", (at, 0), False),)


def _read_metrics(raw: Mapping[str, Any], at: int) -> tuple[Change, ...]:
    """Each metric is a separate aspect, so that partial reports merge; at equal times the greater number wins."""
    metrics = raw.get("metrics")
    if not isinstance(metrics, dict):
        metrics = {}
    given = [name for name in METRIC_NAMES if metrics.get(name) is not None]
    if not given:
        raise EventError("`metrics` must be an object with at least one of views, likes, shares.")
    return tuple(Change(name, (at, _count(metrics[name], name)), metrics[name]) for name in given)


def _author(raw: Mapping[str, Any]) -> tuple[str, str, str]:
    author = raw.get("author")
    if not isinstance(author, dict):
        raise EventError("`author` must be an object with an `id`, and may have `handle` and `name`.")
    return (
        _text(author, "id", ID_LENGTH, non_empty=True),
        _text(author, "handle", NAME_LENGTH, optional=True),
        _text(author, "name", NAME_LENGTH, optional=True),
    )


def _count(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_METRIC:
        raise EventError(f"`metrics.{name}` must be a whole number from 0 to {MAX_METRIC}.")
    return value


def _occurred_at(raw: Mapping[str, Any]) -> int:
    try:
        microseconds = _microseconds(raw.get("occurred_at"))  # TypeError for a wrong type
    except (TypeError, ValueError, OverflowError) as error:
        raise EventError(
            "`occurred_at` must be a time in the form of RFC 3339, with an offset, such as 2026-01-31T12:00:00Z."
        ) from error
    if microseconds < 0:
        raise EventError("`occurred_at` must not be before 1970.")
    return microseconds


@lru_cache(maxsize=4_096)
def _microseconds(text: str) -> int:
    """Return microseconds since 1970. Cached, as many events of a batch have the same time."""
    microseconds = (_read_with_offset(text) - EPOCH) // MICROSECOND
    if not EARLIEST <= microseconds <= LATEST:
        raise OverflowError("the year in UTC does not have four digits")
    return microseconds


def _text(
    raw: Mapping[str, Any], name: str, max_length: int, *, non_empty: bool = False, optional: bool = False
) -> str:
    """Return the text in the field `name`; EventError when it cannot be stored. A missing `optional` field is ""."""
    value = raw.get(name)
    if value is None and optional:
        return ""
    if not isinstance(value, str):
        raise EventError(f"`{name}` must be text." if name in raw else f"`{name}` is missing.")
    if non_empty and not value:
        raise EventError(f"`{name}` must not be empty.")
    if len(value) > max_length:
        raise EventError(f"`{name}` must have at most {max_length} characters; it has {len(value)}.")
    if "\x00" in value:
        raise EventError(f"`{name}` must not contain the NUL character.")
    if not value.isascii() and has_lone_surrogate(value):
        raise EventError(f"`{name}` must be valid Unicode; it contains a lone surrogate.")
    return value


def has_lone_surrogate(value: str) -> bool:
    """Whether the text contains half of a surrogate pair, which UTF-8 cannot encode."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False


Read = Callable[[Mapping[str, Any], int], tuple[Change, ...]]


class _Reader(NamedTuple):
    """The function that reads a kind of change, and the aspects that it changes."""

    read: Read
    aspects: tuple[str, ...]


_READERS: dict[str, _Reader] = {  # by EventType.change
    "content": _Reader(_read_content, ("created", "text")),
    "comment": _Reader(_read_comment, ("created", "text")),
    "message": _Reader(_read_message, ("created", "text")),
    "edit": _Reader(_read_edit, ("text",)),
    "deletion": _Reader(_read_deletion, ("deletion",)),
    "hiding": _Reader(_read_hiding, ("hidden",)),
    "unhiding": _Reader(_read_unhiding, ("hidden",)),
    "metrics": _Reader(_read_metrics, METRIC_NAMES),
}
check_table(
    "_READERS in interactions/events.py", _READERS, dict.fromkeys(one.change for one in EVENT_TYPES.values())
)
# A value that the reader accepts for each field that some reader requires.
_FIELD_EXAMPLES: dict[str, Any] = {
    "author": {"id": "1"},
    "content_id": "1",
    "conversation_id": "1",
    "text": "",
    "metrics": dict.fromkeys(METRIC_NAMES, 0),
}


def _check_fields(event_type: EventType) -> None:
    """Raise InvalidDeclaration unless the type's reader requires exactly the declared fields."""
    read, declared = _READERS[event_type.change].read, sorted(event_type.fields)
    required = sorted(
        name for name in _FIELD_EXAMPLES if _refusal(read, _FIELD_EXAMPLES.keys() - {name}) is not None
    )
    if refusal := _refusal(read, _FIELD_EXAMPLES.keys()):
        raise InvalidDeclaration(
            f"The reader of {event_type.change!r} in interactions/events.py requires a field that has no example in"
            f" _FIELD_EXAMPLES there: {refusal}"
        )
    if declared != required:
        raise InvalidDeclaration(
            f"The event type {event_type.name!r} in interactions/event_types.py declares the fields"
            f" {', '.join(declared) or 'none'}; the reader of {event_type.change!r} in interactions/events.py requires"
            f" {', '.join(required) or 'none'}. Change one of them."
        )


def _refusal(read: Read, names: Iterable[str]) -> str | None:
    """Why the reader refuses an event with the fields `names`; None when it accepts it."""
    try:
        read({name: _FIELD_EXAMPLES[name] for name in names}, 0)
    except EventError as error:
        return str(error)
    return None


for _event_type in EVENT_TYPES.values():
    _check_fields(_event_type)
_BY_TYPE = {name: (one.target, _READERS[one.change].read) for name, one in EVENT_TYPES.items()}


def aspects_of(target: str) -> tuple[str, ...]:
    """Every aspect that the events of a target change, in the order of EVENT_TYPES."""
    types = (one for one in EVENT_TYPES.values() if one.target == target)
    return tuple(dict.fromkeys(aspect for one in types for aspect in _READERS[one.change].aspects))
