"""Creates, lists and revokes API tokens (stored hashed, by knox). Called by the API, the pages of settings and the tests."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from knox.models import AuthToken, get_token_model

from accounts.models import TokenName, User
from accounts.names import name_key

MAX_TOKENS = 200  # per user; one more deletes the oldest


class TokenNameTaken(Exception):
    """The user has a token of that name."""


class PasswordChanged(Exception):
    """The password has been changed since the request was authenticated; that ended all tokens."""


def issue_token(user: User, now: datetime, name: str = "") -> str:
    """Create a token for the user whom the request has authenticated, as `create_token`.

    Raises PasswordChanged if the password has been changed or the user deleted meanwhile, and TokenNameTaken.
    """
    with transaction.atomic():
        try:
            current = User.objects.lock(user.pk)
        except User.DoesNotExist as error:
            raise PasswordChanged from error
        if current.password != user.password:
            raise PasswordChanged
        return create_token(user, now, name)


def create_token(user: User, now: datetime, name: str = "") -> str:
    """Create a token and return it in plain text, which is not stored. The caller holds the lock of the user's row.

    Deletes the user's expired tokens, and the oldest ones above MAX_TOKENS. Raises TokenNameTaken; call it in a transaction,
    which then leaves the others.
    """
    tokens = user.auth_token_set
    tokens.filter(expiry__lte=now).delete()
    surplus = tokens.order_by("-created", "pk").values_list("pk", flat=True)[MAX_TOKENS - 1 :]
    tokens.filter(pk__in=list(surplus)).delete()
    if name and TokenName.objects.filter(owner=user, name_key=name_key(name)).exists():
        raise TokenNameTaken
    row, token = get_token_model().objects.create(user, expiry=settings.REST_KNOX["TOKEN_TTL"])
    if name:
        TokenName.objects.create(token=row, owner=user, name=name, name_key=name_key(name))
    return token


def tokens_of(user: User) -> QuerySet[AuthToken]:
    """Return the user's tokens with their names, newest first; a token has at most one name, in `named`."""
    return get_token_model().objects.filter(user=user).select_related("named").order_by("-created", "pk")


def revoke_token(user: User, id: str) -> bool:
    """Delete the user's token with that id; False when there is none."""
    deleted, _ = get_token_model().objects.filter(user=user, token_key=id).delete()
    return bool(deleted)
