"""What is said in answer to a comment: by other people, and by the brand. Both take up the matter that its memo names."""

from collections.abc import Sequence
from random import Random

from accounts.platforms import PLATFORMS
from demo.simulator.keyed_random import cyclic_slice, stream
from demo.simulator.phrases import (
    GENERAL,
    LONG,
    MIN_LINE_LENGTH,
    NEGATIVE,
    SHORT_OF,
    TAG,
    Matter,
    Scene,
    Text,
    continued,
    kind_of,
    matter,
    named,
    said_in,
)
from demo.simulator.pieces import Subject, filled, subject
from demo.simulator.platforms import PLATFORM_FIGURES
from demo.simulator.texts import emoji_only, facet_of, leaning, length_of, seen, spam, typed
from demo.simulator.values import BRAND, Author, Event, World
from demo.simulator.voices import emoji

REPLIES_LENGTH = 0.9  # of a reply against the platform's law, which all texts together follow [A]


def reply(scene: Scene, comment_id: str, author: Author, parent: Event, root: Event | None) -> Text:
    """What `author` answers to `parent`, whose thread begins with `root` (None when that is long past)."""
    world, platform = scene.world, parent.platform
    draw = stream(world.seed, "comment", comment_id)
    kind = _reply_kind(world, comment_id, parent, root)
    if kind == "spam":
        return Text(spam(scene, draw), kind)
    if kind != "question" and draw.random() < emoji_only(PLATFORM_FIGURES[platform]):
        return Text(emoji(kind, draw), kind)
    length = REPLIES_LENGTH * length_of(world.seed, platform, comment_id, author.id)
    mention = _mention(parent, draw) if length > 24 or parent.parent_id else ""
    text = _answer(scene, author, parent, root, kind, max(length - len(mention), 3), draw)
    return Text(
        PLATFORM_FIGURES[platform].cut(mention + typed(world, text, author, draw, platform, kind)), kind
    )


def _reply_kind(world: World, comment_id: str, parent: Event, root: Event | None) -> str:
    """Some ask back and some sell something, as everywhere; the others take up what was said."""
    intent, _, _ = leaning(world.seed, parent.platform, comment_id)
    if intent in ("question", "spam"):
        return intent
    above = kind_of(root) if root else "praise"
    return {"question": "favourable", "spam": "critical"}.get(above, above)


def _answer(
    scene: Scene, author: Author, parent: Event, root: Event | None, kind: str, length: float, draw: Random
) -> str:
    world, piece_id = scene.world, parent.content_id or ""
    about, matters = seen(subject(world, piece_id), draw), matter(world, root) if root else None
    if kind == "question":
        return _asked_back(scene, matters, piece_id, author, length, about, draw)
    lines: Sequence[str] = matters.exchange(world).replies if matters and parent is root else ()
    if not lines or (length < 3 * MIN_LINE_LENGTH and _far(scene, lines, length)):
        lines = cyclic_slice(scene.words.replies[_answered_as(parent, root)], 6, draw.random())
    text = filled(world, scene.said.of(lines, length), about, first=_first(parent))
    if (matters and matters.facet == TAG) or (root and kind_of(root) == "spam"):
        return text
    goes_on = "critical" if kind in NEGATIVE else kind
    taken_up = matters.facet if matters else GENERAL
    others = [facet for facet in about.topic.facets if facet != taken_up] if length > LONG else ()
    return continued(scene, text, goes_on, others, length, about, draw)


def _answered_as(parent: Event, root: Event | None) -> str:
    """Which short answers fit."""
    if parent.origin == BRAND:
        return "brand"
    if root is None or parent is not root:
        return "reply"
    return kind_of(root)


def _far(scene: Scene, lines: Sequence[str], length: float) -> bool:
    return scene.said.best(map(named, lines), length)[0] > SHORT_OF


def _asked_back(
    scene: Scene,
    matters: Matter | None,
    piece_id: str,
    author: Author,
    length: float,
    about: Subject,
    draw: Random,
) -> str:
    """A question on the matter of the thread, but for the one that began it."""
    if length < MIN_LINE_LENGTH:
        return scene.said.of(cyclic_slice(scene.words.short["question"], 6, draw.random()), length)
    world = scene.world
    own = matters.facet if matters and matters.facet not in (TAG, GENERAL) else None
    facet = own or facet_of(world, piece_id, author.id, draw)
    lines = said_in(world.language, world.niche, facet, "question")
    if matters and own and matters.kind == "question":
        asked = f"question/{facet}/{matters.number}/"
        lines = tuple(one for one in lines if not one.name.startswith(asked)) or lines
    line = scene.said.take(lines, length).line
    return continued(scene, filled(world, line, about), "question", (), length, about, draw)


def _mention(parent: Event, draw: Random) -> str:
    if parent.author is None or draw.random() >= PLATFORM_FIGURES[parent.platform].mentions:
        return ""
    return (
        f"{parent.author.name} "
        if PLATFORMS[parent.platform].mentions_by_name
        else f"@{parent.author.handle} "
    )


def _first(parent: Event) -> str:
    return parent.author.first_name if parent.author else ""


def brand_answer(scene: Scene, parent: Event) -> str | None:
    """What the brand answers to a first-level comment; None when it has nothing to say."""
    draw, kind = stream(scene.world.seed, "answer", parent.platform_id), kind_of(parent)
    matters = matter(scene.world, parent)
    lines: Sequence[str] = matters.exchange(scene.world).brand if matters else ()
    if not lines and kind in ("praise", "favourable") and any(letter.isalpha() for letter in parent.text):
        lines = cyclic_slice(scene.words.thanks, 6, draw.random())
    if not lines:
        return None
    about = subject(scene.world, parent.content_id or "")
    text = filled(scene.world, scene.said.of(lines, 60), about, first=_first(parent))
    return PLATFORM_FIGURES[parent.platform].cut(_mention(parent, draw) + text)
