"""Indexes for the lists of threads. Two take the place of narrower ones. Safe under traffic, and to be run again."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q

ADDED = (
    models.Index(
        *(F("content"), F("status"), F("unread"), F("active_at").desc(), F("id").desc()),
        condition=~Q(content=None) & ~Q(active_at=None),
        name="threads_of_a_post_by_status",
    ),
    models.Index(
        *(F("profile"), F("sentiment"), F("kind"), F("status"), F("unread")),
        *(F("active_at").desc(), F("id").desc()),
        condition=~Q(sentiment=None) & ~Q(active_at=None),
        include=["content"],
        name="threads_of_a_sentiment",
    ),
    models.Index(
        *(F("profile"), F("kind"), F("status"), F("unread"), F("active_at").desc(), F("id").desc()),
        condition=~Q(label_ids=[]) & ~Q(active_at=None),
        include=["label_ids", "content", "sentiment"],
        name="labelled_threads_newest_first",
    ),
)
REMOVED = ("threads_of_a_post", "threads_by_sentiment")


def added(index: models.Index) -> list:
    """The operations that create it; an interrupted run leaves an index that is not valid."""
    dropped = migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop)
    return [dropped, AddIndexConcurrently("thread", index)]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("interactions", "0010_search")]

    operations = [
        *(operation for index in ADDED for operation in added(index)),
        *(RemoveIndexConcurrently("thread", name) for name in REMOVED),
    ]
