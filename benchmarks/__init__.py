"""Benchmarks: each module here that defines `run` is one. `python -m benchmarks [--small] [NAME …]` runs them.

Such a module has three public names, which `benchmarks.catalogue` checks:

* `run(size)` does the work and yields a `measurements.Table` as soon as its measurements are known; an exception is a failure;
* `FULL` is the size at which targets are judged and `docs/performance.md` is written;
* `SMALL` is a size at which every step is executed within seconds, so that a broken benchmark is noticed.

The first line of its docstring says what is measured, against which peer, and which physical limit applies.
Each starts in a process of its own, on a database that has all tables and no rows but the schedules.
"""
