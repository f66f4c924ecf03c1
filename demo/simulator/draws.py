"""One draw for every window: pieces, the comments around them, and conversations.

A window's comments fall on pieces by attractiveness times the share of each piece's lifetime that lies in the window;
the initial batch is the same draw with a long window. Nothing here reads a clock, and every draw is keyed.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import exp, log
from typing import NamedTuple

from demo.simulator import texts
from demo.simulator.people import person, someone
from demo.simulator.platforms import MESSAGE_PLATFORMS, PLATFORMS, REPLY_SIGMA
from demo.simulator.streams import identity, stream
from demo.simulator.values import COMMENT, CONTENT, MESSAGE, Event, World

HOUR = 3600
MESSAGE_GAP = 0.5 * HOUR  # seconds between two messages of one person, median [A]
CONTINUES = 0.5  # share of messages that go on with an open conversation, where there is one [A]


def piece(world: World, key: tuple[object, ...], at: datetime) -> Event:
    """The piece published at `at` that `key` names."""
    draw = stream(world.seed, "piece", *key)
    platform = draw.choice(world.platforms)
    piece_id = identity(world.seed, "piece", *key)
    url = f"https://{platform}.example/p/{piece_id}"
    text = texts.caption(world, platform, piece_id)
    return Event(CONTENT, platform, piece_id, at, text, url=url, kind=draw.choice(PLATFORMS[platform].kinds))


def comments(
    world: World, key: tuple[object, ...], start: datetime, end: datetime, count: int, past: Sequence[Event]
) -> list[Event]:
    """`count` comments in [start, end) on the pieces in `past`, some of them replies; none when there is no piece."""
    pieces = [event for event in past if event.type == CONTENT and event.at < end - timedelta(seconds=1)]
    if not pieces:
        return []
    threads: dict[str, list[Event]] = defaultdict(list)
    for event in past:
        if event.type == COMMENT and event.parent_id is None:
            threads[event.content_id or ""].append(event)
    written = []
    for lot in _lots(world, key, pieces, _weights(world, pieces, start, end), count):
        thread = threads[lot.on.platform_id]
        parent = _parent(thread, lot.parent, end) if lot.is_reply else None
        comment = _comment(world, key, lot, parent, start, end)
        written.append(comment)
        if parent is None:
            thread.append(comment)
    return written


class _Lot(NamedTuple):
    """What chance decides about one comment before its neighbours are known; shares lie in [0, 1)."""

    number: int
    on: Event
    is_reply: bool
    parent: float
    when: float
    who: int


def _lots(
    world: World, key: tuple[object, ...], pieces: list[Event], weights: list[float], count: int
) -> list[_Lot]:
    """The lots of a window, replies last; each aspect has one stream, so that one aspect's change leaves the others."""
    on = stream(world.seed, "which", *key).choices(pieces, weights, k=count)
    reply, parent, when, who = (
        stream(world.seed, aspect, *key) for aspect in ("reply", "parent", "when", "who")
    )
    lots = [
        _Lot(
            number,
            piece,
            reply.random() < PLATFORMS[piece.platform].replies,
            parent.random(),
            when.random(),
            someone(who),
        )
        for number, piece in enumerate(on)
    ]
    return sorted(lots, key=lambda lot: lot.is_reply)


def _weights(world: World, pieces: list[Event], start: datetime, end: datetime) -> list[float]:
    weights = [_attractiveness(world, event) * _share(event, start, end) for event in pieces]
    if sum(weights) > 0:
        return weights
    newest = max(pieces, key=lambda event: (event.at, event.platform_id))
    return [float(event is newest) for event in pieces]


def _attractiveness(world: World, event: Event) -> float:
    draw = stream(world.seed, "attractiveness", event.platform_id)
    return exp(draw.gauss(0, PLATFORMS[event.platform].spread))


def _share(event: Event, start: datetime, end: datetime) -> float:
    arrived = PLATFORMS[event.platform].arrived
    return arrived(_hours(end - event.at)) - arrived(_hours(start - event.at))


def _hours(age: timedelta) -> float:
    return age.total_seconds() / HOUR


def _parent(thread: Sequence[Event], share: float, end: datetime) -> Event | None:
    """One of the first-level comments below the piece that leave time for an answer."""
    latest = end - timedelta(seconds=2)
    answerable = sorted((event.at, event.platform_id, event) for event in thread if event.at < latest)
    return answerable[int(share * len(answerable))][2] if answerable else None


