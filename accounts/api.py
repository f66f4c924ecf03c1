"""Tokens for programs (stored hashed, by knox)."""

from drf_spectacular.utils import extend_schema, inline_serializer
from knox.models import get_token_model
from rest_framework import serializers
from rest_framework.authtoken.serializers import AuthTokenSerializer
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class TokenView(APIView):
    """Exchange user name and password for a token, to be sent as `Authorization: Token …`."""

    authentication_classes: list[type] = []
    permission_classes = [AllowAny]

    @extend_schema(
        request=AuthTokenSerializer,
        responses=inline_serializer("Token", {"token": serializers.CharField()}),
    )
    def post(self, request: Request) -> Response:
        serializer = AuthTokenSerializer(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        token = get_token_model().objects.create(serializer.validated_data["user"])[1]
        return Response({"token": token})
