"""Profiles without an owner, which their owners have deleted. Safe under traffic, and to be run again."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts.altering import alter

SQL = "ALTER TABLE accounts_profile ALTER COLUMN owner_id DROP NOT NULL"


def drop_not_null(apps, schema_editor) -> None:
    alter(schema_editor.connection, lambda *_: SQL)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0004_preferences")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunPython(drop_not_null, migrations.RunPython.noop)],
            [
                migrations.AlterField(
                    "profile",
                    "owner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="profiles",
                        to=settings.AUTH_USER_MODEL,
                    ),
                )
            ],
        )
    ]
