"""Hides, unhides and deletes: what people ask for, and what blocked authors and inbox rules do to arriving rows.

`matching` and `languages` are pure. `requests` acts on single rows for people; `blocking` hides what a blocked author wrote
before; `arrivals` is called by the ingest; `dry_run` tries a rule. Hidden rows, labels and decisions are written by
`interactions.threads`.
"""
