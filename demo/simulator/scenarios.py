"""Scenarios for the stage: something dramatic begins now and runs its course within hours.

Somebody is watching, so nothing here keeps to the audience's hours: a scenario runs as fast by night as by day.
How it rises and falls, and how much of what it brings, are parameters in one table; the people, their voices and
what they say are those of every window.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice, pairwise
from math import exp
from operator import attrgetter
from typing import NamedTuple

from accounts.platforms import MESSAGE_PLATFORMS
from demo.simulator import replies, texts
from demo.simulator.comments import ANSWERABLE, answerer, friend_of, shown_under, speaker
from demo.simulator.conversations import COMPLAINT, opened, openings, scripts
from demo.simulator.figures import figures_of
from demo.simulator.keyed_random import Key, first_fitting, numeric_id, pick, stream, uniform
from demo.simulator.people import person
from demo.simulator.phrases import SENTIMENTS, Said, Scene, kind_of
from demo.simulator.pieces import piece, subject, uses_in
from demo.simulator.tables import Thing, Topic, niche
from demo.simulator.values import COMMENT, CONTENT, Author, Event, ProfileSpec, World
from demo.simulator.windows import PIECES_LOOK_BACK, profiles

SCENARIO_LASTS = timedelta(hours=3)
BEGINS_AFTER = timedelta(seconds=5)
LATEST = (0.5, 0.3, 0.2)  # shares of what comes on the brand's latest pieces, the newest first [A]
MIXED = "mixed"  # an opinion that is neither for nor against
READ_IN = timedelta(seconds=20)  # before somebody answers
RECENT = timedelta(minutes=12)  # in which a comment becomes e times less likely to be answered [A]
ANSWERED_IN = (1.0, 7.0)  # minutes in which the brand answers on the day of a launch [A]
WORDLESS = ("praise", "joke")  # kinds of which emoji alone say something
DRAFTS = 40  # how often somebody thinks again before repeating what another has said

Curve = tuple[tuple[float, float], ...]  # minutes from the beginning, and the share that has come by then


class Scenario(NamedTuple):
    """A scenario as a button shows it."""

    label: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Phenomenon:
    """What a scenario brings, and in what shape; every figure is an assumption [A]."""

    label: str
    explanation: str
    kinds: Mapping[str, int]  # first-level comments; the first one that comes is of the first kind
    replies: int  # to earlier comments of the scenario
    purposes: Mapping[str, int]  # messages, each of which opens a conversation
    come: Curve
    publishes: bool = True  # a piece of its own; otherwise it is about the latest ones
    announces: bool = False  # and that piece announces a product
    answered: float = 0.0  # share of the first-level questions that the brand answers
    reported: tuple[float, ...] = ()  # minutes after which the figures of its piece are reported
    reach: float = 1.0  # how many times as many as usual see the piece for each of its comments

    @property
    def comments(self) -> int:
        return sum(self.kinds.values()) + self.replies

    @property
    def messages(self) -> int:
        return sum(self.purposes.values())


# fmt: off
PHENOMENA: Mapping[str, Phenomenon] = {
    "viral-spike": Phenomenon(
        "Viral spike",
        "A new piece takes off: {comments} comments, most within 40 minutes, and views, likes and shares climb.",
        kinds={"praise": 26, "joke": 16, "favourable": 8, "question": 7, "critical": 4, MIXED: 3,
               COMPLAINT: 2},
        replies=14,
        purposes={},
        come=((0.1, 0.0), (1, 0.015), (2, 0.05), (4, 0.15), (8, 0.34), (14, 0.52), (22, 0.67), (40, 0.83),
              (75, 0.93), (150, 1.0)),
        reported=(1, 2, 4, 6, 8, 11, 14, 18, 22, 27, 33, 40, 50, 65, 85, 110, 151),
        reach=8.0,
    ),
    "complaint-wave": Phenomenon(
        "Complaint wave",
        "{comments} mostly angry comments on the latest pieces and {messages} complaints by direct message in"
        " 90 minutes, and nobody has answered yet.",
        kinds={COMPLAINT: 11, "critical": 6, "question": 4, "favourable": 2, MIXED: 1},
        replies=6,
        purposes={COMPLAINT: 8},
        come=((0.0, 0.0), (0.2, 0.033), (2, 0.065), (4, 0.12), (24, 0.78), (45, 0.93), (90, 1.0)),
        publishes=False,
    ),
    "product-launch": Phenomenon(
        "Product launch",
        "A new piece announces a product: {comments} comments in two hours, {messages} direct messages with"
        " questions and orders, and the brand answers some.",
        kinds={"praise": 11, "question": 12, "favourable": 5, "joke": 2, "critical": 2},
        replies=8,
        purposes={"question": 4, "order": 2},
        come=((0.1, 0.0), (1, 0.02), (3, 0.09), (8, 0.27), (15, 0.44), (30, 0.65), (60, 0.85), (120, 1.0)),
        announces=True,
        answered=1 / 3,
        reported=(2, 5, 10, 15, 20, 30, 45, 60, 90, 121),
    ),
}
# fmt: on
SCENARIOS: Mapping[str, Scenario] = {
    name: Scenario(plan.label, plan.explanation.format(comments=plan.comments, messages=plan.messages))
    for name, plan in PHENOMENA.items()
}


def scenario(world: World, name: str, ordinal: int, now: datetime, past: Sequence[Event]) -> list[Event]:
    """What the scenario brings from five seconds after `now` until SCENARIO_LASTS after it, sorted by time.

    Looks back on those events of `past` that are not newer than `now` and at most 30 days old, in any order. There
    are no messages where no platform has them, and no comments where they would be about earlier pieces and there
    are none. No event names its origin, neither the brand's answers nor the reports. Raises KeyError when there is
    no such scenario.
    """
    plan, key = PHENOMENA[name], ("scenario", name, ordinal)
    start = now.replace(microsecond=0)
    begin, seen = start + BEGINS_AFTER, [one for one in past if start - PIECES_LOOK_BACK <= one.at <= start]
    scene = Scene(world, Said(seen))
    new = [_piece(world, key, plan, begin, seen)] if plan.publishes else []
    talk = _talk(scene, key, plan, begin, new or _latest(seen))
    mail = _mail(scene, key, plan, begin, subject(world, new[0].platform_id).thing if new else None)
    reports = _reports(world, key, plan, new, talk)
    events = [*new, *talk, *mail, *_answers(scene, key, plan, talk), *reports]
    return sorted(events, key=attrgetter("at", "platform_id"))


def _piece(world: World, key: Key, plan: Phenomenon, at: datetime, seen: Sequence[Event]) -> Event:
    """A piece about a product. What a piece is about is known from its id, so one is looked for that fits."""
    topics = [
        topic for topic in niche(world.language, world.niche).topics.values() if topic.about == "product"
    ]
    if plan.announces:
        topics = [_announcing(topics)]
    return first_fitting(
        lambda attempt: piece(world, (*key, attempt), at, uses_in(seen)),
        lambda draft: subject(world, draft.platform_id).topic in topics,
    )


def _announcing(topics: Sequence[Topic]) -> Topic:
    """The topic that announces something new: the niche's launch, or what its table begins with."""
    return next((topic for topic in topics if topic.name == "launch"), topics[0])


