"""Demo mode over REST: each call answers the demo object of GET demo/."""

from dataclasses import asdict
from functools import cached_property

from django.http import QueryDict
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from accounts.api.strict_input import EMPTY_ERROR, StrictQueryView, StrictSerializer, repeated_errors
from accounts.models import User
from demo.api import examples
from demo.api.permissions import DemoAllowed
from demo.api.serializers import (
    AdvanceSerializer,
    DemoSerializer,
    EnableSerializer,
    GeneratedSerializer,
    PatchSerializer,
)
from demo.dashboard.status import status_of
from demo.exceptions import InvalidOption, InvalidState
from demo.lifecycle import on_demand, scenarios, transitions
from demo.lifecycle.transitions import Transition
from demo.throttling import (
    AdvanceThrottle,
    EnableThrottle,
    GenerateThrottle,
    ResetThrottle,
    ScenarioThrottle,
    SwitchThrottle,
)
from interactions.clock import now
from interactions.problems import Conflict, NotFoundWithHint

_WHOSE = "user must be a string with a user name; leave it out for your own demo."
USER_NAME = serializers.CharField(max_length=150, error_messages={"blank": EMPTY_ERROR.format("user")})
NO_USER = "Look the name up in the admin's list of users, or make that account with POST /api/v1/users/."
USER = OpenApiParameter("user", str, description="For staff: the user whose demo it is.")
SCENARIO = OpenApiParameter("name", str, OpenApiParameter.PATH, enum=scenarios.NAMES)
DONE_OR_STARTED = {200: DemoSerializer, 202: DemoSerializer}


class StillPlanned(APIException):
    """What was asked for will come, but has not come yet."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    hint = "Do not send it again: workers deliver it as soon as its receiver answers."


class Crowded(APIException):
    """As many requests as may wait here do so already."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    hint = "Nothing was planned; send the same again after as many seconds as the header Retry-After says."
    wait = 5


class DemoView(StrictQueryView):
    """Shared by the demo routes: whose demo it is, and how the lifecycle's words become answers."""

    permission_classes = [DemoAllowed]
    problem_codes: tuple[int, ...] = (404, 409)
    parameters = ("user",)
    takes_a_body = False  # with more than `user`

    def initial(self, request: Request, *args, **kwargs) -> None:
        super().initial(request, *args, **kwargs)
        _ = self.subject  # whoever may not name that user learns nothing about the rest of the request
        if request.data and not self.takes_a_body:
            self.valid(StrictSerializer)

    @cached_property
    def subject(self) -> User:
        """The user whose demo it is: the caller, or for staff the one named by `user`.

        ValidationError when `user` is there without a name, or names two users.
        """
        names = {self._user_name(value) for value in self._given_users()}
        if len(names) > 1:
            raise serializers.ValidationError(
                {"user": ["Name one user; the query and the body name different ones."]}
            )
        if names <= {self.request.user.username}:
            return self.request.user
        if not self.request.user.is_staff:
            raise PermissionDenied("Only staff may name another `user`; leave it out to use your own demo.")
        user = User.objects.filter(username__in=names).first()
        if user is None:
            raise NotFoundWithHint("There is no such user.", NO_USER)
        return user

    def _given_users(self) -> list[object]:
        """What stands for `user` in the query and in the body; ValidationError when one of them has a name twice."""
        given: list[object] = []
        for where in (self.request.query_params, self.request.data):
            if isinstance(where, QueryDict) and (errors := repeated_errors(where, where)):
                raise serializers.ValidationError(errors)
            if "user" in where:
                given.append(where["user"])
        return given

    @staticmethod
    def _user_name(given: object) -> str:
        if not isinstance(given, str):
            raise serializers.ValidationError({"user": [_WHOSE]})
        try:
            return User.normalize_username(USER_NAME.run_validation(given))
        except serializers.ValidationError as error:
            raise serializers.ValidationError({"user": error.detail}) from error

    def valid(self, serializer_class: type[serializers.Serializer]) -> dict:
        given = self.request.data.copy()
        given.pop("user", None)
        serializer = serializer_class(data=given)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def object(self, code: int = status.HTTP_200_OK) -> Response:
        return Response(status_of(self.subject, timezone.now()), status=code)

    def answer(self, transition: Transition) -> Response:
        return self.object(status.HTTP_202_ACCEPTED if transition.started else status.HTTP_200_OK)

    def handle_exception(self, error: Exception) -> Response:
        known = {
            InvalidState: Conflict,
            InvalidOption: serializers.ValidationError,
            on_demand.NotDelivered: StillPlanned,
            on_demand.TooManyWait: Crowded,
        }.get(type(error))
        return super().handle_exception(known(str(error)) if known else error)


