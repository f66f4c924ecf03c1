"""The JSON type of each field of a body, which the serializers of `known.py` hold it to.

REST framework's own fields also take what looks like their type, such as "3" for 3 and "no" for false.
"""

import re
from collections.abc import Mapping

from django.http import QueryDict
from rest_framework import serializers

Fields = Mapping[str, serializers.Field]

# The first that a field is an instance of; of any other the JSON is a string.
_TYPES: tuple[tuple[type | tuple[type, ...], type, str], ...] = (
    (serializers.BooleanField, bool, "true or false"),
    (serializers.IntegerField, int, "a whole number"),
    ((serializers.ListField, serializers.ListSerializer), list, "a list"),
    ((serializers.DictField, serializers.Serializer), dict, "an object"),
)
_STRING = str, "a string"
_GIVEN = {str: "a string", float: "a number with a point", int: "a number", list: "a list", dict: "an object"}
_GIVEN_VALUES = {True: "true", False: "false", None: "null"}
WHOLE = re.compile("-?[0-9]{1,20}")  # as text, in a query or a form


def wrong_types(fields: Fields, given: Mapping[str, object]) -> dict[str, list[str]]:
    """An error for each value in `given`, decoded JSON, that has not the JSON type of its field, which it names."""
    found = {name: _wrong_type(name, field, given[name]) for name, field in fields.items() if name in given}
    return {name: [sentence] for name, sentence in found.items() if sentence}


def _wrong_type(name: str, field: serializers.Field, value: object) -> str | None:
    kind, called = _type_of(field)
    if value is None and field.allow_null:
        return None
    if type(value) is not kind:  # a bool is an int to `isinstance`
        return f"{name} must be {called}, not {_given(value)}."
    if isinstance(field, serializers.ListField):
        wrong = (_wrong_type(f"Each of {name}", field.child, item) for item in value)
        return next(filter(None, wrong), None)
    return None


def _type_of(field: serializers.Field) -> tuple[type, str]:
    kind, called = next((row[1:] for row in _TYPES if isinstance(field, row[0])), _STRING)
    if kind is int and field.min_value is not None and field.max_value is not None:
        called += f" from {field.min_value} to {field.max_value}"
    return kind, called


def _given(value: object) -> str:
    if value is None or isinstance(value, bool):
        return _GIVEN_VALUES[value]
    return _GIVEN.get(type(value), "a file")


def read_form(fields: Fields, form: QueryDict) -> dict[str, object]:
    """The JSON that a form stands for, whose values are all text; text that is none of its field's type stays text."""
    return {name: _read_text(fields.get(name), value) for name, value in form.items()}


def _read_text(field: serializers.Field | None, text: object) -> object:
    if isinstance(field, serializers.ListField):
        return [_read_text(field.child, text)]
    if isinstance(field, serializers.BooleanField) and text in ("true", "false"):
        return text == "true"
    if isinstance(field, serializers.IntegerField) and isinstance(text, str) and WHOLE.fullmatch(text):
        return int(text)
    return text  # also a file
