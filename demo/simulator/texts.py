"""What is said in first-level comments: by whom a comment is written decides how, what piece it is on decides of what."""

from collections.abc import Callable, Sequence
from math import exp
from random import Random

from demo.simulator.keyed_random import cyclic_slice, normal, pick, stream, uniform, uniforms, weighted_choice
from demo.simulator.people import interested, voice
from demo.simulator.phrases import (
    GENERAL,
    MIN_LINE_LENGTH,
    SENTIMENTS,
    SHORT_OF,
    TAG,
    Named,
    Scene,
    Text,
    continued,
    joined,
    lowered,
    opened,
    reaction,
    said_in,
)
from demo.simulator.pieces import Subject, filled, subject
from demo.simulator.platforms import PLATFORM_FIGURES, PlatformFigures
from demo.simulator.values import Author, Event, World
from demo.simulator.voices import emoji, voiced

SPECIFIC = 0.9  # share of what is said with a facet of the piece in mind; the rest would fit any piece [A]
TAGS = 0.5  # share of jokes that call a friend [A]
FIRST_LENGTH = 1.0  # of a first-level comment against the platform's law [A]
PERSONAL = 0.45  # correlation of the lengths of one person's texts [A]


def leaning(seed: int, platform: str, comment_id: str) -> tuple[str, str, str]:
    """A comment's intent, sentiment and kind, by the platform's mix; the kind is the intent as the tables have it."""
    lot, leans = uniforms(2, seed, "intent", comment_id)
    intent = weighted_choice(100 * lot, PLATFORM_FIGURES[platform].mix.items())
    if intent == "opinion":
        return intent, *_opinion(leans, PLATFORM_FIGURES[platform].leanings)
    return intent, SENTIMENTS[intent], intent


def _opinion(lot: float, leanings: tuple[float, float]) -> tuple[str, str]:
    if lot < leanings[0]:
        return "positive", "favourable"
    return ("negative", "critical") if lot < sum(leanings) else ("neutral", "favourable")


def emoji_only(platform: PlatformFigures) -> float:
    """The share of the comments that may be emoji only that are."""
    return platform.emoji_only / (1 - (platform.mix["question"] + platform.mix["spam"]) / 100)


def length_of(seed: int, platform: str, text_id: str, author_id: str) -> float:
    """A length by the platform's log-normal law, in which each person has their place."""
    figures = PLATFORM_FIGURES[platform]
    own = (1 - PERSONAL**2) ** 0.5 * normal(uniform(seed, "length", text_id))
    length = figures.length * exp(figures.length_sigma * (PERSONAL * voice(seed, author_id).length + own))
    return min(length, figures.max_length or length)


def comment(
    scene: Scene,
    piece: Event,
    comment_id: str,
    leaning: tuple[str, str],
    author: Author,
    friend: Callable[[], Author],
) -> Text:
    """What `author` writes below a piece, given its kind and sentiment; `friend` is somebody whom they may call."""
    world, platform, kind = scene.world, piece.platform, leaning[0]
    draw = stream(world.seed, "comment", comment_id)
    if kind == "spam":
        return Text(spam(scene, draw), kind)
    if kind != "question" and draw.random() < emoji_only(PLATFORM_FIGURES[platform]):
        return Text(emoji(kind, draw), kind)
    length = FIRST_LENGTH * length_of(world.seed, platform, comment_id, author.id)
    about = seen(subject(world, piece.platform_id), draw)
    if kind == "joke" and draw.random() < TAGS:
        line = scene.said.take(said_in(world.language, world.niche, TAG, kind), length)
        text, memo = filled(world, line.line, about, friend=friend().handle), line.name
    else:
        text, memo = _line(scene, piece, author, leaning, length, about, draw)
    return Text(PLATFORM_FIGURES[platform].cut(typed(world, text, author, draw, platform, kind)), memo)


def spam(scene: Scene, draw: Random) -> str:
    hook, offer, call = (
        scene.said.of(cyclic_slice(scene.words.spam[part], 3, draw.random()), 40)
        for part in ("hooks", "offers", "calls")
    )
    return f"{hook} {lowered(offer, scene.words) if hook.endswith(',') else offer} {call}"


def _begun(scene: Scene, text: str, kind: str, room: float, draw: Random) -> str:
    """The text, where there is room with an opener or a reaction before it."""
    if not (9 < room < 25 or (room > 25 and draw.random() < 0.2)):
        return text
    if draw.random() < 0.5 and kind != "question":
        return joined(scene.said.of(cyclic_slice(scene.words.short[kind], 8, draw.random()), room), text)
    return opened(
        scene.said.of(cyclic_slice(scene.words.openers[kind], 4, draw.random()), room), text, scene.words
    )


def _minds(world: World, piece_id: str, author_id: str, kind: str, draw: Random) -> Sequence[Named]:
    """The lines that come to the author's mind: of a facet of the piece, or a dozen that would fit any."""
    if draw.random() < SPECIFIC:
        return said_in(world.language, world.niche, facet_of(world, piece_id, author_id, draw), kind)
    lines = said_in(world.language, world.niche, GENERAL, kind)
    return cyclic_slice(lines, 12, draw.random())


def _line(
    scene: Scene,
    piece: Event,
    author: Author,
    leaning: tuple[str, str],
    length: float,
    about: Subject,
    draw: Random,
) -> tuple[str, str]:
    """Something about the piece, or a mere reaction where hardly a word is to be said; with its memo."""
    kind, sentiment = leaning
    far, line = scene.said.best(_minds(scene.world, piece.platform_id, author.id, kind, draw), length)
    if length < MIN_LINE_LENGTH or (length < 3 * MIN_LINE_LENGTH and far > SHORT_OF):
        return reaction(scene, kind, length, draw), kind
    scene.said.uses[line.name] += 1
    text = filled(scene.world, line.line, about)
    text = _begun(scene, text, kind, length - len(text), draw)
    goes_on = "critical" if (kind, sentiment) == ("favourable", "neutral") else kind
    taken_up = line.name.split("/")[1]
    others = [facet for facet in about.topic.facets if facet != taken_up]
    return continued(scene, text, goes_on, others, length, about, draw), line.name


def facet_of(world: World, piece_id: str, author_id: str, draw: Random) -> str:
    """What the author looks at in the piece: one of their interests, if one of two is."""
    facets = subject(world, piece_id).topic.facets
    first, second = pick(facets, draw.random()), pick(facets, draw.random())
    return second if second != first and interested(world.seed, author_id, second) else first


def seen(told: Subject, draw: Random) -> Subject:
    """The subject as customers call it, with the detail that the piece shows off or another."""
    thing = told.thing._replace(name=draw.choice(told.thing.short)) if draw.random() < 0.6 else told.thing
    return Subject(thing, told.topic, told.detail if draw.random() < 0.6 else draw.choice(thing.details))


def typed(world: World, text: str, author: Author, draw: Random, platform: str, kind: str) -> str:
    """The text in its author's way of writing."""
    return voiced(text, voice(world.seed, author.id), draw, PLATFORM_FIGURES[platform], kind)
