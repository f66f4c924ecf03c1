"""Checks that each value of a request body has its field's JSON type; called by the serializers of `strict_input.py`.

REST framework's own fields also accept values that only look like their type, such as "3" for 3 and "no" for false.
"""

import re
from collections.abc import Mapping

from django.http import QueryDict
from rest_framework import serializers

Fields = Mapping[str, serializers.Field]

# (field class, Python type of its JSON value, name in errors); the first match counts, all other fields are strings.
_TYPES: tuple[tuple[type | tuple[type, ...], type, str], ...] = (
    (serializers.BooleanField, bool, "true or false"),
    (serializers.IntegerField, int, "a whole number"),
    ((serializers.ListField, serializers.ListSerializer), list, "a list"),
    ((serializers.DictField, serializers.Serializer), dict, "an object"),
)
_STRING = str, "a string"
_VALUE_TYPES = {
    str: "a string",
    float: "a decimal number",
    int: "a number",
    list: "a list",
    dict: "an object",
}
_LITERALS = {True: "true", False: "false", None: "null"}
INTEGER = re.compile("-?[0-9]{1,20}")  # a whole number as text, in a query or a form


def type_errors(fields: Fields, values: Mapping[str, object]) -> dict[str, list[str]]:
    """Return an error for each of the decoded JSON `values` that does not have the JSON type of its field."""
    found = {name: _type_error(name, field, values[name]) for name, field in fields.items() if name in values}
    return {name: [sentence] for name, sentence in found.items() if sentence}


def _type_error(name: str, field: serializers.Field, value: object) -> str | None:
    expected, label = _expected_type(field)
    if value is None and field.allow_null:
        return None
    if type(value) is not expected:  # not `isinstance`, for which a bool is an int
        return f"{name} must be {label}, not {_describe(value)}."
    if isinstance(field, serializers.ListField):
        errors = (_type_error(f"Each of {name}", field.child, item) for item in value)
        return next(filter(None, errors), None)
    return None


def _expected_type(field: serializers.Field) -> tuple[type, str]:
    expected, label = next((row[1:] for row in _TYPES if isinstance(field, row[0])), _STRING)
    if expected is int and field.min_value is not None and field.max_value is not None:
        label += f" from {field.min_value} to {field.max_value}"
    return expected, label


def _describe(value: object) -> str:
    if value is None or isinstance(value, bool):
        return _LITERALS[value]
    return _VALUE_TYPES.get(type(value), "a file")


def form_to_json(fields: Fields, form: QueryDict) -> dict[str, object]:
    """Return the form's texts as JSON values of their fields' types; a text that is no such value stays a text."""
    return {name: _text_to_json(fields.get(name), value) for name, value in form.items()}


def _text_to_json(field: serializers.Field | None, value: object) -> object:
    if isinstance(field, serializers.ListField):
        return [_text_to_json(field.child, value)]
    if isinstance(field, serializers.BooleanField) and value in ("true", "false"):
        return value == "true"
    if isinstance(field, serializers.IntegerField) and isinstance(value, str) and INTEGER.fullmatch(value):
        return int(value)
    return value  # a text or a file
