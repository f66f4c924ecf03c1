"""The foreign keys of 0011's tables, which delete rows in the database. Safe under traffic, and to be run again.

Processes of the release before delete users, profiles and interactions, and do not know these tables. Each key is added
by itself, as it locks the table that it refers to for a moment.
"""

from django.db import migrations

from accounts.altering import alter

PROFILE = "FOREIGN KEY (profile_id, is_demo) REFERENCES accounts_profile (id, is_demo) ON DELETE CASCADE"
OF_ROW = "FOREIGN KEY (interaction_id) REFERENCES interactions_interaction (id) ON DELETE CASCADE"
OF_OWNER = (
    "FOREIGN KEY (owner_id) REFERENCES accounts_user (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"
)
OF_PROFILE = "FOREIGN KEY (profile_id) REFERENCES accounts_profile (id) ON DELETE CASCADE"
REFERENCES = (  # table, name, key
    ("interactions_moderation", "moderation_belongs_to_its_profile", PROFILE),
    ("interactions_moderation", "moderation_belongs_to_its_interaction", OF_ROW),
    ("interactions_blockedauthor", "blocked_author_belongs_to_its_profile", PROFILE),
    ("interactions_inboxrule", "inbox_rule_belongs_to_its_owner", OF_OWNER),
    ("interactions_inboxrule", "inbox_rule_belongs_to_its_profile", OF_PROFILE),
)


def reference(table: str, name: str, key: str) -> migrations.RunPython:
    dropped = f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}"

    def run(sql: str):
        return lambda apps, schema_editor: alter(schema_editor.connection, lambda *_: sql)

    return migrations.RunPython(run(f"{dropped}, ADD CONSTRAINT {name} {key}"), run(dropped))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("interactions", "0011_moderation")]

    operations = [reference(*one) for one in REFERENCES]
