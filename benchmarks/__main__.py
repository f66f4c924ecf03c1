"""`python -m benchmarks [NAME …]`: run all benchmarks, or those named, on servers and a folder of their own."""

import argparse
import logging
import os
from importlib import import_module

from django.conf import settings
from django.db import connection
from psutil import virtual_memory

NAMES = (
    "initial_batch",
    "ingest",
    "many_users",
    "ticks",
    "webhook",
    "lists",
    "cleanup",
    "leaving",
    "fairness",
    "seeding",
    "planning",
    "calibration",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}")
    names = parser.parse_args().names or NAMES
    if unknown := set(names) - set(NAMES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    os.environ["TEST_DATABASE_URL"] = ""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    servers = import_module("tests.servers")  # names the folder before anything reads the settings
    os.environ |= {"DEBUG": "0", "HTTPS": "0"}  # with DEBUG Django keeps every statement
    try:
        _start()
        logging.disable(logging.INFO)
        for name in names:
            import_module(f"benchmarks.{name}").run()
    finally:
        servers.stop()


def _start() -> None:
    """Servers and tables, a worker's garbage collection, and PostgreSQL with a quarter of the memory, as its manual advises."""
    import_module("config.bootstrap").ensure_ready()
    import_module("config.celery").collect_garbage_rarely()
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER SYSTEM SET shared_buffers = '{virtual_memory().total // 4 // 2**20}MB'")
        cursor.execute("ALTER SYSTEM SET max_wal_size = '16GB'")  # the checkpoints of a busy hour
    connection.close()
    settings.SERVERS.restart_postgres()


if __name__ == "__main__":
    main()
