"""Size limits of requests, and the number of threads of a web process.

Enforced by the web server (`config/web_server/`) and again by the middleware `config/request_checks.py`.
`nginx/perennial.conf.template` repeats them; a test compares the two.
"""

import re

KIB = 1024
MAX_ADDRESS_BYTES = 8 * KIB  # method, path, query and protocol
MAX_HEADER_BYTES = 32 * KIB  # all headers and the request line
WEB_THREADS = 4  # at least 2: with DEMO_DELIVERY=http a thread may wait for a webhook of its own process
DEFAULT_MAX_BODY_BYTES = 160 * KIB  # JSON of the API, forms of the pages: more than any of them needs
# The first pattern that matches the path decides.
MAX_BODY_BYTES = (
    (re.compile(r"/api/v1/auth/token/?$|/(admin/)?login/?$"), 8 * KIB),  # anonymous: a name and a password
    (re.compile(r"/api/v1/webhooks/"), 5 * KIB * KIB),  # promised by the webhook's documentation
    # 65,536 characters of text, each escaped as \uXXXX\uXXXX (12 bytes), and the JSON around them.
    (re.compile(r"/api/v1/interactions/[^/]+/reply/?$"), 12 * 65_536 + 4 * KIB),
    (re.compile(r"/admin/"), 512 * KIB),  # an action on thousands of selected rows
)


def max_body_bytes(path: str) -> int:
    """The largest body, in bytes, that the route at `path` accepts."""
    return next((limit for pattern, limit in MAX_BODY_BYTES if pattern.match(path)), DEFAULT_MAX_BODY_BYTES)


def too_large(path: str, declared: int | None = None) -> tuple[str, str]:
    """Detail and hint of the 413 response; `declared` is the Content-Length, if known."""
    this = "" if declared is None else f"; this has {declared}"
    return (
        f"The body is too large: at most {max_body_bytes(path)} bytes are accepted here{this}.",
        "Send less, or in smaller parts.",
    )
