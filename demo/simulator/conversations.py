"""Direct messages: conversations with a purpose, in which the brand answers and a later line follows from the earlier ones."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from math import log
from random import Random
from typing import NamedTuple

from demo.simulator import tables
from demo.simulator.audience_time import Window
from demo.simulator.people import person, someone, voice
from demo.simulator.pieces import finished, products
from demo.simulator.platforms import MESSAGE_PLATFORMS, PLATFORMS, PURPOSES
from demo.simulator.streams import Key, identity, share, stream
from demo.simulator.tables import Conversation
from demo.simulator.values import BRAND, MESSAGE, Author, Event, ProfileSpec, World
from demo.simulator.voices import voiced

GAP_HOURS, GAP_SIGMA = 0.25, 1.2  # between two lines: median, and sd of its ln [A]
OPEN_FOR = timedelta(days=1)  # how long after its last line a conversation may go on
GOES_ON = 0.8  # share of the open conversations that a window goes on with [A]
EMOJI = {"fan": "praise", "story": "praise"}


class Line(NamedTuple):
    """One line of a conversation, by its writer or by the brand; its place is that among all lines."""

    place: int
    text: str
    by_brand: bool


class Script(NamedTuple):
    """A conversation of the tables, as a memo names it: the niche's own or a general one, and its number."""

    table: str
    number: int

    def conversation(self, world: World) -> Conversation:
        return _tables(world.language, world.niche)[self.table][self.number]


def messages(
    world: World, key: Key, window: Window, count: int, past: Sequence[Event], brand: dict[str, ProfileSpec]
) -> list[Event]:
    """`count` inbound messages in the window, and the brand's answers among them.

    Some go on with conversations in `past`, the others open new ones. Raises ValueError when messages are asked for
    and no platform has them.
    """
    if not count:
        return []
    platforms = [platform for platform in world.platforms if platform in MESSAGE_PLATFORMS]
    if not platforms:
        raise ValueError(f"None of {', '.join(world.platforms)} has direct messages.")
    written: list[Event] = []
    inbound = 0
    openings = _openings(world, key, window, platforms, past)
    number = 0
    while inbound < count:
        said = _said(world, (*key, number), window, next(openings), count - inbound, brand)
        inbound += sum(event.origin == "" for event in said)
        written += said
        number += 1
    return written


class _Opening(NamedTuple):
    """Where a conversation stands: its script, who writes, what was said last and when, and the lines left."""

    script: Script
    last: Event
    left: tuple[Line, ...]


def _openings(
    world: World, key: Key, window: Window, platforms: list[str], past: Sequence[Event]
) -> Iterator[_Opening]:
    """First conversations that are open, then new ones without end."""
    yield from _open(world, key, window, past)
    uses = Counter(_script_of(event) for event in past if event.type == MESSAGE)
    number = 0
    while True:
        yield _new(world, (*key, "opens", number), window, platforms, uses)
        number += 1


def _open(world: World, key: Key, window: Window, past: Iterable[Event]) -> Iterator[_Opening]:
    said: dict[str, list[Event]] = defaultdict(list)
    for event in past:
        if event.type == MESSAGE and window.start - event.at.timestamp() < OPEN_FOR.total_seconds():
            said[event.conversation_id or ""].append(event)
    for conversation_id in sorted(said):
        if share(world.seed, "goes on", conversation_id, *key) < GOES_ON:
            opening = _left(world, said[conversation_id])
            if opening and opening.last.at.timestamp() < window.end - 3:
                yield opening


def _left(world: World, said: Sequence[Event]) -> _Opening | None:
    """The conversation after the last line said; None when nothing of its writer's is left."""
    last = max(said, key=lambda event: (event.at, event.platform_id))
    last = last._replace(author=next((event.author for event in said if event.origin != BRAND), None))
    script = _script_of(last)
    if script is None or last.author is None:
        return None
    try:
        lines = _lines(world, last.platform, script, last.author, last.conversation_id or "")
    except (KeyError, IndexError):  # in words that are not there any more
        return None
    left = tuple(line for line in lines if line.place > int((last.memo or "").split("/")[2]))
    return _Opening(script, last, left) if any(not line.by_brand for line in left) else None


def _script_of(event: Event) -> Script | None:
    """What a message's memo says."""
    if not event.memo:
        return None
    table, number, _ = event.memo.split("/")
    return Script(table, int(number))


