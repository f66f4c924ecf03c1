"""Applies blocked authors and inbox rules to received rows on arrival. Called by the ingest, in its transaction.

What is decided depends on the row alone: its author, and its text and language in the event that created it. Hiding has the
row's `posted_at` as its version, so that a later event or person wins. A stored row that is created again later is treated like
a new one, as it would have been one in another order of arrival.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

from accounts.models import Profile
from interactions.events import Change, Creation, Event
from interactions.merging import Key, Row
from interactions.models import BlockedAuthor, InboxRule, Moderation
from interactions.moderation.matching import COMMENT, DONE, HIDE, LABEL, Rule, Subject, first_match
from interactions.moderation.requests import request
from interactions.threads.decisions import decide_on_arrival
from interactions.threads.labels import get_or_create_labels, label_threads_of

ARCHIVE = "archive"
BLOCKED, RULES = "blocked authors", "inbox rules"  # who decides, as the history of a thread shows it

# Columns of a query of profiles, so that a user without rules and blocked authors costs no statement. As plain SQL, because
# Django takes half a millisecond to compile the same.
WATCHED = {
    name: RawSQL(f"EXISTS (SELECT FROM {table} WHERE {condition})", [], BooleanField())
    for name, table, condition in (
        (
            "has_rules",
            "interactions_inboxrule rule",
            "rule.owner_id = accounts_profile.owner_id AND rule.enabled",
        ),
        (
            "has_blocked",
            "interactions_blockedauthor blocked",
            "blocked.profile_id = accounts_profile.id",
        ),
    )
}


class Outcome(NamedTuple):
    """What is done with a row: ARCHIVE, or the action of a rule."""

    action: str
    label: str = ""
    author_name: str = RULES


def match_created_rows(
    created: Mapping[Key, Row], events: Iterable[tuple[Key, Event]], profiles: Mapping[int, Profile]
) -> dict[Key, Outcome]:
    """Return what is to be done with the rows, and hide those that are to be hidden; the changes are not stored yet.

    `events` has the events that created them; `profiles` were loaded with WATCHED.
    """
    watched = {id for id, profile in profiles.items() if profile.has_rules or profile.has_blocked}
    if not watched:
        return {}
    subjects = _subjects(created, events, {id: profiles[id] for id in watched})
    blocked, rules = _blocked(subjects, profiles), _rules(subjects, profiles)
    outcomes = {}
    for key, subject in subjects.items():
        outcome = _outcome(subject, blocked, rules.get(profiles[key[0]].owner_id, ()))
        if outcome:
            outcomes[key] = outcome
            if outcome.action == HIDE:
                row = created[key]
                row.apply((Change("hidden", (row.versions["created"][0], 1), True),))
    return outcomes


def _subjects(
    created: Mapping[Key, Row], events: Iterable[tuple[Key, Event]], profiles: Mapping[int, Profile]
) -> dict[Key, Subject]:
    """The received ones of the rows of the profiles, with the texts of their creations."""
    subjects = {}
    for key, event in events:
        creation = event.changes[0]
        row = created.get(key) if key[0] in profiles and isinstance(creation.value, Creation) else None
        if row is None or row.versions["created"] != creation.version:
            continue
        author = creation.value
        if author.author_id != profiles[key[0]].platform_id:
            text = event.changes[1].value
            subjects[key] = Subject(key[0], author.type, text, author.author_id, author.author_handle)
    return subjects


def _outcome(subject: Subject, blocked: Collection[tuple[int, str]], rules: Iterable[Rule]) -> Outcome | None:
    if (subject.profile_id, subject.author_id) in blocked:
        return Outcome(HIDE if subject.type == COMMENT else ARCHIVE, author_name=BLOCKED)
    rule = first_match(rules, subject)
    return Outcome(rule.action, rule.label) if rule else None


def _blocked(subjects: Mapping[Key, Subject], profiles: Mapping[int, Profile]) -> frozenset[tuple[int, str]]:
    """The authors of the rows who are blocked, with the profiles that they are blocked on."""
    authors = defaultdict(set)
    for subject in subjects.values():
        if profiles[subject.profile_id].has_blocked:
            authors[subject.profile_id].add(subject.author_id)
    if not authors:
        return frozenset()
    blocked = BlockedAuthor.objects.filter(
        profile__in=list(authors), author_id__in=sorted(set().union(*authors.values()))
    )
    return frozenset(blocked.values_list("profile", "author_id"))


def _rules(subjects: Mapping[Key, Subject], profiles: Mapping[int, Profile]) -> dict[int, list[Rule]]:
    """The rules of the owners of the rows, in their order."""
    owners = {profiles[id].owner_id for id, _ in subjects if profiles[id].has_rules}
    rules: dict[int, list[Rule]] = defaultdict(list)
    if owners:
        for row in InboxRule.objects.filter(owner__in=owners, enabled=True).order_by("position"):
            rules[row.owner_id].append(rule_of(row))
    return rules


def rule_of(row: InboxRule) -> Rule:
    """Return the stored rule, ready to be compared."""
    return Rule(row.condition, row.value, row.action, row.label, row.profile_id)


def apply_outcomes(
    outcomes: Mapping[Key, Outcome],
    rows: Mapping[Key, Row],
    profiles: Mapping[int, Profile],
    received_at: datetime,
) -> None:
    """Do what was decided with the rows, which are stored now: decide on their threads, label them, ask the network."""
    decided = {
        rows[key].id: (status, outcome.author_name)
        for key, outcome in outcomes.items()
        if (status := {DONE: "done", ARCHIVE: "archived"}.get(outcome.action))
    }
    if decided:
        decide_on_arrival(decided, received_at)
    labelled = [(key, outcome.label) for key, outcome in outcomes.items() if outcome.action == LABEL]
    if labelled:
        _label(labelled, rows)
    hidden = {
        rows[key].id: key[0]
        for key, outcome in outcomes.items()
        if outcome.action == HIDE and not profiles[key[0]].is_demo and _can_be_hidden(rows[key])
    }
    if hidden:
        request(hidden, Moderation.Action.HIDE, received_at)


def _can_be_hidden(row: Row) -> bool:
    """Whether the row was hidden now, and the network has not deleted it."""
    return bool(row.values.get("hidden")) and "deletion" not in row.versions


def _label(labelled: Iterable[tuple[Key, str]], rows: Mapping[Key, Row]) -> None:
    names = defaultdict(set)
    for (profile_id, _), name in labelled:
        names[profile_id].add(name)
    ids = get_or_create_labels(names)
    label_threads_of([(rows[key].id, ids[key[0], name]) for key, name in labelled])
