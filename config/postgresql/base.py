"""Django's PostgreSQL backend, extended: it reads timestamps outside of Python's range, detects a server that hangs, and
binds large parameters.

The settings name it as ENGINE. A server that accepts connections and never answers would block a caller without limit:
its kernel still acknowledges packets, so TCP timeouts do not fire, and `statement_timeout` is enforced by the server
itself. Web processes therefore call `enable_wait_timeouts`; workers and commands wait without limit.
"""

from collections.abc import Generator
from functools import partial
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper
from psycopg.errors import ConnectionTimeout
from psycopg.errors import _WaitTimeout as WaitTimeout

from accounts.circuit_breaker import CircuitBreaker
from config.postgresql.times import accept_any_timestamp

NOTHING_READY = 0
PROBE_AFTER_SECONDS = 2  # without an answer to a statement; then a second connection probes the server
# Timeout of a new connection, unless DATABASE_URL names another.
CONNECT_SECONDS = 5
WEB_CONNECT_SECONDS = 2


def _unavailable() -> psycopg.OperationalError:
    return psycopg.OperationalError("The database does not answer.")


_breaker = CircuitBreaker(_unavailable, ConnectionTimeout)
_wait_timeouts_enabled = False


def enable_wait_timeouts() -> None:
    """From now on, connections of this process raise OperationalError when the server hangs."""
    global _wait_timeouts_enabled
    _wait_timeouts_enabled = True


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> psycopg.Connection:
        connection = self._connect(conn_params)
        accept_any_timestamp(connection)
        return connection

    def binding_cursor(self) -> CursorWrapper:
        """Return a cursor that sends parameters apart from the statement, which then need not be quoted and read again.

        For a statement with large parameters within a transaction. A type that PostgreSQL cannot infer must be named in it.
        """
        self.ensure_connection()
        with self.wrap_database_errors:
            return self._prepare_cursor(base.ServerBindingCursor(self.connection))

    def _connect(self, conn_params: dict[str, Any]) -> psycopg.Connection:
        if not _wait_timeouts_enabled:
            return super().get_new_connection({"connect_timeout": CONNECT_SECONDS} | conn_params)
        conn_params = {"connect_timeout": WEB_CONNECT_SECONDS} | conn_params
        with _breaker.guard():
            connection = super().get_new_connection(conn_params)
        connection.wait = partial(_wait, connection, conn_params)
        return connection


def _wait(connection: psycopg.Connection, conn_params: dict[str, Any], operation: Any, **options: Any) -> Any:
    """psycopg's `connection.wait(operation)`, interrupted every PROBE_AFTER_SECONDS to probe the server.

    Raises OperationalError, and opens the circuit breaker, when the server does not answer the probe.
    """
    resumable = _resumable(operation)
    while True:
        try:
            return psycopg.Connection.wait(
                connection, resumable, **{"timeout": PROBE_AFTER_SECONDS} | options
            )
        except WaitTimeout:
            if "timeout" in options:
                raise
            if not _answers(conn_params | {"host": connection.info.host, "port": connection.info.port}):
                _breaker.open()
                connection.close()
                raise _unavailable() from None


def _resumable(operation: Generator) -> Generator:
    """`operation` as a generator that several waits can drive one after another.

    Each wait starts with `send(None)`, which psycopg's own generators for sending accept only once.
    """
    try:
        wanted = next(operation)
        while True:
            ready = yield wanted
            wanted = operation.send(ready or NOTHING_READY)
    except StopIteration as end:
        return end.value


def _answers(conn_params: dict[str, Any]) -> bool:
    """Whether the server, or its pooler, accepts or refuses a new connection in time.

    If so, the statement is merely slow. No statement is sent as a probe: it could wait for a free slot of a pooler.
    """
    try:
        psycopg.connect(**conn_params).close()
    except ConnectionTimeout:
        return False
    except psycopg.Error:
        return True
    return True
