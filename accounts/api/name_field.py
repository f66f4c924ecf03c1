"""The field for a name that a user gives in the body of a request. Read by serializers."""

from typing import Any

from rest_framework import serializers

from accounts.names import UnreadableName, normalize_name


class NameField(serializers.CharField):
    """A name in one line, normalized before its length is checked. `subject` begins the sentence of an error: "The name"."""

    def __init__(self, subject: str, max_length: int, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)
        self.subject = subject

    def to_internal_value(self, data) -> str:
        try:
            return normalize_name(super().to_internal_value(data), self.max_length)
        except UnreadableName as error:
            raise serializers.ValidationError(f"{self.subject} {error}") from error
