"""Calls management commands from tests."""

from io import StringIO

from django.core.management import call_command


def run(*words: str) -> str:
    """Run the command and return its output. Raises CommandError when it fails."""
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()
