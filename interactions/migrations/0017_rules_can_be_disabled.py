"""Inbox rules can be disabled; safe under traffic and with processes of the release before, which insert enabled rules."""

from django.db import migrations, models

from accounts.altering import add_columns


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("interactions", "0016_saved_views")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [add_columns("interactions_inboxrule", {"enabled": "boolean NOT NULL DEFAULT true"})],
            [
                migrations.AddField(
                    "inboxrule", "enabled", models.BooleanField(db_default=True, default=True)
                )
            ],
        )
    ]
