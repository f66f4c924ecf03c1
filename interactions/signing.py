"""Signs and verifies requests by Standard Webhooks 1.0.0. Pure; called by the webhook and by the demo's HTTP delivery.

The signature is the HMAC-SHA256 of `{id}.{timestamp}.{body}`; its key is the base64 part of a `whsec_` secret.
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
    """The request has no valid signature; the message says what is wrong, without naming a key."""


def sign(secret: str, webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three signature headers of a request; `timestamp` is in Unix seconds."""
    mac = base64.b64encode(_mac(secret, webhook_id, str(timestamp), body)).decode()
    return dict(zip(HEADERS, (webhook_id, str(timestamp), f"{VERSION},{mac}"), strict=True))


def verify(secrets: Iterable[str], headers: Mapping[str, str], body: bytes, now: float) -> None:
    """Raise SignatureError unless one of `secrets` signed `body` within TOLERANCE_SECONDS of `now` (Unix seconds).

    Blanks around a header's value are ignored, as in HTTP.
    """
    webhook_id, timestamp, signatures = (headers.get(name, "").strip(" \t") for name in HEADERS)
    _check_present(zip(HEADERS, (webhook_id, timestamp, signatures), strict=True))
    if not (webhook_id.isascii() and webhook_id.isprintable()):
        raise SignatureError("webhook-id must be printable ASCII text.")
    _check_time(timestamp, now)
    given = _macs(signatures)
    expected = [_mac(secret, webhook_id, timestamp, body) for secret in secrets]
    # A list, not a generator: every pair is compared, so that the time does not depend on which one matches.
    if not any([hmac.compare_digest(ours, theirs) for ours in expected for theirs in given]):
        raise SignatureError(
            "No signature in webhook-signature is valid for this webhook-id, webhook-timestamp and body."
        )


def _check_present(given: Iterable[tuple[str, str]]) -> None:
    missing = [name for name, value in given if not value]
    if missing:
        names = " and ".join([", ".join(missing[:-1]), missing[-1]] if missing[1:] else missing)
        header = "header is" if len(missing) == 1 else "headers are"
        raise SignatureError(f"The request is not signed: the {header} missing or empty: {names}.")


def _check_time(timestamp: str, now: float) -> None:
    """Raise SignatureError for a time outside the tolerance; the message says whether it is behind or ahead."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise SignatureError("webhook-timestamp must be the time of sending in whole Unix seconds, once.")
    behind = now - int(timestamp)
    if abs(behind) > TOLERANCE_SECONDS:
        direction = "behind" if behind > 0 else "ahead of"
        raise SignatureError(
            f"webhook-timestamp is {abs(behind):.0f} seconds {direction} the time here; at most"
            f" {TOLERANCE_SECONDS} are allowed. Sign each attempt again, with its own time of sending."
        )


def _macs(signatures: str) -> list[bytes]:
    """Return the decoded signatures of version v1; the header may also have signatures of other versions."""
    parts = [part.partition(",") for part in signatures.split()]
    encoded = [text for version, comma, text in parts if version == VERSION and comma]
    if not encoded:
        raise SignatureError(
            "webhook-signature must have `v1,` and the base64 of the HMAC-SHA256; signatures of other versions are"
            " ignored, and several are separated by spaces."
        )
    macs = [mac for text in encoded if len(mac := _decoded(text)) == MAC_BYTES]
    if not macs:
        raise SignatureError(
            f"The part after `v1,` in webhook-signature must be the base64 of {MAC_BYTES} bytes, the HMAC-SHA256."
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
