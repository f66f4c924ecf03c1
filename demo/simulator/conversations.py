"""Draws direct messages: scripted conversations between a person and the brand. Called by windows.py and scenarios.py.

A message's memo is "script name/index of its line", from which a later window continues the conversation.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count as count_from
from math import exp
from operator import attrgetter
from typing import NamedTuple

from accounts.platforms import MESSAGE_PLATFORMS
from demo.simulator import tables
from demo.simulator.audience_time import AudienceWindow
from demo.simulator.keyed_random import (
    Key,
    cyclic_slice,
    normal_quantile,
    numeric_id,
    rejection_sample,
    stream,
    uniform,
    uniform_choice,
    uniforms,
    weighted_choice,
)
from demo.simulator.people import person, person_number, writing_style
from demo.simulator.platforms import PLATFORM_FIGURES, PURPOSES
from demo.simulator.posts import complete_text, products, protect_name
from demo.simulator.scripts import BRAND_PREFIX, COMPLAINT, script_named, script_names
from demo.simulator.tables import ProductOrEvent
from demo.simulator.values import BRAND_ORIGIN, MESSAGE, Author, ProfileSpec, SimulatedEvent, World
from demo.simulator.writing_style import apply_style

GAP_HOURS, GAP_SIGMA = 0.25, 1.2  # between two lines: median in audience hours, and sd of its ln [A]
MAX_PAUSE = timedelta(days=1)  # after the last line, within which a conversation may be continued
CONTINUED_SHARE = 0.8  # of the open conversations that a window continues [A]
CANDIDATE_SCRIPTS = 8  # of which the least used one is taken
# The kind of text whose emoji a purpose uses; "spam" for all other purposes.
EMOJI_KINDS = {"fan": "praise", "story": "praise", COMPLAINT: "complaint"}


class _Conversation(NamedTuple):
    """The state of a conversation. `at` is the time of the previous line; before the first line, of the first line."""

    id: str
    platform: str
    author: Author
    script: str
    next_line: int
    at: datetime


def messages(
    world: World,
    key: Key,
    window: AudienceWindow,
    count: int,
    past: Sequence[SimulatedEvent],
    brand: Mapping[str, ProfileSpec],
) -> list[SimulatedEvent]:
    """`count` inbound messages within the window, and the brand's replies between them.

    Open conversations of `past` are continued first, then new ones begin. Raises ValueError when `count` is positive and
    no platform of the world has messages.
    """
    if not count:
        return []
    platforms = [platform for platform in world.platforms if platform in MESSAGE_PLATFORMS]
    if not platforms:
        raise ValueError(f"None of {', '.join(world.platforms)} has direct messages.")
    found: list[SimulatedEvent] = []
    conversations = _conversations(world, key, window, platforms, past)
    remaining = count
    for number in count_from():
        lines = [*_lines_in_window(world, (*key, number), window, next(conversations), remaining, brand)]
        found += lines
        remaining -= sum(event.origin == "" for event in lines)
        if not remaining:
            break
    return found


def _conversations(
    world: World,
    key: Key,
    window: AudienceWindow,
    platforms: list[str],
    past: Sequence[SimulatedEvent],
) -> Iterator[_Conversation]:
    """The open conversations, then an endless sequence of new ones."""
    past_messages = [event for event in past if event.type == MESSAGE and event.memo]
    yield from _open_conversations(world, key, window, past_messages)
    script_uses = Counter(_script_and_line(event)[0] for event in past_messages)
    for number in count_from():
        yield _new_conversation(world, (*key, "opens", number), window, platforms, script_uses)


def _open_conversations(
    world: World, key: Key, window: AudienceWindow, past_messages: Iterable[SimulatedEvent]
) -> Iterator[_Conversation]:
    recent: dict[str, list[SimulatedEvent]] = defaultdict(list)
    for event in past_messages:
        if window.start - event.at.timestamp() < MAX_PAUSE.total_seconds():
            recent[event.conversation_id or ""].append(event)
    for id in sorted(recent):
        if uniform(world.seed, "goes on", id, *key) < CONTINUED_SHARE:
            conversation = _resumed(world, id, recent[id])
            if conversation and conversation.at.timestamp() < window.end - 3:
                yield conversation


def _resumed(world: World, id: str, lines: Sequence[SimulatedEvent]) -> _Conversation | None:
    """The state after `lines`; None when the person has no line left, or the tables no longer have the script."""
    last = max(lines, key=attrgetter("at", "platform_id"))
    author = next((event.author for event in lines if event.origin != BRAND_ORIGIN), None)
    script, index = _script_and_line(last)
    try:
        remaining = script_named(world, script).lines[index + 1 :]
    except (KeyError, IndexError):
        return None
    if author is None or all(line.startswith(BRAND_PREFIX) for line in remaining):
        return None
    return _Conversation(id, last.platform, author, script, index + 1, last.at)


def _script_and_line(event: SimulatedEvent) -> tuple[str, int]:
    """The name of the script and the index of the line that a message's memo names."""
    script, _, index = (event.memo or "").rpartition("/")
    return script, int(index)


def _new_conversation(
    world: World, key: Key, window: AudienceWindow, platforms: list[str], script_uses: Counter[str]
) -> _Conversation:
    id = numeric_id(world.seed, "conversation", *key)
    u = uniforms(6, world.seed, "writes", *key)
    platform = uniform_choice(platforms, u[0])
    author = _author(world, platform, u[1], u[2])
    start, end = window.start_hours[platform], window.end_hours[platform]
    at = window.datetime_at(platform, start + (end - start) * u[3], window.start)
    return _Conversation(id, platform, author, _choose_script(world, u[4], u[5], script_uses), 0, at)


