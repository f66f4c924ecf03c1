"""The parser of JSON request bodies; named in REST framework's settings."""

import json
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser, get_encoding
from rest_framework.utils.json import strict_constant

from accounts.names import MAX_QUOTED_LENGTH
from interactions.events import has_lone_surrogate


class StrictJSONParser(JSONParser):
    """Accepts a JSON object without duplicate members; anything else is a ParseError.

    Duplicates are refused because other decoders may use another of the two values. JSON that is nested too deeply for
    Python, or has lone surrogates, is answered 400, not 500.
    """

    def parse(self, stream, media_type=None, parser_context=None):
        encoding = get_encoding(parser_context or {})
        try:
            text = stream.read().decode(encoding)
            data = json.loads(text, parse_constant=strict_constant, object_pairs_hook=_members)
            invalid_text = has_lone_surrogate(json.dumps(data, ensure_ascii=False))
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        except ValueError as error:
            raise ParseError(f"JSON parse error - {error}") from error
        if invalid_text:
            raise ParseError("A text in the JSON has half of a surrogate pair.")
        if not isinstance(data, dict):
            raise ParseError("The body must be a JSON object, such as {}.")
        return data


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members of an object; ParseError when two have the same name."""
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise ParseError(
                f"Send the member {json.dumps(name[:MAX_QUOTED_LENGTH])} once; the JSON has it twice."
            )
        members[name] = value
    return members
