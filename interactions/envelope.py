"""Reading the body of a signed batch into events, for the webhook. Pure: no database, no Django.

One event that cannot be read must not cost its neighbours. So when the body as a whole is no JSON, or is large, it is cut
into the bytes of its events, and each is read alone. What costs time is bounded before it is done: decoding an event by
its bytes and values, cutting by the steps that it takes.
"""

import codecs
import json
import re
from functools import cached_property
from itertools import pairwise

from interactions.events import MAX_EVENTS, Unreadable

MAX_EVENT_BYTES = 2**20  # a text of 65,536 characters, each escaped as two \uXXXX, takes 786,432
MAX_VALUES = 20_000  # brackets and commas of one event, or around the events, outside of texts
MAX_VALUES_OF_ALL = 200_000  # of the events of one body
MAX_STEPS = 200_000  # of cutting a body; an event with an author takes four

NO_JSON = "The body must be JSON in UTF-8."
WRONG_SHAPE = 'The body must be {"type": "events", "timestamp": …, "data": {"events": […]}}.'
NOTHING_BETWEEN = "The list of events has a comma without an event beside it."
TWO_LISTS = "The body has more than one list of events, and cannot be read so; send one."
TOO_DENSE = f"What surrounds the events must have at most {MAX_VALUES} brackets and commas."
TOO_LARGE = Unreadable(
    f"The event must have at most {MAX_EVENT_BYTES} bytes and, outside of texts, {MAX_VALUES} brackets and commas."
)
SEND_FEWER = "The events have too many values for one body; send them in smaller batches."

_BLANKS = b" \t\r\n"
_TEXT = rb'"(?:[^"\\]++|\\.)*+"'
_TEXTS = re.compile(
    _TEXT + b"?", re.DOTALL
)  # one that does not end is one too, or each of its quotes would begin one
_TOKEN = re.compile(_TEXT + b"?|[][{},:]", re.DOTALL)
_RUN = re.compile(rb"[\[{]++|[\]}]++")
_OPENING, _CLOSING, _QUOTE, _COLON = b"[{", b"]}", ord('"'), ord(":")


def _flat(levels: int) -> bytes:
    """A pattern of what has no bracket, or pairs of brackets that stand in each other at most `levels` deep."""
    pairs = rb"|[\[{]" + _flat(levels - 1) + rb"[\]}]" if levels else b""
    return rb'(?:[^][{}"]++|' + _TEXT + pairs + rb")*+"


_FLAT = re.compile(_flat(2), re.DOTALL)
# What leads to the events: an object, in it "data" with an object, in that "events" with a list.
_WAY = ((ord("{"), b""), (ord("{"), b"data"), (ord("["), b"events"))

Span = tuple[int, int]


class _NoNumber(ValueError):
    """NaN, Infinity or -Infinity, which Python's reader takes and JSON does not have."""


def _refuse(constant: str) -> object:
    raise _NoNumber(constant)


_DECODER = json.JSONDecoder(parse_constant=_refuse)


class EnvelopeError(ValueError):
    """What surrounds the events cannot be read; the message is a sentence for the sender."""


class TooMuch(EnvelopeError):
    """The events are more than MAX_EVENTS, or cost more to read than those of one body may."""


class Batch:
    """The events of one body, in the order sent: decoded JSON values, or Unreadable where there is none.

    Raises EnvelopeError when `body` is no envelope of events, and TooMuch when these should be sent in smaller batches.
    What becomes of an event does not depend on its neighbours: a body that is read as a whole has no event that alone
    would be too large.
    """

    def __init__(self, body: bytes) -> None:
        self._body = body.removeprefix(codecs.BOM_UTF8)
        whole = read_event_bytes(self._body)
        if isinstance(whole, Unreadable):
            self.events = self._one_by_one()
        else:
            self.events = _events(whole)
        if len(self.events) > MAX_EVENTS:
            raise TooMuch(f"Send at most {MAX_EVENTS} events; these were {len(self.events)}.")

    def raw(self, position: int) -> bytes:
        """The bytes of one event as they were sent; of one that is too large the beginning, which is too large too."""
        start, end = self._spans[position]
        return self._body[start : min(end, start + MAX_EVENT_BYTES + 1)]

    def _one_by_one(self) -> list[object]:
        values = 0
        events: list[object] = []
        for position in range(len(self._spans)):
            raw = self.raw(position)
            if len(raw) > MAX_EVENT_BYTES or (own := _values(raw)) > MAX_VALUES:
                events.append(TOO_LARGE)
                continue
            values += own
            if values > MAX_VALUES_OF_ALL:
                raise TooMuch(SEND_FEWER)
            events.append(read_json(raw))
        return events

    @cached_property
    def _spans(self) -> list[Span]:
        return cut(self._body)


def read_event_bytes(raw: bytes) -> object:
    """Return the JSON value in `raw`, or Unreadable when it is too large or there is none."""
    return TOO_LARGE if is_too_large(raw) else read_json(raw)


def is_too_large(raw: bytes) -> bool:
    """Whether reading it would take longer than one event may."""
    if len(raw) > MAX_EVENT_BYTES:
        return True
    return _marks_in(raw) > MAX_VALUES and _values(raw) > MAX_VALUES


