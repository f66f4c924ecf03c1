"""Reads environment variables and .env. Called by the settings and `gunicorn.conf.py`.

Every variable is declared in VARIABLES and read by a function of this module. An invalid value raises
ImproperlyConfigured with a message that says what to type.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
VARIABLES = (
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "DEBUG",
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "PORT",
    "DATA_DIR",
    "TRUSTED_PROXIES",
    "DB_POOLER",
    "DEMO_DELIVERY",
    "MAIN_APP_URL",
    "DEMO_ALLOWED",
    "DEMO_MAX_ROWS",
    "METRICS_TOKEN",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "HTTPS",
    "WEB_CONCURRENCY",
    "LETTER_DAYS",
    "TOKEN_DAYS",
    "ENV_FILE",
)

environ.Env.read_env(BASE_DIR / (os.environ.get("ENV_FILE") or ".env"))


def remove_variables(names: Iterable[str]) -> None:
    """Remove variables that a library would read by itself although they were set for another project."""
    for name in names:
        os.environ.pop(name, None)


def text(name: str, default: str = "") -> str:
    """The variable's value; `default` when it is unset or empty."""
    if name not in VARIABLES:
        raise ImproperlyConfigured(f"{name} is not declared; add it to VARIABLES in config/environment.py")
    return os.environ.get(name) or default


def required(name: str, example: str) -> str:
    """The value of a variable that must be set; the error suggests `example`."""
    value = text(name)
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set; with DATABASE_URL set it is required. Type {name}={example}"
        )
    return value


def flag(name: str, default: bool) -> bool:
    """Whether the variable is on: 1, true, yes or on; off: 0, false, no or off."""
    value = text(name, "1" if default else "0").lower()
    if value not in ("1", "0", "true", "false", "yes", "no", "on", "off"):
        raise ImproperlyConfigured(f"{name}={value} is neither on nor off. Type {name}=1 or {name}=0")
    return value in ("1", "true", "yes", "on")


def choice(name: str, *choices: str) -> str:
    """One of `choices`; the first is the default."""
    value = text(name, choices[0])
    if value not in choices:
        raise ImproperlyConfigured(f"{name}={value} is unknown. Type {name}= and one of {', '.join(choices)}")
    return value


def port(name: str, default: int) -> int:
    """A port number, 1 to 65535."""
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit() or not 0 < int(value) < 65536:
        raise ImproperlyConfigured(
            f"{name}={value} is not a port. Type {name}=8000 or another number below 65536"
        )
    return int(value)


def number(name: str, default: int, *, minimum: int, maximum: int) -> int:
    """A whole number from `minimum` to `maximum`."""
    value = text(name, str(default))
    if not (value.isascii() and value.isdigit() and len(value) < 10 and minimum <= int(value) <= maximum):
        raise ImproperlyConfigured(
            f"{name}={value} is not a number from {minimum} to {maximum}. Type {name}={default}"
        )
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    """The comma-separated parts of the value, without surrounding spaces and empty parts."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def url(name: str, default: str, schemes: tuple[str, ...]) -> str:
    """The value, which must start with one of `schemes`."""
    value = text(name, default)
    if value.split("://")[0] not in schemes:
        raise ImproperlyConfigured(
            f"{name} must start with {' or '.join(scheme + '://' for scheme in schemes)}"
        )
    return value
