"""Makes signing secrets in the form of Standard Webhooks; called by the profile model."""

import base64
import secrets

SECRET_BYTES = 32


def new_webhook_secret() -> str:
    """Return `whsec_` and the base64 of 32 random bytes (Standard Webhooks 1.0.0 asks for 24 to 64)."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
