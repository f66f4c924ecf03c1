"""The door of the web server."""

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
from config.postgresql.base import be_impatient
from config.request_checks import Refused, check_content_type

TEXT = {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1"}
_django = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
    """Django's application, for requests whose content type it can read and whose charset is one of text."""
    try:
        environ["CONTENT_TYPE"] = of_text(environ.get("CONTENT_TYPE", ""))
    except Refused as error:
        return _refused(environ, start_response, error)
    return _django(environ, start_response)


def _refused(environ: dict[str, Any], start_response: Callable, error: Refused) -> Iterable[bytes]:
    code = error.args[0]
    headers, body = refuse(environ.get("PATH_INFO", ""), *error.args)
    headers |= {"Content-Length": str(len(body)), "X-Content-Type-Options": "nosniff"}
    start_response(f"{code} {HTTPStatus(code).phrase}", [*headers.items()])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def of_text(content_type: str) -> str:
    """The content type as it is, or without a charset that Django would stumble over before its error handling begins.

    Python knows codecs such as hex and rot13, which turn no bytes into text. Raises Refused.
    """
    check_content_type(content_type)
    media, parameters = parse_header_parameters(content_type)
    if parameters.get("charset", "utf-8").lower() in TEXT:
        return content_type
    return f'{media}; boundary="{parameters["boundary"]}"' if "boundary" in parameters else media


ensure_ready()
be_impatient()
celery.conf.broker_transport_options = settings.WEB_BROKER_TRANSPORT_OPTIONS
celery.conf.task_publish_retry = False