def _latest(seen: Sequence[Event]) -> list[Event]:
    """The brand's latest pieces, the newest first."""
    pieces = (event for event in seen if event.type == CONTENT)
    return sorted(pieces, key=attrgetter("at", "platform_id"), reverse=True)[: len(LATEST)]


def _times(world: World, key: Key, begin: datetime, come: Curve, count: int) -> Iterator[datetime]:
    """`count` times after `begin`, one in each equal part of what comes, and no two in the same second."""
    second = 0
    for number in range(count):
        minute = _minute(come, (number + uniform(world.seed, *key, "when", number)) / count)
        second = max(int(60 * minute), second + 1)
        yield begin + timedelta(seconds=second)


def _minute(come: Curve, part: float) -> float:
    """When such a part has come."""
    (early, less), (late, more) = next(step for step in pairwise(come) if part <= step[1][1])
    return early + (late - early) * (part - less) / (more - less)


def _dealt(world: World, key: Key, numbers: Mapping[str, int]) -> list[str]:
    """So many of each in any order, but that the first comes first."""
    deck = [one for one, number in numbers.items() for _ in range(number)]
    return deck[:1] + stream(world.seed, *key, "deck").sample(deck[1:], max(len(deck) - 1, 0))


def _talk(scene: Scene, key: Key, plan: Phenomenon, begin: datetime, pieces: Sequence[Event]) -> list[Event]:
    """The comments on the pieces, in order of time; no reply is among the first."""
    if not pieces:
        return []
    world, key = scene.world, (*key, "comment")
    draw = stream(world.seed, *key, "replies")
    at_replies = draw.sample(range(3, plan.comments), plan.replies)
    on = iter(draw.choices(pieces, LATEST[: len(pieces)], k=plan.comments))
    kinds, written = iter(_dealt(world, key, plan.kinds)), list[Event]()
    for number, at in enumerate(_times(world, key, begin, plan.come, plan.comments)):
        one = (*key, number)
        if number in at_replies:
            draft = partial(_reply, scene, one, _parent(world, one, written, at), at)
        else:
            draft = partial(_first_level, scene, one, next(on), next(kinds), at)
        written.append(_fresh(scene, draft, written))
    return written


