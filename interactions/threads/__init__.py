"""Threads: which row belongs to which, what state follows from the rows and decisions, and who writes it.

`state` has the state as SQL, `roots` and `keys` say where a row belongs. New rows are added by the statement that inserts
them (`adding`, prepared by `arrivals`); after rows changed or went, `recomputing` computes their threads anew; `moving`
moves rows when parents arrive late or change. Every writer of inbox rows calls one of them under the profile's lock.
`decisions`, `changing`, `bulk`, `labels`, `noting` and `hiding` write what people do, `bulk_jobs` does it in the worker, and
`showing` reads for them.
`waking` ends snoozes, `rebuilding` compares all threads with their rows, `adoption` places rows that have none.
"""
