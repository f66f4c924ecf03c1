"""Keeps the comments of a scenario from repeating each other. Called by scenarios.py."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from demo.simulator.phrases import TextContext, comment_kind
from demo.simulator.values import Author, SimulatedEvent

WORDLESS_KINDS = ("praise", "joke")  # kinds that may be emoji alone
MAX_ATTEMPTS = 40  # to write a comment that repeats no other


class _Used(NamedTuple):
    """The sentences, table lines and authors of a scenario's comments so far."""

    sentences: set[str]
    lines: set[str]
    authors: set[Author | None]

    @classmethod
    def by(cls, comments: Sequence[SimulatedEvent]) -> "_Used":
        sentences = {sentence for comment in comments for sentence in _sentences(comment.text)}
        lines = {comment.memo for comment in comments if comment.memo and "/" in comment.memo}
        return cls(sentences, lines, {comment.author for comment in comments})

    def allows(self, comment: SimulatedEvent) -> bool:
        """Whether the comment repeats no sentence and is no spam.

        A first-level comment needs a new author and a new line, and the first of all is about the post.
        """
        if comment_kind(comment) == "spam" or self.sentences & _sentences(comment.text):
            return False
        if not self.authors:
            return "/" in (comment.memo or "")
        if comment_kind(comment) not in WORDLESS_KINDS and not has_words(comment):
            return False
        is_used = comment.author in self.authors or comment.memo in self.lines
        return comment.parent_id is not None or not is_used


def without_repetition(
    context: TextContext, propose: Callable[[int], SimulatedEvent], comments: Sequence[SimulatedEvent]
) -> SimulatedEvent:
    """The first proposal that repeats nothing of `comments` (see `_Used.allows`); the last one when all do."""
    used = _Used.by(comments)
    counts = context.line_uses.counts
    for attempt in range(MAX_ATTEMPTS):
        context.line_uses.counts = counts.copy()  # so that a rejected proposal does not count as a use
        comment = propose(attempt)
        if used.allows(comment):
            break
    return comment


def has_words(comment: SimulatedEvent) -> bool:
    return any(map(str.isalpha, comment.text))


def _sentences(text: str) -> set[str]:
    """The letters of each sentence; the text itself when it has no letter."""
    letters = {"".join(filter(str.isalpha, sentence)) for sentence in re.split("[.!?]", text.lower())}
    return letters - {""} or {text}
