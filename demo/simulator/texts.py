"""From tables to sentences: captions, comments and messages that speak of their piece."""

from collections.abc import Iterable
from functools import lru_cache
from random import Random

from demo.simulator.platforms import PLATFORMS
from demo.simulator.streams import stream
from demo.simulator.values import Author, World
from demo.simulator.words import comments, messages
from demo.simulator.words.niches import CLOSES, NICHES

_TABLES = [table for table, _ in comments.INTENTS.values()]
_WEIGHTS = [weight for _, weight in comments.INTENTS.values()]
EMOJI_ONLY, SHORT = 0.06, 0.14  # shares of the comments that are no replies [A]


def brand_name(seed: int, niche: str) -> str:
    """An invented company name for the niche."""
    draw = stream(seed, "brand", niche)
    return f"{draw.choice(NICHES[niche].brand_first)} {draw.choice(NICHES[niche].brand_last)}"


def caption(world: World, platform: str, piece_id: str) -> str:
    """The caption of a piece; its subject is that of `subject`."""
    niche = NICHES[world.niche]
    draw = stream(world.seed, "caption", piece_id)
    speaks_of_event = _of_event(world.seed, piece_id)
    fitting = [line for line in niche.captions if ("{event}" in line) == speaks_of_event]
    thing = subject(world, piece_id)
    text = draw.choice(fitting).format(
        product=thing, event=thing, brand=world.brand, close=draw.choice(CLOSES)
    )
    text = text[0].upper() + text[1:]
    if platform in ("youtube", "x"):
        return text
    return text + " " + " ".join(f"#{tag}" for tag in draw.sample(niche.tags, draw.randint(2, 4)))


def subject(world: World, piece_id: str) -> str:
    """The product or event that a piece is about, known from its id alone."""
    return _subject(world.seed, world.niche, piece_id)


@lru_cache(maxsize=4_096)
def _subject(seed: int, niche: str, piece_id: str) -> str:
    things = NICHES[niche].events if _of_event(seed, piece_id) else NICHES[niche].products
    return stream(seed, "subject", piece_id).choice(things)


def _of_event(seed: int, piece_id: str) -> bool:
    return stream(seed, "about", piece_id).random() < 0.25


def comment(
    world: World, platform: str, piece_id: str, comment_id: str, author: Author, parent: Author | None
) -> str:
    """What `author` writes below a piece, or in answer to `parent`."""
    draw = stream(world.seed, "comment", comment_id)
    roll = 1.0 if parent else draw.random()
    if roll < EMOJI_ONLY:
        return "".join(draw.choices(comments.EMOJI, k=draw.choice((1, 2, 2, 3, 3))))
    if roll < EMOJI_ONLY + SHORT:
        return voiced(world, draw.choice(comments.SHORT), author, draw, platform)
    table = draw.choice(comments.REPLIES) if parent else draw.choices(_TABLES, _WEIGHTS)[0]
    slots = {
        "subject": subject(world, piece_id),
        "friend": _friend(draw),
        "first": parent.name.split()[0] if parent else "",
        "handle": parent.handle if parent else "",
    }
    text = _joined(draw.choice(part) for part in table).format(**slots)
    return voiced(world, text, author, draw, platform)


def _joined(parts: Iterable[str]) -> str:
    """Parts that begin with a letter get a space before them; those with punctuation bring their own."""
    text = ""
    for part in parts:
        text += (" " if text and part and part[0] not in " .,!?" else "") + part
    return text


def _friend(draw: Random) -> str:
    return (
        draw.choice(("lena", "marco", "jess", "tom", "nadia", "sam", "ella", "ben"))
        + draw.choice(("_", ".", ""))
        + str(draw.randrange(10, 99))
    )


def voiced(world: World, text: str, author: Author, draw: Random, platform: str) -> str:
    """The text in the author's own way of writing: case, closing punctuation, emoji."""
    lowers, leaves_open = _habits(world.seed, author.id)
    if lowers and not text.startswith(("@", "POV", "I ")):
        text = text[0].lower() + text[1:]
    if leaves_open:
        text = text.rstrip(".")
    if draw.random() < PLATFORMS[platform].emoji * 0.8:
        text += " " + draw.choice(comments.EMOJI)
    return text[: PLATFORMS[platform].length]


@lru_cache(maxsize=4_096)
def _habits(seed: int, author_id: str) -> tuple[bool, bool]:
    """Whether a person starts in lower case, and whether they leave out the last full stop."""
    draw = stream(seed, "voice", author_id)
    return draw.random() < 0.22, draw.random() < 0.5


def conversation(world: World, conversation_id: str) -> list[str]:
    """The lines that a person writes in one conversation, in order."""
    draw = stream(world.seed, "conversation", conversation_id)
    niche = NICHES[world.niche]
    slots = {"product": draw.choice(niche.products), "event": draw.choice(niche.events), "brand": world.brand}
    lines = [line.format(**slots) for line in draw.choice(messages.CONVERSATIONS)]
    if not lines[0].startswith(messages.GREETED):
        lines[0] = draw.choice(messages.GREETINGS).format(**slots) + lines[0]
    if len(lines) > 1:
        lines[-1] += draw.choice(messages.FAREWELLS)
    return lines
