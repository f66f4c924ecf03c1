"""Prometheus counters of events and dead letters. `ingest.py` and `dead_letters.py` increment them."""

from prometheus_client import Counter

INGESTED = Counter("perennial_ingested_events", "Events taken by the ingest, by result.", ["result"])
DROPPED_LETTERS = Counter(
    "perennial_dropped_dead_letters", "Dead letters deleted because their profile had reached its limit."
)
