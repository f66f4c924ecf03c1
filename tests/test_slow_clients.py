"""Clients that send or read slowly keep nobody else waiting, with and without nginx in front."""

from contextlib import ExitStack

import pytest

from tests.house import House
from tests.nginx_in_front import nginx_in_front
from tests.slow_clients import KINDS, slow_clients, slowest_healthz

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def ports():
    """Where the web server listens, as the Procfile starts it, and where nginx does in front of it."""
    house = House(WEB_CONCURRENCY="2")
    try:
        if not house.embedded:
            house.manage("migrate", "-v0")
        house.start("web")
        with nginx_in_front(house.port) as port:
            yield {"alone": house.port, "behind nginx": port}
    finally:
        house.stop()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("server", ["alone", "behind nginx"])
def test_64_slow_clients_do_not_stop_healthz_for_a_second(ports, server, kind):
    with slow_clients(ports[server], kind):
        assert slowest_healthz(f"http://127.0.0.1:{ports[server]}", 3) < 1


def test_64_of_every_kind_at_once_do_not_either(ports):
    with ExitStack() as stack:
        for kind in KINDS:
            stack.enter_context(slow_clients(ports["alone"], kind))
        assert slowest_healthz(f"http://127.0.0.1:{ports['alone']}", 4) < 1
