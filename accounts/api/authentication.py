"""Token authentication of the API (`Authorization: Token …`), by knox. REST framework's settings name it."""

from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox import auth
from rest_framework.exceptions import AuthenticationFailed


class TokenAuthentication(auth.TokenAuthentication):
    """Answers 401, not 500, for a token whose bytes are not UTF-8."""

    def authenticate_credentials(self, token: bytes):
        try:
            return super().authenticate_credentials(token)
        except UnicodeDecodeError as error:
            raise AuthenticationFailed("Invalid token.") from error


class TokenScheme(KnoxTokenScheme):
    """Describes TokenAuthentication in the OpenAPI schema."""

    target_class = "accounts.api.authentication.TokenAuthentication"
