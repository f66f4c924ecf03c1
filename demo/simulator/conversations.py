"""Direct messages: conversations with a purpose, in which the brand answers and a later line follows from the earlier ones."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import count as count_up
from math import exp
from operator import attrgetter
from typing import NamedTuple

from accounts.platforms import MESSAGE_PLATFORMS
from demo.simulator import tables
from demo.simulator.audience_time import Window
from demo.simulator.keyed_random import (
    Key,
    cyclic_slice,
    first_fitting,
    normal,
    numeric_id,
    pick,
    stream,
    uniform,
    uniforms,
    weighted_choice,
)
from demo.simulator.people import person, someone, voice
from demo.simulator.phrases import GENERAL, said_in
from demo.simulator.pieces import finished, products, stand_in
from demo.simulator.platforms import PLATFORM_FIGURES, PURPOSES
from demo.simulator.tables import Conversation, Thing
from demo.simulator.values import BRAND, MESSAGE, Author, Event, ProfileSpec, World
from demo.simulator.voices import voiced

GAP_HOURS, GAP_SIGMA = 0.25, 1.2  # between two lines: median, and sd of its ln [A]
OPEN_FOR = timedelta(days=1)  # how long after its last line a conversation may go on
GOES_ON = 0.8  # share of the open conversations that a window goes on with [A]
COMPLAINT = "complaint"  # a purpose that no window draws
KIND_OF_PURPOSE = {"fan": "praise", "story": "praise", COMPLAINT: "complaint"}
BY_BRAND = "> "  # begins a line of the tables that the brand says


class _Talk(NamedTuple):
    """Where a conversation stands: its script's name, and the place of the line that comes next.

    `at` is when the line before was said, and for the first line when it is said.
    """

    id: str
    platform: str
    author: Author
    script: str
    place: int
    at: datetime


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
    talks, left = _talks(world, key, window, platforms, past), count
    for number in count_up():
        said = list(_said(world, (*key, number), window, next(talks), left, brand))
        written += said
        left -= sum(event.origin == "" for event in said)
        if not left:
            break
    return written


def _talks(
    world: World, key: Key, window: Window, platforms: list[str], past: Sequence[Event]
) -> Iterator[_Talk]:
    """First those that are open, then new ones without end."""
    mail = [event for event in past if event.type == MESSAGE and event.memo]
    yield from _open(world, key, window, mail)
    uses = Counter(_told_by(event)[0] for event in mail)
    for number in count_up():
        yield _new(world, (*key, "opens", number), window, platforms, uses)


def _open(world: World, key: Key, window: Window, mail: Iterable[Event]) -> Iterator[_Talk]:
    said: dict[str, list[Event]] = defaultdict(list)
    for event in mail:
        if window.start - event.at.timestamp() < OPEN_FOR.total_seconds():
            said[event.conversation_id or ""].append(event)
    for id in sorted(said):
        if uniform(world.seed, "goes on", id, *key) < GOES_ON:
            talk = _left(world, id, said[id])
            if talk and talk.at.timestamp() < window.end - 3:
                yield talk


def _left(world: World, id: str, said: Sequence[Event]) -> _Talk | None:
    """The conversation after the last line said; None when nothing of its writer's is left."""
    last = max(said, key=attrgetter("at", "platform_id"))
    author = next((event.author for event in said if event.origin != BRAND), None)
    script, place = _told_by(last)
    try:
        left = _conversation(world, script).lines[place + 1 :]
    except (KeyError, IndexError):  # in words that are not there any more
        return None
    if author is None or all(line.startswith(BY_BRAND) for line in left):
        return None
    return _Talk(id, last.platform, author, script, place + 1, last.at)


def _told_by(event: Event) -> tuple[str, int]:
    """The script that a message's memo names, and the place of its line in it."""
    script, _, place = (event.memo or "").rpartition("/")
    return script, int(place)


def _conversation(world: World, script: str) -> Conversation:
    return _conversations(world.language, world.niche)[script]


@cache
def _conversations(language: str, niche: str) -> dict[str, Conversation]:
    """All by their scripts' names: the niche's own, general ones and complaints, by table and number."""
    listed = {"own": tables.niche(language, niche).conversations}
    listed["general"] = tables.language(language).conversations
    named = {f"{table}/{number}": one for table in listed for number, one in enumerate(listed[table])}
    return named | _complaints(language, niche)


def _complaints(language: str, niche: str) -> dict[str, Conversation]:
    """What people complain of below pieces about products, as messages; named as the lines of comments are."""
    topics = tables.niche(language, niche).topics.values()
    facets = {facet: None for topic in topics if topic.about == "product" for facet in topic.facets}
    return {
        line.name: Conversation(COMPLAINT, (line.line,))
        for facet in (*facets, GENERAL)
        for line in said_in(language, niche, facet, COMPLAINT)
        if "{the}" in line.line
    }


def _new(world: World, key: Key, window: Window, platforms: list[str], uses: Counter[str]) -> _Talk:
    """One in which nothing has been said."""
    id, lots = numeric_id(world.seed, "conversation", *key), uniforms(6, world.seed, "writes", *key)
    platform = pick(platforms, lots[0])
    author = person(world.seed, tables.language(world.language).locales, platform, someone(lots[1], lots[2]))
    hours = window.open[platform] + (window.close[platform] - window.open[platform]) * lots[3]
    at = window.moment(platform, hours, window.start)
    return _Talk(id, platform, author, _chosen(world, lots[4], lots[5], uses), 0, at)


