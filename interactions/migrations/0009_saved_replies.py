"""Saved replies, and the leases of exports.

Their foreign keys delete rows in the database: processes of the release before delete users and do not know these tables.
Adding the keys locks the table of users for a moment; all is in one transaction, so an interrupted run leaves nothing.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts.altering import alter

KEY = "FOREIGN KEY (owner_id) REFERENCES accounts_user (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"
SQL = f"""
ALTER TABLE interactions_savedreply ADD CONSTRAINT a_saved_reply_is_of_a_user {KEY};
ALTER TABLE interactions_exportlease ADD CONSTRAINT a_lease_of_an_export_is_of_a_user {KEY};
"""


def add_foreign_keys(apps, schema_editor) -> None:
    alter(schema_editor.connection, lambda *_: SQL)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_users_and_profiles"),
        ("interactions", "0008_threads_of_rows"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExportLease",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "owner",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("token", models.UUIDField()),
                ("expires_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SavedReply",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("name_key", models.CharField(editable=False, max_length=240)),
                ("text", models.CharField(max_length=10000)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "owner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "saved replies",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("owner", "name_key"), name="a_name_is_of_one_saved_reply"
                    )
                ],
            },
        ),
        migrations.RunPython(add_foreign_keys, migrations.RunPython.noop),
    ]
