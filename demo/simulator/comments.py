"""One draw for every window: who comments on which piece, when, and who answers whom.

First-level comments fall on pieces by attractiveness times the share of each piece's lifetime that lies in the window;
replies fall on earlier comments by the share of their answers that does. The initial batch is the same draw with a long
window. Nothing here reads a clock, and every draw is keyed.
"""

from bisect import bisect
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from math import erfc, exp, log, sqrt
from typing import NamedTuple

from accounts.platforms import PLATFORMS
from demo.simulator import phrases, replies, texts
from demo.simulator.audience_time import Window
from demo.simulator.keyed_random import Key, normal, numeric_id, stream, uniform, uniforms
from demo.simulator.people import mood, person, person_id, someone
from demo.simulator.phrases import TAG, Scene, kind_of, sentiment_of
from demo.simulator.pieces import Spike, appeal
from demo.simulator.platforms import PLATFORM_FIGURES, REPLY_SIGMA
from demo.simulator.values import BRAND, COMMENT, CONTENT, SPIKE, Author, Event, World

MIN_DELAY = 1 / 3600  # hours from a comment to its answer
ANSWERABLE = {"question": 1.7, "complaint": 1.5, "critical": 1.3}  # against praise and jokes [A]
MAX_EXTRA = 60  # comments that spikes bring in one window


class Flow(NamedTuple):
    """What flows to one piece in a window: its ages in hours, and weights of its ordinary comments and of its spike's."""

    piece: Event
    published: float  # in the audience's hours
    opens: float  # age at the window's start
    closes: float
    ordinary: float
    spike: Spike | None
    viral: float


def flows(world: World, window: Window, past: Sequence[Event]) -> list[Flow]:
    """The flow to each piece that is out before the window's last second."""
    pieces = (event for event in past if event.type == CONTENT)
    return [_flow(world, window, piece) for piece in pieces if piece.at.timestamp() < window.end - 1]


def _flow(world: World, window: Window, piece: Event) -> Flow:
    figures, platform = PLATFORM_FIGURES[piece.platform], piece.platform
    published = window.times[platform].at(piece.at.timestamp())
    opens, closes = window.open[platform] - published, window.close[platform] - published
    attraction, viral = appeal(world, platform, piece.platform_id)
    ordinary = attraction * (figures.left(opens) - figures.left(closes))
    extra = attraction * viral.factor * (viral.come(closes) - viral.come(opens)) if viral else 0.0
    return Flow(piece, published, opens, closes, ordinary, viral, extra)


def comments(
    scene: Scene,
    key: Key,
    window: Window,
    count: int,
    past: Sequence[Event],
    found: Sequence[Flow],
    *,
    with_spikes: bool,
) -> list[Event]:
    """`count` comments in the window on the pieces of the flows, some of them replies; none when there is no piece.

    Spikes redistribute the count when `with_spikes`, and are left out otherwise.
    """
    if not found or not count:
        return []
    weights = [flow.ordinary + (flow.viral if with_spikes else 0.0) for flow in found]
    if sum(weights) <= 0:
        newest = max(found, key=lambda flow: (flow.piece.at, flow.piece.platform_id))
        weights = [float(flow is newest) for flow in found]
    on = stream(scene.world.seed, "which", *key).choices(found, weights, k=count)
    return _written(scene, key, window, on, Threads(window, past), with_spikes)


def viral_comments(scene: Scene, key: Key, window: Window, quota: int, found: Sequence[Flow]) -> list[Event]:
    """What spikes bring on top of a window that holds `quota` ordinary comments."""
    ordinary = sum(flow.ordinary for flow in found)
    written = []
    for flow in found:
        if flow.viral > 0 and ordinary > 0:
            lot = uniform(scene.world.seed, "viral", flow.piece.platform_id, *key)
            number = min(quota * flow.viral / ordinary + lot, MAX_EXTRA)
            for one in range(int(number)):
                event = _first_level(scene, ("viral", *key, flow.piece.platform_id, one), window, flow, SPIKE)
                written.append(event)
    return written


