"""A setting of the inbox; safe under traffic and with processes of the release before, which do not know it."""

from django.db import migrations, models

from accounts.altering import add_columns


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0002_users_and_profiles")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [add_columns("accounts_user", {"answers_close_threads": "boolean NOT NULL DEFAULT true"})],
            [
                migrations.AddField(
                    "user",
                    "answers_close_threads",
                    models.BooleanField(
                        default=True,
                        help_text="Whether a sent answer makes its thread done. A change applies to later answers.",
                        verbose_name="an answer closes the thread",
                    ),
                )
            ],
        )
    ]
