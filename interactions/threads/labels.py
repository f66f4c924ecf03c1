"""Labels of a profile's threads. Called by inbox rules and `labelling.py`, inside a transaction that holds the profiles' locks."""

from collections.abc import Collection, Mapping, Sequence

from django.db import connection

from interactions.models import Label, label_key
from interactions.upserts import to_json


def get_or_create_labels(names: Mapping[int, Collection[str]]) -> dict[tuple[int, str], int]:
    """Return the ids of the labels with these names, in any case, by profile and name; creates those that are missing."""
    wanted = [(profile_id, name) for profile_id in sorted(names) for name in sorted(names[profile_id])]
    labels = Label.objects.filter(profile__in=list(names)).values_list("profile", "name", "pk")
    ids = {(profile_id, label_key(name)): id for profile_id, name, id in labels}
    missing = {(profile_id, label_key(name)): name for profile_id, name in wanted}
    ids |= create_labels({key: name for key, name in missing.items() if key not in ids})
    return {(profile_id, name): ids[profile_id, label_key(name)] for profile_id, name in wanted}


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
        return {(profile_id, label_key(name)): id for profile_id, name, id in cursor}


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
