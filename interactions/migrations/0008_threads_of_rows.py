"""Each row gets its thread: columns, indexes and foreign keys. Safe under traffic, and to be run again where interrupted.

Processes of the release before store rows without a thread, and change rows without recomputing threads. A trigger stores
the threads of rows that they changed; `interactions.threads.adoption` places and recomputes both, after each `migrate` and
in the sweep. Those processes still write `status` and `read_at`, so the two columns stay in the table for this release.
"""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q

from accounts.altering import add_columns, alter

ROWS = "interactions_interaction"
COLUMNS = {
    "thread_id": "bigint",
    "hidden_at": "timestamptz",
    "visibility_at": "timestamptz",
    "attachments": "jsonb NOT NULL DEFAULT '[]'",
    "closes": "boolean NOT NULL DEFAULT true",
}
REFERENCES = (  # table, name, columns, what they reference
    (
        "interactions_decision",
        "decision_belongs_to_its_profile",
        "profile_id, is_demo",
        "accounts_profile (id, is_demo) ON DELETE CASCADE",
    ),
    (
        "interactions_note",
        "note_belongs_to_its_profile",
        "profile_id, is_demo",
        "accounts_profile (id, is_demo) ON DELETE CASCADE",
    ),
    (
        "interactions_label",
        "label_belongs_to_its_profile",
        "profile_id, is_demo",
        "accounts_profile (id, is_demo) ON DELETE CASCADE",
    ),
    (
        "interactions_decision",
        "decision_belongs_to_its_thread",
        "thread_id",
        "interactions_thread ON DELETE CASCADE",
    ),
    ("interactions_note", "note_belongs_to_its_thread", "thread_id", "interactions_thread ON DELETE CASCADE"),
)
INDEXES = (
    models.Index(F("thread"), F("posted_at"), F("id"), name="rows_of_a_thread"),
    models.Index(F("profile"), F("id"), condition=Q(thread=None), name="rows_without_a_thread"),
)
# What decides a row's thread and the state of the thread.
WATCHED = "type, direction, posted_at, deleted_at, parent_ref, conversation_id, content_ref, content_id, status"
OLD_PROCESS = "OLD.thread_id IS NOT NULL AND current_setting('perennial.threads', true) IS DISTINCT FROM 'on'"
CHANGED = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in WATCHED.split(", "))
TRIGGERS = f"""
CREATE TABLE IF NOT EXISTS interactions_stalethread (thread_id bigint PRIMARY KEY);
CREATE OR REPLACE FUNCTION interactions_note_stale_thread() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO interactions_stalethread VALUES (OLD.thread_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS thread_is_stale_after_update ON {ROWS};
DROP TRIGGER IF EXISTS thread_is_stale_after_delete ON {ROWS};
CREATE TRIGGER thread_is_stale_after_update AFTER UPDATE ON {ROWS} FOR EACH ROW
    WHEN ({OLD_PROCESS} AND ({CHANGED})) EXECUTE FUNCTION interactions_note_stale_thread();
CREATE TRIGGER thread_is_stale_after_delete AFTER DELETE ON {ROWS} FOR EACH ROW
    WHEN ({OLD_PROCESS}) EXECUTE FUNCTION interactions_note_stale_thread();
"""
NO_TRIGGERS = f"""
DROP TRIGGER IF EXISTS thread_is_stale_after_update ON {ROWS};
DROP TRIGGER IF EXISTS thread_is_stale_after_delete ON {ROWS};
DROP FUNCTION IF EXISTS interactions_note_stale_thread();
DROP TABLE IF EXISTS interactions_stalethread;
"""


def altering(sql: str, reverse_sql: str) -> migrations.RunPython:
    def run(sql: str):
        return lambda apps, schema_editor: alter(schema_editor.connection, lambda *_: sql)

    return migrations.RunPython(run(sql), run(reverse_sql))


def reference(table: str, name: str, columns: str, referenced: str) -> migrations.RunPython:
    dropped = f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}"
    added = f"ADD CONSTRAINT {name} FOREIGN KEY ({columns}) REFERENCES {referenced}"
    return altering(f"{dropped}, {added}", dropped)


def index(one: models.Index) -> list:
    """The operations that create it; an interrupted run leaves an index that is not valid."""
    dropped = migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {one.name}", migrations.RunSQL.noop)
    return [dropped, AddIndexConcurrently("interaction", one)]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("interactions", "0007_threads")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [
                add_columns(ROWS, COLUMNS),
                altering(f"ALTER TABLE {ROWS} ALTER COLUMN status SET DEFAULT 'new'", ""),
            ],
            [
                migrations.RemoveConstraint("interaction", "interaction_status_is_known"),
                migrations.RemoveField("interaction", "read_at"),
                migrations.RemoveField("interaction", "status"),
                migrations.AddField("interaction", "attachments", models.JSONField(blank=True, default=list)),
                migrations.AddField(
                    "interaction", "closes", models.BooleanField(default=True, editable=False)
                ),
                migrations.AddField("interaction", "hidden_at", models.DateTimeField(blank=True, null=True)),
                migrations.AddField(
                    "interaction", "visibility_at", models.DateTimeField(editable=False, null=True)
                ),
                migrations.AddField(
                    "interaction",
                    "thread",
                    models.ForeignKey(
                        "interactions.thread",
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="rows",
                    ),
                ),
            ],
        ),
        *(reference(*one) for one in REFERENCES),
        *(operation for one in INDEXES for operation in index(one)),
        altering(TRIGGERS, NO_TRIGGERS),
    ]
