"""Content pieces: what each is about, how much attention it draws, and whether it goes viral; all known from its id."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from functools import cache, lru_cache
from math import exp
from typing import NamedTuple

from demo.simulator import tables
from demo.simulator.handles import hashtag
from demo.simulator.keyed_random import Key, normal, numeric_id, stream, uniform, uniforms
from demo.simulator.platforms import PLATFORM_FIGURES
from demo.simulator.tables import Niche, Thing, Topic
from demo.simulator.values import CONTENT, Event, World

EVENTS = 0.3  # share of pieces that are about an event [A]
SPIKES = 0.02  # share of pieces that go viral [A]


class Subject(NamedTuple):
    """What a piece is about: one product or event, in one kind of post, with the detail that it shows off."""

    thing: Thing
    topic: Topic
    detail: str


class Spike(NamedTuple):
    """A flash mob around a piece: `factor` lifetimes of comments on top, around `peak` hours after publication.

    Half of them come between 7.6 hours before and 4.9 hours after the peak, nine in ten between 21.7 before and 17.6
    after [LDBC]: two exponential flanks.
    """

    peak: float
    factor: float

    def come(self, age: float) -> float:
        """The share that has come at `age` hours; what would come before the piece comes at once."""
        if age <= 0:
            return 0.0
        since = age - self.peak
        if since < 0:
            return RISING * exp(since / RISE_HOURS)
        return 1 - (1 - RISING) * exp(-since / FALL_HOURS)


RISING, RISE_HOURS, FALL_HOURS = 0.56, 8.76, 7.89  # fitted to the four figures above


def piece(world: World, key: Key, at: datetime, uses: Counter[str]) -> Event:
    """The piece published at `at` that `key` names, in sentences little used so far; counts their uses."""
    piece_id = numeric_id(world.seed, "piece", *key)
    draw = stream(world.seed, "piece", *key)
    platform = draw.choice(world.platforms)
    url = f"https://{platform}.example/p/{piece_id}"
    kind = draw.choice(PLATFORM_FIGURES[platform].kinds)
    text, memo = caption(world, platform, piece_id, uses)
    return Event(CONTENT, platform, piece_id, at, text, url=url, kind=kind, memo=memo)


def uses_in(past: Iterable[Event]) -> Counter[str]:
    """How often each first sentence is used in the pieces of the past."""
    return Counter(event.memo for event in past if event.type == CONTENT and event.memo)


def subject(world: World, piece_id: str) -> Subject:
    """What the piece is about."""
    return _subject(world.seed, world.language, world.niche, world.products, piece_id)


@lru_cache(maxsize=2_048)
def _subject(seed: int, language: str, niche: str, named: tuple[str, ...], piece_id: str) -> Subject:
    words = tables.niche(language, niche)
    about = "event" if uniform(seed, "about", piece_id) < EVENTS else "product"
    draw = stream(seed, "subject", piece_id)
    topic = draw.choice([topic for topic in words.topics.values() if topic.about == about])
    thing = draw.choice(words.events if about == "event" else products(language, words, named))
    return Subject(thing, topic, draw.choice(thing.details))


def products(language: str, words: Niche, named: tuple[str, ...]) -> tuple[Thing, ...]:
    """The niche's products, or those that the user has named, of which only what is true of any is said."""
    if not named:
        return words.products
    article, anything = tables.language(language).article, words.any_product
    return tuple(Thing(name, article, (name,), anything["details"], anything["facts"]) for name in named)


class Appeal(NamedTuple):
    """How many comments a piece draws against the average piece, 0 for one that draws none, and its spike, if any."""

    attraction: float
    spike: Spike | None


def appeal(world: World, platform: str, piece_id: str) -> Appeal:
    """What the piece was born with; the attraction is log-normal with mean 1."""
    figures = PLATFORM_FIGURES[platform]
    silent, attraction, spikes = uniforms(3, world.seed, "appeal", piece_id)
    spike = _spike(world.seed, piece_id) if world.viral_spikes and spikes < SPIKES else None
    if silent < figures.silent:
        return Appeal(0.0, spike)
    mean_one = exp(figures.spread * normal(attraction) - figures.spread**2 / 2)
    return Appeal(mean_one / (1 - figures.silent), spike)


