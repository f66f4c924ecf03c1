"""Columns and fields for names that people type: held to `accounts.names.normalize_name`, and kept as it gives them."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from accounts.names import UnreadableName, normalize_name
from accounts.platforms import PLATFORMS, InvalidHandle, read_handle


def readable_or_invalid(name: str, longest: int, what: str) -> str:
    """The name as it is kept; ValidationError with a sentence that begins with `what` it is of."""
    try:
        return normalize_name(name, longest)
    except UnreadableName as error:
        raise ValidationError(f"The {what} {error}") from error


class NameField(models.CharField):
    """A name; the forms of the admin, `createsuperuser` and whoever else calls `clean` take none that cannot be read."""

    def clean(self, value: Any, model_instance: models.Model | None) -> str:
        name = super().clean(value, model_instance)
        return readable_or_invalid(name, self.max_length, self.verbose_name) if name else name

    def deconstruct(self) -> tuple:
        """For migrations it is the CharField that the database has."""
        name, _, args, options = super().deconstruct()
        return name, "django.db.models.CharField", args, options


class HandleField(NameField):
    """The handle of a row that has a `platform`; kept without the @ before it."""

    def clean(self, value: Any, model_instance: models.Model | None) -> str:
        name = super().clean(value, model_instance)
        platform = getattr(model_instance, "platform", "")
        if platform not in PLATFORMS:  # which has an error of its own
            return name
        try:
            return read_handle(name, platform)
        except InvalidHandle as error:
            raise ValidationError(f"The {self.verbose_name} {error}") from error
