"""Writes the texts of replies to comments, by other people and by the brand. Called by comments, brand_replies, scenarios.

A reply belongs to the exchange that the parent's memo names.
"""

from collections.abc import Sequence
from random import Random

from accounts.platforms import PLATFORMS
from demo.simulator.comment_texts import (
    as_customers_say,
    choose_facet,
    comment_intent,
    emoji_only_probability,
    spam,
    styled,
    text_length,
)
from demo.simulator.keyed_random import cyclic_slice, stream
from demo.simulator.phrases import (
    GENERAL,
    LONG_TEXT,
    MAX_MISMATCH,
    MIN_LINE_LENGTH,
    NEGATIVE,
    TAG,
    CommentText,
    ExchangeRef,
    TextContext,
    as_line,
    comment_kind,
    exchange_ref,
    extend,
    opening_lines,
)
from demo.simulator.platforms import PLATFORM_FIGURES
from demo.simulator.posts import Subject, fill_slots, subject
from demo.simulator.values import BRAND_ORIGIN, Author, SimulatedEvent, World
from demo.simulator.writing_style import emoji

LENGTH_FACTOR = 0.9  # mean length of replies, relative to the platform's distribution of all comments [A]
BRAND_LENGTH = 60  # characters, the target of the brand's replies [A]


def reply_text(
    context: TextContext, comment_id: str, author: Author, parent: SimulatedEvent, root: SimulatedEvent | None
) -> CommentText:
    """The text of `author`'s reply to `parent`. `root` is the thread's first comment; None when it is too long ago."""
    world = context.world
    platform = parent.platform
    figures = PLATFORM_FIGURES[platform]
    rng = stream(world.seed, "comment", comment_id)
    kind = _reply_kind(world, comment_id, parent, root)
    if kind == "spam":
        return CommentText(spam(context, rng), kind)
    if kind != "question" and rng.random() < emoji_only_probability(figures):
        return CommentText(emoji(kind, rng), kind)
    length = LENGTH_FACTOR * text_length(world.seed, platform, comment_id, author.id)
    mention = _mention(parent, rng) if length > 24 or parent.parent_id else ""
    text = _reply(context, author, parent, root, kind, max(length - len(mention), 3), rng)
    return CommentText(figures.truncate(mention + styled(world, text, author, rng, platform, kind)), kind)


def _reply_kind(world: World, comment_id: str, parent: SimulatedEvent, root: SimulatedEvent | None) -> str:
    """Questions and spam are as frequent as in first-level comments; all other replies depend on the root's kind."""
    intent, _, _ = comment_intent(world.seed, parent.platform, comment_id)
    if intent in ("question", "spam"):
        return intent
    root_kind = comment_kind(root) if root else "praise"
    return {"question": "favourable", "spam": "critical"}.get(root_kind, root_kind)


def _reply(
    context: TextContext,
    author: Author,
    parent: SimulatedEvent,
    root: SimulatedEvent | None,
    kind: str,
    length: float,
    rng: Random,
) -> str:
    world = context.world
    post_id = parent.content_id or ""
    about = as_customers_say(subject(world, post_id), rng)
    ref = exchange_ref(world, root) if root else None
    if kind == "question":
        return _question(context, ref, post_id, author, length, about, rng)
    lines: Sequence[str] = ref.exchange(world).replies if ref and parent is root else ()
    if not lines or (length < 3 * MIN_LINE_LENGTH and not _has_match(context, lines, length)):
        lines = cyclic_slice(context.words.replies[_replies_key(parent, root)], 6, rng.random())
    text = fill_slots(world, context.line_uses.use_best_text(lines, length), about, first=_first_name(parent))
    if (ref and ref.facet == TAG) or (root and comment_kind(root) == "spam"):
        return text
    extension_kind = "critical" if kind in NEGATIVE else kind
    used_facet = ref.facet if ref else GENERAL
    other_facets = (
        [facet for facet in about.topic.facets if facet != used_facet] if length > LONG_TEXT else ()
    )
    return extend(context, text, extension_kind, other_facets, length, about, rng)


def _replies_key(parent: SimulatedEvent, root: SimulatedEvent | None) -> str:
    """The key of the table of short replies that fit the parent."""
    if parent.origin == BRAND_ORIGIN:
        return "brand"
    if root is None or parent is not root:
        return "reply"
    return comment_kind(root)


def _has_match(context: TextContext, lines: Sequence[str], length: float) -> bool:
    return context.line_uses.best(map(as_line, lines), length)[0] <= MAX_MISMATCH


def _question(
    context: TextContext,
    ref: ExchangeRef | None,
    post_id: str,
    author: Author,
    length: float,
    about: Subject,
    rng: Random,
) -> str:
    """A question about the facet of the thread, other than the question that the thread begins with."""
    if length < MIN_LINE_LENGTH:
        return context.line_uses.use_best_text(
            cyclic_slice(context.words.short["question"], 6, rng.random()), length
        )
    world = context.world
    thread_facet = ref.facet if ref and ref.facet not in (TAG, GENERAL) else None
    facet = thread_facet or choose_facet(world, post_id, author.id, rng)
    lines = opening_lines(world.language, world.niche, facet, "question")
    if ref and thread_facet and ref.kind == "question":
        asked = f"question/{facet}/{ref.number}/"
        lines = tuple(line for line in lines if not line.name.startswith(asked)) or lines
    text = fill_slots(world, context.line_uses.use_best(lines, length).text, about)
    return extend(context, text, "question", (), length, about, rng)


def _mention(parent: SimulatedEvent, rng: Random) -> str:
    if parent.author is None or rng.random() >= PLATFORM_FIGURES[parent.platform].mention_share:
        return ""
    if PLATFORMS[parent.platform].mentions_by_name:
        return f"{parent.author.name} "
    return f"@{parent.author.handle} "


def _first_name(parent: SimulatedEvent) -> str:
    return parent.author.first_name if parent.author else ""


def brand_reply_text(context: TextContext, parent: SimulatedEvent) -> str | None:
    """The text of the brand's reply to a first-level comment; None when the tables have no line for it."""
    rng = stream(context.world.seed, "answer", parent.platform_id)
    kind = comment_kind(parent)
    ref = exchange_ref(context.world, parent)
    lines: Sequence[str] = ref.exchange(context.world).brand if ref else ()
    if not lines and kind in ("praise", "favourable") and any(letter.isalpha() for letter in parent.text):
        lines = cyclic_slice(context.words.thanks, 6, rng.random())
    if not lines:
        return None
    about = subject(context.world, parent.content_id or "")
    line = context.line_uses.use_best_text(lines, BRAND_LENGTH)
    text = fill_slots(context.world, line, about, first=_first_name(parent))
    return PLATFORM_FIGURES[parent.platform].truncate(_mention(parent, rng) + text)
