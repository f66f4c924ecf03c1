"""Columns for work in turns and for resuming in the background; the story's foreign key to profiles loses its check.

Each statement needs its table for itself for a moment (interactions/altering.py). Whatever was interrupted may be run again.
"""

from django.db import migrations, models

from interactions.altering import alter

STORY, PROFILES = "demo_storyevent", "accounts_profile"
COLUMNS = {
    "catching_up": "boolean NOT NULL DEFAULT false",
    "resume_requested_at": "timestamptz",
    "resumed_to": "bigint NOT NULL DEFAULT 0",
    "turn": "bigint NOT NULL DEFAULT 0",
}


def _add_columns(connection, cursor) -> str:
    added = ", ".join(f"ADD COLUMN IF NOT EXISTS {name} {kind}" for name, kind in COLUMNS.items())
    return f"ALTER TABLE demo_demoaccount {added}"


def _drop_columns(connection, cursor) -> str:
    dropped = ", ".join(f"DROP COLUMN IF EXISTS {name}" for name in COLUMNS)
    return f"ALTER TABLE demo_demoaccount {dropped}"


def _drop_check(connection, cursor) -> str:
    constraints = connection.introspection.get_constraints(cursor, STORY)
    checks = [name for name, one in constraints.items() if one["foreign_key"] == (PROFILES, "id")]
    dropped = ", ".join(f"DROP CONSTRAINT {connection.ops.quote_name(name)}" for name in checks)
    return f"ALTER TABLE {STORY} {dropped}" if checks else ""


def _add_check(connection, cursor) -> str:
    return (
        f"ALTER TABLE {STORY} ADD CONSTRAINT demo_storyevent_profile_id_fk FOREIGN KEY (profile_id)"
        f" REFERENCES {PROFILES} (id) DEFERRABLE INITIALLY DEFERRED"
    )


def forwards(apps, schema_editor) -> None:
    alter(schema_editor.connection, _add_columns)
    alter(schema_editor.connection, _drop_check)


def backwards(apps, schema_editor) -> None:
    alter(schema_editor.connection, _add_check)
    alter(schema_editor.connection, _drop_columns)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("demo", "0005_held_and_expired"), ("accounts", "0002_users_and_profiles")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunPython(forwards, backwards)],
            [
                migrations.AddField(
                    "demoaccount",
                    "catching_up",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        editable=False,
                        help_text="The days have passed, and what they bring is still being planned and delivered.",
                    ),
                ),
                migrations.AddField(
                    "demoaccount", "resume_requested_at", models.DateTimeField(editable=False, null=True)
                ),
                migrations.AddField(
                    "demoaccount",
                    "resumed_to",
                    models.BigIntegerField(
                        db_default=0,
                        default=0,
                        editable=False,
                        help_text="The story up to this key has been moved on by the pause that ends.",
                    ),
                ),
                migrations.AddField(
                    "demoaccount",
                    "turn",
                    models.BigIntegerField(
                        db_default=0,
                        default=0,
                        editable=False,
                        help_text="How many turns workers have taken at its work.",
                    ),
                ),
                migrations.AlterField(
                    "storyevent",
                    "profile",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.profile",
                    ),
                ),
            ],
        )
    ]
