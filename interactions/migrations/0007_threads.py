"""Threads, and what people add to them: decisions, notes and labels. New tables; `0008` connects them with the rows."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_answers_close_threads'),
        ('interactions', '0006_replies_have_keys'),
    ]

    operations = [
        migrations.AlterField(
            model_name='pendingchange',
            name='aspect',
            field=models.CharField(choices=[('text', 'Text'), ('deletion', 'Deletion'), ('hidden', 'Hidden'), ('views', 'Views'), ('likes', 'Likes'), ('shares', 'Shares')], max_length=8),
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_demo', models.BooleanField(editable=False)),
                ('author_name', models.CharField(blank=True, max_length=255)),
                ('at', models.DateTimeField()),
                ('status', models.CharField(choices=[('open', 'Open'), ('snoozed', 'Snoozed'), ('done', 'Done'), ('archived', 'Archived')], max_length=8)),
                ('until', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Label',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_demo', models.BooleanField(editable=False)),
                ('name', models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_demo', models.BooleanField(editable=False)),
                ('author_name', models.CharField(blank=True, max_length=255)),
                ('text', models.TextField(max_length=10000)),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Thread',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_demo', models.BooleanField(editable=False)),
                ('kind', models.CharField(choices=[('comment', 'Comment'), ('message', 'Direct message')], max_length=8)),
                ('root_ref', models.CharField(max_length=255)),
                ('content_ref', models.CharField(blank=True, editable=False, max_length=255)),
                ('status', models.CharField(choices=[('open', 'Open'), ('snoozed', 'Snoozed'), ('done', 'Done'), ('archived', 'Archived')], default='open', max_length=8)),
                ('snoozed_until', models.DateTimeField(blank=True, null=True)),
                ('unread', models.BooleanField(default=True)),
                ('active_at', models.DateTimeField(null=True)),
                ('last_at', models.DateTimeField(null=True)),
                ('last_ref', models.CharField(blank=True, editable=False, max_length=255)),
                ('last_in_at', models.DateTimeField(null=True)),
                ('last_in_ref', models.CharField(blank=True, editable=False, max_length=255)),
                ('last_in_received_at', models.DateTimeField(editable=False, null=True)),
                ('last_out_at', models.DateTimeField(null=True)),
                ('answered_at', models.DateTimeField(editable=False, null=True)),
                ('sentiment', models.CharField(blank=True, choices=[('positive', 'Positive'), ('neutral', 'Neutral'), ('negative', 'Negative')], max_length=8, null=True)),
                ('decided_at', models.DateTimeField(editable=False, null=True)),
                ('decision', models.CharField(blank=True, choices=[('open', 'Open'), ('snoozed', 'Snoozed'), ('done', 'Done'), ('archived', 'Archived')], editable=False, max_length=8)),
                ('decided_until', models.DateTimeField(editable=False, null=True)),
                ('covers_at', models.DateTimeField(editable=False, null=True)),
                ('covers_ref', models.CharField(blank=True, editable=False, max_length=255)),
                ('read_at', models.DateTimeField(editable=False, null=True)),
                ('label_ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, size=None)),
            ],
        ),
        migrations.AddField(
            model_name='decision',
            name='profile',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.profile'),
        ),
        migrations.AddField(
            model_name='label',
            name='profile',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.profile'),
        ),
        migrations.AddField(
            model_name='note',
            name='profile',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.profile'),
        ),
        migrations.AddField(
            model_name='thread',
            name='content',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='threads', to='interactions.content'),
        ),
        migrations.AddField(
            model_name='thread',
            name='profile',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.profile'),
        ),
        migrations.AddField(
            model_name='note',
            name='thread',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='interactions.thread'),
        ),
        migrations.AddField(
            model_name='decision',
            name='thread',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='interactions.thread'),
        ),
        migrations.AddConstraint(
            model_name='label',
            constraint=models.UniqueConstraint(fields=('profile', 'name'), name='label_is_stored_once'),
        ),
        migrations.AddIndex(
            model_name='thread',
            index=models.Index(models.F('profile'), models.F('kind'), models.F('status'), models.F('unread'), models.OrderBy(models.F('active_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('active_at', None), _negated=True), name='threads_newest_first'),
        ),
        migrations.AddIndex(
            model_name='thread',
            index=models.Index(models.F('profile'), models.F('content_ref'), condition=models.Q(('content', None), models.Q(('content_ref', ''), _negated=True)), name='thread_awaits_its_content'),
        ),
        migrations.AddIndex(
            model_name='thread',
            index=models.Index(models.F('snoozed_until'), condition=models.Q(('status', 'snoozed')), name='snoozed_threads'),
        ),
        migrations.AddIndex(
            model_name='thread',
            index=django.contrib.postgres.indexes.GinIndex(condition=models.Q(('label_ids', []), _negated=True), fields=['label_ids'], name='threads_by_label'),
        ),
        migrations.AddConstraint(
            model_name='thread',
            constraint=models.UniqueConstraint(fields=('profile', 'kind', 'root_ref'), name='thread_is_stored_once'),
        ),
        migrations.AddConstraint(
            model_name='thread',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['open', 'snoozed', 'done', 'archived'])), name='thread_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='thread',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('snoozed_until__isnull', False), ('status', 'snoozed')), models.Q(models.Q(('status', 'snoozed'), _negated=True), ('snoozed_until', None)), _connector='OR'), name='only_a_snoozed_thread_has_an_end_of_it'),
        ),
        migrations.AddIndex(
            model_name='thread',
            index=models.Index(models.F('content'), models.F('status'), models.F('unread'), models.OrderBy(models.F('active_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(models.Q(('content', None), _negated=True), models.Q(('active_at', None), _negated=True)), name='threads_of_a_post_by_status'),
        ),
        migrations.AddIndex(
            model_name='thread',
            index=models.Index(models.F('profile'), models.F('sentiment'), models.F('kind'), models.F('status'), models.F('unread'), models.OrderBy(models.F('active_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(models.Q(('sentiment', None), _negated=True), models.Q(('active_at', None), _negated=True)), include=('content',), name='threads_of_a_sentiment'),
        ),
        migrations.AddIndex(
            model_name='thread',
            index=models.Index(models.F('profile'), models.F('kind'), models.F('status'), models.F('unread'), models.OrderBy(models.F('active_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(models.Q(('label_ids', []), _negated=True), models.Q(('active_at', None), _negated=True)), include=('label_ids', 'content', 'sentiment'), name='labelled_threads_newest_first'),
        ),
        migrations.AddIndex(
            model_name='note',
            index=models.Index(fields=['thread', 'created_at'], name='notes_of_a_thread'),
        ),
        migrations.AddIndex(
            model_name='note',
            index=models.Index(fields=['profile'], name='notes_of_a_profile'),
        ),
        migrations.AddIndex(
            model_name='decision',
            index=models.Index(fields=['profile'], name='decisions_of_a_profile'),
        ),
        migrations.AddIndex(
            model_name='decision',
            index=models.Index(fields=['thread', 'at'], name='decisions_of_a_thread'),
        ),
    ]
