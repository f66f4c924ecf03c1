"""Requests to hide, unhide and delete, blocked authors, and inbox rules. New tables; `0012` connects them."""

import django.db.models.constraints
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_answers_close_threads'),
        ('interactions', '0010_search'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BlockedAuthor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_demo', models.BooleanField(editable=False)),
                ('author_id', models.CharField(max_length=255)),
                ('name', models.CharField(blank=True, max_length=255)),
                ('created_at', models.DateTimeField()),
                ('is_hiding', models.BooleanField(default=True, editable=False)),
                ('hidden_to_at', models.DateTimeField(editable=False, null=True)),
                ('hidden_to_id', models.BigIntegerField(editable=False, null=True)),
                ('profile', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.profile')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('is_hiding', True)), fields=['id'], name='blocked_authors_being_hidden')],
                'constraints': [models.UniqueConstraint(fields=('profile', 'author_id'), name='an_author_is_blocked_once')],
            },
        ),
        migrations.CreateModel(
            name='InboxRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('condition', models.CharField(choices=[('word', 'The text has the words'), ('author', 'The author has the handle or id'), ('language', 'The text is in the language')], max_length=8)),
                ('value', models.CharField(max_length=255)),
                ('action', models.CharField(choices=[('hide', 'Hide the comment'), ('label', 'Label the thread'), ('done', 'Mark the thread as done')], max_length=5)),
                ('label', models.CharField(blank=True, max_length=50)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('owner', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('profile', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.profile')),
            ],
            options={
                'constraints': [models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('owner', 'position'), name='a_position_is_of_one_rule'), models.CheckConstraint(condition=models.Q(models.Q(('action', 'label'), models.Q(('label', ''), _negated=True)), models.Q(models.Q(('action', 'label'), _negated=True), ('label', '')), _connector='OR'), name='a_rule_that_labels_has_a_label'), models.CheckConstraint(condition=models.Q(('action__in', ['hide', 'label', 'done']), ('condition__in', ['word', 'author', 'language'])), name='an_inbox_rule_is_known')],
            },
        ),
        migrations.CreateModel(
            name='Moderation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_demo', models.BooleanField(editable=False)),
                ('action', models.CharField(choices=[('hide', 'Hide'), ('unhide', 'Unhide'), ('delete', 'Delete')], max_length=6)),
                ('requested_at', models.DateTimeField()),
                ('replaced_action', models.CharField(blank=True, choices=[('hide', 'Hide'), ('unhide', 'Unhide'), ('delete', 'Delete')], max_length=6)),
                ('replaced_at', models.DateTimeField(null=True)),
                ('interaction', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='moderation', to='interactions.interaction')),
                ('profile', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.profile')),
            ],
            options={
                'indexes': [models.Index(fields=['profile'], name='moderations_of_a_profile')],
                'constraints': [models.CheckConstraint(condition=models.Q(('action__in', ['hide', 'unhide', 'delete']), ('replaced_action__in', ['', 'hide', 'unhide', 'delete'])), name='moderation_asks_for_something_known')],
            },
        ),
    ]