def _author(world: World, platform: str, u_group: float, u_person: float) -> Author:
    locales = tables.language(world.language).locales
    return person(world.seed, locales, platform, person_number(u_group, u_person))


def _choose_script(world: World, u_purpose: float, u_start: float, script_uses: Counter[str]) -> str:
    """The name of a script for a random purpose: the least used of a few, counted as used."""
    names = script_names(world, weighted_choice(PURPOSES.items(), u_purpose))
    candidates = cyclic_slice(names, CANDIDATE_SCRIPTS, u_start)
    chosen = min(candidates, key=lambda name: script_uses[name])
    script_uses[chosen] += 1
    return chosen


def opening_message(
    world: World,
    key: Key,
    platforms: Sequence[str],
    script: str,
    at: datetime,
    about: ProductOrEvent | None = None,
) -> SimulatedEvent:
    """The first message of a new conversation; about the product, if it is given.

    The product follows from the conversation's id, so ids are drawn until one fits.
    """
    id = rejection_sample(
        lambda attempt: numeric_id(world.seed, "conversation", *key, attempt),
        lambda id: about is None or _product(world, uniforms(5, world.seed, "about", id)[0]) == about,
    )
    u = uniforms(3, world.seed, "writes", *key)
    platform = uniform_choice(platforms, u[0])
    conversation = _Conversation(id, platform, _author(world, platform, u[1], u[2]), script, 0, at)
    return _message(world, (*key, 0), conversation, 0, at, _slots(world, conversation), {})


def _lines_in_window(
    world: World,
    key: Key,
    window: AudienceWindow,
    conversation: _Conversation,
    max_inbound: int,
    brand: Mapping[str, ProfileSpec],
) -> Iterator[SimulatedEvent]:
    """The conversation's next lines that are due within the window, with at most `max_inbound` of the person's."""
    slots = _slots(world, conversation)
    at = conversation.at
    inbound = 0
    lines = script_named(world, conversation.script).lines
    for index, line in enumerate(lines[conversation.next_line :], conversation.next_line):
        is_inbound = not line.startswith(BRAND_PREFIX)
        due = _next_time(world, (*key, index), window, conversation.platform, at) if index else at
        if due is None or (inbound == max_inbound and is_inbound):
            break
        at = due
        inbound = inbound + is_inbound
        yield _message(world, (*key, index), conversation, index, at, slots, brand)


def _message(
    world: World,
    key: Key,
    conversation: _Conversation,
    index: int,
    at: datetime,
    slots: dict[str, str],
    brand: Mapping[str, ProfileSpec],
) -> SimulatedEvent:
    """Line `index` of the conversation as an event."""
    script = script_named(world, conversation.script)
    line = script.lines[index]
    by_brand = line.startswith(BRAND_PREFIX)
    text = complete_text(world, line.removeprefix(BRAND_PREFIX).format(**slots))
    if not by_brand:
        text = _styled(world, conversation, index, script.purpose, text)
    return SimulatedEvent(
        MESSAGE,
        conversation.platform,
        numeric_id(world.seed, "message", *key),
        at,
        text,
        brand[conversation.platform].author if by_brand else conversation.author,
        conversation_id=conversation.id,
        memo=f"{conversation.script}/{index}",
        origin=BRAND_ORIGIN if by_brand else "",
    )


def _next_time(
    world: World, key: Key, window: AudienceWindow, platform: str, previous: datetime
) -> datetime | None:
    """When the next line is written: a log-normal gap after the previous one or after the window's start, the later.

    None when that is after the window.
    """
    hours = GAP_HOURS * exp(GAP_SIGMA * normal_quantile(uniform(world.seed, "gap", *key)))
    due = max(window.hours_at(platform, previous), window.start_hours[platform]) + hours
    after = max(previous.timestamp(), window.start - 1)
    if due >= window.end_hours[platform] or after >= window.end - 2:
        return None
    return window.datetime_at(platform, due, after)


def _slots(world: World, conversation: _Conversation) -> dict[str, str]:
    """The values of the script's slots; the same in every window."""
    niche = tables.niche(world.language, world.niche)
    u = uniforms(5, world.seed, "about", conversation.id)
    product = _product(world, u[0])
    event = uniform_choice(niche.events, u[1])
    short = protect_name(world, uniform_choice(product.short, u[2]))
    return {
        "the": f"{product.article} {short}".strip(),
        "thing": short,
        "detail": uniform_choice(product.details, u[3]),
        "the_event": f"{event.article} {event.name}".strip(),
        "event": event.name,
        "brand": protect_name(world, world.brand),
        "first": conversation.author.first_name,
        "order": f"#{10_000 + int(90_000 * u[4])}",
    }


def _product(world: World, u: float) -> ProductOrEvent:
    niche = tables.niche(world.language, world.niche)
    return uniform_choice(products(world.language, niche, world.products), u)


def _styled(world: World, conversation: _Conversation, index: int, purpose: str, text: str) -> str:
    """A person's line in that person's writing style."""
    rng = stream(world.seed, "line", conversation.id, index)
    kind = EMOJI_KINDS.get(purpose, "spam")
    style = writing_style(world.seed, conversation.author.id)
    return apply_style(text, style, rng, PLATFORM_FIGURES[conversation.platform], kind)
