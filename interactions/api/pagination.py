"""Cursor pagination of the API's lists, `{"next", "previous", "results"}`; named in their views."""

from django.db.models import QuerySet
from rest_framework.exceptions import ParseError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from interactions.cursors import NEWEST, Cursor, CursorError, Page, read_page
from interactions.read_limits import read_within_limits


class NewestFirstPagination(CursorPagination):
    """REST framework's interface and schema around `interactions.cursors`, which reads the pages."""

    page_size = 50
    page_size_query_param = "page_size"
    page_size_query_description = "Rows on a page, at most 200."
    max_page_size = 200
    oldest_first = False
    page: Page

    def get_page_size(self, request: Request) -> int:
        text = request.query_params.get(self.page_size_query_param)
        if text is None:
            return self.page_size
        if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= self.max_page_size):
            raise ParseError(f"page_size must be a whole number from 1 to {self.max_page_size}.")
        return int(text)

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
        cursor, size = request.query_params.get(self.cursor_query_param), self.get_page_size(request)
        try:
            self.page = read_within_limits(
                request.user,
                lambda: read_page(queryset, request.user, cursor, size, oldest_first=self.oldest_first),
            )
        except CursorError as error:
            raise ParseError(f"cursor: {error} Use `next` and `previous` as they were returned.") from error
        return self.page.rows

    def get_paginated_response(self, data: list) -> Response:
        return Response(
            {"next": self._link(self.page.older), "previous": self._link(self.page.newer), "results": data}
        )

    def _link(self, cursor: Cursor | None) -> str | None:
        return cursor and replace_query_param(self.base_url, self.cursor_query_param, str(cursor))

    def get_paginated_response_schema(self, schema: dict) -> dict:
        page_schema = super().get_paginated_response_schema(schema)
        page_schema["required"] = ["next", "previous", "results"]
        return page_schema


class OldestFirstPagination(NewestFirstPagination):
    """Pages oldest first: the next one is newer. `end` is the page of the newest rows."""

    oldest_first = True

    def links(self) -> dict[str, str | None]:
        pages = {"next": self.page.newer, "previous": self.page.older, "end": NEWEST}
        return {name: self._link(cursor) for name, cursor in pages.items()}