def _written(
    scene: Scene, key: Key, window: Window, on: Sequence[Flow], threads: "Threads", with_spikes: bool
) -> list[Event]:
    """One comment per flow given: first-level ones first, then replies, each of which may be replied to in turn."""
    answers = stream(scene.world.seed, "reply", *key)
    is_reply = [answers.random() < PLATFORM_FIGURES[flow.piece.platform].replies for flow in on]
    written = []
    for number, flow in enumerate(on):
        if not is_reply[number]:
            written.append(_first_level(scene, (*key, number), window, flow, "", with_spikes))
            threads.add(written[-1], written[-1])
    for number, flow in enumerate(on):
        if is_reply[number]:
            written.append(_reply(scene, (*key, number), window, flow, threads))
    return written


def _first_level(
    scene: Scene, key: Key, window: Window, flow: Flow, origin: str, with_spike: bool = True
) -> Event:
    world, piece = scene.world, flow.piece
    comment_id = numeric_id(world.seed, "comment", *key)
    viral = with_spike and _is_viral(world, comment_id, flow, origin)
    age = _viral_age(world, comment_id, flow) if viral else _age(world, comment_id, flow)
    at = window.moment(piece.platform, flow.published + age, piece.at.timestamp())
    _, sentiment, kind = texts.leaning(world.seed, piece.platform, comment_id)
    number = speaker(world, piece.platform, comment_id, sentiment, None)
    author = person(world.seed, scene.words.locales, piece.platform, number)
    text, memo = texts.comment(
        scene,
        piece,
        comment_id,
        (kind, sentiment),
        author,
        partial(friend_of, scene, piece.platform, comment_id),
    )
    return Event(
        COMMENT, piece.platform, comment_id, at, text, author, piece.platform_id, origin=origin, memo=memo
    )


def _is_viral(world: World, comment_id: str, flow: Flow, origin: str) -> bool:
    """Whether the piece's spike brings the comment: always when it is the spike's own, else by the weights."""
    if flow.spike is None:
        return False
    return (
        origin == SPIKE
        or uniform(world.seed, "viral", comment_id) * (flow.viral + flow.ordinary) < flow.viral
    )


def friend_of(scene: Scene, platform: str, comment_id: str) -> Author:
    """The person whom a comment may call."""
    seed = scene.world.seed
    return person(seed, scene.words.locales, platform, someone(*uniforms(2, seed, "friend", comment_id)))


def _age(world: World, comment_id: str, flow: Flow) -> float:
    """An age in the window by the piece's kernel, in the audience's hours."""
    figures = PLATFORM_FIGURES[flow.piece.platform]
    high, low = figures.left(flow.opens), figures.left(flow.closes)
    return figures.age_at(high - (high - low) * uniform(world.seed, "when", comment_id))


def _viral_age(world: World, comment_id: str, flow: Flow) -> float:
    """An age in the window by the spike's curve, found by halving."""
    assert flow.spike is not None
    low, high = max(flow.opens, 0.0), max(flow.closes, 0.0)
    wanted = flow.spike.come(low) + (flow.spike.come(high) - flow.spike.come(low)) * uniform(
        world.seed, "when", comment_id
    )
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if flow.spike.come(middle) < wanted else (low, middle)
    return low


def speaker(world: World, platform: str, comment_id: str, sentiment: str, not_id: str | None) -> int:
    """Who says it: of two people who might, the one whose mood it fits; never the one who is answered."""
    lots = uniforms(6, world.seed, "who", comment_id)
    numbers = [someone(lots[0], lots[1]), someone(lots[2], lots[3])]
    if not_id is not None:
        numbers.append(someone(lots[4], lots[5]))
        others = [number for number in numbers if person_id(world.seed, platform, number) != not_id]
        numbers = others[:2] or [numbers[0] + 1]  # all three may be the one who is answered
    if sentiment == "neutral":
        return numbers[0]
    moods = [mood(world.seed, platform, number) for number in numbers]
    wanted = max(moods) if sentiment == "positive" else min(moods)
    return numbers[moods.index(wanted)]


