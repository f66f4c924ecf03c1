"""The look-up `has_words`: part of a text in any case, in every language, whatever locale the database was made with.

PostgreSQL compares letters by the locale of the database. In one made with `C` it knows those of English only, so
that "café" would miss "CAFÉ"; a collation named in the statement knows all letters everywhere.
"""

from functools import cache

from django.db import connections
from django.db.models import CharField, TextField
from django.db.models.lookups import IContains

MAX_SEARCH_LENGTH = 100  # characters; looking costs the length of the texts times that of the words

FIRST_WITH_ITS_OWN = (
    17_00_00  # the first version of PostgreSQL that brings a collation of Unicode's letters itself
)


@CharField.register_lookup
@TextField.register_lookup
class HasWords(IContains):
    lookup_name = "has_words"

    def as_sql(self, compiler, connection) -> tuple[str, tuple]:
        text, text_values = self.process_lhs(compiler, connection)
        words, words_values = self.process_rhs(compiler, connection)
        letters = collation(connection.alias)
        return f"UPPER({text}{letters}) LIKE UPPER({words}{letters})", (*text_values, *words_values)


@cache
def collation(alias: str) -> str:
    """The COLLATE clause for the database; empty where it has no better one than its own."""
    connection = connections[alias]
    if connection.pg_version >= FIRST_WITH_ITS_OWN:
        return ' COLLATE "pg_c_utf8"'
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu'")
        return ' COLLATE "und-x-icu"' if cursor.fetchone() else ""
