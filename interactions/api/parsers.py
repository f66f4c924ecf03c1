"""Reading request bodies."""

import json
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser, get_encoding
from rest_framework.utils.json import strict_constant

from accounts.names import MAX_QUOTED_LENGTH
from interactions.events import has_lone_surrogate


class ReadableJSONParser(JSONParser):
    """An object of JSON in which every member stands once; anything else is a ParseError with a sentence.

    Of two members with one name other readers take the first or the last, so that nobody can say which was meant. JSON nested
    deeper than Python can read, or with text that is none in UTF-8, is unreadable, not an error of ours.
    """

    def parse(self, stream, media_type=None, parser_context=None):
        encoding = get_encoding(parser_context or {})
        try:
            text = stream.read().decode(encoding)
            data = json.loads(text, parse_constant=strict_constant, object_pairs_hook=_members)
            broken = has_lone_surrogate(json.dumps(data, ensure_ascii=False))
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        except ValueError as error:
            raise ParseError(f"JSON parse error - {error}") from error
        if broken:
            raise ParseError("The JSON has half of a surrogate pair in a text.")
        if not isinstance(data, dict):
            raise ParseError("The body must be a JSON object, such as {}.")
        return data


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of an object; ParseError when two have one name."""
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise ParseError(
                f"Send the member {json.dumps(name[:MAX_QUOTED_LENGTH])} once; the JSON has it twice."
            )
        members[name] = value
    return members
