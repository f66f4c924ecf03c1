"""The tables of phrases are complete and well-formed, as docs/words.md requires. No database, no clock."""

import re
from collections import Counter

import pytest

from demo.simulator import tables
from demo.simulator.tables import COMMENT_KINDS, WORDS

NICHES = [(path.parts[-3], path.stem) for path in sorted(WORDS.glob("*/niches/*.toml"))]
LANGUAGES = sorted(path.parent.name for path in WORDS.glob("*/common.toml"))
PURPOSES = {"order", "question", "collaboration", "story", "fan", "spam"}
SUBJECT = {"the", "thing", "detail", "brand"}
SIZES = {  # exchanges per facet; in each the lines of say, replies and brand
    "praise": (2, 4, 3, 2),
    "question": (3, 3, 3, 2),
    "favourable": (1, 4, 3, 0),
    "critical": (1, 4, 3, 1),
    "complaint": (2, 3, 3, 2),
    "joke": (1, 4, 2, 0),
}
GENERAL = {"praise": 12, "question": 8, "favourable": 6, "critical": 6, "complaint": 6, "joke": 8}
MORE = {"praise": 40, "question": 15, "favourable": 25, "critical": 25, "complaint": 20, "joke": 20}
SHORT = {"praise": 80, "question": 12, "favourable": 20, "critical": 20, "complaint": 20, "joke": 30}

each_niche = pytest.mark.parametrize(("code", "name"), NICHES, ids=["-".join(niche) for niche in NICHES])
each_language = pytest.mark.parametrize("code", LANGUAGES)


def slots(text):
    return set(re.findall(r"{(\w*)}", text))


ARTICLES = re.compile(r"\b(an|the|un|una|el|la) {(the|thing|detail)}|\ba {(thing|detail)}", re.IGNORECASE)


def flaws(lines, allowed):
    """A sentence for each malformed line."""
    found = []
    for line in lines:
        if line != line.strip() or "  " in line or re.search(r" [,.!?]|\.\.\.|…$^|[{}][^ ]*[{}]{2}", line):
            found.append(f"spacing or punctuation: {line}")
        if slots(line) - allowed:
            found.append(f"slot {slots(line) - allowed}: {line}")
        if ARTICLES.search(line):
            found.append(f"article before a slot: {line}")
        if re.search(r"https?:|www\.|\.(com|net|org|io)\b|\b\d{5,}\b", line):
            found.append(f"link or long number: {line}")
    return found + [f"twice: {line}" for line, count in Counter(lines).items() if count > 1]


def exchange_flaws(exchanges, kind):
    found = []
    for exchange in exchanges:
        found += flaws(exchange.say, SUBJECT)
        found += flaws(exchange.replies, SUBJECT | {"first"}) + flaws(exchange.brand, SUBJECT | {"first"})
        found += [f"question mark: {line}" for line in exchange.replies if "?" in line]
        asks = [
            line for line in exchange.say if line.endswith("?") != (kind == "question") or "?" in line[:-1]
        ]
        found += [f"question mark: {line}" for line in asks]
        found += [
            f"names nothing: {line}"
            for line in exchange.say
            if len(line.split()) >= 5 and not slots(line) & {"the", "thing", "detail"}
        ]
    return found


@each_niche
def test_a_niche_has_all_its_tables(code, name):
    niche = tables.niche(code, name)
    assert len(niche.tags) >= 14
    assert len(niche.emoji) >= 3
    assert not [tag for tag in niche.tags if not re.fullmatch(r"\w+", tag)]
    assert len(niche.brand["first"]) >= 10
    assert len(niche.brand["last"]) >= 8
    assert len(niche.any_product["details"]) >= 6
    assert len(niche.any_product["facts"]) >= 6
    assert len(niche.products) >= 12
    assert len(niche.events) >= 6
    for item in niche.products + niche.events:
        assert item.short, item.name
        assert min(len(item.details), len(item.facts)) >= 4, item.name
    abouts = Counter(topic.about for topic in niche.topics.values())
    assert abouts["product"] >= 8
    assert abouts["event"] >= 4
    assert set(abouts) == {"product", "event"}
    assert len(niche.scripts) >= 12


@each_niche
def test_a_facet_belongs_to_products_or_to_events(code, name):
    niche = tables.niche(code, name)
    used = {"product": set(), "event": set()}
    for topic in niche.topics.values():
        assert 2 <= len(topic.facets) <= 4
        used[topic.about] |= set(topic.facets)
    assert used["product"] | used["event"] == set(niche.facets)
    assert not used["product"] & used["event"]
    assert len(used["product"]) >= 7
    assert len(used["event"]) >= 3


@each_niche
def test_the_lines_of_products_events_and_topics_are_well_formed(code, name):
    niche = tables.niche(code, name)
    found = []
    for details, facts in [
        (niche.any_product["details"], niche.any_product["facts"]),
        *((item.details, item.facts) for item in niche.products + niche.events),
    ]:
        found += flaws(details, set()) + flaws(facts, {"brand"})
        found += [f"no sentence: {fact}" for fact in facts if fact[-1] not in ".!"]
        found += [f"a sentence: {detail}" for detail in details if detail[-1] in ".!?"]
    for topic in niche.topics.values():
        assert len(topic.hooks) >= 6
        assert len(topic.closes) >= 5
        found += flaws(topic.hooks, SUBJECT) + flaws(topic.closes, SUBJECT)
        found += [f"names nothing: {hook}" for hook in topic.hooks if not slots(hook) & {"the", "thing"}]
        found += [f"no sentence: {line}" for line in topic.hooks + topic.closes if line[-1] not in ".!?:"]
    assert not found