def _comment(
    world: World, window: tuple[object, ...], lot: _Lot, parent: Event | None, start: datetime, end: datetime
) -> Event:
    key, on = (*window, lot.number), lot.on
    author = person(world.seed, on.platform, lot.who)
    at = _reply_time(world, key, on, parent, start, end) if parent else _arrival(lot, start, end)
    comment_id = identity(world.seed, "comment", *key)
    text = texts.comment(
        world, on.platform, on.platform_id, comment_id, author, parent.author if parent else None
    )
    parent_id = parent.platform_id if parent else None
    return Event(COMMENT, on.platform, comment_id, at, text, author, on.platform_id, parent_id)


def _arrival(lot: _Lot, start: datetime, end: datetime) -> datetime:
    """A time inside the window by the piece's age kernel, cut to the window."""
    on, kernel = lot.on, PLATFORMS[lot.on.platform]
    low, high = kernel.arrived(_hours(start - on.at)), kernel.arrived(_hours(end - on.at))
    share = min(low + (high - low) * lot.when, 1 - 1e-12)
    return _inside(
        on.at + timedelta(hours=kernel.age_at(share)), max(start, on.at + timedelta(seconds=1)), end
    )


def _reply_time(
    world: World, key: tuple[object, ...], on: Event, parent: Event, start: datetime, end: datetime
) -> datetime:
    """Later than the parent by a log-normal delay; drawn again when it falls out of the window, then evenly."""
    draw = stream(world.seed, "delay", *key)
    earliest = max(start, parent.at + timedelta(seconds=1))
    for _ in range(5):
        at = parent.at + timedelta(
            hours=draw.lognormvariate(log(PLATFORMS[on.platform].reply_delay), REPLY_SIGMA)
        )
        if earliest <= at < end:
            return _inside(at, earliest, end)
    return _inside(earliest + (end - earliest) * draw.random(), earliest, end)


def _inside(at: datetime, earliest: datetime, end: datetime) -> datetime:
    """`at` in whole seconds, moved into [earliest, end)."""
    return min(max(at.replace(microsecond=0), earliest), end - timedelta(seconds=1))


def messages(
    world: World, key: tuple[object, ...], start: datetime, end: datetime, count: int, past: Iterable[Event]
) -> list[Event]:
    """`count` inbound messages in [start, end): some go on with conversations in `past`, the others open new ones."""
    platforms = [platform for platform in world.platforms if platform in MESSAGE_PLATFORMS]
    if count and not platforms:
        raise ValueError(f"None of {', '.join(world.platforms)} has direct messages.")
    waiting = _open_conversations(world, past)
    written: list[Event] = []
    opened = 0
    while len(written) < count:
        draw = stream(world.seed, "talk", *key, len(written), opened)
        if waiting and draw.random() < CONTINUES:
            last, lines = waiting.pop(draw.randrange(len(waiting)))
        else:
            last, lines = _opening(world, (*key, opened), draw.choice(platforms), start)
            opened += 1
        message = _next_message(world, (*key, len(written)), last, lines[0], start, end)
        written.append(message)
        if lines[1:] and message.at < end - timedelta(seconds=2):
            waiting.append((message, lines[1:]))
    return written


def _open_conversations(world: World, past: Iterable[Event]) -> list[tuple[Event, list[str]]]:
    """The last message of each conversation in `past` that has lines left, with those lines."""
    said: dict[str, list[Event]] = defaultdict(list)
    for event in past:
        if event.type == MESSAGE:
            said[event.conversation_id or ""].append(event)
    found = []
    for conversation in sorted(said):
        lines = texts.conversation(world, conversation)
        last = max(said[conversation], key=lambda event: event.at)
        if last.text in lines and (left := lines[lines.index(last.text) + 1 :]):
            found.append((last, left))
    return found


def _opening(
    world: World, key: tuple[object, ...], platform: str, start: datetime
) -> tuple[Event, list[str]]:
    """A conversation that nothing has been said in: a placeholder for its last message, and its lines."""
    conversation = identity(world.seed, "conversation", *key)
    author = person(world.seed, platform, someone(stream(world.seed, "writes", *key)))
    nothing = Event(MESSAGE, platform, "", start, "", author, conversation_id=conversation)
    return nothing, texts.conversation(world, conversation)


def _next_message(
    world: World, key: tuple[object, ...], last: Event, line: str, start: datetime, end: datetime
) -> Event:
    """The line said after `last`; named by its window, as two windows may go on with one conversation."""
    message_id = identity(world.seed, "message", *key)
    draw = stream(world.seed, "message", message_id)
    earliest = max(start, last.at + timedelta(seconds=1))
    if last.platform_id:
        at = last.at + timedelta(seconds=draw.lognormvariate(log(MESSAGE_GAP), 1.2))
        at = at if earliest <= at < end else earliest + (end - earliest) * draw.random()
    else:
        at = start + (end - start) * draw.random()
    return last._replace(
        platform_id=message_id, at=_inside(at, earliest if last.platform_id else start, end), text=line
    )
