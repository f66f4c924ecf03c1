"""Listening sockets: they accept connections, and limit how long one pass of the event loop reads bodies.

Created by `BufferingWorker`; waitress calls `handle_accept` and `maintenance`.
"""

import time

from waitress.server import BaseWSGIServer, TcpWSGIServer, UnixWSGIServer

from config.web_server.connection import Connection

BODY_SECONDS_PER_PASS = 0.02  # for the bodies of all connections; those not read come first in the next pass
ACCEPTS_PER_PASS = 8  # new connections; waitress alone would accept one


class _Server(BaseWSGIServer):
    channel_class = Connection
    trusted_proxies = 0  # how many proxies append to X-Forwarded-For
    stopping = False
    pass_ends_at = 0.0

    def begin_pass(self) -> None:
        """To be called before each pass of the event loop, also after `stop_accepting`."""
        self.pass_ends_at = 0.0

    def handle_accept(self) -> None:
        for _ in range(ACCEPTS_PER_PASS):
            super().handle_accept()

    def pass_is_over(self) -> bool:
        """Whether this pass has read bodies for BODY_SECONDS_PER_PASS; the first call in a pass starts the time."""
        now = time.monotonic()
        self.pass_ends_at = self.pass_ends_at or now + BODY_SECONDS_PER_PASS
        return now > self.pass_ends_at

    def maintenance(self, now: float) -> None:
        """Called about once a second."""
        for connection in [*self.active_channels.values()]:
            connection.enforce_timeouts(time.monotonic())

    def stop_accepting(self) -> None:
        """Accept no new connection, and close each existing one as soon as it is idle."""
        self.stopping = True
        self.del_channel()
        self.socket.close()


class TcpServer(_Server, TcpWSGIServer):
    """Listens on a port."""


class UnixServer(_Server, UnixWSGIServer):
    """Listens on a Unix socket."""
