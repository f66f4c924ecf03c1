"""Threads: which row belongs to which, what state follows from the rows and decisions, and who writes it.

`state` and `roots` are pure. `placing` gives new rows their threads; `recomputing` computes threads anew after rows changed
or went; `labels` labels; `moving` moves rows to other threads when parents arrive late or change. Every writer of inbox rows calls one of
the three under the profile's lock. `decisions` writes what people decide; `rebuilding` compares all threads with their rows;
`adoption` does all this for rows of the release before.
"""
