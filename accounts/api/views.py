"""API views that list, create and delete tokens, and create users for another back end. Routed by `urls.py`."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, inline_serializer
from knox.models import get_token_model
from rest_framework import serializers, status
from rest_framework.authtoken.serializers import AuthTokenSerializer
from rest_framework.exceptions import APIException
from rest_framework.permissions import AllowAny, IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import TokenAuthentication
from accounts.api.name_field import NameField
from accounts.api.strict_input import StrictQueryView, StrictSerializer
from accounts.models import MAX_TOKEN_NAME, MAX_USERNAME_LENGTH, User
from accounts.throttling import TokenRequests, count_login_attempt, password_check_slot, submitted_username
from accounts.tokens import PasswordChanged, TokenNameTaken, issue_token, revoke_token, tokens_of

TOKEN_ID = OpenApiParameter("id", str, OpenApiParameter.PATH, description="The `id` in the list of tokens.")
TOKEN = inline_serializer("Token", {"token": serializers.CharField()})


class UsernameTaken(APIException):
    """A user of that name exists."""

    status_code = status.HTTP_409_CONFLICT
    hint = "For that user's demo, send the name as `user` in the calls under demo/; or choose another name."


class NameTaken(APIException):
    """The user has a token of that name."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "You have a token of that name; upper and lower case do not count."
    hint = "Choose another name, or delete that token first: GET auth/tokens/ lists yours."


class UsernameField(serializers.CharField):
    """A user name, normalized as Django stores it (NFKC), which may make it longer.

    A name that is too long is not normalized, which takes time quadratic in the length; it is refused anyway.
    """

    def to_internal_value(self, data) -> str:
        name = super().to_internal_value(data)
        return name if len(name) > self.max_length else User.normalize_username(name)

    def run_validators(self, value: str) -> None:
        """Also run the checks of the model's ReadableNameField, which refuses unreadable names."""
        super().run_validators(value)
        try:
            User._meta.get_field("username").clean(value, None)
        except ValidationError as error:
            raise serializers.ValidationError(error.messages) from error


class NormalizedEmailField(serializers.EmailField):
    """An email address, normalized as Django stores it (host in lower case), which may make it longer."""

    def to_internal_value(self, data) -> str:
        return User.objects.normalize_email(super().to_internal_value(data))


class NewUserSerializer(StrictSerializer, serializers.ModelSerializer):
    """A new user. They have no password, so they cannot log in until an operator sets one."""

    username = UsernameField(max_length=MAX_USERNAME_LENGTH, validators=[User.username_validator])
    email = NormalizedEmailField(max_length=254, required=False, allow_blank=True)

    class Meta:
        model = User
        fields = ["id", "username", "email"]


class TokenInfoSerializer(serializers.ModelSerializer):
    """A token without its secret part: `id` is its first characters, `current` whether this request uses it."""

    id = serializers.CharField(source="token_key")
    name = serializers.CharField(source="named.name", allow_null=True, help_text="Null if it has none.")
    expires = serializers.DateTimeField(source="expiry", allow_null=True)
    current = serializers.SerializerMethodField()

    class Meta:
        model = get_token_model()
        fields = ["id", "name", "created", "expires", "current"]

    def get_current(self, token) -> bool:
        return token == self.context["request"].auth


class TokenListSerializer(serializers.Serializer):
    """All tokens of a user, always on one page."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = TokenInfoSerializer(many=True)


class LogInSerializer(StrictSerializer, AuthTokenSerializer):
    """User name and password, and a name for the token if it shall have one."""

    name = NameField(
        "The name",
        MAX_TOKEN_NAME,
        required=False,
        help_text="Unique among your tokens, in upper or lower case.",
    )


class TokenView(StrictQueryView):
    """Exchange user name and password for a token, sent as `Authorization: Token …` from then on."""

    authentication_classes: list[type] = []
    permission_classes = [AllowAny]
    throttle_classes = [TokenRequests]
    problem_codes = (409,)

    @extend_schema(
        request=LogInSerializer,
        responses=TOKEN,
        examples=[
            OpenApiExample("alice", {"username": "alice", "password": "a good password"}, request_only=True),
            OpenApiExample("a token", {"token": "c0ffee"}, response_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        with password_check_slot():
            attempt = count_login_attempt(request, submitted_username(request.data))
            serializer = LogInSerializer(data=request.data, context={"request": request})
            serializer.is_valid(raise_exception=True)
        user = serializer.validated_data["user"]
        attempt.succeeded()
        try:
            token = issue_token(user, timezone.now(), serializer.validated_data.get("name", ""))
        except PasswordChanged as error:
            raise serializers.ValidationError("The password has just been changed.") from error
        except TokenNameTaken as error:
            raise NameTaken from error
        return Response({"token": token})


class TokenListView(StrictQueryView):
    """The caller's tokens."""

    @extend_schema(
        operation_id="auth_tokens_list",
        responses=TokenListSerializer,
        examples=[
            OpenApiExample(
                "one token",
                {
                    "next": None,
                    "previous": None,
                    "results": [
                        {
                            "id": "c0ffeec0ffeec0f",
                            "name": "Weekly report",
                            "created": "2026-03-04T07:30:00Z",
                            "expires": "2026-04-03T07:30:00Z",
                            "current": True,
                        }
                    ],
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """List name and times of creation and expiry of each token, newest first; the tokens themselves are never shown again."""
        rows = TokenInfoSerializer(tokens_of(request.user), many=True, context={"request": request}).data
        return Response({"next": None, "previous": None, "results": rows})


class TokenDetailView(StrictQueryView):
    """One of the caller's tokens."""

    @extend_schema(parameters=[TOKEN_ID], responses={204: None})
    def delete(self, request: Request, id: str) -> Response:
        """Delete a token; it may be the one that the request uses."""
        if not revoke_token(request.user, id):
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


class RevokeView(StrictQueryView):
    """Delete the token that the request uses."""

    authentication_classes = [TokenAuthentication]

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        if request.data:
            StrictSerializer(data=request.data).is_valid(raise_exception=True)
        request.auth.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class UsersView(StrictQueryView):
    """Create a user without a password, so that another back end can provision demos; staff only."""

    permission_classes = [IsAdminUser]
    problem_codes = (409,)

    @extend_schema(
        request=NewUserSerializer,
        responses={201: NewUserSerializer},
        examples=[
            OpenApiExample("bob", {"username": "bob", "email": "bob@example.com"}, request_only=True),
            OpenApiExample(
                "made", {"id": 7, "username": "bob", "email": "bob@example.com"}, response_only=True
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        serializer = NewUserSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        try:
            with transaction.atomic():
                user = User.objects.create_user(**serializer.validated_data)
        except IntegrityError as error:
            raise UsernameTaken("A user of that name exists already.") from error
        return Response(NewUserSerializer(user).data, status=status.HTTP_201_CREATED)
