"""Serves the pictures. Everything that a picture depends on is in its address: no query, no session, kept for a year."""

from collections.abc import Callable
from functools import wraps

from csp import constants as csp
from csp.decorators import csp as content_security_policy
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import conditional_page, require_safe

from interactions.pictures.abstract import FAMILIES, SEEDS, abstract_picture
from interactions.pictures.faces import face
from interactions.pictures.initials import TINTS, first_letter, person_initial, profile_mark
from interactions.pictures.svg import UnknownPicture

MAX_AGE = 365 * 24 * 3600
# Of a picture that somebody opens as a page: it may load and run nothing.
POLICY = {"default-src": [csp.NONE], "frame-ancestors": [csp.NONE], "sandbox": True}


def picture_view(draw: Callable[..., str]) -> Callable[..., HttpResponse]:
    """A view that answers with the SVG document that `draw` returns for the address; 404 when it raises UnknownPicture."""

    @require_safe
    @content_security_policy(POLICY)
    @conditional_page
    @wraps(draw)
    def view(request: HttpRequest, **arguments: str) -> HttpResponse:
        try:
            picture = draw(**arguments)
        except UnknownPicture as error:
            raise Http404 from error
        headers = {"Cache-Control": f"public, max-age={MAX_AGE}, immutable"}
        return HttpResponse(picture, content_type="image/svg+xml", headers=headers)

    return view


@picture_view
def face_picture(key: str) -> str:
    return face(int(key, 16))


@picture_view
def initial_picture(tint: str, letter: str) -> str:
    return person_initial(_read_letter(letter), _below(TINTS, tint))


@picture_view
def profile_picture(tint: str, letter: str) -> str:
    return profile_mark(_read_letter(letter), _below(TINTS, tint))


@picture_view
def abstract(family: str, seed: str) -> str:
    if family not in FAMILIES:
        raise UnknownPicture(family)
    return abstract_picture(family, _below(SEEDS, seed))


def _below(limit: int, text: str) -> int:
    """The number that the digits stand for. Raises UnknownPicture unless it is below the limit and has no zeros before it."""
    value = int(text)
    if value >= limit or str(value) != text:
        raise UnknownPicture(text)
    return value


def _read_letter(digits: str) -> str:
    """The letter with the UTF-8 bytes of the hexadecimal digits. Raises UnknownPicture when that is not one letter."""
    try:
        letter = bytes.fromhex(digits).decode()
    except UnicodeDecodeError as error:
        raise UnknownPicture(digits) from error
    if first_letter(letter) != letter:
        raise UnknownPicture(digits)
    return letter
