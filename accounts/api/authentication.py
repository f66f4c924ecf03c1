"""`Authorization: Token …`, on every byte that a stranger may send."""

from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox import auth
from rest_framework.exceptions import AuthenticationFailed


class TokenAuthentication(auth.TokenAuthentication):
    def authenticate_credentials(self, token: bytes):
        try:
            return super().authenticate_credentials(token)
        except UnicodeDecodeError as error:
            raise AuthenticationFailed("Invalid token.") from error


class TokenScheme(KnoxTokenScheme):
    """The same in the OpenAPI schema."""

    target_class = "accounts.api.authentication.TokenAuthentication"
