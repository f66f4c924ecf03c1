"""Prometheus counters of the ingest."""

from prometheus_client import Counter

INGESTED = Counter("perennial_ingested_events", "Events taken by the ingest, by result.", ["result"])
DROPPED_LETTERS = Counter(
    "perennial_dropped_dead_letters", "Dead letters deleted because their profile had reached its limit."
)
