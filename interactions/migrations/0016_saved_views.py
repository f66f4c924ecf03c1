"""Saved views of the inbox.

The foreign key deletes rows in the database: processes of the release before delete users and do not know this table.
Adding the key locks the table of users for a moment; all is in one transaction, so an interrupted run leaves nothing.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts.altering import alter

SQL = """
ALTER TABLE interactions_savedview ADD CONSTRAINT a_saved_view_is_of_a_user
FOREIGN KEY (owner_id) REFERENCES accounts_user (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
"""


def add_foreign_key(apps, schema_editor) -> None:
    alter(schema_editor.connection, lambda *_: SQL)



class Migration(migrations.Migration):

    dependencies = [
        ('interactions', '0015_rows_by_author'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('name_key', models.CharField(editable=False, max_length=180)),
                ('page', models.CharField(max_length=16)),
                ('query', models.CharField(blank=True, max_length=2000)),
                ('owner', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('owner', 'name_key'), name='a_name_is_of_one_saved_view')],
            },
        ),
        migrations.RunPython(add_foreign_key, migrations.RunPython.noop),
    ]
