"""Standard Webhooks 1.0.0 signatures. Pure: the time is an argument.

The signed text is `{id}.{timestamp}.{body}`, the key the base64 part of a `whsec_` secret, the MAC HMAC-SHA256.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping

TOLERANCE_SECONDS = 300
PREFIX = "whsec_"


class SignatureError(ValueError):
    """The request does not carry a valid signature; the message says what is wrong, never with which key."""


def sign(secret: str, webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of a signed request; `timestamp` is in Unix seconds."""
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{_mac(secret, webhook_id, timestamp, body)}",
    }


def verify(secrets: Iterable[str], headers: Mapping[str, str], body: bytes, now: float) -> None:
    """Return when one of `secrets` signed `body` within five minutes of `now` (Unix seconds); else SignatureError."""
    webhook_id = headers.get("webhook-id", "")
    signatures = headers.get("webhook-signature", "")
    timestamp = _timestamp(headers.get("webhook-timestamp", ""))
    if not webhook_id or not signatures:
        raise SignatureError("Send the headers webhook-id, webhook-timestamp and webhook-signature.")
    if abs(now - timestamp) > TOLERANCE_SECONDS:
        raise SignatureError("webhook-timestamp is more than five minutes away from the time here.")
    expected = [f"v1,{_mac(secret, webhook_id, timestamp, body)}".encode() for secret in secrets]
    given = [signature.encode("utf-8", "replace") for signature in signatures.split(" ")]
    if not any([hmac.compare_digest(one, other) for one in expected for other in given]):
        raise SignatureError("No signature in webhook-signature is valid for this body.")


def _timestamp(header: str) -> int:
    if not (header.isascii() and header.isdigit() and len(header) <= 12):
        raise SignatureError("webhook-timestamp must be a time in Unix seconds.")
    return int(header)


def _mac(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise SignatureError("The profile's secret is not valid base64.") from error
    signed = b"%s.%d.%s" % (webhook_id.encode("utf-8", "replace"), timestamp, body)
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
