"""What the ingest counts for Prometheus."""

from prometheus_client import Counter

INGESTED = Counter("perennial_ingested_events", "Events taken by the ingest, by result.", ["result"])
