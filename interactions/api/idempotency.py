"""Reads the header Idempotency-Key, with which a repeated request is executed once; called by the reply route."""

import re

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ParseError

from interactions.models import MAX_KEY_LENGTH

KEY_HEADER = "Idempotency-Key"
IDEMPOTENCY_KEY = OpenApiParameter(
    KEY_HEADER,
    {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="Any text of your choice, such as a UUID, with or without quotes. A reply that is sent again with its"
    " key is stored once and answered like the first time; another reply needs another key (422). Keys are separate for"
    " each profile and are kept as long as the reply.",
)


def read_key(header: str | None) -> str | None:
    """Return the key without the quotes of the IETF draft, None without the header; ParseError for an invalid key."""
    if header is None:
        return None
    quoted = len(header) > 1 and header[0] == header[-1] == '"'
    key = header[1:-1] if quoted else header
    if not re.fullmatch(rf"[!-~]{{1,{MAX_KEY_LENGTH}}}", key):
        raise ParseError(
            f"{KEY_HEADER} must have 1 to {MAX_KEY_LENGTH} visible ASCII characters, such as those of a UUID."
        )
    return key
