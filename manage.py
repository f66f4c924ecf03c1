#!/usr/bin/env python
"""Django's command line, on servers that it makes sure of first."""

import os
import sys

try:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError
except ModuleNotFoundError as error:
    sys.exit(f"{error}. `make run` installs what is needed; then type .venv/bin/python in place of python.")

from accounts.declarations import IncompleteTable

FAILED, BAD_INPUT = 1, 2
WITHOUT_SERVERS = {
    "help",
    "version",
    "--help",
    "--version",
    "down",
    "up",
    "collectstatic",
    "spectacular",
    "startapp",
    "reference",
}
WITHOUT_MIGRATING = {"migrate", "makemigrations", "check", "showmigrations", "sqlmigrate", "test"}


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # a terminal that knows ASCII only is no reason to fail
    try:
        prepare(sys.argv[1] if len(sys.argv) > 1 else "help")
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, IncompleteTable) as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except UnicodeEncodeError:
        if not any("\udc80" <= letter <= "\udcff" for letter in "".join(sys.argv)):
            raise
        print("A word of the command is not UTF-8. Run `PYTHONUTF8=1 python manage.py ...`.", file=sys.stderr)
        return BAD_INPUT
    except OperationalError as error:
        print(f"The database does not answer as DATABASE_URL says: {error}", file=sys.stderr)
        return FAILED
    return 0


def prepare(command: str) -> None:
    from config import bootstrap  # settings must be named before

    if command in WITHOUT_SERVERS:
        return
    if command in WITHOUT_MIGRATING:
        bootstrap.ensure_servers()
    else:
        bootstrap.ensure_ready()


if __name__ == "__main__":
    sys.exit(main())
