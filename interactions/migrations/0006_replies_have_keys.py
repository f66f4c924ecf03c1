"""Keys of replies. Safe under traffic, and to be run again where it was interrupted."""

from django.db import migrations, models
from django.db.models import Q

from interactions.altering import add_columns

COLUMNS = {"idempotency_key": "varchar(255)", "idempotency_digest": "bigint"}
INDEX = "a_key_is_of_one_reply"


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("interactions", "0005_letters_wait_and_age")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [add_columns("interactions_interaction", COLUMNS)],
            [
                migrations.AddField(
                    "interaction",
                    "idempotency_key",
                    models.CharField(max_length=255, null=True, editable=False),
                ),
                migrations.AddField(
                    "interaction", "idempotency_digest", models.BigIntegerField(null=True, editable=False)
                ),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            [
                # An interrupted one leaves an index that is not valid.
                migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}", migrations.RunSQL.noop),
                migrations.RunSQL(
                    f"CREATE UNIQUE INDEX CONCURRENTLY {INDEX} ON interactions_interaction"
                    " (profile_id, idempotency_key) WHERE idempotency_key IS NOT NULL",
                    f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}",
                ),
            ],
            [
                migrations.AddConstraint(
                    "interaction",
                    models.UniqueConstraint(
                        fields=["profile", "idempotency_key"],
                        condition=~Q(idempotency_key=None),
                        name=INDEX,
                    ),
                )
            ],
        ),
    ]
