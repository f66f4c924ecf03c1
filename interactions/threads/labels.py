"""Labels of a profile's threads. Called by inbox rules, by changes of one thread and by bulk changes.

A profile has at most MAX_LABELS labels, whose names differ in more than case. A label is stored when a thread gets it
first. It stays when no thread has it any more, until its place is needed. Rules may exceed both this limit and that of a
thread, by one label each: what they do must not depend on the order of arrival. Callers hold the profiles' locks in a
transaction.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Exists, OuterRef

from accounts.models import User
from accounts.names import name_key
from interactions.json_parameters import to_json
from interactions.models import Label, Thread
from interactions.models.choices import LabelAction

MAX_LABELS = 200  # of one profile

IdsByKey = dict[str, list[int]]  # by `name_key`: each profile has a label of its own


class TooManyLabels(Exception):
    """A profile has MAX_LABELS labels that its threads use."""


@dataclass(frozen=True)
class LabelChange:
    """What to do with these normalized names; of names that differ in case only the first one counts."""

    action: LabelAction
    names: tuple[str, ...]

    @property
    def by_key(self) -> dict[str, str]:
        return {name_key(name): name for name in reversed(self.names)}


# The labels of a thread after the change; what is kept of them, and whether new ones are added, depends on the action.
_CHANGED = """
UPDATE interactions_thread thread SET label_ids = new.label_ids
FROM interactions_thread old CROSS JOIN LATERAL (SELECT ARRAY(
    SELECT id FROM unnest(old.label_ids) AS id WHERE {kept}
    UNION SELECT label.id FROM interactions_label label
    WHERE {added} AND label.profile_id = old.profile_id AND label.id = ANY(%(labels)s) ORDER BY 1
) AS label_ids) new
WHERE thread.id = old.id AND old.id = ANY(%(threads)s) AND new.label_ids <> old.label_ids
"""
_STATEMENTS = {
    LabelAction.REPLACE: _CHANGED.format(kept="false", added="true"),
    LabelAction.ADD: _CHANGED.format(kept="true", added="true"),
    LabelAction.REMOVE: _CHANGED.format(kept="id <> ALL(%(labels)s)", added="false"),
}


def change_labels(threads: Collection[int], labels: IdsByKey, action: LabelAction) -> None:
    """Replace, add or remove labels of the threads, in one statement; `labels` are those that `ids_for` their profiles returned.

    The caller has excluded threads that would have more than MAX_LABELS_OF_THREAD.
    """
    values = {"threads": list(threads), "labels": [id for ids in labels.values() for id in ids]}
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENTS[action], values)


def stored_ids(change: LabelChange, user: User) -> IdsByKey:
    """Return the ids of the stored labels of the change's names, of all profiles of the user."""
    labels = Label.objects.filter(profile__owner=user).values_list("profile", "name", "pk")
    return _by_key(change, {(profile, name_key(name)): id for profile, name, id in labels})


def ids_for(change: LabelChange, profiles: Collection[int]) -> IdsByKey:
    """Return the ids of the labels of the change in these profiles. Creates missing ones unless it removes labels.

    Deletes unused labels of profiles that would have more than MAX_LABELS. Raises TooManyLabels when a profile has no place.
    """
    names = change.by_key
    stored = _stored(profiles)
    if change.action == LabelAction.REMOVE:
        return _by_key(change, stored)
    missing = {
        (profile, key): name
        for profile in profiles
        for key, name in names.items()
        if (profile, key) not in stored
    }
    if missing:
        _delete_unused_if_full(stored, missing, [id for (_, key), id in stored.items() if key in names])
        stored |= create_labels(missing)
    return _by_key(change, stored)


def _by_key(change: LabelChange, labels: Mapping[tuple[int, str], int]) -> IdsByKey:
    ids: IdsByKey = {key: [] for key in change.by_key}
    for (_, key), id in labels.items():
        if key in ids:
            ids[key].append(id)
    return ids


def _stored(profiles: Collection[int]) -> dict[tuple[int, str], int]:
    """The ids of the profiles' labels, by profile and key of the name."""
    labels = Label.objects.filter(profile__in=list(profiles)).values_list("profile", "name", "pk")
    return {(profile, name_key(name)): id for profile, name, id in labels}


def _delete_unused_if_full(
    stored: Collection[tuple[int, str]], missing: Collection[tuple[int, str]], kept: Sequence[int]
) -> None:
    """Delete unused labels, except for those that are `kept`, of profiles that would have more than MAX_LABELS.

    Raises TooManyLabels when a profile still would.
    """
    numbers = Counter(profile for profile, _ in (*stored, *missing))
    full_profiles = [
        profile for profile in {profile for profile, _ in missing} if numbers[profile] > MAX_LABELS
    ]
    if not full_profiles:
        return
    _delete_unused(full_profiles, kept)
    left = Counter(profile for profile, _ in (*_stored(full_profiles), *missing))
    if any(left[profile] > MAX_LABELS for profile in full_profiles):
        raise TooManyLabels


def _delete_unused(profiles: Sequence[int], kept: Sequence[int]) -> None:
    """Delete the profiles' labels that no thread has, except for those that are `kept`."""
    using = Thread.objects.filter(label_ids__contains=[OuterRef("pk")]).exclude(label_ids=[])
    unused = Label.objects.filter(~Exists(using), profile__in=profiles).exclude(pk__in=kept)
    unused.delete()


def get_or_create_labels(names: Mapping[int, Collection[str]]) -> dict[tuple[int, str], int]:
    """Return the ids of the labels with these names, in any case, by profile and name; creates those that are missing."""
    wanted = [(profile_id, name) for profile_id in sorted(names) for name in sorted(names[profile_id])]
    ids = _stored(names)
    missing = {(profile_id, name_key(name)): name for profile_id, name in wanted}
    ids |= create_labels({key: name for key, name in missing.items() if key not in ids})
    return {(profile_id, name): ids[profile_id, name_key(name)] for profile_id, name in wanted}


def create_labels(names: Mapping[tuple[int, str], str]) -> dict[tuple[int, str], int]:
    """Create the labels, by profile and key of the name; return their ids. None of them may exist."""
    records = to_json([{"profile_id": profile_id, "name": name} for (profile_id, _), name in names.items()])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO interactions_label (profile_id, is_demo, name) SELECT profile.id, profile.is_demo, named.name"
            " FROM json_to_recordset(%s::json) AS named (profile_id bigint, name text)"
            " JOIN accounts_profile profile ON profile.id = named.profile_id RETURNING profile_id, name, id",
            [records],
        )
        return {(profile_id, name_key(name)): id for profile_id, name, id in cursor}


def label_threads_of(rows: Sequence[tuple[int, int]]) -> None:
    """Add labels to the threads of rows; `rows` are pairs of the ids of a row and a label."""
    ids, labels = zip(*rows, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE interactions_thread thread"
            " SET label_ids = ARRAY(SELECT DISTINCT unnest(thread.label_ids || given.labels) ORDER BY 1)"
            " FROM (SELECT row.thread_id, array_agg(new.label) AS labels"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS new (id, label)"
            " JOIN interactions_interaction row USING (id) GROUP BY row.thread_id) given"
            " WHERE thread.id = given.thread_id",
            [list(ids), list(labels)],
        )
