"""Draws posts: subject, popularity and caption, all determined by the post's id. Called by windows.py and scenarios.py, and
by the text modules, which look up what a post is about.
"""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from functools import cache, lru_cache
from math import exp
from typing import NamedTuple

from demo.simulator import tables
from demo.simulator.handles import hashtag
from demo.simulator.keyed_random import Key, normal_quantile, numeric_id, stream, uniform, uniforms
from demo.simulator.platforms import PLATFORM_FIGURES
from demo.simulator.tables import Niche, ProductOrEvent, Topic
from demo.simulator.values import CONTENT, SimulatedEvent, World

EVENT_SHARE = 0.3  # share of posts that are about an event [A]
SPIKE_SHARE = 0.02  # share of posts that go viral [A]


class Subject(NamedTuple):
    """What a post is about: a product or an event, under one topic, with one detail."""

    item: ProductOrEvent
    topic: Topic
    detail: str


class Spike(NamedTuple):
    """A burst of comments on a viral post.

    `factor` is the number of the spike's comments divided by the ordinary ones of the post's lifetime; `peak` is in
    hours after publication. Half of the spike's comments arrive between 7.6 hours before and 4.9 hours after the peak,
    nine in ten between 21.7 before and 17.6 after [LDBC]: two exponential flanks.
    """

    peak: float
    factor: float

    def cumulative_share(self, age: float) -> float:
        """The share of the spike's comments that have arrived at `age` hours.

        The part that would be before publication arrives at publication.
        """
        if age <= 0:
            return 0.0
        since = age - self.peak
        if since < 0:
            return RISING_SHARE * exp(since / RISE_HOURS)
        return 1 - (1 - RISING_SHARE) * exp(-since / FALL_HOURS)


RISING_SHARE, RISE_HOURS, FALL_HOURS = 0.56, 8.76, 7.89  # fitted to the four figures in Spike


def post(world: World, key: Key, at: datetime, hook_uses: Counter[str]) -> SimulatedEvent:
    """The post for `key`, published at `at`, with a little-used first sentence; counts it in `hook_uses`."""
    post_id = numeric_id(world.seed, "piece", *key)
    rng = stream(world.seed, "piece", *key)
    platform = rng.choice(world.platforms)
    url = f"https://{platform}.example/p/{post_id}"
    kind = rng.choice(PLATFORM_FIGURES[platform].content_kinds)
    text, memo = caption(world, platform, post_id, hook_uses)
    return SimulatedEvent(CONTENT, platform, post_id, at, text, url=url, kind=kind, memo=memo)


def count_hook_uses(past: Iterable[SimulatedEvent]) -> Counter[str]:
    """How often the posts in `past` use each first sentence, by memo."""
    return Counter(event.memo for event in past if event.type == CONTENT and event.memo)


def subject(world: World, post_id: str) -> Subject:
    """What the post is about."""
    return _subject(world.seed, world.language, world.niche, world.products, post_id)


@lru_cache(maxsize=2_048)
def _subject(seed: int, language: str, niche: str, product_names: tuple[str, ...], post_id: str) -> Subject:
    words = tables.niche(language, niche)
    about = "event" if uniform(seed, "about", post_id) < EVENT_SHARE else "product"
    rng = stream(seed, "subject", post_id)
    topic = rng.choice([topic for topic in words.topics.values() if topic.about == about])
    item = rng.choice(words.events if about == "event" else products(language, words, product_names))
    return Subject(item, topic, rng.choice(item.details))


def products(language: str, words: Niche, product_names: tuple[str, ...]) -> tuple[ProductOrEvent, ...]:
    """The user's products, with details and facts that are true of any product; the niche's own when there are none."""
    if not product_names:
        return words.products
    article = tables.language(language).article
    general = words.any_product
    return tuple(
        ProductOrEvent(name, article, (name,), general["details"], general["facts"]) for name in product_names
    )


class Popularity(NamedTuple):
    """The number of ordinary comments relative to the average post's, 0 for a post without any; and the spike, if any."""

    weight: float
    spike: Spike | None


