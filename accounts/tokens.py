"""Creates API tokens (stored hashed, by knox); called by the API and the tests."""

from datetime import datetime

from django.conf import settings
from knox.models import get_token_model

from accounts.models import User

MAX_TOKENS = 200  # per user; one more deletes the oldest


def create_token(user: User, now: datetime) -> str:
    """Create a token and return it in plain text, which is not stored. The caller holds the lock of the user's row.

    Deletes the user's expired tokens, and the oldest ones above MAX_TOKENS.
    """
    tokens = user.auth_token_set
    tokens.filter(expiry__lte=now).delete()
    surplus = tokens.order_by("-created", "pk").values_list("pk", flat=True)[MAX_TOKENS - 1 :]
    tokens.filter(pk__in=list(surplus)).delete()
    return get_token_model().objects.create(user, expiry=settings.REST_KNOX["TOKEN_TTL"])[1]
