from config.start import ensure_servers

pytest_plugins = ["tests.world"]


def pytest_sessionstart() -> None:
    ensure_servers()
