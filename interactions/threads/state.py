"""The state of a thread as a function of its facts: SQL expressions that every statement that writes threads uses.

The facts of rows are maxima, so rows can be added in any order and more than once. Rows that change or go need new facts
(`recomputing.py`). Ids are compared by code points (COLLATE "C"), whatever the database's locale.
"""

from accounts.platforms import PLATFORMS_THAT_DELETE_REPLIES

# The facts of a thread's rows, as columns of interactions_thread. "Received" rows are visible and not hidden.
ROW_FACTS = (
    "content_ref",  # the smallest of all rows, as they may differ
    "last_at",  # the newest visible row: its time and platform id
    "last_ref",
    "last_in_at",  # the newest received row
    "last_in_ref",
    "last_in_received_at",  # the latest arrival of a received row
    "sentiment",  # of the newest received row
    "last_out_at",  # the newest visible sent row
    "answered_at",  # the newest visible sent row that closes the thread
    "is_deleted",  # the platform has deleted the first comment, and with it all below; stays so when that is purged
)
# Which rows count as received and as sent.
RECEIVED = "deleted_at IS NULL AND direction = 'in' AND hidden_at IS NULL"
SENT = "deleted_at IS NULL AND direction = 'out'"
# What people decided, and until when they have read.
PEOPLE_FACTS = ("decided_at", "decision", "decided_until", "covers_at", "covers_ref", "read_at")
STATE = ("status", "snoozed_until", "unread", "active_at")

# The laterals that compute `state` from a row `facts` with these columns, as of %(now)s, which decides only when a snooze ends:
# a decision holds until a newer row than it covers is received; an answer after the decision closes the thread, and the
# end of a snooze leaves it open and unread.
STATE_OF_FACTS = """
CROSS JOIN LATERAL (SELECT
    facts.answered_at IS NOT NULL AND (facts.last_in_at IS NULL OR facts.answered_at > facts.last_in_at) AS is_answered,
    facts.decided_at IS NOT NULL AND (facts.last_in_at IS NULL OR coalesce(
        (facts.last_in_at, facts.last_in_ref COLLATE "C") <= (facts.covers_at, facts.covers_ref COLLATE "C"), false
    )) AS holds
) decided
CROSS JOIN LATERAL (SELECT
    holds AND is_answered AND facts.decision IN ('open', 'snoozed') AND facts.answered_at > facts.decided_at AS closed,
    holds AND facts.decision = 'snoozed' AND facts.decided_until <= %(now)s AS woken
) since
CROSS JOIN LATERAL (SELECT
    CASE WHEN closed THEN 'done' WHEN woken THEN 'open' WHEN holds THEN facts.decision
         WHEN is_answered OR facts.last_in_at IS NULL THEN 'done' ELSE 'open' END AS status,
    CASE WHEN holds AND NOT closed AND NOT woken AND facts.decision = 'snoozed' THEN facts.decided_until END AS snoozed_until,
    facts.last_at IS NOT NULL AND NOT facts.is_deleted AND (
        facts.last_in_at IS NOT NULL AND NOT is_answered
        AND (facts.read_at IS NULL OR facts.last_in_received_at > facts.read_at)
        OR woken AND NOT closed AND (facts.read_at IS NULL OR facts.decided_until > facts.read_at)
    ) AS unread,
    CASE WHEN facts.is_deleted THEN NULL
         WHEN woken AND NOT closed AND facts.last_at < facts.decided_until THEN facts.decided_until
         ELSE facts.last_at END AS active_at
) state
"""

# Assigns the content of `facts` in an UPDATE of `thread`; it is looked up only when the reference changes.
CONTENT_OF_FACTS = """
    content_id = CASE WHEN facts.content_ref = thread.content_ref THEN thread.content_id ELSE (
        SELECT content.id FROM interactions_content content
        WHERE content.profile_id = thread.profile_id AND content.platform_id = facts.content_ref
    ) END
"""


def deletes_replies(profile_id: str) -> str:
    """The SQL condition that the platform of the profile deletes the replies with a first comment."""
    platforms = ", ".join(f"'{name}'" for name in PLATFORMS_THAT_DELETE_REPLIES)
    return (
        f"EXISTS (SELECT FROM accounts_profile profile WHERE profile.id = {profile_id}"
        f" AND profile.platform = ANY(ARRAY[{platforms}]::text[]))"
    )


def assignments(columns: tuple[str, ...], source: str) -> str:
    """`column = source.column` for each of the columns."""
    return ", ".join(f"{column} = {source}.{column}" for column in columns)


def qualified(columns: tuple[str, ...], source: str) -> str:
    return ", ".join(f"{source}.{column}" for column in columns)
