"""The lookup `contains_text`: a case-insensitive substring search for all languages; used by filters and the admin.

PostgreSQL's UPPER follows the locale of the database. With locale `C` it changes English letters only, so that "café"
would not find "CAFÉ". The lookup names a Unicode collation in the statement instead.
"""

from functools import cache

from django.db import connections
from django.db.models import CharField, TextField
from django.db.models.lookups import IContains

MAX_SEARCH_LENGTH = 100  # characters; a search costs the length of the texts times that of the search text
MIN_BUILTIN_VERSION = 17_00_00  # the first PostgreSQL with a built-in Unicode collation


@CharField.register_lookup
@TextField.register_lookup
class ContainsText(IContains):
    lookup_name = "contains_text"

    def as_sql(self, compiler, connection) -> tuple[str, tuple]:
        text, text_values = self.process_lhs(compiler, connection)
        pattern, pattern_values = self.process_rhs(compiler, connection)
        collate = collation(connection.alias)
        return f"UPPER({text}{collate}) LIKE UPPER({pattern}{collate})", (*text_values, *pattern_values)


@cache
def collation(alias: str) -> str:
    """Return the COLLATE clause for the database; "" when it has no Unicode collation."""
    connection = connections[alias]
    if connection.pg_version >= MIN_BUILTIN_VERSION:
        return ' COLLATE "pg_c_utf8"'
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu'")
        return ' COLLATE "und-x-icu"' if cursor.fetchone() else ""
