"""How much of a web process requests may take: bytes of body by route, of address and of headers, and its threads.

The web server (`config/connections.py`) and the middleware (`config/request_checks.py`) hold requests to these limits
before they parse anything; `nginx/perennial.conf.template` repeats them.
"""

import re

KIB = 1024
ADDRESS_BYTES = 8 * KIB  # method, path, query and protocol
HEADER_BYTES = 32 * KIB  # all headers and the line above
WEB_THREADS = 4  # a process that waits for its own webhook (DEMO_DELIVERY=http) can still answer it
DEFAULT_BODY_BYTES = 160 * KIB  # JSON of the API, forms of the pages: more than any of them needs
# The first pattern that matches the path decides.
BODY_BYTES = (
    (re.compile(r"/api/v1/auth/token/?$|/(admin/)?login/?$"), 8 * KIB),  # of strangers: a name and a password
    (re.compile(r"/api/v1/webhooks/"), 5 * KIB * KIB),  # the contract of the webhook
    # A text of 65,536 characters, each outside of the basic plane and so escaped as two \uXXXX, and what is around it.
    (re.compile(r"/api/v1/(interactions|threads)/[^/]+/(reply|notes)/?$"), 12 * 65_536 + 4 * KIB),
    (re.compile(r"/admin/"), 512 * KIB),  # an action on thousands of selected rows
)


def most_body_bytes(path: str) -> int:
    """The largest body, in bytes, that the route at `path` takes."""
    return next((most for pattern, most in BODY_BYTES if pattern.match(path)), DEFAULT_BODY_BYTES)


def too_large(path: str, declared: int | None = None) -> tuple[str, str]:
    """What is wrong with a body above the limit, and what to do about it."""
    most = most_body_bytes(path)
    said = "" if declared is None else f"; this has {declared}"
    return (
        f"The body is too large: at most {most} bytes are taken here{said}.",
        "Send less, or in smaller parts.",
    )
