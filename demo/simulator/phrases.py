"""Chooses lines from the tables of phrases and combines them into a text of a given length. Called by comment_texts.py and
reply_texts.py.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from math import log
from random import Random
from typing import NamedTuple

from demo.simulator import tables
from demo.simulator.keyed_random import cyclic_slice
from demo.simulator.posts import Subject, fill_slots
from demo.simulator.tables import Exchange, Exchanges, Language
from demo.simulator.values import SimulatedEvent, World

MIN_LINE_LENGTH = 14  # characters; a shorter text is a short reaction
MAX_MISMATCH = 0.8  # of ln(line length / target length); beyond it a short reaction fits better
# Factor of the mismatch of a line that is too long; one that is too short can be extended.
TOO_LONG_PENALTY = 1.6
USE_PENALTY = 0.02  # mismatch that each earlier use of a line adds, per character
LONG_TEXT = 150  # characters; longer texts are extended by more sentences
ROOM_FOR_FACET = 50  # characters; with more to fill, the text adds a line about a second facet of the post
GENERAL = "general"  # in place of a facet: exchanges that fit any post
TAG = "tag"  # in place of a facet: exchanges that tag a friend
NEGATIVE = ("complaint", "critical")
SENTIMENTS = {  # by kind of comment
    **dict.fromkeys(("praise", "favourable", "joke"), "positive"),
    **dict.fromkeys(("question", "spam"), "neutral"),
    **dict.fromkeys(NEGATIVE, "negative"),
}


class ExchangeRef(NamedTuple):
    """The exchange that a comment opens, as its memo names it; `facet` may also be GENERAL or TAG."""

    kind: str
    facet: str
    number: int

    def exchange(self, world: World) -> Exchange:
        return exchanges_of(world.language, world.niche, self.facet)[self.kind][self.number]


def exchange_ref(world: World, comment: SimulatedEvent) -> ExchangeRef | None:
    """The exchange that a comment opens; None for a short reaction, and when the tables no longer have the exchange."""
    if not comment.memo or "/" not in comment.memo:
        return None
    kind, facet, number, _ = comment.memo.split("/")
    found = ExchangeRef(kind, facet, int(number))
    try:
        found.exchange(world)
    except (KeyError, IndexError):
        return None
    return found


def comment_kind(comment: SimulatedEvent) -> str:
    """The kind of a comment, from its memo."""
    return comment.memo.partition("/")[0] if comment.memo else "praise"


def comment_sentiment(comment: SimulatedEvent) -> str:
    """The sentiment of a comment, from its memo."""
    return SENTIMENTS[comment_kind(comment)]


class Line(NamedTuple):
    """A line of the tables, with the name under which its uses are counted."""

    name: str
    text: str
    log_length: float  # of the text with its slots filled, approximately


@cache
def as_line(text: str, name: str | None = None) -> Line:
    return Line(name or text, text, log(len(text) + 10 * text.count("{")))


class LineUses:
    """Chooses lines by their length and by how seldom they have been used, and counts the uses."""

    def __init__(self, past: Iterable[SimulatedEvent]) -> None:
        self.counts = Counter(event.memo for event in past if event.memo)

    def best(self, lines: Iterable[Line], length: float) -> tuple[float, Line]:
        """The best line for a target length, after its mismatch: ln of the lengths' ratio plus the penalties."""
        target = log(length)
        counts = self.counts
        mismatch, _, line = min(
            (
                max(TOO_LONG_PENALTY * (line.log_length - target), target - line.log_length)
                + USE_PENALTY * len(line.text) * counts.get(line.name, 0),
                line.name,
                line,
            )
            for line in lines
        )
        return mismatch, line

    def use_best(self, lines: Iterable[Line], length: float) -> Line:
        """The best line, counted as used."""
        _, line = self.best(lines, length)
        self.counts[line.name] += 1
        return line

    def use_best_text(self, texts: Iterable[str], length: float) -> str:
        """The same for lines without a name of their own: they are counted by their text."""
        return self.use_best(map(as_line, texts), length).text


