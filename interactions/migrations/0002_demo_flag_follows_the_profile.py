"""Composite foreign keys: a row's demo flag is its profile's, whatever writes it."""

from django.db import migrations

TABLES = {
    "interactions_content": "content_belongs_to_its_profile",
    "interactions_interaction": "interaction_belongs_to_its_profile",
    "interactions_pendingchange": "pending_change_belongs_to_its_profile",
    "interactions_deadletter": "dead_letter_belongs_to_its_profile",
}


def add(table: str, name: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (profile_id, is_demo)"
        " REFERENCES accounts_profile (id, is_demo)",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("interactions", "0001_initial"), ("accounts", "0001_initial")]

    operations = [add(table, name) for table, name in TABLES.items()]
