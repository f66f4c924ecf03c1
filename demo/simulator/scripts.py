"""The scripts of conversations by name and by purpose. Called by conversations.py and scenarios.py."""

from collections import defaultdict
from functools import cache

from demo.simulator import tables
from demo.simulator.phrases import GENERAL, opening_lines
from demo.simulator.tables import Script
from demo.simulator.values import World

COMPLAINT = "complaint"  # a purpose that scenarios draw and windows do not
BRAND_PREFIX = "> "  # of the brand's lines in the tables


def script_named(world: World, name: str) -> Script:
    """The script with that name. Raises KeyError when the tables no longer have it."""
    return _scripts(world.language, world.niche)[name]


@cache
def _scripts(language: str, niche: str) -> dict[str, Script]:
    """All scripts by name: "own/number" of the niche, "general/number" of the language, and complaints."""
    listed = {"own": tables.niche(language, niche).scripts, "general": tables.language(language).scripts}
    named = {f"{table}/{number}": script for table in listed for number, script in enumerate(listed[table])}
    return named | _complaints(language, niche)


def _complaints(language: str, niche: str) -> dict[str, Script]:
    """Comments that complain about a product, as scripts of one line; named as the lines of comments are."""
    topics = tables.niche(language, niche).topics.values()
    facets = {facet: None for topic in topics if topic.about == "product" for facet in topic.facets}
    return {
        line.name: Script(COMPLAINT, (line.text,))
        for facet in (*facets, GENERAL)
        for line in opening_lines(language, niche, facet, COMPLAINT)
        if "{the}" in line.text
    }


def script_names(world: World, purpose: str) -> tuple[str, ...]:
    """The names of all scripts with a purpose."""
    return _names_by_purpose(world.language, world.niche)[purpose]


@cache
def _names_by_purpose(language: str, niche: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, script in _scripts(language, niche).items():
        found[script.purpose].append(name)
    return {purpose: tuple(names) for purpose, names in found.items()}


def first_lines(world: World, purpose: str) -> dict[str, str]:
    """The first lines by script name, of the scripts with a purpose in which the person does not write the second line."""
    scripts = ((name, script_named(world, name).lines) for name in script_names(world, purpose))
    return {
        name: lines[0] for name, lines in scripts if all(line.startswith(BRAND_PREFIX) for line in lines[1:2])
    }
