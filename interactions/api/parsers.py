"""Reading request bodies."""

import json

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from interactions.events import has_lone_surrogate


class ReadableJSONParser(JSONParser):
    """JSON nested deeper than Python can read, or with text that is none in UTF-8, is unreadable, not an error of ours."""

    def parse(self, stream, media_type=None, parser_context=None):
        try:
            data = super().parse(stream, media_type, parser_context)
            broken = has_lone_surrogate(json.dumps(data, ensure_ascii=False))
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        if broken:
            raise ParseError("The JSON has half of a surrogate pair in a text.")
        return data
