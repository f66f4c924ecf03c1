"""Django's PostgreSQL backend, which reads any time and notices a server that hangs. The settings name it as ENGINE.

A server that takes connections and does not answer ends no wait by itself: its kernel confirms what is sent, and limits of
statements are its own to keep. So a web process calls `be_impatient`; workers and commands wait as long as it takes.
"""

from collections.abc import Generator
from functools import partial
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg.errors import ConnectionTimeout
from psycopg.errors import _WaitTimeout as WaitTimeout

from accounts.circuit_breaker import CircuitBreaker
from config.postgresql.times import read_any_time

NOTHING_READY = 0
PATIENCE = 2  # seconds without an answer, after which the server is asked for another connection
# Seconds for a new connection, where DATABASE_URL names no others.
CONNECT_SECONDS = 5
IMPATIENT_CONNECT_SECONDS = 2


def _away() -> psycopg.OperationalError:
    return psycopg.OperationalError("The database does not answer.")


_breaker = CircuitBreaker(_away, ConnectionTimeout)
_impatient = False


def be_impatient() -> None:
    """Give up connections of this process that wait for a server that hangs; raises OperationalError there."""
    global _impatient
    _impatient = True


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> psycopg.Connection:
        connection = self._connect(conn_params)
        read_any_time(connection)
        return connection

    def _connect(self, conn_params: dict[str, Any]) -> psycopg.Connection:
        if not _impatient:
            return super().get_new_connection({"connect_timeout": CONNECT_SECONDS} | conn_params)
        conn_params = {"connect_timeout": IMPATIENT_CONNECT_SECONDS} | conn_params
        with _breaker.guard():
            connection = super().get_new_connection(conn_params)
        connection.wait = partial(_wait, connection, conn_params)
        return connection


def _wait(connection: psycopg.Connection, conn_params: dict[str, Any], operation: Any, **options: Any) -> Any:
    """What `connection.wait` does with an operation of psycopg's, but only for a server that is there."""
    resumable = _resumable(operation)
    while True:
        try:
            return psycopg.Connection.wait(connection, resumable, **{"timeout": PATIENCE} | options)
        except WaitTimeout:
            if "timeout" in options:
                raise
            if not _answers(conn_params | {"host": connection.info.host, "port": connection.info.port}):
                _breaker.open()
                connection.close()
                raise _away() from None


def _resumable(operation: Generator) -> Generator:
    """The same for several waits: what sends to the server does not take the None that another wait begins with."""
    try:
        wanted = next(operation)
        while True:
            ready = yield wanted
            wanted = operation.send(ready or NOTHING_READY)
    except StopIteration as end:
        return end.value


def _answers(conn_params: dict[str, Any]) -> bool:
    """Whether the server, or the pooler before it, takes another connection in time, or refuses it.

    Then a statement only takes long. It asks for no more than that: a statement might wait for a pooler that is full.
    """
    try:
        psycopg.connect(**conn_params).close()
    except ConnectionTimeout:
        return False
    except psycopg.Error:
        return True
    return True