class StatusView(DemoView):
    """State, settings, progress and future of the demo."""

    takes_a_body = True
    throttle_classes = [SwitchThrottle]

    def get_throttles(self) -> list[BaseThrottle]:
        """Looking is free."""
        return super().get_throttles() if self.request.method == "PATCH" else []

    @extend_schema(parameters=[USER], responses=DemoSerializer)
    def get(self, request: Request) -> Response:
        """State, settings, progress and what happens next; a user who never enabled has the state off."""
        return self.object()

    @extend_schema(
        parameters=[USER], request=PatchSerializer, responses=DemoSerializer, examples=examples.PATCH
    )
    def patch(self, request: Request) -> Response:
        """Change settings from the next window on."""
        changes = self.valid(PatchSerializer)["settings"]
        transitions.change_settings(self.subject, now(), changes)
        return self.object()


class EnableView(DemoView):
    """Switch demo mode on; the profiles are there at once, the rest follows in the background."""

    throttle_classes = [EnableThrottle]
    takes_a_body = True

    @extend_schema(
        parameters=[USER], request=EnableSerializer, responses=DONE_OR_STARTED, examples=examples.ENABLE
    )
    def post(self, request: Request) -> Response:
        return self.answer(transitions.enable(self.subject, now(), **self.valid(EnableSerializer)))


class DisableView(DemoView):
    """Switch demo mode off and delete everything of it, in the background."""

    throttle_classes = [SwitchThrottle]

    @extend_schema(parameters=[USER], request=None, responses=DONE_OR_STARTED)
    def post(self, request: Request) -> Response:
        return self.answer(transitions.disable(self.subject))


class PauseView(DemoView):
    """Hold the story: nothing is planned or delivered until it is resumed."""

    throttle_classes = [SwitchThrottle]

    @extend_schema(parameters=[USER], request=None, responses=DONE_OR_STARTED)
    def post(self, request: Request) -> Response:
        return self.answer(transitions.pause(self.subject, now()))


class ResumeView(DemoView):
    """Go on where the pause began, without a burst and without a loss; it reads paused until that is prepared."""

    throttle_classes = [SwitchThrottle]

    @extend_schema(parameters=[USER], request=None, responses=DONE_OR_STARTED)
    def post(self, request: Request) -> Response:
        return self.answer(transitions.resume(self.subject, now()))


class ResetView(DemoView):
    """Delete the demo and tell the same story again from its beginning."""

    throttle_classes = [ResetThrottle]

    @extend_schema(parameters=[USER], request=None, responses={202: DemoSerializer})
    def post(self, request: Request) -> Response:
        return self.answer(transitions.reset(self.subject))


class AdvanceView(DemoView):
    """Let an active demo live through whole days at once, in the background."""

    throttle_classes = [AdvanceThrottle]
    takes_a_body = True

    @extend_schema(
        parameters=[USER],
        request=AdvanceSerializer,
        responses={202: DemoSerializer},
        examples=examples.ADVANCE,
    )
    def post(self, request: Request) -> Response:
        days = self.valid(AdvanceSerializer)["days"]
        return self.answer(transitions.advance(self.subject, days, now()))


class ScenarioView(DemoView):
    """A scenario on stage: what it plans happens over the next minutes to hours, on top of every quota."""

    throttle_classes = [ScenarioThrottle]

    def initial(self, request: Request, *args, **kwargs) -> None:
        super().initial(request, *args, **kwargs)
        if kwargs["name"] not in scenarios.NAMES:
            detail = f"There is no such scenario; there are {', '.join(scenarios.NAMES)}."
            raise NotFoundWithHint(detail, "Put one of these names into the address.")

    @extend_schema(
        parameters=[USER, SCENARIO], request=None, responses=DONE_OR_STARTED, examples=examples.SCENARIO
    )
    def post(self, request: Request, name: str) -> Response:
        """Begin a scenario; 200 when it is still running."""
        return self.answer(scenarios.start(self.subject, name, now()))

    @extend_schema(
        parameters=[USER, SCENARIO],
        request=None,
        responses={200: DemoSerializer},
        examples=[examples.DEMO[0]],
    )
    def delete(self, request: Request, name: str) -> Response:
        """Cancel what a scenario has not brought yet."""
        scenarios.cancel(self.subject, name, now())
        return self.object()


class GenerateView(DemoView):
    """More of the story at once, on top of every quota."""

    throttle_classes = [GenerateThrottle]
    problem_codes = (404, 409, 503)


class DailyContentView(GenerateView):
    """Publish two more pieces now, on top of every quota."""

    @extend_schema(
        parameters=[USER], request=None, responses={200: GeneratedSerializer}, examples=examples.CONTENT
    )
    def post(self, request: Request) -> Response:
        return Response(asdict(on_demand.daily_content(self.subject, now())))


class InteractionsView(GenerateView):
    """Bring ten more comments and five more messages now, on top of every quota."""

    @extend_schema(
        parameters=[USER], request=None, responses={200: GeneratedSerializer}, examples=examples.INTERACTIONS
    )
    def post(self, request: Request) -> Response:
        return Response(asdict(on_demand.interactions(self.subject, now())))
