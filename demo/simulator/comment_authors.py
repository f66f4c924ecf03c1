"""Draws the authors of comments and replies. Called by comments.py and scenarios.py."""

from demo.simulator.keyed_random import uniforms
from demo.simulator.people import person, person_id, person_number, positivity
from demo.simulator.phrases import TAG, TextContext, comment_sentiment, exchange_ref
from demo.simulator.values import BRAND_ORIGIN, Author, SimulatedEvent, World


def author_number(
    world: World, platform: str, comment_id: str, sentiment: str, excluded_id: str | None
) -> int:
    """The number of the person who writes a comment: of two random people the one whose positivity fits the sentiment.

    Never the person with the id `excluded_id`.
    """
    u = uniforms(6, world.seed, "who", comment_id)
    numbers = [person_number(u[0], u[1]), person_number(u[2], u[3])]
    if excluded_id is not None:
        numbers.append(person_number(u[4], u[5]))
        others = [number for number in numbers if person_id(world.seed, platform, number) != excluded_id]
        numbers = others[:2] or [numbers[0] + 1]  # all three draws may be the excluded person
    if sentiment == "neutral":
        return numbers[0]
    positivities = [positivity(world.seed, platform, number) for number in numbers]
    best = max(positivities) if sentiment == "positive" else min(positivities)
    return numbers[positivities.index(best)]


def tagged_friend(context: TextContext, platform: str, comment_id: str) -> Author:
    """The person whom a comment tags, if it tags one."""
    seed = context.world.seed
    number = person_number(*uniforms(2, seed, "friend", comment_id))
    return person(seed, context.words.locales, platform, number)


def reply_author(
    context: TextContext, comment_id: str, parent: SimulatedEvent, root: SimulatedEvent | None
) -> Author:
    """Who writes a reply to `parent`, never the parent's author.

    To a reply of the brand, the author of the root; to a comment that tags a friend, that friend; otherwise anybody.
    """
    if parent.origin == BRAND_ORIGIN and root and root.author:
        return root.author
    world = context.world
    parent_author_id = parent.author.id if parent.author else ""
    ref = exchange_ref(world, parent)
    if ref and ref.facet == TAG:
        friend = tagged_friend(context, parent.platform, parent.platform_id)
        if friend.id != parent_author_id:
            return friend
    sentiment = comment_sentiment(parent)
    number = author_number(world, parent.platform, comment_id, sentiment, parent_author_id)
    return person(world.seed, context.words.locales, parent.platform, number)
