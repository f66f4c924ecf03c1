"""Reading the body of a signed batch into events, for the webhook. Pure: no database, no Django.

One event that cannot be read must not cost its neighbours. So when the body as a whole is no JSON, it is cut into the
bytes of its events, and each is read alone.
"""

import codecs
import json
import re
from functools import cached_property
from itertools import pairwise

from interactions.events import MOST_EVENTS, Unreadable

NO_JSON = "The body must be JSON in UTF-8."
WRONG_SHAPE = 'The body must be {"type": "events", "timestamp": …, "data": {"events": […]}}.'
_BLANKS = b" \t\r\n"
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[][{},:]', re.DOTALL)
_OPENING, _CLOSING, _QUOTE, _COLON = b"[{", b"]}", ord('"'), ord(":")
# What leads to the events: an object, in it "data" with an object, in that "events" with a list.
_WAY = ((ord("{"), b""), (ord("{"), b"data"), (ord("["), b"events"))

Span = tuple[int, int]


class EnvelopeError(ValueError):
    """What surrounds the events cannot be read; the message is a sentence for the sender."""


class TooManyEvents(EnvelopeError):
    """The list has more than MOST_EVENTS."""


class Batch:
    """The events of one body, in the order sent: decoded JSON values, or Unreadable where there is none.

    Raises EnvelopeError when `body` is no envelope of events, and TooManyEvents when they are too many.
    """

    def __init__(self, body: bytes) -> None:
        self._body = body.removeprefix(codecs.BOM_UTF8)
        whole = read_json(self._body)
        if isinstance(whole, Unreadable):
            self.events = [read_json(self.raw(position)) for position in range(len(self._spans))]
        else:
            self.events = _events(whole)
        if len(self.events) > MOST_EVENTS:
            raise TooManyEvents(f"Send at most {MOST_EVENTS} events; these were {len(self.events)}.")

    def raw(self, position: int) -> bytes:
        """The bytes of one event as they were sent."""
        start, end = self._spans[position]
        return self._body[start:end]

    @cached_property
    def _spans(self) -> list[Span]:
        return cut(self._body)


def read_json(raw: bytes) -> object:
    """Return the JSON value in `raw`, or Unreadable with what is wrong with it."""
    try:
        return json.loads(raw.decode())
    except UnicodeDecodeError:
        return Unreadable("The event is not valid UTF-8.")
    except json.JSONDecodeError as error:
        return Unreadable(f"The event is not valid JSON at its character {error.pos + 1}.")
    except RecursionError:
        return Unreadable("The event is nested too deeply to be read.")
    except ValueError:  # of int(), whose digits Python bounds
        return Unreadable("The event has a number with too many digits to be read.")


def cut(body: bytes) -> list[Span]:
    """Return where each event in `body` begins and ends; EnvelopeError when what surrounds them is no envelope.

    Takes one pass over strings and brackets, without recursion. The events need not be JSON, as long as their quotes
    and brackets are balanced.
    """
    marks = _marks(body)
    if len(marks) < 2:
        raise EnvelopeError(NO_JSON)
    envelope = read_json(body[: marks[0] + 1] + body[marks[-1] :])
    if isinstance(envelope, Unreadable):
        raise EnvelopeError(NO_JSON)
    _events(envelope)
    spans = [_trimmed(body, before + 1, after) for before, after in pairwise(marks)]
    blank = [start == end for start, end in spans]
    if any(blank) and len(blank) > 1:
        raise EnvelopeError(NO_JSON)
    return [] if any(blank) else spans


def _events(envelope: object) -> list[object]:
    data = envelope.get("data") if isinstance(envelope, dict) else None
    events = data.get("events") if isinstance(data, dict) else None
    if not isinstance(envelope, dict) or not isinstance(events, list) or envelope.get("type") != "events":
        raise EnvelopeError(WRONG_SHAPE)
    return events


def _marks(body: bytes) -> list[int]:
    """Where the list of events opens, each comma between two of them, and where it closes; of two lists the last."""
    marks: list[int] = []
    depth = inside = 0  # open brackets, and how many of them lead to the events
    text = key = b""
    for token in _TOKEN.finditer(body):
        at = token.start()
        character = body[at]
        direct = depth == inside  # this belongs to no other value than those that lead to the events
        if character in _OPENING:
            depth += 1
            if direct and _leads_on(inside, character, key):
                inside += 1
                if inside == len(_WAY):
                    marks = [at]
        elif character in _CLOSING:
            if depth == 0:
                return []
            depth -= 1
            if direct:
                inside -= 1
                if depth == len(_WAY) - 1:
                    marks.append(at)
        elif not direct:
            continue
        elif character == _QUOTE:
            text = token[0]
        elif character == _COLON:
            key = text
        elif depth == len(_WAY):
            marks.append(at)
            if len(marks) > MOST_EVENTS:
                raise TooManyEvents(f"Send at most {MOST_EVENTS} events.")
    return marks


def _leads_on(inside: int, opening: int, key: bytes) -> bool:
    """Whether a bracket that opens after `key` is the next on the way to the events."""
    if inside == len(_WAY) or opening != _WAY[inside][0]:
        return False
    name = _WAY[inside][1]
    return key == b'"%s"' % name or not name or (b"\\" in key and read_json(key) == name.decode())


def _trimmed(body: bytes, start: int, end: int) -> Span:
    """The same piece of `body` without blanks around it."""
    piece = body[start:end]
    start += len(piece) - len(piece.lstrip(_BLANKS))
    return start, max(start, end - len(piece) + len(piece.rstrip(_BLANKS)))
