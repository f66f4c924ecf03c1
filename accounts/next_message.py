"""The message that the next page shows after a form without htmx. Called by every page but the admin's."""

from django.contrib import messages
from django.http import HttpRequest


def show_next(request: HttpRequest, sentence: str, *, is_error: bool = False) -> None:
    """Let the next page show the sentence alone.

    Messages that were not shown yet are removed, or the session would grow without bound.
    """
    list(messages.get_messages(request))
    messages.add_message(request, messages.ERROR if is_error else messages.SUCCESS, sentence)
