"""`python -m benchmarks [NAME …]`: run all benchmarks, or those named, on servers and a folder of their own."""

import argparse
import logging
import os
import sys
from importlib import import_module

NAMES = ("initial_batch", "ingest", "many_users")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}")
    names = parser.parse_args().names or NAMES
    if unknown := set(names) - set(NAMES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    os.environ["TEST_DATABASE_URL"] = ""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    servers = import_module("tests.servers")  # names the folder before anything reads the settings
    try:
        import_module("config.start").ensure_ready()
        logging.disable(logging.INFO)
        met = [import_module(f"benchmarks.{name}").run() for name in names]
    finally:
        servers.stop()
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
