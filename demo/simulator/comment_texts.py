"""Writes the texts of first-level comments: the author decides style and length, the post decides the subject.
Called by comments.py and scenarios.py.
"""

from collections.abc import Callable, Sequence
from math import exp
from random import Random

from demo.simulator.keyed_random import (
    cyclic_slice,
    normal_quantile,
    stream,
    uniform,
    uniform_choice,
    uniforms,
    weighted_choice,
)
from demo.simulator.people import is_interested, writing_style
from demo.simulator.phrases import (
    GENERAL,
    MAX_MISMATCH,
    MIN_LINE_LENGTH,
    SENTIMENTS,
    TAG,
    CommentText,
    Line,
    TextContext,
    extend,
    join_sentences,
    lower_first,
    opening_lines,
    short_reaction,
    with_opener,
)
from demo.simulator.platforms import PLATFORM_FIGURES, PlatformFigures
from demo.simulator.posts import Subject, fill_slots, subject
from demo.simulator.values import Author, SimulatedEvent, World
from demo.simulator.writing_style import apply_style, emoji

SPECIFIC_SHARE = 0.9  # share of comments about a facet of the post; the others would fit any post [A]
TAG_SHARE = 0.5  # share of jokes that tag a friend [A]
LENGTH_FACTOR = 1.0  # mean length of first-level comments, relative to the platform's distribution [A]
LENGTH_CORRELATION = 0.45  # of the lengths of one person's texts [A]


def comment_intent(seed: int, platform: str, comment_id: str) -> tuple[str, str, str]:
    """A comment's intent, sentiment and kind, by the platform's figures. Only an "opinion" has a kind of another name."""
    u_intent, u_opinion = uniforms(2, seed, "intent", comment_id)
    intent = weighted_choice(PLATFORM_FIGURES[platform].intents.items(), 100 * u_intent)
    if intent == "opinion":
        return intent, *_opinion(u_opinion, PLATFORM_FIGURES[platform].opinions)
    return intent, SENTIMENTS[intent], intent


def _opinion(u: float, shares: tuple[float, float]) -> tuple[str, str]:
    if u < shares[0]:
        return "positive", "favourable"
    return ("negative", "critical") if u < sum(shares) else ("neutral", "favourable")


def emoji_only_probability(figures: PlatformFigures) -> float:
    """For a comment that may be emoji only, which a question or spam may not."""
    return figures.emoji_only_share / (1 - (figures.intents["question"] + figures.intents["spam"]) / 100)


def text_length(seed: int, platform: str, text_id: str, author_id: str) -> float:
    """A target length by the platform's log-normal distribution; texts of one person have correlated lengths."""
    figures = PLATFORM_FIGURES[platform]
    own = (1 - LENGTH_CORRELATION**2) ** 0.5 * normal_quantile(uniform(seed, "length", text_id))
    deviation = LENGTH_CORRELATION * writing_style(seed, author_id).length + own
    length = figures.median_length * exp(figures.length_sigma * deviation)
    return min(length, figures.max_length or length)


def comment_text(
    context: TextContext,
    post: SimulatedEvent,
    comment_id: str,
    kind_and_sentiment: tuple[str, str],
    author: Author,
    friend: Callable[[], Author],
) -> CommentText:
    """The text of `author`'s comment on a post; `friend` returns the person whom the comment may tag."""
    world = context.world
    platform = post.platform
    kind = kind_and_sentiment[0]
    figures = PLATFORM_FIGURES[platform]
    rng = stream(world.seed, "comment", comment_id)
    if kind == "spam":
        return CommentText(spam(context, rng), kind)
    if kind != "question" and rng.random() < emoji_only_probability(figures):
        return CommentText(emoji(kind, rng), kind)
    length = LENGTH_FACTOR * text_length(world.seed, platform, comment_id, author.id)
    about = as_customers_say(subject(world, post.platform_id), rng)
    if kind == "joke" and rng.random() < TAG_SHARE:
        line = context.line_uses.use_best(opening_lines(world.language, world.niche, TAG, kind), length)
        text = fill_slots(world, line.text, about, friend=friend().handle)
        memo = line.name
    else:
        text, memo = _text_and_memo(context, post, author, kind_and_sentiment, length, about, rng)
    return CommentText(figures.truncate(styled(world, text, author, rng, platform, kind)), memo)


