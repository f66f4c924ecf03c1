"""The words of texts and of searches, in the form in which they are compared. Pure.

Called by `interactions.search_filling`, which stores the words of rows, by `interactions.search`, and by inbox rules.
"""

import re
import sys
import unicodedata
from collections.abc import Iterable
from functools import cache

MAX_TEXT = 10_000  # characters of a text whose words are stored
MAX_WORDS = 1_000  # different ones of a row; tsvectors have at most 1 MB
MAX_LETTERS = 64  # of a word; further letters are not compared

_ASCII_WORD = re.compile("[0-9a-z]+")


def words_of(*texts: str) -> list[str]:
    """Return the different words of the texts, folded, in order: letters and digits of any script, at most MAX_WORDS.

    A script that is written without spaces, such as Japanese, gives one word for each run of its letters.
    """
    found = dict.fromkeys(word[:MAX_LETTERS] for text in texts for word in _split(text[:MAX_TEXT]))
    return list(found)[:MAX_WORDS]


def split_words(text: str) -> list[str]:
    """Return all words of the text, folded, in their sequence; as far as `words_of` reads them."""
    return [word[:MAX_LETTERS] for word in _split(text[:MAX_TEXT])]


def searched_words(text: str) -> list[str]:
    """Return the words that a search for `text` finds as beginnings of words; without those that begin another one."""
    words = words_of(text)
    return [word for word in words if not any(_begins(word, other) for other in words)]


def fold(text: str) -> str:
    """Return the text in small letters, without accents and other marks that may be left out, such as Arabic vowels.

    Compatible characters become equal, such as full-width and ordinary digits. Letters that Unicode does not compose of
    a letter and an accent, such as ø, stay as they are.
    """
    return unicodedata.normalize("NFKD", text).casefold().translate(_marks())


def _begins(word: str, other: str) -> bool:
    return other != word and other.startswith(word)


def _split(text: str) -> Iterable[str]:
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    return _word().findall(fold(text))


@cache
def _marks() -> dict[int, None]:
    """The combining characters as a table for `str.translate`, which removes them."""
    return {code: None for code in range(sys.maxunicode + 1) if unicodedata.combining(chr(code))}


@cache
def _word() -> re.Pattern[str]:
    """Return a pattern of letters and digits, and of the vowel signs of Indian and other scripts, which \\w leaves out."""
    signs = (chr(code) for code in range(sys.maxunicode + 1) if _is_sign(chr(code)))
    return re.compile(rf"(?:[^\W_]|[{''.join(signs)}])+")


def _is_sign(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Mc") and not unicodedata.combining(character)
