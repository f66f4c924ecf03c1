"""Command line of the benchmarks: runs all, or those named, on servers and a data folder of their own.

Exit codes: 0 all have run, whether or not targets are met; 1 at least one has failed; 2 wrong arguments.
"""

import argparse
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import catalogue
from config import environment

INTERRUPTED = 130  # as shells report SIGINT


def main() -> int:
    chosen, size = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both end the servers and remove the folder
    with TemporaryDirectory(prefix="perennial-bench-", ignore_cleanup_errors=True) as folder:
        _set_environment(Path(folder))
        try:
            runner = import_module(
                "benchmarks.runner"
            )  # reads the settings, so it comes after the environment
            return 1 if runner.run_all(chosen, size) else 0
        except KeyboardInterrupt:
            return INTERRUPTED


def _arguments() -> tuple[list[str], str]:
    """The benchmarks to run and the name of their size; exits with 2 and a sentence when the arguments are wrong."""
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__, allow_abbrev=False)
    try:
        known = catalogue.names()
    except catalogue.IncompleteBenchmark as error:
        parser.error(str(error))
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(known)}; default: all")
    parser.add_argument("--small", action="store_true", help="small sizes, whose measurements are not judged")
    given = parser.parse_args()
    if unknown := [name for name in given.names if name not in known]:
        parser.error(f"There is no benchmark {', '.join(unknown)}. There are {', '.join(known)}.")
    if twice := {name for name in given.names if given.names.count(name) > 1}:
        parser.error(f"{', '.join(sorted(twice))} was given twice; give it once.")
    return given.names or known, "SMALL" if given.small else "FULL"


def _set_environment(folder: Path) -> None:
    """Defaults for every setting, whatever the shell and `.env` say; no DEBUG, with which Django keeps every statement."""
    folder.chmod(0o755)  # PostgreSQL, which does not run as root, must be able to enter it
    os.environ |= dict.fromkeys(environment.VARIABLES, "")
    os.environ |= {"DATA_DIR": str(folder), "DEBUG": "0", "HTTPS": "0"}
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"


if __name__ == "__main__":
    sys.exit(main())
