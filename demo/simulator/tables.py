"""Reads the tables of phrases under `words/`: one folder per language, one file per niche. Called by the text modules.

Each file is read once, at its first use. docs/words.md describes the format.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from accounts.declarations import check_table

WORDS = Path(__file__).parent / "words"
COMMENT_KINDS = ("praise", "question", "favourable", "critical", "complaint", "joke")
LANGUAGES = tuple(sorted({path.parent.name for path in WORDS.glob("*/*.toml")}))
_FILES = ("common", "language", "messages")
for _code in LANGUAGES:
    _found = [name for name in _FILES if (WORDS / _code / f"{name}.toml").exists()]
    check_table(f"The folder demo/simulator/words/{_code}/ (docs/words.md)", _found, _FILES)


def niches(code: str) -> tuple[str, ...]:
    """The niches that the language has tables for."""
    return tuple(sorted(path.stem for path in WORDS.glob(f"{code}/niches/*.toml")))


NICHES = tuple(sorted({niche for code in LANGUAGES for niche in niches(code)}))


class ProductOrEvent(NamedTuple):
    """A product or an event that posts are about; its names are singular."""

    name: str
    article: str
    short: tuple[str, ...]  # short names that customers use
    details: tuple[str, ...]
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """Lines that belong together: comments, other people's replies to them, and the brand's replies."""

    say: tuple[str, ...]
    replies: tuple[str, ...]
    brand: tuple[str, ...] = ()


Exchanges = Mapping[str, tuple[Exchange, ...]]  # by kind of comment


@dataclass(frozen=True, slots=True)
class Topic:
    """A type of post about a "product" or an "event", and the facets that its comments discuss."""

    name: str
    about: str
    facets: tuple[str, ...]
    hooks: tuple[str, ...]  # first sentences of captions
    closes: tuple[str, ...]  # last sentences of captions


@dataclass(frozen=True, slots=True)
class Script:
    """The direct messages of one conversation, in order. The brand's lines begin with "> "."""

    purpose: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Niche:
    """The tables of one niche in one language."""

    tags: tuple[str, ...]
    emoji: tuple[str, ...]
    brand: Mapping[str, tuple[str, ...]]
    any_product: Mapping[str, tuple[str, ...]]
    products: tuple[ProductOrEvent, ...]
    events: tuple[ProductOrEvent, ...]
    topics: Mapping[str, Topic]
    facets: Mapping[str, Exchanges]
    scripts: tuple[Script, ...]


@dataclass(frozen=True, slots=True)
class Language:
    """The tables of one language that fit any niche."""

    article: str
    contractions: tuple[tuple[str, str], ...]
    keeps_capital: frozenset[str]
    locales: tuple[str, ...]
    short: Mapping[str, tuple[str, ...]]
    openers: Mapping[str, tuple[str, ...]]
    more: Mapping[str, tuple[str, ...]]
    general: Exchanges
    tag: tuple[Exchange, ...]
    spam: Mapping[str, tuple[str, ...]]
    replies: Mapping[str, tuple[str, ...]]
    thanks: tuple[str, ...]
    scripts: tuple[Script, ...]


@cache
def language_choices() -> tuple[tuple[str, str], ...]:
    """Every language: its code, and its name in the language itself. Web processes call this, so it reads small files."""
    return tuple((code, _read(code, "language")["name"]) for code in LANGUAGES)


@cache
def language(code: str) -> Language:
    """The language's tables for any niche. Raises LookupError when there are none."""
    common = _common(code)
    messages = _read(code, "messages")
    return Language(
        article=common["article"],
        contractions=tuple((apart, joined) for apart, joined in common["contractions"]),
        keeps_capital=frozenset(common["keeps_capital"]),
        locales=tuple(common["locales"]),
        short=_lists(common["short"]),
        openers=_lists(common["openers"]),
        more=_lists(common["more"]),
        general=_exchanges(common["general"]),
        tag=tuple(_exchange(entry) for entry in common["tag"]),
        spam=_lists(common["spam"]),
        replies=_lists(common["replies"]),
        thanks=tuple(common["brand"]["thanks"]),
        scripts=_scripts(messages),
    )


@cache
def niche(code: str, name: str) -> Niche:
    """The niche's tables in the language. Raises LookupError when there are none."""
    table = _read(code, f"niches/{name}")
    article = _common(code)["article"]
    return Niche(
        tags=tuple(table["tags"]),
        emoji=tuple(table["emoji"]),
        brand=_lists(table["brand"]),
        any_product=_lists(table["any_product"]),
        products=tuple(_product_or_event(entry, article) for entry in table["products"]),
        events=tuple(_product_or_event(entry, article) for entry in table["events"]),
        topics={key: _topic(key, entry) for key, entry in table["topics"].items()},
        facets={key: _exchanges(entry) for key, entry in table["facets"].items()},
        scripts=_scripts(table),
    )


@cache
def _common(code: str) -> dict[str, Any]:
    return _read(code, "common")


def _read(code: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads((WORDS / code / f"{name}.toml").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise LookupError(
            f"There are no words for {name.removeprefix('niches/')} in language {code}."
        ) from error


def _lists(table: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(lines) for key, lines in table.items()}


def _product_or_event(entry: dict[str, Any], article: str) -> ProductOrEvent:
    lists = _lists({key: entry[key] for key in ("short", "details", "facts")})
    return ProductOrEvent(entry["name"], entry.get("article", article), **lists)


def _topic(name: str, entry: dict[str, Any]) -> Topic:
    lists = _lists({key: entry[key] for key in ("facets", "hooks", "closes")})
    return Topic(name, entry["about"], **lists)


def _exchanges(table: Mapping[str, list[dict[str, list[str]]]]) -> dict[str, tuple[Exchange, ...]]:
    return {kind: tuple(_exchange(entry) for entry in table[kind]) for kind in COMMENT_KINDS}


def _exchange(entry: Mapping[str, list[str]]) -> Exchange:
    return Exchange(**_lists(entry))


def _scripts(table: Mapping[str, Any]) -> tuple[Script, ...]:
    return tuple(Script(entry["purpose"], tuple(entry["lines"])) for entry in table["conversations"])