def _spike(seed: int, piece_id: str) -> Spike:
    draw = stream(seed, "spike", piece_id)
    return Spike(draw.lognormvariate(3.2, 0.5), draw.uniform(2, 6))


def caption(world: World, platform: str, piece_id: str, uses: Counter[str]) -> tuple[str, str]:
    """The piece's text, with hashtags where the platform has them, and its memo: the first sentence, by topic and number."""
    words, told = tables.niche(world.language, world.niche), subject(world, piece_id)
    draw = stream(world.seed, "caption", piece_id)
    number = min(
        range(len(told.topic.hooks)), key=lambda one: (uses[f"{told.topic.name}/{one}"], draw.random())
    )
    memo = f"{told.topic.name}/{number}"
    uses[memo] += 1
    hook, fact, close = (
        told.topic.hooks[number],
        draw.choice(told.thing.facts),
        draw.choice(told.topic.closes),
    )
    shape = draw.choices(((hook,), (hook, fact), (hook, close), (hook, fact, close)), (8, 30, 17, 45))[0]
    text = filled(world, " ".join(shape[:1] if platform == "youtube" else shape), told)
    if platform == "youtube":
        return text.rstrip(".:"), memo
    if draw.random() < 0.45:
        text += " " + draw.choice(words.emoji)
    tags = draw.sample(words.tags, draw.randint(*PLATFORM_FIGURES[platform].tags))
    if tags and draw.random() < 0.4:
        tags[-1] = hashtag(world.brand) or tags[-1]
    return PLATFORM_FIGURES[platform].cut(" ".join([text, *(f"#{tag}" for tag in tags)])), memo


def filled(world: World, text: str, told: Subject, **slots: str) -> str:
    """The sentence with its slots filled, contractions made and sentences begun with capitals."""
    if "{" in text:
        article, name = told.thing.article, stand_in(world, told.thing.name)
        text = text.format(
            the=f"{article} {name}".strip(),
            thing=name,
            detail=told.detail,
            brand=stand_in(world, world.brand),
            **slots,
        )
    return finished(world, text)


FIRST_STAND_IN = 0xE000  # a code point that no word holds
_STAND_INS = re.compile("[\ue000-\ue0ff]")


def stand_in(world: World, name: str) -> str:
    """A character in place of a name that the user has given, until the text is `finished`, so that the name stays as it is.

    A product in small letters is a word like any other: a sentence that it begins begins with a capital.
    """
    given = (world.brand, *world.products)
    is_word = name != world.brand and name == name.lower()
    return chr(FIRST_STAND_IN + given.index(name)) if name in given and not is_word else name


def finished(world: World, text: str) -> str:
    """The text with its language's contractions made, its sentences begun with capitals, and names in place of stand-ins."""
    given = (world.brand, *world.products)
    return _STAND_INS.sub(
        lambda found: given[ord(found[0]) - FIRST_STAND_IN], _finished(world.language, text)
    )


@lru_cache(maxsize=16_384)
def _finished(language: str, text: str) -> str:
    for apart, joined in _contractions(language):
        text = apart.sub(joined, text)
    return capitals(text)


@cache
def _contractions(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Words that are joined, and what they become; capitals are set afterwards."""
    return [
        (re.compile(rf"\b{re.escape(apart)}", re.IGNORECASE), joined)
        for apart, joined in tables.language(language).contractions
    ]


def capitals(text: str) -> str:
    """The text with a capital at the start and after each sentence."""
    return _BEGINNING.sub(lambda found: found[1] + found[2].upper(), text)


_BEGINNING = re.compile(r"((?:^|[.!?] )[¿¡]?)([^\W\d_])")
