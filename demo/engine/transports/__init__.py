"""The transports by the value of DEMO_DELIVERY, the first is the default. Read by the settings, so it imports nothing.

`demo/engine/delivery.py` has the class of each; the start fails without it.
"""

from collections.abc import Mapping
from typing import NamedTuple


class TransportSpec(NamedTuple):
    """`in_process`: events are ingested in the caller's transaction, otherwise they are posted to a web server."""

    in_process: bool


TRANSPORTS: Mapping[str, TransportSpec] = {
    "direct": TransportSpec(in_process=True),
    "http": TransportSpec(in_process=False),
}