def _new(
    world: World, key: Key, window: Window, platforms: list[str], uses: Counter[Script | None]
) -> _Opening:
    """A conversation that nothing has been said in: a placeholder for its last message, and its lines."""
    conversation_id = identity(world.seed, "conversation", *key)
    draw = stream(world.seed, "writes", *key)
    platform = draw.choice(platforms)
    author = person(
        world.seed, tables.language(world.language).locales, platform, someone(draw.random(), draw.random())
    )
    hours = window.open[platform] + (window.close[platform] - window.open[platform]) * draw.random()
    at = window.moment(platform, hours, window.start)
    nothing = Event(MESSAGE, platform, "", at, "", author, conversation_id=conversation_id)
    script = _chosen(world, draw, uses)
    return _Opening(script, nothing, tuple(_lines(world, platform, script, author, conversation_id)))


def _chosen(world: World, draw: Random, uses: Counter[Script | None]) -> Script:
    """A script for a purpose drawn, the least used of a few."""
    purpose = draw.choices(list(PURPOSES), list(PURPOSES.values()))[0]
    fitting = _scripts(world.language, world.niche)[purpose]
    script = min(draw.sample(fitting, min(8, len(fitting))), key=lambda script: uses[script])
    uses[script] += 1
    return script


@cache
def _scripts(language: str, niche: str) -> dict[str, list[Script]]:
    """All scripts by purpose."""
    found: dict[str, list[Script]] = defaultdict(list)
    for table, conversations in _tables(language, niche).items():
        for number, one in enumerate(conversations):
            found[one.purpose].append(Script(table, number))
    return found


def _tables(language: str, niche: str) -> dict[str, tuple[Conversation, ...]]:
    own = tables.niche(language, niche).conversations
    return {"own": own, "general": tables.language(language).conversations}


def _said(
    world: World, key: Key, window: Window, opening: _Opening, most: int, brand: dict[str, ProfileSpec]
) -> list[Event]:
    """The lines said in the window, with at most `most` of the person's; an answer only before a line or at the end."""
    said: list[Event] = []
    last, inbound = opening.last, 0
    for number, line in enumerate(opening.left):
        if inbound == most and not line.by_brand:
            break
        at = last.at if not last.platform_id else _next(world, (*key, number), window, last)
        if at is None:
            break
        last = _message(world, (*key, number), opening.script, last, line, at)
        said.append(last._replace(author=brand[last.platform].author) if line.by_brand else last)
        inbound += not line.by_brand
    return said


def _next(world: World, key: Key, window: Window, last: Event) -> datetime | None:
    """When the next line is said: a log-normal while later, or soon after the window opens; None when it has closed."""
    hours = stream(world.seed, "gap", *key).lognormvariate(log(GAP_HOURS), GAP_SIGMA)
    time = window.times[last.platform]
    due = max(time.at(last.at.timestamp()), window.open[last.platform]) + hours
    after = max(last.at.timestamp(), window.start - 1)
    return (
        window.moment(last.platform, due, after)
        if due < window.close[last.platform] and after < window.end - 2
        else None
    )


def _message(world: World, key: Key, script: Script, last: Event, line: Line, at: datetime) -> Event:
    """A line in its writer's name, as the next one goes on from it."""
    message_id = identity(world.seed, "message", *key)
    memo = f"{script.table}/{script.number}/{line.place}"
    origin = BRAND if line.by_brand else ""
    return last._replace(platform_id=message_id, at=at, text=line.text, origin=origin, memo=memo)


def _lines(
    world: World, platform: str, script: Script, author: Author, conversation_id: str
) -> Iterator[Line]:
    """The lines of one conversation, in order; the same for the same conversation."""
    chosen = script.conversation(world)
    draw = stream(world.seed, "lines", conversation_id)
    niche = tables.niche(world.language, world.niche)
    product, event = draw.choice(products(world.language, niche, world.products)), draw.choice(niche.events)
    short = draw.choice(product.short)
    slots = {
        "the": f"{product.article} {short}".strip(),
        "thing": short,
        "detail": draw.choice(product.details),
        "the_event": f"{event.article} {event.name}".strip(),
        "event": event.name,
        "brand": world.brand,
        "first": author.first_name,
        "order": f"#{draw.randrange(10_000, 100_000)}",
    }
    for place, line in enumerate(chosen.lines):
        text = finished(world, line.removeprefix("> ").format(**slots))
        if line.startswith("> "):
            yield Line(place, text, True)
        else:
            kind = EMOJI.get(chosen.purpose, "spam")
            yield Line(
                place, voiced(text, voice(world.seed, author.id), draw, PLATFORMS[platform], kind), False
            )
