"""Names of API tokens.

Their foreign key deletes rows in the database: processes of the release before delete tokens and do not know this table.
Adding the key locks the table of tokens for a moment; all is in one transaction, so an interrupted run leaves nothing.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts.altering import alter

SQL = (
    "ALTER TABLE accounts_tokenname ADD CONSTRAINT a_name_belongs_to_its_token"
    " FOREIGN KEY (token_id) REFERENCES knox_authtoken (digest) ON DELETE CASCADE"
)


def add_foreign_key(apps, schema_editor) -> None:
    alter(schema_editor.connection, lambda *_: SQL)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_profiles_without_owner"),
        ("knox", "0009_extend_authtoken_field"),
    ]

    operations = [
        migrations.CreateModel(
            name="TokenName",
            fields=[
                (
                    "token",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="named",
                        serialize=False,
                        to="knox.AuthToken",
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("name_key", models.CharField(max_length=240)),
                (
                    "owner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "name_key"), name="a_name_is_of_one_token")
                ]
            },
        ),
        migrations.RunPython(add_foreign_key, migrations.RunPython.noop),
    ]
