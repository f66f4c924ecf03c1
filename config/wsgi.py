"""The WSGI application that the web server calls; `Procfile` names it as `config.wsgi`."""

import os
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config.bootstrap import ensure_ready
from config.celery import app as celery
from config.error_responses import refuse
from config.postgresql.base import enable_wait_timeouts
from config.request_checks import Refused, check_content_type
from interactions.pictures.faces import lorelei

TEXT_CHARSETS = {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1"}
_django = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
    """Django's application, behind a check of Content-Type, which Django parses outside of its error handling."""
    try:
        environ["CONTENT_TYPE"] = safe_content_type(environ.get("CONTENT_TYPE", ""))
    except Refused as error:
        return _refusal(environ, start_response, error)
    return _django(environ, start_response)


def _refusal(environ: dict[str, Any], start_response: Callable, error: Refused) -> Iterable[bytes]:
    code = error.args[0]
    headers, body = refuse(environ.get("PATH_INFO", ""), *error.args)
    headers |= {"Content-Length": str(len(body)), "X-Content-Type-Options": "nosniff"}
    start_response(f"{code} {HTTPStatus(code).phrase}", [*headers.items()])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def safe_content_type(content_type: str) -> str:
    """The content type, without its charset when that is not in TEXT_CHARSETS. Raises Refused.

    Python has codecs that do not decode bytes to text, such as hex and rot13; Django would fail on them.
    """
    check_content_type(content_type)
    media_type, parameters = parse_header_parameters(content_type)
    if parameters.get("charset", "utf-8").lower() in TEXT_CHARSETS:
        return content_type
    return f'{media_type}; boundary="{parameters["boundary"]}"' if "boundary" in parameters else media_type


ensure_ready()
lorelei()
enable_wait_timeouts()
celery.conf.broker_transport_options = settings.WEB_BROKER_TRANSPORT_OPTIONS
celery.conf.task_publish_retry = False
