"""Routes of pages, which answer with and without their trailing slash. Read by the `urls.py` of the apps."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.urls import URLPattern, re_path


def routes(
    path: str, view: Callable[..., HttpResponse], name: str, **fixed: Any
) -> tuple[URLPattern, URLPattern]:
    """Return the routes of a page without and with the trailing slash; links have it."""
    return re_path(f"^{path}$", view, fixed, name=name), re_path(f"^{path}/$", view, fixed, name=name)
