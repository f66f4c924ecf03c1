"""Bulk jobs. Their foreign key deletes rows in the database, as those of 0009: processes of the release before delete users.

Adding the key locks the table of users for a moment; all is in one transaction, so an interrupted run leaves nothing.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts.altering import alter

KEY = "FOREIGN KEY (owner_id) REFERENCES accounts_user (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"
SQL = f"ALTER TABLE interactions_bulkjob ADD CONSTRAINT a_bulk_job_is_of_a_user {KEY}"


def add_foreign_key(apps, schema_editor) -> None:
    alter(schema_editor.connection, lambda *_: SQL)


class Migration(migrations.Migration):

    dependencies = [
        ('interactions', '0013_deleted_threads'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BulkJob',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('running', 'Running'), ('done', 'Done'), ('cancelled', 'Cancelled'), ('failed', 'Failed')], default='running', max_length=9)),
                ('filters', models.JSONField()),
                ('change', models.JSONField()),
                ('until', models.DateTimeField()),
                ('changed', models.PositiveIntegerField(default=0)),
                ('left', models.PositiveIntegerField()),
                ('error', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('cursor_at', models.DateTimeField(editable=False, null=True)),
                ('cursor_id', models.BigIntegerField(editable=False, null=True)),
                ('owner', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['owner', '-id'], name='bulk_jobs_of_a_user'), models.Index(fields=['state', 'updated_at'], name='bulk_jobs_by_state')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'running')), fields=('owner',), name='a_user_has_one_running_bulk_job'), models.CheckConstraint(condition=models.Q(('state__in', ['running', 'done', 'cancelled', 'failed'])), name='bulk_job_state_is_known')],
            },
        ),
        migrations.RunPython(add_foreign_key, migrations.RunPython.noop),
    ]
