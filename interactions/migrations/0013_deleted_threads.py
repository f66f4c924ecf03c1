"""Whether the platform has deleted a thread with its first comment. No process of the release before uses the table, which 0007 creates."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("interactions", "0012_moderation_belongs")]

    operations = [
        migrations.AddField(
            "thread", "is_deleted", models.BooleanField(default=False, db_default=False, editable=False)
        )
    ]
