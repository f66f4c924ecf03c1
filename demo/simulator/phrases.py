"""The lines that people have at hand, and how one or several of them become a text of a certain length."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from math import log
from random import Random
from typing import NamedTuple

from demo.simulator import tables
from demo.simulator.keyed_random import cyclic_slice
from demo.simulator.pieces import Subject, filled
from demo.simulator.tables import Exchange, Exchanges, Language
from demo.simulator.values import Event, World

MIN_LINE_LENGTH = 14  # characters; below, people react in a word or two
SHORT_OF = 0.8  # how far a line may be from the length aimed at, as a ratio's logarithm, before a word or two do better
OVER = (
    1.6  # what a line that is too long counts for against one that is too short, to which more can be added
)
WORN = 0.02  # what each use of a line counts for, per character, against its length
LONG = 150  # characters, from which on people go on for longer
ROOM = 50  # characters that are left to say, from which on people come to speak of something else about the piece
GENERAL, TAG = "general", "tag"  # stand for a facet where the exchange fits any piece, or calls a friend
NEGATIVE = ("complaint", "critical")
SENTIMENTS = {  # of each kind
    **dict.fromkeys(("praise", "favourable", "joke"), "positive"),
    **dict.fromkeys(("question", "spam"), "neutral"),
    **dict.fromkeys(NEGATIVE, "negative"),
}


class Matter(NamedTuple):
    """An exchange as a memo names it: its kind, its facet (or GENERAL, or TAG for the calling of a friend) and number."""

    kind: str
    facet: str
    number: int

    def exchange(self, world: World) -> Exchange:
        return exchanges_of(world.language, world.niche, self.facet)[self.kind][self.number]


def matter(world: World, event: Event) -> Matter | None:
    """What a comment takes up; None when it says nothing in particular, or in words that are not there any more."""
    if not event.memo or "/" not in event.memo:
        return None
    kind, facet, number, _ = event.memo.split("/")
    found = Matter(kind, facet, int(number))
    try:
        found.exchange(world)
    except (KeyError, IndexError):
        return None
    return found


def kind_of(event: Event) -> str:
    """The kind of a comment, by its memo."""
    return event.memo.partition("/")[0] if event.memo else "praise"


def sentiment_of(event: Event) -> str:
    """The sentiment of a comment, by its memo."""
    return SENTIMENTS[kind_of(event)]


class Named(NamedTuple):
    """A line and the name that its uses are counted by."""

    name: str
    line: str
    size: float  # the logarithm of its length, with about what its slots will hold


@cache
def named(line: str, name: str | None = None) -> Named:
    return Named(name or line, line, log(len(line) + 10 * line.count("{")))


class Said:
    """How often each line has been used, so that people do not speak in turns of the same phrases."""

    def __init__(self, past: Iterable[Event]) -> None:
        self.uses = Counter(event.memo for event in past if event.memo)

    def best(self, lines: Iterable[Named], length: float) -> tuple[float, Named]:
        """How far the best line is from the length aimed at, as a ratio's logarithm, and that line: near, and little used."""
        aim, uses = log(length), self.uses
        score, _, chosen = min(
            (
                max(OVER * (one.size - aim), aim - one.size) + WORN * len(one.line) * uses.get(one.name, 0),
                one.name,
                one,
            )
            for one in lines
        )
        return score, chosen

    def take(self, lines: Iterable[Named], length: float) -> Named:
        """The best line, which is used now."""
        _, chosen = self.best(lines, length)
        self.uses[chosen.name] += 1
        return chosen

    def of(self, lines: Iterable[str], length: float) -> str:
        """The same for lines that have no other name."""
        return self.take(map(named, lines), length).line


def exchanges_of(language: str, niche: str, facet: str) -> Exchanges:
    if facet == GENERAL:
        return tables.language(language).general
    if facet == TAG:
        return {"joke": tables.language(language).tag}
    return tables.niche(language, niche).facets[facet]


@cache
def said_in(language: str, niche: str, facet: str, kind: str) -> tuple[Named, ...]:
    """Every line with which somebody may open an exchange of the facet and kind, by its memo."""
    return tuple(
        named(line, f"{kind}/{facet}/{number}/{place}")
        for number, exchange in enumerate(exchanges_of(language, niche, facet)[kind])
        for place, line in enumerate(exchange.say)
    )


class Text(NamedTuple):
    """What is written, and the memo: its kind, and where it opens an exchange that one's facet, number and line."""

    text: str
    memo: str


class Scene(NamedTuple):
    """What every text of one draw is written from."""

    world: World
    said: Said

    @property
    def words(self) -> Language:
        return tables.language(self.world.language)


def reaction(scene: Scene, kind: str, length: float, draw: Random) -> str:
    """A word or two, or twice that."""
    short = cyclic_slice(scene.words.short[kind], 12, draw.random())
    first = scene.said.of(short[:8] if length < MIN_LINE_LENGTH else short[:2], length)
    room = length - len(first) - 2
    if room < 4:
        return first
    others = [line for line in short if line != first]
    if not others:
        return first
    second = scene.said.of(others, room)
    if first[-1] in ".!?" or draw.random() < 0.3:
        return joined(first, second)
    return f"{first}, {lowered(second, scene.words)}"


def opened(opener: str, line: str, words: Language) -> str:
    return f"{opener} {lowered(line, words)}"


def lowered(line: str, words: Language) -> str:
    """The line as it goes on in a sentence."""
    first = line.split(" ", 1)[0]
    keeps = first.strip(",.!") in words.keeps_capital or first[1:] != first[1:].lower()
    return line if keeps else line[0].lower() + line[1:]


def continued(
    scene: Scene,
    text: str,
    kind: str,
    facets: Sequence[str],
    length: float,
    about: Subject,
    draw: Random,
) -> str:
    """The text gone on with while that brings it nearer to the length aimed at.

    First with a line on one of the `facets`, then with two to four sentences; none that names the subject once more, as
    far as there are others.
    """
    world = scene.world
    if facets and length - len(text) > ROOM:
        lines = _others(said_in(world.language, world.niche, draw.choice(facets), kind))
        longer = joined(text, filled(world, scene.said.take(lines, length - len(text) - 1).line, about))
        text = longer if nearer(longer, text, length) else text
    more = scene.words.more[kind]
    for _ in range(2 + int(min(length, 2 * LONG) // LONG)):
        if length - len(text) < 19:
            break
        longer = joined(
            text,
            filled(world, scene.said.of(cyclic_slice(more, 7, draw.random()), length - len(text) - 1), about),
        )
        if not nearer(longer, text, length):
            break
        text = longer
    return text


@cache
def _others(lines: tuple[Named, ...]) -> tuple[Named, ...]:
    """Those of the lines that do not name the subject; all when fewer than two do not."""
    found = tuple(one for one in lines if not _names_subject(one.line))
    return found if len(found) > 1 else lines


def _names_subject(line: str) -> bool:
    return "{the}" in line or "{thing}" in line


def joined(text: str, sentence: str) -> str:
    return f"{text if text[-1] in '.!?' else text + '.'} {sentence}"


def nearer(text: str, than: str, length: float) -> bool:
    return abs(log(len(text) / length)) < abs(log(len(than) / length))
