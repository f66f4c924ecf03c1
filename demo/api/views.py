"""Demo mode over REST: each call answers the demo object of GET demo/."""

from dataclasses import asdict

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from demo import activation, generate, lifecycle
from demo.api.permissions import DemoAllowed
from demo.api.serializers import AdvanceSerializer, EnableSerializer, PatchSerializer
from demo.lifecycle import Transition
from demo.states import NotPossible
from demo.status import status_of
from interactions.problems import Conflict

USER_NAME = serializers.CharField(max_length=150)


class NoBody(serializers.Serializer):
    """Nothing to say."""


class DemoView(APIView):
    """Shared by the demo routes: whose demo it is, and how the lifecycle's words become answers."""

    permission_classes = [DemoAllowed]

    def subject(self) -> User:
        """The user whose demo it is: the caller, or for staff the one named by `user`."""
        data = self.request.data if isinstance(self.request.data, dict) else {}
        named = self.request.query_params.get("user") or data.get("user")
        if named in (None, self.request.user.username):
            return self.request.user
        if not self.request.user.is_staff:
            raise PermissionDenied("Only staff may name another `user`; leave it out to use your own demo.")
        user = User.objects.filter(username=USER_NAME.run_validation(named)).first()
        if user is None:
            raise Http404
        return user

    def valid(self, serializer_class: type[serializers.Serializer]) -> dict:
        data = self.request.data
        given = (
            {name: value for name, value in data.items() if name != "user"}
            if isinstance(data, dict)
            else data
        )
        serializer = serializer_class(data=given)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def object(self, code: int = status.HTTP_200_OK) -> Response:
        return Response(status_of(self.subject(), timezone.now()), status=code)

    def answer(self, transition: Transition) -> Response:
        return self.object(status.HTTP_202_ACCEPTED if transition.started else status.HTTP_200_OK)

    def handle_exception(self, error: Exception) -> Response:
        return super().handle_exception(Conflict(str(error)) if isinstance(error, NotPossible) else error)


@extend_schema(responses={200: OpenApiTypes.OBJECT})
class StatusView(DemoView):
    def get(self, request: Request) -> Response:
        return self.object()

    @extend_schema(request=PatchSerializer)
    def patch(self, request: Request) -> Response:
        changes = self.valid(PatchSerializer)["settings"]
        lifecycle.change_settings(self.subject(), timezone.now(), changes)
        return self.object()


@extend_schema(request=EnableSerializer, responses={200: OpenApiTypes.OBJECT, 202: OpenApiTypes.OBJECT})
class EnableView(DemoView):
    def post(self, request: Request) -> Response:
        return self.answer(lifecycle.enable(self.subject(), timezone.now(), **self.valid(EnableSerializer)))


@extend_schema(request=NoBody, responses={200: OpenApiTypes.OBJECT, 202: OpenApiTypes.OBJECT})
class DisableView(DemoView):
    def post(self, request: Request) -> Response:
        return self.answer(lifecycle.disable(self.subject()))


@extend_schema(request=NoBody, responses={200: OpenApiTypes.OBJECT, 202: OpenApiTypes.OBJECT})
class PauseView(DemoView):
    def post(self, request: Request) -> Response:
        return self.answer(lifecycle.pause(self.subject(), timezone.now()))


@extend_schema(request=NoBody, responses={200: OpenApiTypes.OBJECT, 202: OpenApiTypes.OBJECT})
class ResumeView(DemoView):
    def post(self, request: Request) -> Response:
        return self.answer(lifecycle.resume(self.subject(), timezone.now()))


@extend_schema(request=NoBody, responses={202: OpenApiTypes.OBJECT})
class ResetView(DemoView):
    def post(self, request: Request) -> Response:
        return self.answer(lifecycle.reset(self.subject()))


@extend_schema(request=AdvanceSerializer, responses={202: OpenApiTypes.OBJECT})
class AdvanceView(DemoView):
    def post(self, request: Request) -> Response:
        return self.answer(lifecycle.advance(self.subject(), self.valid(AdvanceSerializer)["days"]))


@extend_schema(request=NoBody, responses={200: OpenApiTypes.OBJECT})
class DailyContentView(DemoView):
    def post(self, request: Request) -> Response:
        account = activation.account_of(self.subject())
        return Response(asdict(generate.daily_content(account.pk, timezone.now())))


@extend_schema(request=NoBody, responses={200: OpenApiTypes.OBJECT})
class InteractionsView(DemoView):
    def post(self, request: Request) -> Response:
        account = activation.account_of(self.subject())
        return Response(asdict(generate.interactions(account.pk, timezone.now())))
