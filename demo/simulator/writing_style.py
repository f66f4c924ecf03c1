"""Applies a person's writing style to a text: capitals, last punctuation mark, emoji, typing errors. Called by
comment_texts.py, reply_texts.py and conversations.py.
"""

import tomllib
from functools import cache
from itertools import accumulate
from random import Random
from typing import NamedTuple

from demo.simulator.people import WritingStyle
from demo.simulator.platforms import PlatformFigures
from demo.simulator.tables import WORDS

EMOJI_TABLES = {  # of emoji.toml, by kind of text
    "praise": "warm",
    "favourable": "warm",
    "question": "warm",
    "joke": "laugh",
    "critical": "upset",
    "complaint": "upset",
    "spam": "warm",
}
# Flattens the head of Zipf's law, so that the ten most frequent emoji are a third of all [A].
RANK_OFFSET = 2.2


def apply_style(text: str, style: WritingStyle, rng: Random, figures: PlatformFigures, kind: str) -> str:
    """The text as the person types it, with an emoji as often as is usual on the platform."""
    if rng.random() < style.typos:
        text = _with_typo(text, rng)
    if style.case == "lower":
        text = " ".join(word if word.startswith("@") else word.lower() for word in text.split(" "))
    elif style.case == "first" and not (text.startswith(("I ", "I'", "@")) or text[:2].isupper()):
        text = text[0].lower() + text[1:]
    text = _with_closing(text, style.closing, kind)
    with_words = 1 - figures.emoji_only_share - figures.intents["spam"] / 100
    emoji_share = (figures.emoji_share - figures.emoji_only_share) / with_words
    if kind != "spam" and rng.random() < emoji_share * style.emoji:
        text += " " + emoji(kind, rng)
    return text


def _with_closing(text: str, closing: str, kind: str) -> str:
    """The text with the person's usual last mark in place of the full stop."""
    if text[-1] in "?!" or kind == "spam":
        return text
    bare = text.rstrip(".")
    if closing == "bang" and kind in ("praise", "favourable", "joke"):
        return bare + "!"
    return bare + "." if closing == "stop" and " " in bare else bare


def _with_typo(text: str, rng: Random) -> str:
    """The text with two letters swapped, or one omitted or doubled, in one lower-case word of five letters or more."""
    words = text.split(" ")
    candidates = [
        index for index, word in enumerate(words) if len(word) > 4 and word.isalpha() and word.islower()
    ]
    if not candidates:
        return text
    index = rng.choice(candidates)
    word = words[index]
    at = rng.randrange(1, len(words[index]) - 2)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    omitted = word[:at] + word[at + 1 :]
    doubled = word[: at + 1] + word[at:]
    words[index] = rng.choice((swapped, omitted, doubled))
    return " ".join(words)


def emoji(kind: str, rng: Random) -> str:
    """One to four emoji for a kind of text: popular ones more often, and often the same one repeated."""
    first = _random_emoji(kind, rng)
    count = rng.choices((1, 2, 3, 4), (62, 17, 17, 4))[0]
    if rng.random() < 0.6:
        return first * count
    return first + "".join(_random_emoji(kind, rng) for _ in range(count - 1))


def _random_emoji(kind: str, rng: Random) -> str:
    table = _table(EMOJI_TABLES[kind])
    return rng.choices(table.emoji, cum_weights=table.weights)[0]


class _Table(NamedTuple):
    emoji: tuple[str, ...]
    weights: tuple[float, ...]  # cumulative


@cache
def _table(name: str) -> _Table:
    listed = tuple(_emoji_toml()[name])
    return _Table(listed, tuple(accumulate(1 / (rank + RANK_OFFSET) for rank in range(1, len(listed) + 1))))


@cache
def _emoji_toml() -> dict[str, list[str]]:
    return tomllib.loads((WORDS / "emoji.toml").read_text(encoding="utf-8"))
