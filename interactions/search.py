"""Finds the interactions that match a text, at a cost that has bounds; called by `InteractionQuerySet.page_for`.

An interaction of the user matches when

* its text contains the whole search text, in any case, and it is one of the newest MAX_CONTAINS_ROWS, as far as these have
  together at most MAX_CONTAINS_BYTES of text; or
* its text or author has words that begin with the words of the search, all of them, in any case and without accents. Rows of
  any age are found by the index if one of the words is rare, else only those of the newest MAX_WORD_ROWS. A word is rare
  if at most COMMON_SHARE of the newest SAMPLE rows and at most MAX_WORD_ROWS of all rows have it.

Words are found in the table Enrichment, which a task fills (`interactions.search_filling`).
"""

from collections.abc import Sequence
from itertools import chain

from django.db import connection

from accounts.models import Profile, User
from interactions.search_words import searched_words
from interactions.text_search import collation

MAX_CONTAINS_ROWS, MAX_CONTAINS_BYTES = 5_000, 4 * 2**20
MAX_WORD_ROWS = 20_000
SAMPLE = 1_000  # newest rows in which the words are counted: the index is asked for the rarest one
COMMON_SHARE = 0.2  # of a million rows, the index reads 200,000 in 20 to 40 ms
TYPES = ("comment", "message")  # as in the index inbox_newest_first
TOO_MANY = 0  # in place of a profile's id: the index has too many rows
# The words of a row of `newest`, read by its key. As a scalar subquery it cannot become a join of the two tables.
OF_ROW = "(SELECT search FROM interactions_enrichment WHERE interaction_id = newest.id)"

ByProfile = list[tuple[int, list[int]]]  # profiles, and the ids of their rows that match


def matching_interactions(user: User, text: str) -> list[int]:
    """Return the ids of the user's interactions that match, in no order, deleted ones included.

    At most MAX_CONTAINS_ROWS + MAX_WORD_ROWS. Call it within `read_within_limits`.
    """
    return [id for ids in matching_by_profile(user, text).values() for id in ids]


def matching_by_profile(user: User, text: str) -> dict[int, list[int]]:
    """Return the same ids by the id of their profile, for the profiles that have any."""
    profiles = list(Profile.objects.owned_by(user).values_list("pk", flat=True))
    words = searched_words(text)
    found: dict[int, set[int]] = {}
    if profiles:
        for profile, ids in chain(_containing(profiles, text), _with_words(profiles, words) if words else ()):
            found.setdefault(profile, set()).update(ids)
    return {profile: list(ids) for profile, ids in found.items()}


def _containing(profiles: Sequence[int], text: str) -> ByProfile:
    """The newest rows whose texts contain `text`."""
    collate = collation(connection.alias)
    return _by_profile(
        "SELECT profile_id, id FROM"
        " (SELECT profile_id, id, text, sum(octet_length(text)) OVER (ORDER BY posted_at DESC, id DESC) AS bytes"
        f" FROM ({_newest(profiles, MAX_CONTAINS_ROWS, 'text')}) AS newest) AS counted"
        f" WHERE bytes <= %s AND strpos(UPPER(text{collate}), UPPER(%s{collate})) > 0",
        [MAX_CONTAINS_BYTES, text],
    )


def _with_words(profiles: Sequence[int], words: Sequence[str]) -> ByProfile:
    """The rows that have all the words: of any age, or the newest ones when every word is common."""
    rarest, share = _rarest(profiles, words)
    found = _by_index(profiles, rarest, words) if share <= COMMON_SHARE else None
    return _in_newest(profiles, words) if found is None else found


def _rarest(profiles: Sequence[int], words: Sequence[str]) -> tuple[str, float]:
    """The word that the fewest of the newest rows have, and its share of them; of equally rare words the longest."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH newest AS ({_newest(profiles, SAMPLE)}), sample AS MATERIALIZED (SELECT {OF_ROW} AS search FROM newest)"
            " SELECT (SELECT count(*) FROM sample WHERE search @@ query) FROM unnest(%s::tsquery[])"
            " WITH ORDINALITY AS words (query, place) ORDER BY place",
            [[_any_profile(profiles, [word]) for word in words]],
        )
        counts = [count for (count,) in cursor]
    count, _, word = min((count, -len(word), word) for count, word in zip(counts, words, strict=True))
    return word, count / SAMPLE


def _by_index(profiles: Sequence[int], rarest: str, words: Sequence[str]) -> ByProfile | None:
    """The rows that have all the words, found by one of them; None when too many rows have that one.

    The index is asked for one profile after the other, until there are too many rows. PostgreSQL's estimate for a word is
    far off; as a scalar subquery it has a fixed estimate, for which the index is used.
    """
    of_profiles = " UNION ALL ".join(
        f"SELECT {profile}::bigint AS profile_id, interaction_id AS id, search FROM interactions_enrichment"
        " WHERE search @@ (SELECT %s::tsquery)"
        for profile in profiles
    )
    queries = [_query(profile, [rarest]) for profile in profiles]
    found = _by_profile(
        f"WITH found AS MATERIALIZED ({of_profiles} LIMIT {MAX_WORD_ROWS + 1}),"
        f" size AS MATERIALIZED (SELECT count(*) > {MAX_WORD_ROWS} AS is_too_large FROM found)"
        f" SELECT {TOO_MANY} AS profile_id, {TOO_MANY} AS id FROM size WHERE is_too_large UNION ALL"
        " SELECT profile_id, id FROM found WHERE NOT (SELECT is_too_large FROM size) AND search @@ %s::tsquery",
        [*queries, _any_profile(profiles, words)],
    )
    return None if found and found[0][0] == TOO_MANY else found


def _in_newest(profiles: Sequence[int], words: Sequence[str]) -> ByProfile:
    """Those of the newest rows that have all the words."""
    return _by_profile(
        f"SELECT profile_id, id FROM ({_newest(profiles, MAX_WORD_ROWS)}) AS newest WHERE {OF_ROW} @@ %s::tsquery",
        [_any_profile(profiles, words)],
    )


def _any_profile(profiles: Sequence[int], words: Sequence[str]) -> str:
    """The tsquery of rows of any of the profiles that have all the words."""
    return " | ".join(f"({_query(profile, words)})" for profile in profiles)


def _query(profile: int, words: Sequence[str]) -> str:
    """The tsquery of rows of the profile that have all the words, as beginnings of words."""
    return " & ".join(f"'{profile}:{word}':*" for word in words)


def _newest(profiles: Sequence[int], limit: int, *columns: str) -> str:
    """The SQL of the newest rows of the profiles, newest first: id, profile_id, posted_at and `columns`.

    PostgreSQL merges the index's entries of each profile and type, and reads `limit` entries in all.
    """
    names = ", ".join(("id", "profile_id", "posted_at", *columns))
    order = f"ORDER BY posted_at DESC, id DESC LIMIT {limit}"
    parts = (
        f"(SELECT {names} FROM interactions_interaction WHERE profile_id = {profile} AND type = '{type}' {order})"
        for profile in profiles
        for type in TYPES
    )
    return f"{' UNION ALL '.join(parts)} {order}"


def _by_profile(sql: str, parameters: list[object]) -> ByProfile:
    """Run the SQL, which selects profile_id and id; return each profile with its ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT profile_id, array_agg(id) FROM ({sql}) AS matching GROUP BY profile_id", parameters
        )
        return cursor.fetchall()
