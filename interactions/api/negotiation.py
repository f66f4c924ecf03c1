"""Chooses the format of an answer; named in REST framework's settings."""

from collections.abc import Sequence

from django.http import Http404
from rest_framework.exceptions import NotFound
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer


class Negotiation(DefaultContentNegotiation):
    """Chooses by the header Accept, or by `format` in the query."""

    def filter_renderers(self, renderers: Sequence[BaseRenderer], format: str) -> list[BaseRenderer]:
        """Return the renderers of that format; NotFound with the available formats when there is none."""
        try:
            return super().filter_renderers(renderers, format)
        except Http404 as error:
            formats = ", ".join(dict.fromkeys(renderer.format for renderer in renderers))
            not_found = NotFound("There is no such format here.")
            not_found.hint = f"Leave `format` out, or send one of: {formats}."
            raise not_found from error