class _Heard(NamedTuple):
    """What a scenario's comments have said so far, with which lines of the tables, and who has said it."""

    sentences: set[str]
    lines: set[str]
    people: set[Author | None]

    @classmethod
    def of(cls, written: Sequence[Event]) -> "_Heard":
        sentences = {sentence for event in written for sentence in _sentences(event.text)}
        lines = {event.memo for event in written if event.memo and "/" in event.memo}
        return cls(sentences, lines, {event.author for event in written})

    def allows(self, event: Event) -> bool:
        """Whether it repeats nobody and sells nothing.

        Who begins a thread is somebody new, and the first one says something about the piece.
        """
        if kind_of(event) == "spam" or self.sentences & _sentences(event.text):
            return False
        if not self.people:
            return "/" in (event.memo or "")
        if kind_of(event) not in WORDLESS and not _has_words(event):
            return False
        return event.parent_id is not None or not (event.author in self.people or event.memo in self.lines)


def _fresh(scene: Scene, draft: Callable[[int], Event], written: Sequence[Event]) -> Event:
    """The first draft that is worth reading beside what is written; the last one when none is."""
    heard, uses = _Heard.of(written), scene.said.uses
    for attempt in range(DRAFTS):
        scene.said.uses = uses.copy()  # a draft that is dropped wears no line out
        event = draft(attempt)
        if heard.allows(event):
            break
    return event


def _has_words(event: Event) -> bool:
    return any(map(str.isalpha, event.text))


def _sentences(text: str) -> set[str]:
    """The letters of each sentence; the text itself when it has none."""
    bare = {"".join(filter(str.isalpha, one)) for one in re.split("[.!?]", text.lower())}
    return bare - {""} or {text}


def _first_level(scene: Scene, key: Key, on: Event, kind: str, at: datetime, attempt: int) -> Event:
    world, platform = scene.world, on.platform
    leaning = ("favourable", "neutral") if kind == MIXED else (kind, SENTIMENTS[kind])
    comment_id = numeric_id(world.seed, *key, attempt)
    number = speaker(world, platform, comment_id, leaning[1], None)
    author = person(world.seed, scene.words.locales, platform, number)
    friend = partial(friend_of, scene, platform, comment_id)
    text, memo = texts.comment(scene, on, comment_id, leaning, author, friend)
    return Event(COMMENT, platform, comment_id, at, text, author, on.platform_id, memo=memo)


