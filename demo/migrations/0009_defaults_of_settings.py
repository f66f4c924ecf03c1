"""The settings' defaults are also the database's, so that processes that do not know a setting can insert rows."""

import django.core.validators
from django.db import migrations, models

import demo.models.setting_columns
from interactions.altering import alter

DEFAULTS = {
    "comments_per_window": "10",
    "content_per_day": "2",
    "messages_per_window": "5",
    "retention_days": "30",
    "rhythm": "'steady'",
    "time_zone": "'UTC'",
    "viral_spikes": "true",
}


def _set_defaults(connection, cursor) -> str:
    changes = ", ".join(f"ALTER COLUMN {name} SET DEFAULT {value}" for name, value in DEFAULTS.items())
    return f"ALTER TABLE demo_demoaccount {changes}"


def _drop_defaults(connection, cursor) -> str:
    changes = ", ".join(f"ALTER COLUMN {name} DROP DEFAULT" for name in DEFAULTS)
    return f"ALTER TABLE demo_demoaccount {changes}"


def forwards(apps, schema_editor) -> None:
    alter(schema_editor.connection, _set_defaults)


def backwards(apps, schema_editor) -> None:
    alter(schema_editor.connection, _drop_defaults)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("demo", "0008_setting_labels")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunPython(forwards, backwards)],
            state_operations=[
                migrations.AlterField(
                    model_name='demoaccount',
                    name='comments_per_window',
                    field=models.PositiveSmallIntegerField(db_default=10, default=10, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(200)], verbose_name='Comments every 6 hours'),
                ),
                migrations.AlterField(
                    model_name='demoaccount',
                    name='content_per_day',
                    field=models.PositiveSmallIntegerField(db_default=2, default=2, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(20)], verbose_name='Posts a day'),
                ),
                migrations.AlterField(
                    model_name='demoaccount',
                    name='messages_per_window',
                    field=models.PositiveSmallIntegerField(db_default=5, default=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='Direct messages every 6 hours'),
                ),
                migrations.AlterField(
                    model_name='demoaccount',
                    name='retention_days',
                    field=models.PositiveSmallIntegerField(db_default=30, default=30, help_text='Older data is removed on Mondays at 03:00 UTC, and can be restored for a week.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(365)], verbose_name='Days to keep demo data'),
                ),
                migrations.AlterField(
                    model_name='demoaccount',
                    name='rhythm',
                    field=models.CharField(choices=[('steady', 'Steady: the exact numbers set, every 6 hours'), ('natural', 'Natural: fewer at night, more in the evening and after a popular post; the same on average')], db_default='steady', default='steady', help_text='How many comments and messages each window brings.', max_length=7, verbose_name='Rhythm'),
                ),
                migrations.AlterField(
                    model_name='demoaccount',
                    name='time_zone',
                    field=models.CharField(db_default='UTC', default='UTC', help_text='Where the audience lives, such as Europe/Berlin.', max_length=64, validators=[demo.models.setting_columns.validate_time_zone], verbose_name='Time zone'),
                ),
                migrations.AlterField(
                    model_name='demoaccount',
                    name='viral_spikes',
                    field=models.BooleanField(db_default=True, default=True, help_text='One post in fifty gets several times its comments, for about a day and a half, on top of the numbers set.', verbose_name='Viral spikes'),
                ),
            ],
        )
    ]
