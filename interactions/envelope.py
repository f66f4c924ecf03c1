"""Splits the body of a webhook batch into events. Pure: no database, no Django; called by the webhook and by replays.

One unreadable event must not reject the others. So a body that is large, or not JSON as a whole, is split into the bytes
of its events, and each is decoded alone. The cost is limited beforehand: decoding an event by its bytes and values,
splitting by a number of steps.
"""

import codecs
import json
import re
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise

from interactions.events import MAX_EVENTS, Unreadable

MAX_EVENT_BYTES = 2**20  # a text of 65,536 characters, each escaped as two \uXXXX, takes 786,432
MAX_VALUES = 20_000  # opening brackets and commas outside of strings, of one event or around the events
MAX_TOTAL_VALUES = 200_000  # of all events of a body
MAX_STEPS = 200_000  # of splitting a body; an event with an author takes three

NOT_JSON = "The body must be JSON in UTF-8."
WRONG_SHAPE = 'The body must be {"type": "events", "timestamp": …, "data": {"events": […]}}.'
MISSING_EVENT = "The list of events has a comma without an event before or after it."
TWO_LISTS = "The body has more than one list of events; send one list."
TOO_MANY_AROUND = f"The body must have at most {MAX_VALUES} brackets and commas outside of its events."
TOO_LARGE = Unreadable(
    f"The event must have at most {MAX_EVENT_BYTES} bytes and, outside of strings, {MAX_VALUES} brackets and commas."
)
SEND_FEWER = "The events have too many values for one body; send them in smaller batches."

_BLANKS = b" \t\r\n"
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
# An unterminated string counts as one; otherwise each later quote would begin another.
_STRINGS = re.compile(_STRING + b"?", re.DOTALL)
_TOKEN = re.compile(_STRING + b"?|[][{},:]", re.DOTALL)
_BRACKETS = re.compile(rb"[\[{]++|[\]}]++")
_OPENING, _CLOSING, _QUOTE, _COLON = b"[{", b"]}", ord('"'), ord(":")


def _flat(levels: int) -> bytes:
    """Return a pattern of text without brackets, or with bracket pairs nested at most `levels` deep."""
    pairs = rb"|[\[{]" + _flat(levels - 1) + rb"[\]}]" if levels else b""
    return rb'(?:[^][{}"]++|' + _STRING + pairs + rb")*+"


_FLAT = re.compile(_flat(2), re.DOTALL)
# The path to the events: (opening bracket, key before it) of the body, of "data" and of "events".
_PATH = ((ord("{"), b""), (ord("{"), b"data"), (ord("["), b"events"))

Span = tuple[int, int]


class _NotJsonNumber(ValueError):
    """NaN, Infinity or -Infinity, which Python's decoder accepts and JSON does not have."""


def _refuse(constant: str) -> object:
    raise _NotJsonNumber(constant)


_DECODER = json.JSONDecoder(parse_constant=_refuse)


class EnvelopeError(ValueError):
    """The envelope around the events is invalid; the message is a sentence for the sender."""


class BatchTooLarge(EnvelopeError):
    """The body has more than MAX_EVENTS events, or costs too much to read."""


class Batch:
    """The events of one body, in the order sent: decoded JSON values, or Unreadable.

    Raises EnvelopeError when `body` is not an envelope of events, and BatchTooLarge when it must be sent in smaller
    batches. The result of an event does not depend on the others: a body that is small enough to be decoded as a whole
    has no event that alone would be too large.
    """

    def __init__(self, body: bytes) -> None:
        self._body = body.removeprefix(codecs.BOM_UTF8)
        whole = read_event_bytes(self._body)
        if isinstance(whole, Unreadable):
            self.events = self._decode_one_by_one()
        else:
            self.events = _events(whole)
        if len(self.events) > MAX_EVENTS:
            raise BatchTooLarge(f"Send at most {MAX_EVENTS} events; the body has {len(self.events)}.")

    def raw(self, position: int) -> bytes:
        """Return an event's bytes as they were sent; of a longer event the first MAX_EVENT_BYTES + 1."""
        start, end = self._spans[position]
        return self._body[start : min(end, start + MAX_EVENT_BYTES + 1)]

    def _decode_one_by_one(self) -> list[object]:
        values = 0
        events: list[object] = []
        for position in range(len(self._spans)):
            raw = self.raw(position)
            if len(raw) > MAX_EVENT_BYTES or (event_values := _count_values(raw)) > MAX_VALUES:
                events.append(TOO_LARGE)
                continue
            values += event_values
            if values > MAX_TOTAL_VALUES:
                raise BatchTooLarge(SEND_FEWER)
            events.append(read_json(raw))
        return events

    @cached_property
    def _spans(self) -> list[Span]:
        return event_spans(self._body)


def read_event_bytes(raw: bytes) -> object:
    """Return the JSON value in `raw`, or Unreadable when it is too large or not JSON."""
    return TOO_LARGE if is_too_large(raw) else read_json(raw)


def is_too_large(raw: bytes) -> bool:
    """Whether decoding the event would take too long."""
    if len(raw) > MAX_EVENT_BYTES:
        return True
    return _count_brackets_and_commas(raw) > MAX_VALUES and _count_values(raw) > MAX_VALUES


