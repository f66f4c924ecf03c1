"""Answers to requests that no view sees because they cannot be read: a problem (RFC 9457) under /api/, a page elsewhere.

Without Django, since the web server needs them where it may not be loaded. The page looks as `message.html` does.
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
HEADINGS = {  # of pages, which people read
    408: "This took too long to arrive",
    413: "This is too large",
    414: "This address is too long",
    431: "The headers are too large",
    500: "Something is wrong here",
}
CANNOT_BE_READ = "This cannot be read"
PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{title} · Perennial</title>
  <link rel="stylesheet" href="/static/perennial/style.css">
  <link rel="icon" href="/static/perennial/leaf.svg">
</head>
<body>
  <main>
    <section class="card narrow">
      <h1>{title}</h1>
      <p>{detail} {hint}</p>
      <p><a href="/">To the dashboard</a></p>
    </section>
  </main>
</body>
</html>
"""


def refuse(path: str, code: int, detail: str, hint: str) -> tuple[dict[str, str], bytes]:
    """Log that a request for `path` is refused; return headers and body of the answer. `hint` says what to do.

    The path is logged quoted and the detail escaped: both may have line breaks that the client chose.
    """
    id = str(uuid4())
    with bound_contextvars(request_id=id):
        logger.info(
            "A request for %s was refused with %d: %a", quote(path[:200], errors="replace"), code, detail
        )
    kind, body = _answer(path, code, detail, hint)
    return {"Content-Type": kind, "X-Request-ID": id}, body


def _answer(path: str, code: int, detail: str, hint: str) -> tuple[str, bytes]:
    if path.startswith(API):
        title = HTTPStatus(code).phrase
        members = {"type": "about:blank", "title": title, "status": code, "detail": detail, "hint": hint}
        return "application/problem+json", json.dumps(members).encode()
    heading = HEADINGS.get(code, CANNOT_BE_READ)
    page = PAGE.format(title=heading, detail=escape(detail), hint=escape(hint))
    return "text/html; charset=utf-8", page.encode()