def _chosen(world: World, purpose: float, which: float, uses: Counter[str]) -> str:
    """A script for the purpose on which the first lot falls, the least used of a few."""
    fitting = _scripts(world.language, world.niche)[weighted_choice(purpose, PURPOSES.items())]
    script = min(cyclic_slice(fitting, 8, which), key=lambda script: uses[script])
    uses[script] += 1
    return script


@cache
def _scripts(language: str, niche: str) -> dict[str, tuple[str, ...]]:
    """The names of all scripts by purpose."""
    found: dict[str, list[str]] = defaultdict(list)
    for script, one in _conversations(language, niche).items():
        found[one.purpose].append(script)
    return {purpose: tuple(names) for purpose, names in found.items()}


def scripts(world: World, purpose: str) -> tuple[str, ...]:
    """The names of all scripts of a purpose."""
    return _scripts(world.language, world.niche)[purpose]


def openings(world: World, purpose: str) -> dict[str, str]:
    """The scripts of a purpose in which the writer says one line and waits for the brand, with that line."""
    named = ((script, _conversation(world, script).lines) for script in scripts(world, purpose))
    return {
        script: lines[0] for script, lines in named if all(line.startswith(BY_BRAND) for line in lines[1:2])
    }


def opened(
    world: World, key: Key, platforms: Sequence[str], script: str, at: datetime, about: Thing | None = None
) -> Event:
    """The message with which somebody opens a conversation of their own; about that product, if it is given.

    What a conversation is about is known from its id, so an id is looked for that is about the product.
    """
    id = first_fitting(
        lambda attempt: numeric_id(world.seed, "conversation", *key, attempt),
        lambda id: about is None or _product(world, uniforms(5, world.seed, "about", id)[0]) == about,
    )
    lots = uniforms(3, world.seed, "writes", *key)
    platform = pick(platforms, lots[0])
    author = person(world.seed, tables.language(world.language).locales, platform, someone(*lots[1:]))
    talk = _Talk(id, platform, author, script, 0, at)
    return _line(world, (*key, 0), talk, 0, at, _slots(world, talk), {})


def _said(
    world: World, key: Key, window: Window, talk: _Talk, most: int, brand: dict[str, ProfileSpec]
) -> Iterator[Event]:
    """The lines said in the window, with at most `most` of the person's."""
    conversation, slots = _conversation(world, talk.script), _slots(world, talk)
    at, inbound = talk.at, 0
    for place, line in enumerate(conversation.lines[talk.place :], talk.place):
        by_brand = line.startswith(BY_BRAND)
        due = _next(world, (*key, place), window, talk.platform, at) if place else at
        if due is None or (inbound == most and not by_brand):
            break
        at, inbound = due, inbound + (not by_brand)
        yield _line(world, (*key, place), talk, place, at, slots, brand)


def _line(
    world: World,
    key: Key,
    talk: _Talk,
    place: int,
    at: datetime,
    slots: dict[str, str],
    brand: dict[str, ProfileSpec],
) -> Event:
    """What is said at a place of the conversation."""
    conversation = _conversation(world, talk.script)
    line = conversation.lines[place]
    by_brand = line.startswith(BY_BRAND)
    text = finished(world, line.removeprefix(BY_BRAND).format(**slots))
    if not by_brand:
        text = _typed(world, talk, place, conversation.purpose, text)
    return Event(
        MESSAGE,
        talk.platform,
        numeric_id(world.seed, "message", *key),
        at,
        text,
        brand[talk.platform].author if by_brand else talk.author,
        conversation_id=talk.id,
        memo=f"{talk.script}/{place}",
        origin=BRAND if by_brand else "",
    )


def _next(world: World, key: Key, window: Window, platform: str, last: datetime) -> datetime | None:
    """When the next line is said: a log-normal while later, or soon after the window opens; None when it has closed."""
    hours = GAP_HOURS * exp(GAP_SIGMA * normal(uniform(world.seed, "gap", *key)))
    due = max(window.times[platform].at(last.timestamp()), window.open[platform]) + hours
    after = max(last.timestamp(), window.start - 1)
    if due >= window.close[platform] or after >= window.end - 2:
        return None
    return window.moment(platform, due, after)


def _slots(world: World, talk: _Talk) -> dict[str, str]:
    """What a conversation is about; the same in every window."""
    lots, niche = uniforms(5, world.seed, "about", talk.id), tables.niche(world.language, world.niche)
    product, event = _product(world, lots[0]), pick(niche.events, lots[1])
    short = stand_in(world, pick(product.short, lots[2]))
    return {
        "the": f"{product.article} {short}".strip(),
        "thing": short,
        "detail": pick(product.details, lots[3]),
        "the_event": f"{event.article} {event.name}".strip(),
        "event": event.name,
        "brand": stand_in(world, world.brand),
        "first": talk.author.first_name,
        "order": f"#{10_000 + int(90_000 * lots[4])}",
    }


def _product(world: World, lot: float) -> Thing:
    return pick(products(world.language, tables.niche(world.language, world.niche), world.products), lot)


def _typed(world: World, talk: _Talk, place: int, purpose: str, text: str) -> str:
    """A line as its writer types it."""
    draw, kind = stream(world.seed, "line", talk.id, place), KIND_OF_PURPOSE.get(purpose, "spam")
    return voiced(text, voice(world.seed, talk.author.id), draw, PLATFORM_FIGURES[talk.platform], kind)