def _count_values(raw: bytes) -> int:
    """Count the opening brackets and commas in `raw` outside of strings: about the number of its JSON values.

    Counts half of the strings instead if that is more. Above MAX_VALUES the result may be too low.
    """
    rest, strings = _STRINGS.subn(b"", raw, count=2 * MAX_VALUES + 2)
    return max(_count_brackets_and_commas(rest), strings // 2)


def _count_brackets_and_commas(raw: bytes) -> int:
    return sum(map(raw.count, (b"[", b"{", b",")))


def read_json(raw: bytes) -> object:
    """Return the JSON value in `raw`, or Unreadable with the reason."""
    try:
        return _DECODER.decode(raw.decode())
    except (ValueError, RecursionError) as error:
        return Unreadable(f"The event {_describe(error)}.")


def _describe(error: ValueError | RecursionError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "is not valid UTF-8"
    if isinstance(error, json.JSONDecodeError):
        return f"is not valid JSON at character {error.pos + 1}"
    if isinstance(error, _NotJsonNumber):
        return f"is not valid JSON: {error} is not a number in JSON"
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    return "has a number with too many digits"  # ValueError of int(): Python limits its digits


def event_spans(body: bytes) -> list[Span]:
    """Return the start and end of each event in `body`; EnvelopeError when the rest is not an envelope.

    Takes one pass over strings and brackets, without recursion. The events need not be JSON, as long as their quotes
    and brackets are balanced.
    """
    separators = _separators(body)
    if len(separators) < 2:
        raise EnvelopeError(_no_list_error(body))
    _events(_envelope(body, separators))
    spans = [_trim(body, before + 1, after) for before, after in pairwise(separators)]
    blank = [start == end for start, end in spans]
    if any(blank) and len(blank) > 1:
        raise EnvelopeError(MISSING_EVENT)
    return [] if any(blank) else spans


def _no_list_error(body: bytes) -> str:
    """Return the error for a body without a complete list of events."""
    if is_too_large(body):
        return WRONG_SHAPE
    try:
        _DECODER.decode(body.decode())
    except (UnicodeDecodeError, json.JSONDecodeError):
        return NOT_JSON
    except (ValueError, RecursionError) as error:
        return f"The body has no list of events; it {_describe(error)}."
    return WRONG_SHAPE


def _envelope(body: bytes, separators: list[int]) -> object:
    """Return the decoded body with an empty list of events."""
    around = body[: separators[0] + 1] + body[separators[-1] :]
    try:
        if _count_values(around) > MAX_VALUES:
            raise EnvelopeError(TOO_MANY_AROUND)
        return _DECODER.decode(around.decode())
    except EnvelopeError:
        raise
    except (ValueError, RecursionError) as error:
        if _separators(body[: separators[0]]):
            raise EnvelopeError(TWO_LISTS) from error
        if isinstance(error, UnicodeDecodeError | json.JSONDecodeError):
            raise EnvelopeError(NOT_JSON) from error
        raise EnvelopeError(f"The body outside of its events {_describe(error)}.") from error


def _events(envelope: object) -> list[object]:
    """Return the list of events in a decoded envelope; EnvelopeError when it has another shape."""
    data = envelope.get("data") if isinstance(envelope, dict) else None
    events = data.get("events") if isinstance(data, dict) else None
    if not isinstance(envelope, dict) or not isinstance(events, list) or envelope.get("type") != "events":
        raise EnvelopeError(WRONG_SHAPE)
    return events


def _separators(body: bytes) -> list[int]:
    """Return the positions of the bracket that opens the list of events, the commas between events, and the closing bracket.

    If the body has two lists, returns those of the last. Raises BatchTooLarge when that takes more than MAX_STEPS.
    """
    separators: list[int] = []
    depth = at = 0  # depth: the open brackets, all of them on the path to the events
    string = key = b""
    steps = iter(range(MAX_STEPS))
    for _ in steps:
        token = _TOKEN.search(body, at)
        if token is None:
            return separators
        start, at = token.span()
        character = body[start]
        if character in _OPENING:
            if _continues_path(depth, character, key):
                depth += 1
                if depth == len(_PATH):
                    separators = [start]
            else:
                at = _end_of_value(body, at, steps)
        elif character in _CLOSING:
            if depth == 0:
                return []
            if depth == len(_PATH):
                separators.append(start)
            depth -= 1
        elif character == _QUOTE:
            string = token[0]
        elif character == _COLON:
            key = string
        elif depth == len(_PATH):
            separators.append(start)
            if len(separators) > MAX_EVENTS:
                raise BatchTooLarge(f"Send at most {MAX_EVENTS} events.")
    raise BatchTooLarge(SEND_FEWER)


def _end_of_value(body: bytes, at: int, steps: Iterator[int]) -> int:
    """Return the position after the value whose opening bracket ends at `at`; the body's length if it has no end.

    Each text without brackets and each run of brackets takes one of `steps`. When they are used up, returns any position.
    """
    depth = 1
    for _ in steps:
        flat = _FLAT.match(body, at)  # may be empty
        brackets = _BRACKETS.match(body, flat.end() if flat else at)
        if brackets is None:
            return len(body)
        start, at = brackets.span()
        if body[start] in _OPENING:
            depth += at - start
        elif at - start >= depth:
            return start + depth
        else:
            depth -= at - start
    return at


def _continues_path(depth: int, opening: int, key: bytes) -> bool:
    """Whether the bracket `opening` after the string `key` is the next one on the path to the events."""
    if depth == len(_PATH) or opening != _PATH[depth][0]:
        return False
    name = _PATH[depth][1]
    escaped = b"\\" in key and len(key) <= len(b"\\u0000") * len(name) + 2
    return key == b'"%s"' % name or not name or (escaped and read_json(key) == name.decode())


def _trim(body: bytes, start: int, end: int) -> Span:
    """Return the span without the blanks at its ends."""
    part = body[start:end]
    start += len(part) - len(part.lstrip(_BLANKS))
    return start, max(start, end - len(part) + len(part.rstrip(_BLANKS)))
