"""Standard Webhooks 1.0.0 signatures. Pure: the time is an argument.

The signed text is `{id}.{timestamp}.{body}`, the key the base64 part of a `whsec_` secret, the MAC HMAC-SHA256.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping

TOLERANCE_SECONDS = 300
PREFIX = "whsec_"
HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
VERSION = "v1"
MAC_BYTES = 32


class SignatureError(ValueError):
    """The request does not carry a valid signature; the message says what is wrong, never with which key."""


def sign(secret: str, webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of a signed request; `timestamp` is in Unix seconds."""
    mac = base64.b64encode(_mac(secret, webhook_id, str(timestamp), body)).decode()
    return dict(zip(HEADERS, (webhook_id, str(timestamp), f"{VERSION},{mac}"), strict=True))


def verify(secrets: Iterable[str], headers: Mapping[str, str], body: bytes, now: float) -> None:
    """Return when one of `secrets` signed `body` within five minutes of `now` (Unix seconds); else SignatureError.

    Blanks around a header's value do not count, as HTTP has it.
    """
    webhook_id, timestamp, signatures = (headers.get(name, "").strip(" \t") for name in HEADERS)
    _check_present(zip(HEADERS, (webhook_id, timestamp, signatures), strict=True))
    if not (webhook_id.isascii() and webhook_id.isprintable()):
        raise SignatureError("webhook-id must be printable ASCII text.")
    _check_time(timestamp, now)
    given = _macs(signatures)
    expected = [_mac(secret, webhook_id, timestamp, body) for secret in secrets]
    if not any([hmac.compare_digest(one, other) for one in expected for other in given]):
        raise SignatureError(
            "No signature in webhook-signature is valid for this webhook-id, webhook-timestamp and body."
        )


def _check_present(given: Iterable[tuple[str, str]]) -> None:
    missing = [name for name, value in given if not value]
    if missing:
        named = " and ".join([", ".join(missing[:-1]), missing[-1]] if missing[1:] else missing)
        header = "header is" if len(missing) == 1 else "headers are"
        raise SignatureError(f"The request is not signed: the {header} missing or empty: {named}.")


def _check_time(timestamp: str, now: float) -> None:
    """The one or the other end of the tolerance, so that a sender knows which way its clock is off."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise SignatureError("webhook-timestamp must be the time of sending in whole Unix seconds, once.")
    behind = now - int(timestamp)
    if abs(behind) > TOLERANCE_SECONDS:
        direction = "behind" if behind > 0 else "ahead of"
        raise SignatureError(
            f"webhook-timestamp is {abs(behind):.0f} seconds {direction} the time here; at most"
            f" {TOLERANCE_SECONDS} are allowed. Sign each attempt anew, with the time of sending."
        )


def _macs(signatures: str) -> list[bytes]:
    """The signatures of the version that is known here; others may stand beside them."""
    parts = [part.partition(",") for part in signatures.split()]
    known = [text for version, comma, text in parts if version == VERSION and comma]
    if not known:
        raise SignatureError(
            "webhook-signature must have `v1,` and the base64 of the HMAC-SHA256; signatures of other versions are not"
            " known here, and several are separated by spaces."
        )
    macs = [mac for text in known if len(mac := _decoded(text)) == MAC_BYTES]
    if not macs:
        raise SignatureError(
            f"What follows `v1,` in webhook-signature must be the base64 of {MAC_BYTES} bytes, the HMAC-SHA256."
        )
    return macs


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # not ASCII, or not base64
        return b""


def _mac(secret: str, webhook_id: str, timestamp: str, body: bytes) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise SignatureError("The profile's secret is not valid base64.") from error
    return hmac.digest(key, b"%s.%s.%s" % (webhook_id.encode(), timestamp.encode(), body), "sha256")
