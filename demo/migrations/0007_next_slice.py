"""Renames a field of the state; its column keeps the name `turn`, which processes of the release before read and write."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("demo", "0006_turns_and_no_profile_check")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("demoaccount", "turn", "next_slice"),
                migrations.AlterField(
                    "demoaccount",
                    "next_slice",
                    models.BigIntegerField(
                        db_column="turn",
                        db_default=0,
                        default=0,
                        editable=False,
                        help_text="The number of the next time slice of its pending work.",
                    ),
                ),
            ]
        )
    ]
