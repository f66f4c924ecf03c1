"""Tokens for programs (stored hashed, by knox), and accounts made by another back end."""

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
from accounts.api.strict_input import Known, KnownParameters
from accounts.models import User
from accounts.throttling import TokenRequests, begin_log_in, name_in, place_to_hash
from accounts.tokens import make_token

TOKEN_ID = OpenApiParameter("id", str, OpenApiParameter.PATH, description="As the list has it.")
TOKEN = inline_serializer("Token", {"token": serializers.CharField()})


class NameTaken(APIException):
    """An account of that name exists."""

    status_code = status.HTTP_409_CONFLICT
    hint = "Name that account as `user` in the calls under demo/, or choose another name."


class UserName(serializers.CharField):
    """A name as it is stored: in Unicode's compatible form, which may be longer than what was sent.

    One that is too long stays as it is: it is refused, and would take time by the square of its length.
    """

    def to_internal_value(self, data) -> str:
        name = super().to_internal_value(data)
        return name if len(name) > self.max_length else User.normalize_username(name)

    def run_validators(self, value: str) -> None:
        """Those of the column, which takes only what people can read."""
        super().run_validators(value)
        try:
            User._meta.get_field("username").clean(value, None)
        except ValidationError as error:
            raise serializers.ValidationError(error.messages) from error


class Email(serializers.EmailField):
    """An address as it is stored, which may be longer than what was sent: its host in small letters."""

    def to_internal_value(self, data) -> str:
        return User.objects.normalize_email(super().to_internal_value(data))


class NewUserSerializer(Known, serializers.ModelSerializer):
    """An account; it has no password, so nobody logs in with it until an operator sets one."""

    username = UserName(max_length=150, validators=[User.username_validator])
    email = Email(max_length=254, required=False, allow_blank=True)

    class Meta:
        model = User
        fields = ["id", "username", "email"]


class KeptTokenSerializer(serializers.ModelSerializer):
    """A token without what makes it one: `id` is how it begins, `current` whether this request carries it."""

    id = serializers.CharField(source="token_key")
    expires = serializers.DateTimeField(source="expiry", allow_null=True)
    current = serializers.SerializerMethodField()

    class Meta:
        model = get_token_model()
        fields = ["id", "created", "expires", "current"]

    def get_current(self, token) -> bool:
        return token == self.context["request"].auth


class TokensSerializer(serializers.Serializer):
    """All tokens of a user, which are never more than a page."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = KeptTokenSerializer(many=True)


class LogInSerializer(Known, AuthTokenSerializer):
    """User name and password."""


class TokenView(KnownParameters):
    """Exchange user name and password for a token, to be sent as `Authorization: Token …`."""

    authentication_classes: list[type] = []
    permission_classes = [AllowAny]
    throttle_classes = [TokenRequests]

    @extend_schema(
        request=LogInSerializer,
        responses=TOKEN,
        examples=[
            OpenApiExample("alice", {"username": "alice", "password": "a good password"}, request_only=True),
            OpenApiExample("a token", {"token": "c0ffee"}, response_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        with place_to_hash():
            attempt = begin_log_in(request, name_in(request.data))
            serializer = LogInSerializer(data=request.data, context={"request": request})
            serializer.is_valid(raise_exception=True)
        user = serializer.validated_data["user"]
        with transaction.atomic():
            present = User.objects.select_for_update().get(pk=user.pk)
            if present.password != user.password:  # a new one, which has ended all tokens
                raise serializers.ValidationError("The password has just been changed.")
            token = make_token(user, timezone.now())
        attempt.forgive()
        return Response({"token": token})


class TokensView(KnownParameters):
    """The tokens of the user who asks."""

    @extend_schema(
        operation_id="auth_tokens_list",
        responses=TokensSerializer,
        examples=[
            OpenApiExample(
                "one token",
                {
                    "next": None,
                    "previous": None,
                    "results": [
                        {
                            "id": "c0ffeec0ffeec0f",
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
        """When each token was made and ends, the newest first; no token is shown again."""
        own = get_token_model().objects.filter(user=request.user).order_by("-created", "pk")
        rows = KeptTokenSerializer(own, many=True, context={"request": request}).data
        return Response({"next": None, "previous": None, "results": rows})


class OneTokenView(KnownParameters):
    """One token of the user who asks."""

    @extend_schema(parameters=[TOKEN_ID], responses={204: None})
    def delete(self, request: Request, id: str) -> Response:
        """End a token at once, also the one that the request carries."""
        gone, _ = get_token_model().objects.filter(user=request.user, token_key=id).delete()
        if not gone:
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


class RevokeView(KnownParameters):
    """Revoke the token that the request carries."""

    authentication_classes = [TokenAuthentication]

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        if request.data:
            Known(data=request.data).is_valid(raise_exception=True)
        request.auth.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class UsersView(KnownParameters):
    """Create an account without a password, so that another back end can provision demos; for staff."""

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
            raise NameTaken("An account of that name exists already.") from error
        return Response(NewUserSerializer(user).data, status=status.HTTP_201_CREATED)
