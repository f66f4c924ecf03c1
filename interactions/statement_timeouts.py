"""The statement timeout of web requests. Workers, commands and migrations have none.

The timeout is sent before each statement, in the same message, as `SET LOCAL`. So it costs no round trip and ends with
the transaction (outside a block, with the statement): behind a transaction pooler, where a worker may use the connection
next, it affects nobody else.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from psycopg import ClientCursor
from psycopg.pq import TransactionStatus
from rest_framework.exceptions import APIException

from interactions.db_errors import is_cancelled
from interactions.problems import StatementTimeout, error_page

REQUEST_MILLISECONDS = 10_000

_milliseconds: ContextVar[int] = ContextVar("statement_timeout")


@contextmanager
def statement_timeout(milliseconds: int) -> Iterator[None]:
    """Let PostgreSQL cancel each statement of the block that takes longer; `is_cancelled` recognizes that error."""
    installed = _execute_with_timeout in connection.execute_wrappers
    before = _milliseconds.set(milliseconds)
    try:
        with nullcontext() if installed else connection.execute_wrapper(_execute_with_timeout):
            yield
    finally:
        _milliseconds.reset(before)


def _execute_with_timeout(
    execute: Callable, sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """Django's execute wrapper; leaves out what cannot have the prefix.

    That is `executemany`, a failed transaction (which accepts only a rollback), server-side cursors, and cursors that bind
    parameters. These are used in a transaction, where the prefix of the statement before holds.
    """
    raw, cursor = context["connection"].connection, context["cursor"]
    failed = raw.info.transaction_status == TransactionStatus.INERROR
    if many or failed or not isinstance(cursor.cursor, ClientCursor):
        return execute(sql, params, many, context)
    result = execute(f"SET LOCAL statement_timeout = {_milliseconds.get()}; {sql}", params, many, context)
    cursor.nextset()  # skip the result of SET
    return result


class StatementTimeoutMiddleware:
    """Limits every statement of a request, and answers a page's cancelled statement with an error page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with statement_timeout(REQUEST_MILLISECONDS):
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The API's errors never get here: REST framework's exception handler answers them."""
        if is_cancelled(error):
            error = StatementTimeout()
        return error_page(error) if isinstance(error, APIException) else None
