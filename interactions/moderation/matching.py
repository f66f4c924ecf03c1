"""Says which rows an inbox rule matches, by the row alone, so that no order of arrival changes it. Pure.

Called by `arrivals.py` for rows that arrive, and by `dry_run.py` for stored ones.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from interactions.moderation.languages import language_of
from interactions.search_words import fold, split_words

WORD, AUTHOR, LANGUAGE = "word", "author", "language"
HIDE, LABEL, DONE = "hide", "label", "done"
COMMENT = "comment"


@dataclass(frozen=True)
class Rule:
    """A rule that is ready to be compared. `profile_id` None: it is for all profiles of its owner."""

    condition: str
    value: str
    action: str
    label: str = ""
    profile_id: int | None = None

    def matches(self, row: "Subject") -> bool:
        if self.profile_id not in (None, row.profile_id) or (self.action == HIDE and row.type != COMMENT):
            return False
        if self.condition == WORD:
            return self._key in row.words
        if self.condition == AUTHOR:
            return self._key in row.authors
        return self.value == row.language

    @cached_property
    def _key(self) -> str:
        return words_key(self.value) if self.condition == WORD else author_key(self.value)


@dataclass(frozen=True)
class Subject:
    """What rules see of a received row."""

    profile_id: int
    type: str
    text: str
    author_id: str
    author_handle: str

    @cached_property
    def words(self) -> str:
        return words_key(self.text)

    @cached_property
    def authors(self) -> tuple[str, ...]:
        return author_key(self.author_id), author_key(self.author_handle)

    @cached_property
    def language(self) -> str | None:
        return language_of(self.text)


def words_key(text: str) -> str:
    """Return the folded words of the text, each between two blanks, so that whole words in sequence are a part of it."""
    return f" {' '.join(split_words(text))} "


def author_key(name: str) -> str:
    """Return one key for a handle or id in upper and lower case, with and without accents and a leading @."""
    return fold(name.strip().removeprefix("@"))


def first_match(rules: Iterable[Rule], row: Subject) -> Rule | None:
    """Return the first of the rules that matches the row."""
    return next((rule for rule in rules if rule.matches(row)), None)