def _values(raw: bytes) -> int:
    """The brackets that open and the commas in `raw`, outside of texts, which are two for each of them at most.

    About as many as it has values. Beyond MAX_VALUES it may be less than there are.
    """
    rest, texts = _TEXTS.subn(b"", raw, count=2 * MAX_VALUES + 2)
    return max(_marks_in(rest), texts // 2)


def _marks_in(raw: bytes) -> int:
    return sum(map(raw.count, (b"[", b"{", b",")))


def read_json(raw: bytes) -> object:
    """Return the JSON value in `raw`, or Unreadable with what is wrong with it."""
    try:
        return _DECODER.decode(raw.decode())
    except (ValueError, RecursionError) as error:
        return Unreadable(f"The event {_fault(error)}.")


def _fault(error: ValueError | RecursionError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "is not valid UTF-8"
    if isinstance(error, json.JSONDecodeError):
        return f"is not valid JSON at its character {error.pos + 1}"
    if isinstance(error, _NoNumber):
        return f"is not valid JSON: {error} is no number there"
    if isinstance(error, RecursionError):
        return "is nested too deeply to be read"
    return "has a number with too many digits to be read"  # of int(), whose digits Python bounds


def cut(body: bytes) -> list[Span]:
    """Return where each event in `body` begins and ends; EnvelopeError when what surrounds them is no envelope.

    Takes one pass over strings and brackets, without recursion. The events need not be JSON, as long as their quotes
    and brackets are balanced.
    """
    marks = _marks(body)
    if len(marks) < 2:
        raise EnvelopeError(_without_list(body))
    _events(_envelope(body, marks))
    spans = [_trimmed(body, before + 1, after) for before, after in pairwise(marks)]
    blank = [start == end for start, end in spans]
    if any(blank) and len(blank) > 1:
        raise EnvelopeError(NOTHING_BETWEEN)
    return [] if any(blank) else spans


def _without_list(body: bytes) -> str:
    """What is wrong with a body in which no list of events begins and ends."""
    if is_too_large(body):
        return WRONG_SHAPE
    try:
        _DECODER.decode(body.decode())
    except (UnicodeDecodeError, json.JSONDecodeError):
        return NO_JSON
    except (ValueError, RecursionError) as error:
        return f"No list of events was found in the body, which {_fault(error)}."
    return WRONG_SHAPE


def _envelope(body: bytes, marks: list[int]) -> object:
    """What surrounds the events, decoded, with an empty list in their place."""
    around = body[: marks[0] + 1] + body[marks[-1] :]
    try:
        if _values(around) > MAX_VALUES:
            raise EnvelopeError(TOO_DENSE)
        return _DECODER.decode(around.decode())
    except EnvelopeError:
        raise
    except (ValueError, RecursionError) as error:
        if _marks(body[: marks[0]]):
            raise EnvelopeError(TWO_LISTS) from error
        if isinstance(error, UnicodeDecodeError | json.JSONDecodeError):
            raise EnvelopeError(NO_JSON) from error
        raise EnvelopeError(f"What surrounds the events {_fault(error)}.") from error


def _events(envelope: object) -> list[object]:
    data = envelope.get("data") if isinstance(envelope, dict) else None
    events = data.get("events") if isinstance(data, dict) else None
    if not isinstance(envelope, dict) or not isinstance(events, list) or envelope.get("type") != "events":
        raise EnvelopeError(WRONG_SHAPE)
    return events


def _marks(body: bytes) -> list[int]:
    """Where the list of events opens, each comma between two of them, and where it closes; of two lists the last.

    Raises TooMuch when that takes more than MAX_STEPS.
    """
    marks: list[int] = []
    depth = inside = at = 0  # open brackets, and how many of them lead to the events
    text = key = b""
    for _ in range(MAX_STEPS):
        if depth > inside:  # within a value that does not lead to the events
            flat = _FLAT.match(body, at)  # of any length, also none
            run = _RUN.match(body, flat.end() if flat else at)
            if run is None:
                return marks
            opens = body[run.start()] in _OPENING
            length = len(run[0]) if opens else min(len(run[0]), depth - inside)
            depth += length if opens else -length
            at = run.start() + length
            continue
        token = _TOKEN.search(body, at)
        if token is None:
            return marks
        start, at = token.span()
        character = body[start]
        if character in _OPENING:
            if _leads_on(inside, character, key):
                inside += 1
                if inside == len(_WAY):
                    marks = [start]
            depth += 1
        elif character in _CLOSING:
            if depth == 0:
                return []
            if depth == len(_WAY):
                marks.append(start)
            depth, inside = depth - 1, inside - 1
        elif character == _QUOTE:
            text = token[0]
        elif character == _COLON:
            key = text
        elif depth == len(_WAY):
            marks.append(start)
            if len(marks) > MAX_EVENTS:
                raise TooMuch(f"Send at most {MAX_EVENTS} events.")
    raise TooMuch(SEND_FEWER)


def _leads_on(inside: int, opening: int, key: bytes) -> bool:
    """Whether a bracket that opens after `key` is the next on the way to the events."""
    if inside == len(_WAY) or opening != _WAY[inside][0]:
        return False
    name = _WAY[inside][1]
    escaped = b"\\" in key and len(key) <= len(b"\\u0000") * len(name) + 2
    return key == b'"%s"' % name or not name or (escaped and read_json(key) == name.decode())


def _trimmed(body: bytes, start: int, end: int) -> Span:
    """The same piece of `body` without blanks around it."""
    piece = body[start:end]
    start += len(piece) - len(piece.lstrip(_BLANKS))
    return start, max(start, end - len(piece) + len(piece.rstrip(_BLANKS)))