def exchanges_of(language: str, niche: str, facet: str) -> Exchanges:
    """The exchanges of a facet, or of GENERAL or TAG, by kind."""
    if facet == GENERAL:
        return tables.language(language).general
    if facet == TAG:
        return {"joke": tables.language(language).tag}
    return tables.niche(language, niche).facets[facet]


@cache
def opening_lines(language: str, niche: str, facet: str, kind: str) -> tuple[Line, ...]:
    """Every line that opens an exchange of the facet and kind. Its name is the memo "kind/facet/exchange/line"."""
    return tuple(
        as_line(text, f"{kind}/{facet}/{number}/{index}")
        for number, exchange in enumerate(exchanges_of(language, niche, facet)[kind])
        for index, text in enumerate(exchange.say)
    )


class CommentText(NamedTuple):
    """A comment's text and memo: the kind, or "kind/facet/exchange/line" when it opens an exchange."""

    text: str
    memo: str


class TextContext(NamedTuple):
    """What all texts of one window or scenario are drawn from."""

    world: World
    line_uses: LineUses

    @property
    def words(self) -> Language:
        return tables.language(self.world.language)


def short_reaction(context: TextContext, kind: str, length: float, rng: Random) -> str:
    """One or two reactions of a few words each."""
    texts = cyclic_slice(context.words.short[kind], 12, rng.random())
    first = context.line_uses.use_best_text(texts[:8] if length < MIN_LINE_LENGTH else texts[:2], length)
    room = length - len(first) - 2
    if room < 4:
        return first
    others = [text for text in texts if text != first]
    if not others:
        return first
    second = context.line_uses.use_best_text(others, room)
    if first[-1] in ".!?" or rng.random() < 0.3:
        return join_sentences(first, second)
    return f"{first}, {lower_first(second, context.words)}"


def with_opener(opener: str, line: str, words: Language) -> str:
    return f"{opener} {lower_first(line, words)}"


def lower_first(line: str, words: Language) -> str:
    """The line as the second half of a sentence: in lower case, unless its first word always has a capital."""
    first = line.split(" ", 1)[0]
    keeps_capital = first.strip(",.!") in words.keeps_capital or first[1:] != first[1:].lower()
    return line if keeps_capital else line[0].lower() + line[1:]


def extend(
    context: TextContext,
    text: str,
    kind: str,
    facets: Sequence[str],
    length: float,
    about: Subject,
    rng: Random,
) -> str:
    """The text extended as long as that brings it closer to the target length.

    First by a line on one of `facets`, then by two to four sentences. Lines that name the subject again are used only
    where there are no others.
    """
    world = context.world
    if facets and length - len(text) > ROOM_FOR_FACET:
        lines = _without_subject(opening_lines(world.language, world.niche, rng.choice(facets), kind))
        line = context.line_uses.use_best(lines, length - len(text) - 1)
        longer = join_sentences(text, fill_slots(world, line.text, about))
        text = longer if is_closer(longer, text, length) else text
    more = context.words.more[kind]
    for _ in range(2 + int(min(length, 2 * LONG_TEXT) // LONG_TEXT)):
        room = length - len(text) - 1
        if room < 18:
            break
        sentence = context.line_uses.use_best_text(cyclic_slice(more, 7, rng.random()), room)
        longer = join_sentences(text, fill_slots(world, sentence, about))
        if not is_closer(longer, text, length):
            break
        text = longer
    return text


@cache
def _without_subject(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines that do not name the subject; all lines if there are fewer than two such."""
    found = tuple(line for line in lines if not _names_subject(line.text))
    return found if len(found) > 1 else lines


def _names_subject(text: str) -> bool:
    return "{the}" in text or "{thing}" in text


def join_sentences(text: str, sentence: str) -> str:
    return f"{text if text[-1] in '.!?' else text + '.'} {sentence}"


def is_closer(text: str, other: str, length: float) -> bool:
    """Whether the text's length is closer to the target than the other's, by ratio."""
    return abs(log(len(text) / length)) < abs(log(len(other) / length))
