"""Preferences of users; safe under traffic and with processes of the release before, which insert users without them."""

import accounts.time_zones
from django.db import migrations, models

from accounts.altering import add_columns


def known(column: str, *values: str) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"CONSTRAINT user_{column}_is_known CHECK ({column} IN ({listed}))"


COLUMNS = {
    "theme": f"varchar(16) NOT NULL DEFAULT 'system' {known('theme', 'system', 'light', 'dark')}",
    "density": f"varchar(16) NOT NULL DEFAULT 'comfortable' {known('density', 'comfortable', 'compact')}",
    "keyboard_shortcuts": "boolean NOT NULL DEFAULT true",
    "time_zone": "varchar(64) NOT NULL DEFAULT ''",
}


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0003_answers_close_threads")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [add_columns("accounts_user", COLUMNS)],
            [
                migrations.AddField(
                    "user",
                    "theme",
                    models.CharField(
                        choices=[("system", "As the device"), ("light", "Light"), ("dark", "Dark")],
                        db_default="system",
                        default="system",
                        max_length=16,
                        verbose_name="theme",
                    ),
                ),
                migrations.AddField(
                    "user",
                    "density",
                    models.CharField(
                        choices=[("comfortable", "Comfortable"), ("compact", "Compact")],
                        db_default="comfortable",
                        default="comfortable",
                        help_text="How close together the rows of lists are.",
                        max_length=16,
                        verbose_name="density",
                    ),
                ),
                migrations.AddField(
                    "user",
                    "keyboard_shortcuts",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        help_text="Whether single keys act on the inbox.",
                        verbose_name="keyboard shortcuts",
                    ),
                ),
                migrations.AddField(
                    "user",
                    "time_zone",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="In which pages show times, such as Europe/Berlin. Empty: that of your browser.",
                        max_length=64,
                        validators=[accounts.time_zones.validate_time_zone],
                        verbose_name="time zone",
                    ),
                ),
                migrations.AddConstraint(
                    "user",
                    models.CheckConstraint(
                        condition=models.Q(("theme__in", ["system", "light", "dark"])), name="user_theme_is_known"
                    ),
                ),
                migrations.AddConstraint(
                    "user",
                    models.CheckConstraint(
                        condition=models.Q(("density__in", ["comfortable", "compact"])),
                        name="user_density_is_known",
                    ),
                ),
            ],
        )
    ]
