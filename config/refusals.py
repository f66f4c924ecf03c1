"""Answers to requests that no view sees because they cannot be read: a problem (RFC 9457) under /api/, a page elsewhere.

Pure, since the web server needs them where Django may not be loaded.
"""

import json
from html import escape
from http import HTTPStatus

API = "/api/"
PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{title} · Perennial</title>
  <link rel="stylesheet" href="/static/perennial/style.css">
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


def refusal(path: str, code: int, detail: str, hint: str) -> tuple[str, bytes]:
    """Content type and body of the answer `code` to a request for `path`; `hint` says what to do."""
    title = HTTPStatus(code).phrase
    if path.startswith(API):
        members = {"type": "about:blank", "title": title, "status": code, "detail": detail, "hint": hint}
        return "application/problem+json", json.dumps(members).encode()
    page = PAGE.format(title=title, detail=escape(detail), hint=escape(hint))
    return "text/html; charset=utf-8", page.encode()
