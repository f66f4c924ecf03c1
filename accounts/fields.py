"""Model fields for names and handles that people type. `clean` accepts only readable ones, in the form that is stored."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from accounts.names import UnreadableName, normalize_name
from accounts.platforms import PLATFORMS, InvalidHandle, read_handle


def validate_name(name: str, max_length: int, label: str) -> str:
    """The name as `accounts.names.normalize_name` returns it. Raises ValidationError "The `label` must be …"."""
    try:
        return normalize_name(name, max_length)
    except UnreadableName as error:
        raise ValidationError(f"The {label} {error}") from error


class ReadableNameField(models.CharField):
    """A readable name. `clean` checks it; the admin's forms and `createsuperuser` call that."""

    def clean(self, value: Any, model_instance: models.Model | None) -> str:
        name = super().clean(value, model_instance)
        return validate_name(name, self.max_length, self.verbose_name) if name else name

    def deconstruct(self) -> tuple:
        """Appears as a CharField in migrations, as the column is one."""
        name, _, args, options = super().deconstruct()
        return name, "django.db.models.CharField", args, options


class HandleField(ReadableNameField):
    """The handle of a row that has a `platform`; stored without a leading @."""

    def clean(self, value: Any, model_instance: models.Model | None) -> str:
        name = super().clean(value, model_instance)
        platform = getattr(model_instance, "platform", "")
        if platform not in PLATFORMS:  # the field `platform` reports that
            return name
        try:
            return read_handle(name, platform)
        except InvalidHandle as error:
            raise ValidationError(f"The {self.verbose_name} {error}") from error
