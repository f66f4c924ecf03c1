"""The door of the web server."""

import os
from collections.abc import Callable, Iterable
from email.message import Message
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config.start import ensure_ready

TEXT = {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1"}
_django = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
    """Django's application, for requests whose charset is one of text.

    Python knows codecs such as hex and rot13, with which Django reads a request before any of its error handling begins.
    """
    header = Message()
    header["Content-Type"] = environ.get("CONTENT_TYPE", "")
    if str(header.get_param("charset", "utf-8")).lower() not in TEXT:
        header.del_param("charset")
        environ["CONTENT_TYPE"] = header["Content-Type"]
    return _django(environ, start_response)


ensure_ready()
