"""The SQL by which the insert of new rows adds them to their threads. Read by `interactions/upserts.py`.

A comment comes with a provisional `root_ref`: what its parents within the batch say. If that names a stored comment, the
thread is that comment's.
"""

from interactions.threads.state import (
    CONTENT_OF_FACTS,
    PEOPLE_FACTS,
    RECEIVED,
    ROW_FACTS,
    SENT,
    STATE,
    STATE_OF_FACTS,
    assignments,
    deletes_replies,
    qualified,
)

_NEWEST = (
    '(array_agg(platform_id ORDER BY posted_at DESC, platform_id COLLATE "C" DESC) FILTER (WHERE {})) [1]'
)


def _stored_is_newest(name: str) -> str:
    """The SQL condition for a batch without a row that is newer than the stored one."""
    stored, batch = (
        f'({source}.{name}_at, {source}.{name}_ref COLLATE "C")' for source in ("stored", "batch")
    )
    return f"batch.{name}_at IS NULL OR {stored} >= {batch}"


def _newest(name: str) -> str:
    """The SQL for time and id of the newer one of the stored row and the batch's."""
    stored = _stored_is_newest(name)
    return (
        f"CASE WHEN {stored} THEN stored.{name}_at ELSE batch.{name}_at END AS {name}_at,"
        f" CASE WHEN {stored} THEN coalesce(stored.{name}_ref, '') ELSE batch.{name}_ref END AS {name}_ref"
    )


# Joins that follow `new`, the rows of the batch, and find the stored thread of each: that of the stored comment that its
# root names, or the one with that root. Keys are null where there is nothing to find, as that costs nothing.
THREAD_JOINS = """
LEFT JOIN interactions_interaction first ON first.profile_id = new.profile_id AND first.type = 'comment'
    AND first.platform_id = CASE WHEN new.type = 'comment' AND new.root_ref <> new.platform_id THEN new.root_ref END
LEFT JOIN interactions_thread named ON named.profile_id = new.profile_id AND named.kind = new.type
    AND named.root_ref = CASE WHEN first.thread_id IS NULL THEN new.root_ref END
"""
THREAD_ID = "coalesce(first.thread_id, named.id)"

# Parts of a WITH clause that write the threads of `placed`, the rows with the `thread_id` of their stored thread or null,
# and end with `inserted (profile_id, kind, root_ref, id)`, the new threads. Parameters: `received_at`, and `now`, for which
# states are computed. The caller holds the profiles' locks, so that no thread appears meanwhile.
THREADS = f"""
facts AS MATERIALIZED (
    SELECT stored.id, batch.place, batch.profile_id, batch.type, batch.root_ref, batch.is_demo,
        coalesce(least(NULLIF(stored.content_ref, '') COLLATE "C", batch.content_ref COLLATE "C"), '') AS content_ref,
        {_newest("last")}, {_newest("last_in")},
        greatest(stored.last_in_received_at, batch.last_in_received_at) AS last_in_received_at,
        CASE WHEN {_stored_is_newest("last_in")} THEN stored.sentiment END AS sentiment,
        greatest(stored.last_out_at, batch.last_out_at) AS last_out_at,
        greatest(stored.answered_at, batch.answered_at) AS answered_at,
        CASE WHEN batch.root_is_deleted IS NULL THEN coalesce(stored.is_deleted, false)
            WHEN batch.root_is_deleted THEN {deletes_replies("batch.profile_id")} ELSE false END AS is_deleted,
        {qualified(PEOPLE_FACTS, "stored")}
    FROM (
        SELECT thread_id, profile_id, type, CASE WHEN thread_id IS NULL THEN root_ref END AS root_ref,
            min(ordinality) AS place, bool_or(is_demo) AS is_demo, min(NULLIF(content_ref, '') COLLATE "C") AS content_ref,
            max(posted_at) FILTER (WHERE deleted_at IS NULL) AS last_at,
            {_NEWEST.format("deleted_at IS NULL")} AS last_ref,
            max(posted_at) FILTER (WHERE {RECEIVED}) AS last_in_at,
            {_NEWEST.format(RECEIVED)} AS last_in_ref,
            CASE WHEN bool_or({RECEIVED}) THEN %(received_at)s END AS last_in_received_at,
            max(posted_at) FILTER (WHERE {SENT}) AS last_out_at,
            max(posted_at) FILTER (WHERE {SENT} AND closes) AS answered_at,
            bool_or(deleted_at IS NOT NULL) FILTER (WHERE type = 'comment' AND root_ref = platform_id) AS root_is_deleted
        FROM placed GROUP BY 1, 2, 3, 4
    ) batch
    LEFT JOIN interactions_thread stored ON stored.id = batch.thread_id
), inserted AS (
    INSERT INTO interactions_thread (profile_id, kind, root_ref, is_demo, content_id, label_ids, decision, covers_ref,
        {", ".join((*ROW_FACTS, *STATE))})
    SELECT facts.profile_id, facts.type, facts.root_ref, facts.is_demo, content.id, '{{}}', '', '',
        {qualified(ROW_FACTS, "facts")}, {qualified(STATE, "state")}
    FROM facts {STATE_OF_FACTS}
    LEFT JOIN interactions_content content
        ON content.profile_id = facts.profile_id AND content.platform_id = facts.content_ref
    WHERE facts.id IS NULL ORDER BY facts.place
    RETURNING profile_id, kind, root_ref, id
), updated AS (
    UPDATE interactions_thread thread SET {assignments(ROW_FACTS, "facts")}, {assignments(STATE, "state")},
        content_id = {CONTENT_OF_FACTS}
    FROM facts {STATE_OF_FACTS}
    WHERE thread.id = facts.id
)
"""
