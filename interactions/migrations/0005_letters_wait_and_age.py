"""Dead letters get a time at which they are replayed, and what is live gets indexes by age.

The previous code goes on inserting meanwhile. May be interrupted and run again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

from interactions.altering import add_columns

INDEXES = (
    (
        "deadletter",
        models.Index(
            models.F("received_at"), condition=models.Q(("is_demo", False)), name="dead_letter_live_by_age"
        ),
    ),
    (
        "deadletter",
        models.Index(
            models.F("replay_at"),
            condition=models.Q(("replay_at", None), _negated=True),
            name="dead_letter_to_be_replayed",
        ),
    ),
    (
        "pendingchange",
        models.Index(
            models.F("received_at"), condition=models.Q(("is_demo", False)), name="pending_change_live_by_age"
        ),
    ),
)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("interactions", "0004_what_age_hides")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [add_columns("interactions_deadletter", {"replay_at": "timestamptz NULL"})],
            [
                migrations.AddField(
                    "deadletter", "replay_at", models.DateTimeField(blank=True, editable=False, null=True)
                )
            ],
        ),
        *(
            operation
            for model, index in INDEXES
            for operation in (
                # An interrupted run leaves an index that is not valid.
                migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop),
                AddIndexConcurrently(model, index),
            )
        ),
    ]
