"""The choices of a user's preferences; the columns of `accounts.models.User`, their constraints and forms read them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Theme(models.TextChoices):
    SYSTEM = "system", _("As the device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class Density(models.TextChoices):
    COMFORTABLE = "comfortable", _("Comfortable")
    COMPACT = "compact", _("Compact")


# The columns that a user changes on the page of preferences, in the order of the form.
PREFERENCES = ("theme", "density", "time_zone", "keyboard_shortcuts", "answers_close_threads")