def _parent(world: World, key: Key, written: Sequence[Event], at: datetime) -> Event:
    """The first-level comment that is answered at `at`: a recent one, and rather a question than a joke."""
    first_level = [event for event in written if event.parent_id is None and _has_words(event)]
    read = [event for event in first_level if at - event.at >= READ_IN] or list(written)
    weights = [ANSWERABLE.get(kind_of(event), 1.0) * exp((event.at - at) / RECENT) for event in read]
    return stream(world.seed, *key, "parent").choices(read, weights)[0]


def _reply(scene: Scene, key: Key, parent: Event, at: datetime, attempt: int) -> Event:
    comment_id = numeric_id(scene.world.seed, *key, attempt)
    author = answerer(scene, comment_id, parent, parent)
    text, memo = replies.reply(scene, comment_id, author, parent, parent)
    under = shown_under(parent)
    return Event(COMMENT, parent.platform, comment_id, at, text, author, parent.content_id, under, memo=memo)


def _mail(scene: Scene, key: Key, plan: Phenomenon, begin: datetime, about: Thing | None) -> list[Event]:
    """The messages, each of which opens a conversation; questions are about the product that is launched."""
    world, key = scene.world, (*key, "message")
    platforms = [platform for platform in world.platforms if platform in MESSAGE_PLATFORMS]
    if not platforms:
        return []
    purposes, written = _dealt(world, key, plan.purposes), []
    for number, at in enumerate(_times(world, key, begin, plan.come, plan.messages)):
        one, purpose = (*key, number), purposes[number]
        product = about if purpose == "question" else None
        written.append(opened(world, one, platforms, _script(scene, one, purpose), at, product))
    return written


def _script(scene: Scene, key: Key, purpose: str) -> str:
    """One of the least used scripts that name a product; for an order, which may be older, one that names none."""
    uses, lines = scene.said.uses, openings(scene.world, purpose)
    fitting = [script for script, line in lines.items() if ("{the}" in line) != (purpose == "order")]
    known = fitting or [*lines] or scripts(scene.world, purpose)
    used = {script: uses[script] + uses[f"{script}/0"] for script in known}
    fewest = min(used.values())
    least = [script for script in used if used[script] == fewest]
    script = pick(least, uniform(scene.world.seed, *key, "script"))
    uses[f"{script}/0"] += 1
    return script


def _answers(scene: Scene, key: Key, plan: Phenomenon, talk: Sequence[Event]) -> list[Event]:
    """The brand's answers to the plan's share of the first-level questions, where it has something to say."""
    world, brand = scene.world, {spec.platform: spec for spec in profiles(scene.world)}
    asked = [event for event in talk if event.parent_id is None and kind_of(event) == "question"]
    chosen = stream(world.seed, *key, "answered").sample(asked, len(asked))
    found = (_answer(scene, (*key, "answer"), question, brand[question.platform]) for question in chosen)
    return list(islice((event for event in found if event), round(plan.answered * len(asked))))


def _answer(scene: Scene, key: Key, question: Event, profile: ProfileSpec) -> Event | None:
    text = replies.brand_answer(scene, question)
    if text is None:
        return None
    key, (soon, late) = (*key, question.platform_id), ANSWERED_IN
    minutes = soon + (late - soon) * uniform(scene.world.seed, *key, "when")
    return Event(
        COMMENT,
        question.platform,
        numeric_id(scene.world.seed, *key),
        question.at + timedelta(seconds=int(60 * minutes)),
        text,
        profile.author,
        question.content_id,
        question.platform_id,
    )


def _reports(
    world: World, key: Key, plan: Phenomenon, new: Sequence[Event], talk: Sequence[Event]
) -> Iterator[Event]:
    """The figures of the scenario's piece, which follow what people have commented by then."""
    for one in new:
        for minute in plan.reported:
            late = 20 * uniform(world.seed, *key, "report", minute)
            at = one.at + timedelta(seconds=int(60 * minute + late))
            counted = sum(event.at <= at for event in talk)
            yield figures_of(world, one, counted, at, plan.reach)._replace(origin="")
