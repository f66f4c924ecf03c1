"""Other ways to store the same rows in the same tables, for `ingest` and `initial_batch`: raw SQL, Django, factory_boy."""

from collections.abc import Sequence
from typing import Any

import factory
from django.db import connection, transaction
from django.db.models import JSONField

from interactions.models import Content, Interaction

Row = dict[str, Any]


class ContentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Content


class InteractionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Interaction


def columns_of(model) -> list[str]:
    """The columns that the peers write: without the key, and without JSON, which has its default."""
    fields = (field for field in model._meta.concrete_fields if not field.primary_key)
    return [field.column for field in fields if not isinstance(field, JSONField)]


def copy_on_conflict(model, rows: Sequence[Row]) -> dict[str, int]:
    """COPY into a temporary table, `INSERT … ON CONFLICT DO NOTHING` from it, and the ids of all rows."""
    table, columns = model._meta.db_table, list(rows[0])
    names = ", ".join(columns)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE staging ON COMMIT DROP AS SELECT {names} FROM {table} LIMIT 0")
        with cursor.copy(f"COPY staging ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(list(row.values()))
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM staging ON CONFLICT (profile_id, platform_id) DO NOTHING"
        )
        cursor.execute(
            f"SELECT platform_id, {table}.id FROM {table} JOIN staging USING (profile_id, platform_id)"
        )
        return dict(cursor.fetchall())


def select_then_unnest(model, rows: Sequence[Row]) -> dict[str, int]:
    """Select what exists, insert the rest from one array per column; the ids of all rows."""
    table = model._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT platform_id, id FROM {table} WHERE profile_id = %s AND platform_id = ANY(%s)",
            [rows[0]["profile_id"], [row["platform_id"] for row in rows]],
        )
        ids = dict(cursor.fetchall())
        new = [row for row in rows if row["platform_id"] not in ids]
        if new:
            fields = {field.column: field for field in model._meta.concrete_fields}
            arrays = ", ".join(f"%s::{fields[column].rel_db_type(connection)}[]" for column in new[0])
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(new[0])}) SELECT * FROM UNNEST({arrays})"
                " ON CONFLICT (profile_id, platform_id) DO NOTHING RETURNING platform_id, id",
                [[row[column] for row in new] for column in new[0]],
            )
            ids |= dict(cursor.fetchall())
        return ids


def get_or_create(model, rows: Sequence[Row]) -> None:
    with transaction.atomic():
        for row in rows:
            key = {name: row[name] for name in ("profile_id", "platform_id")}
            model.objects.get_or_create(**key, defaults=row)


def factory_row_by_row(content: Sequence[Row], interactions: Sequence[Row]) -> None:
    """Create one object at a time with a commit each, as test data and seed scripts usually do."""
    for row in content:
        ContentFactory.create(**row)
    for row in interactions:
        InteractionFactory.create(**row)