class Threads:
    """The comments of each platform that may be answered in the window, with the share of their answers in it."""

    def __init__(self, window: Window, past: Sequence[Event]) -> None:
        self._window = window
        self._said: dict[str, list[tuple[Event, Event | None]]] = defaultdict(list)
        self._weights: dict[str, list[float]] = defaultdict(list)  # cumulated, of the first so many
        roots = {
            event.platform_id: event for event in past if event.type == COMMENT and event.parent_id is None
        }
        for event in past:
            if event.type == COMMENT:
                self.add(event, event if event.parent_id is None else roots.get(event.parent_id))

    def add(self, event: Event, root: Event | None) -> None:
        """Take a comment in, if the window leaves time to answer it.

        `root` is the first one of its thread, None when that is unknown.
        """
        if event.at.timestamp() < self._window.end - 2:
            self._said[event.platform].append((event, root))

    def _weight(self, event: Event) -> float:
        low, high = self.answered_shares(event)
        return (high - low) * ANSWERABLE.get(kind_of(event), 1.0)

    def answered_shares(self, event: Event) -> tuple[float, float]:
        """The shares of a comment's answers that have come when the window begins, and when it ends."""
        window, platform = self._window, event.platform
        at = window.times[platform].at(event.at.timestamp())
        delay = PLATFORM_FIGURES[platform].reply_delay
        return _answered(window.open[platform] - at, delay), _answered(window.close[platform] - at, delay)

    def choose(self, platform: str, lot: float) -> tuple[Event, Event | None] | None:
        """A comment to answer and the root of its thread; None when there is none."""
        said, weights = self._said[platform], self._weights[platform]
        for event, _ in said[len(weights) :]:
            weights.append((weights[-1] if weights else 0.0) + self._weight(event))
        if not weights or weights[-1] <= 0:
            return None
        return said[min(bisect(weights, lot * weights[-1]), len(weights) - 1)]


def _answered(hours: float, median: float) -> float:
    """The share of answers that have come after so many hours."""
    return erfc(-log(hours / median) / (REPLY_SIGMA * sqrt(2))) / 2 if hours > MIN_DELAY else 0.0


def _reply(scene: Scene, key: Key, window: Window, flow: Flow, threads: Threads) -> Event:
    """An answer to one of the platform's comments; a first-level comment when there is none."""
    world = scene.world
    platform, comment_id = flow.piece.platform, numeric_id(world.seed, "comment", *key)
    chosen = threads.choose(platform, uniform(world.seed, "parent", comment_id))
    if chosen is None:
        event = _first_level(scene, key, window, flow, "", False)
        threads.add(event, event)
        return event
    parent, root = chosen
    at = window.moment(
        platform, _answer_hours(world, comment_id, parent, window, threads), parent.at.timestamp()
    )
    author = answerer(scene, comment_id, parent, root)
    text, memo = replies.reply(scene, comment_id, author, parent, root)
    under = shown_under(parent)
    event = Event(COMMENT, platform, comment_id, at, text, author, parent.content_id, under, memo=memo)
    threads.add(event, root)
    return event


def _answer_hours(world: World, comment_id: str, parent: Event, window: Window, threads: Threads) -> float:
    """When it is answered: a log-normal delay after the parent, in the audience's hours, that ends in the window."""
    low, high = threads.answered_shares(parent)
    lot = min(max(low + (high - low) * uniform(world.seed, "delay", comment_id), 1e-9), 1 - 1e-9)
    delay = PLATFORM_FIGURES[parent.platform].reply_delay * exp(REPLY_SIGMA * normal(lot))
    return window.times[parent.platform].at(parent.at.timestamp()) + delay


def answerer(scene: Scene, comment_id: str, parent: Event, root: Event | None) -> Author:
    """Who answers: the friend who was called, whoever the brand has answered; else anybody but the one who is answered."""
    if parent.origin == BRAND and root and root.author:
        return root.author
    world, parent_author = scene.world, parent.author.id if parent.author else ""
    matter = phrases.matter(world, parent)
    if matter and matter.facet == TAG:
        friend = friend_of(scene, parent.platform, parent.platform_id)
        if friend.id != parent_author:
            return friend
    number = speaker(world, parent.platform, comment_id, sentiment_of(parent), parent_author)
    return person(world.seed, scene.words.locales, parent.platform, number)


def shown_under(parent: Event) -> str:
    """The comment that the platform shows an answer under."""
    return (
        parent.platform_id
        if PLATFORMS[parent.platform].nests_replies
        else parent.parent_id or parent.platform_id
    )
