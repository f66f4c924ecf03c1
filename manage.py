#!/usr/bin/env python
"""Django's command line. Before most commands it starts the embedded servers and applies missing migrations."""

import os
import sys

try:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError
except ModuleNotFoundError as error:
    sys.exit(f"{error}. `make run` installs what is needed; then type .venv/bin/python in place of python.")

from accounts.declarations import InvalidDeclaration

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
    """Run the command; return its exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # the terminal may not be able to show every character
    try:
        prepare(sys.argv[1] if len(sys.argv) > 1 else "help")
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, InvalidDeclaration) as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except UnicodeEncodeError:
        if not _has_undecodable_argument():
            raise
        print("An argument is not UTF-8. Run `PYTHONUTF8=1 python manage.py ...`.", file=sys.stderr)
        return BAD_INPUT
    except OperationalError as error:
        print(f"The database does not answer (check DATABASE_URL): {error}", file=sys.stderr)
        return FAILED
    return 0


def prepare(command: str) -> None:
    from config import bootstrap  # reads the settings, whose name must be set before

    if command in WITHOUT_SERVERS:
        return
    if command in WITHOUT_MIGRATING:
        bootstrap.ensure_servers()
    else:
        bootstrap.ensure_ready()


def _has_undecodable_argument() -> bool:
    """Whether an argument has bytes that are not UTF-8; Python stores those as surrogates."""
    return any("\udc80" <= character <= "\udcff" for character in "".join(sys.argv))


if __name__ == "__main__":
    sys.exit(main())
