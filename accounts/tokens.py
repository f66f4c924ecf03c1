"""A user's tokens (stored hashed, by knox): made within a bound, and ended; called by the API and the admin."""

from datetime import datetime

from django.conf import settings
from knox.models import get_token_model

from accounts.models import User

MAX_TOKENS = 200  # of one user; the oldest ends where there would be more


def make_token(user: User, now: datetime) -> str:
    """Make a token and return it, the only time that it is known; call it with the user's row locked."""
    own = user.auth_token_set
    own.filter(expiry__lte=now).delete()
    surplus = own.order_by("-created", "pk").values_list("pk", flat=True)[MAX_TOKENS - 1 :]
    own.filter(pk__in=list(surplus)).delete()
    return get_token_model().objects.create(user, expiry=settings.REST_KNOX["TOKEN_TTL"])[1]
