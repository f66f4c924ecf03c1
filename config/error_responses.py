"""Error responses to requests that are refused before a view: problem details (RFC 9457) under /api/, HTML elsewhere.

Called by the web server, `config/wsgi.py` and `config/request_checks.py`. Imports no Django, which the web server may
not have loaded. The page looks like the template `message.html`.
"""

import json
import logging
from html import escape
from http import HTTPStatus
from urllib.parse import quote
from uuid import uuid4

from structlog.contextvars import bound_contextvars

logger = logging.getLogger(__name__)
API = "/api/"
HEADINGS = {  # of the HTML page, by status code
    408: "The request took too long",
    413: "The request is too large",
    414: "The address is too long",
    431: "The headers are too large",
    500: "Server error",
}
DEFAULT_HEADING = "Bad request"
PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{title} · Perennial</title>
  <link rel="stylesheet" href="/static/perennial/fonts.css">
  <link rel="stylesheet" href="/static/perennial/tokens.css">
  <link rel="stylesheet" href="/static/perennial/style.css">
  <link rel="icon" href="/static/perennial/leaf.svg">
</head>
<body>
  <main class="center">
    <section class="card stack">
      <svg class="mark" width="28" height="28" viewBox="0 0 32 32" aria-hidden="true"><path d="M6 27C4 12 13 4 28 4c0 15-8 23-20 20l9-11"></path></svg>
      <h1>{title}</h1>
      <p>{detail} {hint}</p>
      <p><a class="button" href="/">To the dashboard</a></p>
    </section>
  </main>
</body>
</html>
"""


def refuse(path: str, code: int, detail: str, hint: str) -> tuple[dict[str, str], bytes]:
    """Log the refusal of a request for `path`; return the response's headers and body. `hint` says what to do.

    The log line quotes the path and escapes the detail: the client may have put line breaks into both.
    """
    id = str(uuid4())
    with bound_contextvars(request_id=id):
        logger.info(
            "A request for %s was refused with %d: %a", quote(path[:200], errors="replace"), code, detail
        )
    content_type, body = _content(path, code, detail, hint)
    return {"Content-Type": content_type, "X-Request-ID": id}, body


def _content(path: str, code: int, detail: str, hint: str) -> tuple[str, bytes]:
    if path.startswith(API):
        title = HTTPStatus(code).phrase
        members = {"type": "about:blank", "title": title, "status": code, "detail": detail, "hint": hint}
        return "application/problem+json", json.dumps(members).encode()
    heading = HEADINGS.get(code, DEFAULT_HEADING)
    page = PAGE.format(title=heading, detail=escape(detail), hint=escape(hint))
    return "text/html; charset=utf-8", page.encode()
