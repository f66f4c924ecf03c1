"""A sentence in a person's own way of writing: case, last mark, emoji, typing errors."""

import tomllib
from functools import cache
from itertools import accumulate
from random import Random
from typing import NamedTuple

from demo.simulator.people import Voice
from demo.simulator.platforms import PlatformFigures
from demo.simulator.tables import WORDS

MOODS = {
    "praise": "warm",
    "favourable": "warm",
    "question": "warm",
    "joke": "laugh",
    "critical": "upset",
    "complaint": "upset",
    "spam": "warm",
}
RANK_OFFSET = (
    2.2  # emoji shares: the head of Zipf's law is flattened by this rank offset, so that ten make a third [A]
)


def voiced(text: str, voice: Voice, draw: Random, platform: PlatformFigures, kind: str) -> str:
    """The text as its author types it on the platform, with an emoji as often as is usual there."""
    if draw.random() < voice.typos:
        text = _mistyped(text, draw)
    if voice.case == "lower":
        text = " ".join(word if word.startswith("@") else word.lower() for word in text.split(" "))
    elif voice.case == "first" and not (text.startswith(("I ", "I'", "@")) or text[:2].isupper()):
        text = text[0].lower() + text[1:]
    text = _closed(text, voice.closing, kind)
    with_words = 1 - platform.emoji_only - platform.mix["spam"] / 100
    usual = (platform.emoji - platform.emoji_only) / with_words
    if kind != "spam" and draw.random() < usual * voice.emoji:
        text += " " + emoji(kind, draw)
    return text


def _closed(text: str, closing: str, kind: str) -> str:
    """The text with its author's last mark in place of the full stop."""
    if text[-1] in "?!" or kind == "spam":
        return text
    bare = text.rstrip(".")
    if closing == "bang" and kind in ("praise", "favourable", "joke"):
        return bare + "!"
    return bare + "." if closing == "stop" and " " in bare else bare


def _mistyped(text: str, draw: Random) -> str:
    """The text with one longer word in small letters mistyped: two letters changed round, one left out or doubled."""
    words = text.split(" ")
    places = [
        place for place, word in enumerate(words) if len(word) > 4 and word.isalpha() and word.islower()
    ]
    if not places:
        return text
    place = draw.choice(places)
    word, at = words[place], draw.randrange(1, len(words[place]) - 2)
    forms = (
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[: at + 1] + word[at:],
    )
    words[place] = draw.choice(forms)
    return " ".join(words)


def emoji(kind: str, draw: Random) -> str:
    """One to four emoji of a mood: popular ones often, and often the same again."""
    chosen = _one(kind, draw)
    number = draw.choices((1, 2, 3, 4), (62, 17, 17, 4))[0]
    return (
        chosen * number
        if draw.random() < 0.6
        else chosen + "".join(_one(kind, draw) for _ in range(number - 1))
    )


def _one(kind: str, draw: Random) -> str:
    table = _table(MOODS[kind])
    return draw.choices(table.emoji, cum_weights=table.weights)[0]


class _Table(NamedTuple):
    emoji: tuple[str, ...]
    weights: tuple[float, ...]  # cumulated


@cache
def _table(mood: str) -> _Table:
    listed = tuple(_emoji()[mood])
    return _Table(listed, tuple(accumulate(1 / (rank + RANK_OFFSET) for rank in range(1, len(listed) + 1))))


@cache
def _emoji() -> dict[str, list[str]]:
    return tomllib.loads((WORDS / "emoji.toml").read_text(encoding="utf-8"))
