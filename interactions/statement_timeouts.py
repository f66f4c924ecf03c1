"""How long a statement of a web request may take. Workers, commands and migrations have no limit.

The limit is sent before each statement, in the same message, as `SET LOCAL`: it costs no round trip, ends with the
transaction (which is the statement's own outside a block), and so leaks to nobody behind a transaction pooler, where
the next request on the connection may be a worker's.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from psycopg.pq import TransactionStatus
from rest_framework.exceptions import APIException

from interactions.db_errors import is_cancelled
from interactions.problems import TookTooLong, refused_page

WEB_REQUEST = 10_000  # milliseconds

_milliseconds: ContextVar[int] = ContextVar("statement_limit")


@contextmanager
def statements_within(milliseconds: int) -> Iterator[None]:
    """Let PostgreSQL cancel each statement of this block that takes longer; `is_cancelled` recognizes the error."""
    installed = _limited in connection.execute_wrappers
    before = _milliseconds.set(milliseconds)
    try:
        with nullcontext() if installed else connection.execute_wrapper(_limited):
            yield
    finally:
        _milliseconds.reset(before)


def _limited(execute: Callable, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Django's execute wrapper. A failed transaction takes only the command that ends it, a server-side cursor has a name."""
    raw, cursor = context["connection"].connection, context["cursor"]
    failed = raw.info.transaction_status == TransactionStatus.INERROR
    if many or failed or getattr(cursor.cursor, "name", None):
        return execute(sql, params, many, context)
    result = execute(f"SET LOCAL statement_timeout = {_milliseconds.get()}; {sql}", params, many, context)
    cursor.nextset()  # past the answer to SET
    return result


class LimitStatements:
    """Middleware: the limit for every statement of a request, and a page for what it has stopped (the API has problems)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with statements_within(WEB_REQUEST):
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if is_cancelled(error):
            error = TookTooLong()
        return refused_page(error) if isinstance(error, APIException) else None
