"""What every route of ours has in common: it answers with and without its trailing slash, and asks for a log-in."""

import pytest
from django.urls import Resolver404, resolve

from interactions.problems import UnknownRouteView
from tests.test_request_checks import addresses

# A file, the API's answer to unknown routes, and routes whose parameters are names.
NO_PAGES = {"/favicon.ico", "/api/v1(/|)"}
NO_PAGES |= {"/demo/1/", "/demo/scenarios/1/1/", "/demo/generate/1/", "/inbox/rows/1/1/", "/inbox/rows/1/1"}
NO_PAGES |= {"/inbox/1/1/text/", "/inbox/1/1/text"}
PICTURES = {path for path in addresses() if path.startswith("/pictures/")}  # files, for everybody
OWN = [path for path in addresses() if not path.startswith("/admin/") and path not in NO_PAGES | PICTURES]
OWN += [
    "/demo/pause/",
    "/demo/generate/posts/",
    "/demo/scenarios/viral-spike/start/",
    "/inbox/rows/1/hide/",
    "/inbox/rows/1/text/",
    "/inbox/notes/1/text/",
    "/readyz/",
]
PUBLIC = ["/api/v1/docs/", "/api/v1/schema/", "/healthz/", "/login/"]


def is_known(path: str) -> bool:
    try:
        return getattr(resolve(path).func, "view_class", None) is not UnknownRouteView
    except Resolver404:
        return False


def test_every_route_is_there_with_and_without_its_trailing_slash():
    bare = [path.rstrip("/") for path in OWN if path != "/"]
    assert [form for path in bare for form in (path, f"{path}/") if not is_known(form)] == []


@pytest.mark.django_db
def test_only_the_public_routes_show_something_to_those_who_are_not_logged_in(client):
    shown = [path for path in OWN if path != "/readyz/" and client.get(path).status_code == 200]
    assert sorted(shown) == PUBLIC
