"""manage.py, called from a test."""

from io import StringIO

from django.core.management import call_command


def run(*words: str) -> str:
    """What the command prints; CommandError when it fails."""
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()