@each_niche
def test_the_exchanges_of_a_niche_are_complete_and_well_formed(code, name):
    found = []
    for facet, exchanges in tables.niche(code, name).facets.items():
        for kind, (number, say, replies, brand) in SIZES.items():
            chosen = exchanges[kind]
            if len(chosen) < number:
                found.append(f"{facet}.{kind}: {len(chosen)} exchanges")
            for exchange in chosen:
                if (
                    (len(exchange.say) < say)
                    or (len(exchange.replies) < replies)
                    or (len(exchange.brand) < brand)
                ):
                    found.append(f"{facet}.{kind}: too few lines with {exchange.say[0]}")
            found += exchange_flaws(chosen, kind)
    assert not found


@each_niche
def test_the_lines_of_a_niche_have_different_lengths(code, name):
    facets = tables.niche(code, name).facets.values()
    lengths = [
        len(line)
        for facet in facets
        for kind in COMMENT_KINDS
        for exchange in facet[kind]
        for line in exchange.say
    ]
    counts = {
        "short": sum(length <= 25 for length in lengths),
        "long": sum(length >= 70 for length in lengths),
    }
    assert min(counts.values()) / len(lengths) >= 0.15, counts


@each_niche
def test_no_line_occurs_twice_in_a_niche(code, name):
    facets = tables.niche(code, name).facets.values()
    lines = Counter(
        line.lower()
        for facet in facets
        for kind in COMMENT_KINDS
        for exchange in facet[kind]
        for line in exchange.say
    )
    assert [line for line, count in lines.items() if count > 1] == []


def script_flaws(scripts):
    found = []
    allowed = SUBJECT | {"first", "order", "the_event", "event"}
    for script in scripts:
        lines = [line.removeprefix("> ") for line in script.lines]
        found += flaws(lines, allowed)
        if script.purpose not in PURPOSES:
            found.append(f"purpose: {script.purpose}")
        if script.lines[0].startswith(">"):
            found.append(f"the brand begins: {script.lines[0]}")
    return found


@each_niche
def test_the_scripts_of_a_niche_are_well_formed(code, name):
    assert script_flaws(tables.niche(code, name).scripts) == []


@each_language
def test_a_language_has_all_its_tables(code):
    words = tables.language(code)
    assert [k for k in COMMENT_KINDS if len(words.short[k]) < SHORT[k]] == []
    assert [k for k in COMMENT_KINDS if len(words.more[k]) < MORE[k]] == []
    assert [k for k in COMMENT_KINDS if len(words.openers[k]) < 10] == []
    assert [k for k in COMMENT_KINDS if len(words.general[k]) < GENERAL[k]] == []
    assert len(words.tag) >= 8
    assert all(
        len(words.spam[part]) >= minimum for part, minimum in (("hooks", 12), ("offers", 15), ("calls", 12))
    )
    assert [k for k in (*COMMENT_KINDS, "reply") if len(words.replies[k]) < 30] == []
    assert len(words.replies["brand"]) >= 12
    assert len(words.replies["spam"]) >= 12
    assert len(words.thanks) >= 20
    purposes = Counter(script.purpose for script in words.scripts)
    assert purposes["fan"] >= 25
    assert [purpose for purpose in PURPOSES if purposes[purpose] < 10] == []


@each_language
def test_the_lines_of_a_language_are_well_formed(code):
    words = tables.language(code)
    found = []
    for kind in COMMENT_KINDS:
        found += (
            flaws(words.short[kind], set())
            + flaws(words.openers[kind], set())
            + flaws(words.more[kind], {"detail", "brand"})
        )
        found += [f"too long: {line}" for line in words.short[kind] if len(line) > 22]
        found += [f"no comma: {line}" for line in words.openers[kind] if line[-1] not in ",:"]
        found += [f"no sentence: {line}" for line in words.more[kind] if line[-1] not in ".!?"]
        asked = [*words.short[kind], *words.more[kind]] if kind != "question" else []
        found += [f"question mark: {line}" for line in asked if "?" in line]
        found += exchange_flaws(words.general[kind], kind)
    for exchange in words.tag:
        found += flaws(exchange.say, SUBJECT | {"friend"}) + flaws(exchange.replies, SUBJECT)
        found += [f"no friend: {line}" for line in exchange.say if "@{friend}" not in line]
        found += [f"question mark: {line}" for line in exchange.say + exchange.replies if "?" in line]
    asked = [lines for kind, lines in words.replies.items() if kind != "question"]
    for lines in (*words.spam.values(), *asked, words.thanks):
        found += [f"question mark: {line}" for line in lines if "?" in line]
    for lines in (*words.spam.values(), *words.replies.values(), words.thanks):
        found += flaws(lines, SUBJECT | {"first"})
    assert not found


@each_language
def test_the_scripts_of_a_language_are_well_formed(code):
    scripts = tables.language(code).scripts
    assert script_flaws(scripts) == []
    assert 0.25 <= sum(len(script.lines) == 1 for script in scripts) / len(scripts) <= 0.45