def spam(context: TextContext, rng: Random) -> str:
    """A spam comment, combined from a hook, an offer and a call to act."""
    hook, offer, call = (
        context.line_uses.use_best_text(cyclic_slice(context.words.spam[part], 3, rng.random()), 40)
        for part in ("hooks", "offers", "calls")
    )
    return f"{hook} {lower_first(offer, context.words) if hook.endswith(',') else offer} {call}"


def _text_and_memo(
    context: TextContext,
    post: SimulatedEvent,
    author: Author,
    kind_and_sentiment: tuple[str, str],
    length: float,
    about: Subject,
    rng: Random,
) -> tuple[str, str]:
    """A line about the post, extended to the length; a short reaction where no line is short enough."""
    kind, sentiment = kind_and_sentiment
    lines = _candidate_lines(context.world, post.platform_id, author.id, kind, rng)
    mismatch, line = context.line_uses.best(lines, length)
    if length < MIN_LINE_LENGTH or (length < 3 * MIN_LINE_LENGTH and mismatch > MAX_MISMATCH):
        return short_reaction(context, kind, length, rng), kind
    context.line_uses.counts[line.name] += 1
    text = fill_slots(context.world, line.text, about)
    text = _with_beginning(context, text, kind, length - len(text), rng)
    extension_kind = "critical" if (kind, sentiment) == ("favourable", "neutral") else kind
    used_facet = line.name.split("/")[1]
    other_facets = [facet for facet in about.topic.facets if facet != used_facet]
    return extend(context, text, extension_kind, other_facets, length, about, rng), line.name


def _candidate_lines(world: World, post_id: str, author_id: str, kind: str, rng: Random) -> Sequence[Line]:
    """All lines about one facet of the post, or a dozen that would fit any post."""
    if rng.random() < SPECIFIC_SHARE:
        return opening_lines(world.language, world.niche, choose_facet(world, post_id, author_id, rng), kind)
    lines = opening_lines(world.language, world.niche, GENERAL, kind)
    return cyclic_slice(lines, 12, rng.random())


def _with_beginning(context: TextContext, text: str, kind: str, room: float, rng: Random) -> str:
    """The text after an opener or a short reaction, where `room` characters allow it."""
    if not (9 < room < 25 or (room > 25 and rng.random() < 0.2)):
        return text
    if rng.random() < 0.5 and kind != "question":
        reactions = cyclic_slice(context.words.short[kind], 8, rng.random())
        return join_sentences(context.line_uses.use_best_text(reactions, room), text)
    openers = cyclic_slice(context.words.openers[kind], 4, rng.random())
    return with_opener(context.line_uses.use_best_text(openers, room), text, context.words)


def choose_facet(world: World, post_id: str, author_id: str, rng: Random) -> str:
    """The facet of the post that the author comments on: of two random ones rather one of the author's interests."""
    facets = subject(world, post_id).topic.facets
    first, second = uniform_choice(facets, rng.random()), uniform_choice(facets, rng.random())
    return second if second != first and is_interested(world.seed, author_id, second) else first


def as_customers_say(about: Subject, rng: Random) -> Subject:
    """The subject, often under a short name, and with the post's detail or another one."""
    item = about.item._replace(name=rng.choice(about.item.short)) if rng.random() < 0.6 else about.item
    return Subject(item, about.topic, about.detail if rng.random() < 0.6 else rng.choice(item.details))


def styled(world: World, text: str, author: Author, rng: Random, platform: str, kind: str) -> str:
    """The text in its author's writing style."""
    return apply_style(text, writing_style(world.seed, author.id), rng, PLATFORM_FIGURES[platform], kind)
