"""Rows and keys as one JSON parameter of a statement, of any number of them."""

from collections.abc import Sequence
from typing import Any

import orjson

from interactions.merging import Key


def to_json(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as one JSON parameter."""
    return orjson.dumps(rows).decode()


WANTED_KEYS = "json_to_recordset(%s::json) AS wanted (profile_id bigint, platform_id text)"


def keys_to_json(keys: Sequence[Key]) -> str:
    """The keys as the JSON parameter of WANTED_KEYS."""
    return to_json([{"profile_id": profile, "platform_id": platform_id} for profile, platform_id in keys])
