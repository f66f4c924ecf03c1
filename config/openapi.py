"""The view of the OpenAPI document, `/api/v1/schema/`. Routed by `config/urls.py`."""

from functools import lru_cache
from threading import Lock
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class SchemaView(SpectacularAPIView):
    """The OpenAPI document of this API, as YAML or JSON."""

    authentication_classes: list[type] = []

    @extend_schema(responses={200: OpenApiTypes.OBJECT}, operation_id="schema")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        renderer = request.accepted_renderer
        name = f'inline; filename="Perennial.{renderer.format}"'
        return HttpResponse(
            _rendered(type(renderer)),
            content_type=request.accepted_media_type,
            headers={"Content-Disposition": name},
        )


_lock = Lock()


def _rendered(renderer: type[BaseRenderer]) -> bytes:
    """The document, rendered once per process and renderer: rendering takes long, and the route needs no log-in."""
    with _lock:
        return _render(renderer)


@lru_cache
def _render(renderer: type[BaseRenderer]) -> bytes:
    return renderer().render(_document(), renderer_context={})


@lru_cache
def _document() -> dict[str, Any]:
    return SpectacularAPIView.generator_class().get_schema(request=None, public=True)
