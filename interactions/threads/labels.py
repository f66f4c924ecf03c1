"""Labels of a profile's threads. Called by inbox rules, inside a transaction that holds the profiles' locks."""

from collections.abc import Collection, Mapping, Sequence

from django.db import connection

from interactions.upserts import to_json

_NAMED = "json_to_recordset(%s::json) AS named (profile_id bigint, name text)"


def get_or_create_labels(names: Mapping[int, Collection[str]]) -> dict[tuple[int, str], int]:
    """Return the ids of the labels with these names, by profile and name; creates those that are missing."""
    pairs = [{"profile_id": profile_id, "name": name} for profile_id in names for name in names[profile_id]]
    records = to_json(sorted(pairs, key=lambda pair: (pair["profile_id"], pair["name"])))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO interactions_label (profile_id, is_demo, name)"
            f" SELECT profile.id, profile.is_demo, named.name FROM {_NAMED}"
            " JOIN accounts_profile profile ON profile.id = named.profile_id ON CONFLICT (profile_id, name) DO NOTHING",
            [records],
        )
        cursor.execute(
            "SELECT label.profile_id, label.name, label.id"
            f" FROM {_NAMED} JOIN interactions_label label USING (profile_id, name)",
            [records],
        )
        return {(profile_id, name): id for profile_id, name, id in cursor}


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
