"""An index of visible interactions by author. Safe under traffic, and to be run again where interrupted."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q

INDEX = models.Index(
    *(F("profile"), F("author_id"), F("posted_at").desc()),
    condition=Q(deleted_at=None),
    name="interactions_of_an_author",
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("interactions", "0014_bulk_jobs")]

    operations = [
        # An interrupted run leaves an index that is not valid.
        migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX.name}", migrations.RunSQL.noop),
        AddIndexConcurrently("interaction", INDEX),
    ]
