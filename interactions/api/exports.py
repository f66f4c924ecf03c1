"""API views that stream the rows of a list as CSV. Routed by `urls.py`."""

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotAcceptable
from rest_framework.generics import GenericAPIView
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from accounts.api.strict_input import StrictListView
from interactions.api import examples
from interactions.api.filters import InteractionFilter, ThreadFilterSet
from interactions.export_tables import INTERACTIONS, THREADS, Table
from interactions.exports import start_export
from interactions.models import Interaction, Thread
from interactions.problems import NeedsNewerHTTP

MEDIA_TYPE = "text/csv"
UNSENT_BYTES = "perennial.unsent_bytes"  # in the WSGI environment; set by config/web_server/responses.py


class CsvRenderer(BaseRenderer):
    """Makes `Accept: text/csv` and `format=csv` acceptable; the response is no Response and is not rendered."""

    media_type, format = MEDIA_TYPE, "csv"


class ExportView(StrictListView, GenericAPIView):
    """All rows of a list, with its filters, as a CSV file. A subclass has the rows, their filters and their table."""

    renderer_classes = [CsvRenderer]
    pagination_class = None
    problem_codes = (429, 505)
    table: Table
    filename: str

    def get_renderers(self) -> list[BaseRenderer]:
        return [JSONRenderer()] if self.request.method == "OPTIONS" else super().get_renderers()

    def perform_content_negotiation(self, request: Request, force: bool = False):
        try:
            return super().perform_content_negotiation(request, force)
        except NotAcceptable as error:
            error.hint = f"Send `Accept: {MEDIA_TYPE}`."
            raise

    def export(self, request: Request) -> StreamingHttpResponse:
        """Answer with the file; with its headers alone to a HEAD request."""
        rows = self.filter_queryset(self.get_queryset())
        if request.META.get("SERVER_PROTOCOL") == "HTTP/1.0":
            raise NeedsNewerHTTP
        unsent_bytes = request.META.get(UNSENT_BYTES, lambda: 0)
        is_head = request.method == "HEAD"
        return StreamingHttpResponse(
            [] if is_head else start_export(request.user, rows, self.table, unsent_bytes),
            content_type=f"{MEDIA_TYPE}; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{self.filename}"'},
        )


class InteractionExportView(ExportView):
    """Comments and direct messages as a CSV file, newest first: all that match the filters."""

    queryset = Interaction.objects.none()
    filterset_class = InteractionFilter
    table = INTERACTIONS
    filename = "interactions.csv"

    def get_queryset(self):
        return Interaction.objects.visible_to(self.request.user).with_relations()

    @extend_schema(
        operation_id="interactions_export",
        responses={(200, MEDIA_TYPE): OpenApiTypes.STR},
        examples=examples.INTERACTION_EXPORT,
        filters=True,
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        return self.export(request)


class ThreadExportView(ExportView):
    """Threads as a CSV file, newest activity first: all that match the filters."""

    queryset = Thread.objects.none()
    filterset_class = ThreadFilterSet
    table = THREADS
    filename = "threads.csv"

    def get_queryset(self):
        return Thread.objects.shown().with_relations()  # `page_for` chooses those of the user

    @extend_schema(
        operation_id="threads_export",
        responses={(200, MEDIA_TYPE): OpenApiTypes.STR},
        examples=examples.THREAD_EXPORT,
        filters=True,
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        return self.export(request)