def popularity(world: World, platform: str, post_id: str) -> Popularity:
    """The post's popularity, constant over its lifetime; the weight is log-normal with mean 1."""
    figures = PLATFORM_FIGURES[platform]
    u_none, u_weight, u_spike = uniforms(3, world.seed, "appeal", post_id)
    spike = _spike(world.seed, post_id) if world.viral_spikes and u_spike < SPIKE_SHARE else None
    if u_none < figures.no_comments:
        return Popularity(0.0, spike)
    mean_one = exp(figures.comments_sigma * normal_quantile(u_weight) - figures.comments_sigma**2 / 2)
    return Popularity(mean_one / (1 - figures.no_comments), spike)


def _spike(seed: int, post_id: str) -> Spike:
    rng = stream(seed, "spike", post_id)
    return Spike(rng.lognormvariate(3.2, 0.5), rng.uniform(2, 6))


def caption(world: World, platform: str, post_id: str, hook_uses: Counter[str]) -> tuple[str, str]:
    """The post's text, with hashtags where the platform has them; and its memo, "topic/number of the first sentence"."""
    words = tables.niche(world.language, world.niche)
    about = subject(world, post_id)
    figures = PLATFORM_FIGURES[platform]
    topic = about.topic
    rng = stream(world.seed, "caption", post_id)
    number = min(range(len(topic.hooks)), key=lambda n: (hook_uses[f"{topic.name}/{n}"], rng.random()))
    memo = f"{topic.name}/{number}"
    hook_uses[memo] += 1
    hook, fact, close = topic.hooks[number], rng.choice(about.item.facts), rng.choice(topic.closes)
    sentences = rng.choices(((hook,), (hook, fact), (hook, close), (hook, fact, close)), (8, 30, 17, 45))[0]
    text = fill_slots(world, " ".join(sentences[:1] if figures.captions_are_titles else sentences), about)
    if figures.captions_are_titles:
        return text.rstrip(".:"), memo
    if rng.random() < 0.45:
        text += " " + rng.choice(words.emoji)
    tags = rng.sample(words.tags, rng.randint(*figures.hashtags))
    if tags and rng.random() < 0.4:
        tags[-1] = hashtag(world.brand) or tags[-1]
    return figures.truncate(" ".join([text, *(f"#{tag}" for tag in tags)])), memo


def topic_of(memo: str) -> str:
    """The name of a post's topic, which its memo begins with."""
    return memo.partition("/")[0]


def fill_slots(world: World, text: str, about: Subject, **slots: str) -> str:
    """The sentence with its slots filled, then as `complete_text` returns it."""
    if "{" in text:
        article, name = about.item.article, protect_name(world, about.item.name)
        text = text.format(
            the=f"{article} {name}".strip(),
            thing=name,
            detail=about.detail,
            brand=protect_name(world, world.brand),
            **slots,
        )
    return complete_text(world, text)


FIRST_PLACEHOLDER = 0xE000  # a code point for private use, which no phrase contains
_PLACEHOLDERS = re.compile("[\ue000-\ue0ff]")


def protect_name(world: World, name: str) -> str:
    """A placeholder character for a name that the user has entered, which `complete_text` replaces by the unchanged name.

    Other names are returned as they are, and so are products in lower case: those get a capital where a sentence begins
    with them.
    """
    user_names = (world.brand, *world.products)
    is_word = name != world.brand and name == name.lower()
    return chr(FIRST_PLACEHOLDER + user_names.index(name)) if name in user_names and not is_word else name


def complete_text(world: World, text: str) -> str:
    """The text with the language's contractions, capitals at the beginning of sentences, and placeholders replaced."""
    user_names = (world.brand, *world.products)
    return _PLACEHOLDERS.sub(
        lambda found: user_names[ord(found[0]) - FIRST_PLACEHOLDER], _complete(world.language, text)
    )


@lru_cache(maxsize=16_384)
def _complete(language: str, text: str) -> str:
    for pattern, contraction in _contractions(language):
        text = pattern.sub(contraction, text)
    return capitalise_sentences(text)


@cache
def _contractions(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Patterns of separate words and their contractions, in lower case."""
    return [
        (re.compile(rf"\b{re.escape(apart)}", re.IGNORECASE), joined)
        for apart, joined in tables.language(language).contractions
    ]


def capitalise_sentences(text: str) -> str:
    return _SENTENCE_START.sub(lambda found: found[1] + found[2].upper(), text)


_SENTENCE_START = re.compile(r"((?:^|[.!?] )[¿¡]?)([^\W\d_])")
