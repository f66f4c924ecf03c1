"""Lists newest first, by cursor, so that pages stay put while new rows arrive."""

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = ("-posted_at", "-id")


class ById(NewestFirst):
    """For rows without a time of posting."""

    ordering = "-id"
