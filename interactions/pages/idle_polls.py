"""Answers polls of inbox pages in which nothing has changed, without the database: middleware, and the version of a page.

The version names the user and the profiles whose rows the page shows. It is signed, and valid in one session only, so a
poll that sends the current version was made by a page that this session loaded. A session that has ended elsewhere is
noticed when the version changes, after MAX_STALE_SECONDS at most; until then it learns only that nothing has changed.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from interactions.inbox_versions import version_of
from interactions.pages.inbox_query import PAGES

VERSION = re.compile(r"(?P<ids>[0-9]{1,18}(?:-[0-9]{1,18})*)\.[0-9a-f]{32}")


def page_version(session_key: str, owner_id: int, profile_ids: Sequence[int]) -> str | None:
    """Return the version of a page of the session with the rows of these profiles of the owner; None if it is unknown."""
    rows = version_of(profile_ids, owner_id)
    if rows is None:
        return None
    signature = salted_hmac("interactions.pages.idle_polls", f"{session_key} {rows}", algorithm="sha256")
    return f"{'-'.join(map(str, [owner_id, *profile_ids]))}.{signature.hexdigest()[:32]}"


def is_current(version: str, session_key: str) -> bool:
    """Whether `page_version` returns this version now."""
    found = VERSION.fullmatch(version)
    if not found:
        return False
    owner_id, *profile_ids = map(int, found["ids"].split("-"))
    current = page_version(session_key, owner_id, profile_ids)
    return current is not None and constant_time_compare(current, version)


def answer_idle_polls(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer a poll whose header X-Version is the current version with 204. Comes before the middleware of sessions and of the log."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info in _polled() and request.method in ("GET", "HEAD"):
            session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
            if session_key and is_current(request.headers.get("X-Version", ""), session_key):
                return HttpResponse(status=204)
        return get_response(request)

    return middleware


@cache
def _polled() -> frozenset[str]:
    """The addresses of polls, with and without a slash at the end."""
    addresses = {reverse("inbox-updates", kwargs={"page": page}).rstrip("/") for page in PAGES}
    return frozenset(addresses | {f"{address}/" for address in addresses})
