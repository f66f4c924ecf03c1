"""A reply says why it was not sent; safe under traffic and with processes of the release before, which write no reason."""

from django.db import migrations, models

from accounts.altering import add_columns


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("interactions", "0018_columns_of_older_releases")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [add_columns("interactions_interaction", {"send_error": "varchar(300) NOT NULL DEFAULT ''"})],
            [
                migrations.AddField(
                    "interaction", "send_error", models.CharField(blank=True, db_default="", default="", max_length=300)
                )
            ],
        )
    ]
