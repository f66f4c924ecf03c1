"""Which form an answer has."""

from collections.abc import Sequence

from django.http import Http404
from rest_framework.exceptions import NotFound
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer


class Negotiation(DefaultContentNegotiation):
    """By the header Accept, or by `format` in the query."""

    def filter_renderers(self, renderers: Sequence[BaseRenderer], format: str) -> list[BaseRenderer]:
        """Those of that format; NotFound, with the formats that there are, where it has none."""
        try:
            return super().filter_renderers(renderers, format)
        except Http404 as error:
            there = ", ".join(dict.fromkeys(renderer.format for renderer in renderers))
            missing = NotFound("There is no such format here.")
            missing.hint = f"Leave `format` out, or send one of: {there}."
            raise missing from error
