"""Lists as `{"next", "previous", "results"}`, by cursor."""

from django.db.models import QuerySet
from rest_framework.exceptions import ParseError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from interactions.cursors import Cursor, CursorError, Page, read_page
from interactions.read_limits import read_in_turn


class NewestFirst(CursorPagination):
    """REST framework's interface and schema; the pages are read by `interactions.cursors`."""

    page_size = 50
    page_size_query_param = "page_size"
    page_size_query_description = "Rows on a page, at most 200."
    max_page_size = 200
    page: Page

    def get_page_size(self, request: Request) -> int:
        given = request.query_params.get(self.page_size_query_param)
        if given is None:
            return self.page_size
        if not (
            given.isascii() and given.isdigit() and len(given) < 4 and 1 <= int(given) <= self.max_page_size
        ):
            raise ParseError(f"page_size must be a whole number from 1 to {self.max_page_size}.")
        return int(given)

    def get_schema_operation_parameters(self, view: APIView) -> list[dict]:
        cursor, size = super().get_schema_operation_parameters(view)
        size["schema"] = {
            "type": "integer",
            "minimum": 1,
            "maximum": self.max_page_size,
            "default": self.page_size,
        }
        return [cursor, size]

    def paginate_queryset(self, queryset: QuerySet, request: Request, view=None) -> list:
        self.base_url = request.build_absolute_uri()
        given, size = request.query_params.get(self.cursor_query_param), self.get_page_size(request)
        try:
            self.page = read_in_turn(request.user, lambda: read_page(queryset, request.user, given, size))
        except CursorError as error:
            raise ParseError(f"cursor: {error} Follow `next` and `previous` as they are given.") from error
        return self.page.rows

    def get_paginated_response(self, data: list) -> Response:
        return Response(
            {"next": self._link(self.page.older), "previous": self._link(self.page.newer), "results": data}
        )

    def _link(self, cursor: Cursor | None) -> str | None:
        return cursor and replace_query_param(self.base_url, self.cursor_query_param, str(cursor))

    def get_paginated_response_schema(self, schema: dict) -> dict:
        answer = super().get_paginated_response_schema(schema)
        answer["required"] = ["next", "previous", "results"]
        return answer
