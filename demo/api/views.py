"""The API views of demo mode; nearly all respond with the object of GET demo/. Routed by `demo/api/urls.py`."""

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
from accounts.models import MAX_USERNAME_LENGTH, User
from demo.api import examples
from demo.api.permissions import DemoAllowed
from demo.api.serializers import (
    AdvanceSerializer,
    DemoSerializer,
    EnableSerializer,
    GeneratedSerializer,
    PatchSerializer,
)
from demo.exceptions import InvalidOption, InvalidState
from demo.lifecycle import on_demand, scenarios, transitions
from demo.lifecycle.transitions import Transition
from demo.status import status_of
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

USER_TYPE = "user must be a string with a user name; leave it out for your own demo."
USER_NAME = serializers.CharField(
    max_length=MAX_USERNAME_LENGTH, error_messages={"blank": EMPTY_ERROR.format("user")}
)
NO_SUCH_USER = "Look the name up in the admin's list of users, or create that user with POST /api/v1/users/."
USER = OpenApiParameter("user", str, description="For staff: the user whose demo it is.")
SCENARIO = OpenApiParameter("name", str, OpenApiParameter.PATH, enum=scenarios.SCENARIO_NAMES)
UNCHANGED_OR_STARTED = {200: DemoSerializer, 202: DemoSerializer}


class NotDeliveredYet(APIException):
    """The events are planned, and not all of them are delivered yet."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    hint = "Do not send it again: workers deliver it as soon as its receiver answers."


class TooManyRequestsWaiting(APIException):
    """The web process already has its maximum of requests that wait for a delivery over HTTP."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    hint = "Nothing was planned; send the same again after as many seconds as the header Retry-After says."
    wait = 5


class DemoView(StrictQueryView):
    """A route of the demo of one user, the caller or another; maps the errors of the lifecycle to problems."""

    permission_classes = [DemoAllowed]
    problem_codes: tuple[int, ...] = (404, 409)
    parameters = ("user",)
    has_body = False  # with fields besides `user`

    def initial(self, request: Request, *args, **kwargs) -> None:
        super().initial(request, *args, **kwargs)
        _ = self.subject  # first, so that a caller without the right to name that user gets only that error
        if request.data and not self.has_body:
            self.validated(StrictSerializer)

    @cached_property
    def subject(self) -> User:
        """The user whose demo it is: the caller, or the user that staff name by `user`.

        Raises ValidationError when `user` is empty or names two users, PermissionDenied, and NotFoundWithHint for an unknown user.
        """
        names = {self._user_name(value) for value in self._user_values()}
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
            raise NotFoundWithHint("There is no such user.", NO_SUCH_USER)
        return user

    def _user_values(self) -> list[object]:
        """The values of `user` in the query and in the body; ValidationError when one of them repeats a field."""
        values: list[object] = []
        for source in (self.request.query_params, self.request.data):
            if isinstance(source, QueryDict) and (errors := repeated_errors(source, source)):
                raise serializers.ValidationError(errors)
            if "user" in source:
                values.append(source["user"])
        return values

    @staticmethod
    def _user_name(value: object) -> str:
        if not isinstance(value, str):
            raise serializers.ValidationError({"user": [USER_TYPE]})
        try:
            return User.normalize_username(USER_NAME.run_validation(value))
        except serializers.ValidationError as error:
            raise serializers.ValidationError({"user": error.detail}) from error

    def validated(self, serializer_class: type[serializers.Serializer]) -> dict:
        """The body without `user`, validated; raises ValidationError."""
        data = self.request.data.copy()
        data.pop("user", None)
        serializer = serializer_class(data=data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def respond(self, code: int = status.HTTP_200_OK) -> Response:
        return Response(status_of(self.subject, timezone.now()), status=code)

    def respond_to(self, transition: Transition) -> Response:
        return self.respond(status.HTTP_202_ACCEPTED if transition.started else status.HTTP_200_OK)

    def handle_exception(self, error: Exception) -> Response:
        problem = {
            InvalidState: Conflict,
            InvalidOption: serializers.ValidationError,
            on_demand.NotDelivered: NotDeliveredYet,
            on_demand.TooManyDeliveries: TooManyRequestsWaiting,
        }.get(type(error))
        return super().handle_exception(problem(str(error)) if problem else error)


class StatusView(DemoView):
    """State, settings, progress and upcoming events of the demo."""

    has_body = True
    throttle_classes = [SwitchThrottle]

    def get_throttles(self) -> list[BaseThrottle]:
        """Only changes are limited."""
        return super().get_throttles() if self.request.method == "PATCH" else []

    @extend_schema(parameters=[USER], responses=DemoSerializer)
    def get(self, request: Request) -> Response:
        """State, settings, progress and upcoming events; the state is off for a user who never enabled."""
        return self.respond()

    @extend_schema(
        parameters=[USER], request=PatchSerializer, responses=DemoSerializer, examples=examples.PATCH
    )
    def patch(self, request: Request) -> Response:
        """Change settings, from the next window on."""
        changes = self.validated(PatchSerializer)["settings"]
        transitions.change_settings(self.subject, now(), changes)
        return self.respond()


class EnableView(DemoView):
    """Switch demo mode on: creates the profiles at once, and the initial batch in the background."""

    throttle_classes = [EnableThrottle]
    has_body = True

    @extend_schema(
        parameters=[USER], request=EnableSerializer, responses=UNCHANGED_OR_STARTED, examples=examples.ENABLE
    )
    def post(self, request: Request) -> Response:
        return self.respond_to(transitions.enable(self.subject, now(), **self.validated(EnableSerializer)))


class DisableView(DemoView):
    """Switch demo mode off and delete the demo's data in the background."""

    throttle_classes = [SwitchThrottle]

    @extend_schema(parameters=[USER], request=None, responses=UNCHANGED_OR_STARTED)
    def post(self, request: Request) -> Response:
        return self.respond_to(transitions.disable(self.subject))


class PauseView(DemoView):
    """Pause the demo: nothing is planned or delivered until it is resumed."""

    throttle_classes = [SwitchThrottle]

    @extend_schema(parameters=[USER], request=None, responses=UNCHANGED_OR_STARTED)
    def post(self, request: Request) -> Response:
        return self.respond_to(transitions.pause(self.subject, now()))


class ResumeView(DemoView):
    """Continue where the pause began. The story is moved in the background; the state is paused until that is done."""

    throttle_classes = [SwitchThrottle]

    @extend_schema(parameters=[USER], request=None, responses=UNCHANGED_OR_STARTED)
    def post(self, request: Request) -> Response:
        return self.respond_to(transitions.resume(self.subject, now()))


class ResetView(DemoView):
    """Delete the demo's data and begin the same story again."""

    throttle_classes = [ResetThrottle]

    @extend_schema(parameters=[USER], request=None, responses={202: DemoSerializer})
    def post(self, request: Request) -> Response:
        return self.respond_to(transitions.reset(self.subject))


class AdvanceView(DemoView):
    """Skip ahead: add the events of whole days to an active demo, in the background."""

    throttle_classes = [AdvanceThrottle]
    has_body = True

    @extend_schema(
        parameters=[USER],
        request=AdvanceSerializer,
        responses={202: DemoSerializer},
        examples=examples.ADVANCE,
    )
    def post(self, request: Request) -> Response:
        days = self.validated(AdvanceSerializer)["days"]
        return self.respond_to(transitions.advance(self.subject, days, now()))


class ScenarioView(DemoView):
    """A scenario: extra events over the next minutes to hours, on top of every quota."""

    throttle_classes = [ScenarioThrottle]

    def initial(self, request: Request, *args, **kwargs) -> None:
        super().initial(request, *args, **kwargs)
        if kwargs["name"] not in scenarios.SCENARIO_NAMES:
            detail = f"There is no such scenario; the scenarios are {', '.join(scenarios.SCENARIO_NAMES)}."
            raise NotFoundWithHint(detail, "Use one of these names in the address.")

    @extend_schema(
        parameters=[USER, SCENARIO], request=None, responses=UNCHANGED_OR_STARTED, examples=examples.SCENARIO
    )
    def post(self, request: Request, name: str) -> Response:
        """Start a scenario; 200 when it is running already."""
        return self.respond_to(scenarios.start(self.subject, name, now()))

    @extend_schema(
        parameters=[USER, SCENARIO],
        request=None,
        responses={200: DemoSerializer},
        examples=[examples.DEMO[0]],
    )
    def delete(self, request: Request, name: str) -> Response:
        """Cancel a scenario: its undelivered events are deleted."""
        scenarios.cancel(self.subject, name, now())
        return self.respond()


class GenerateView(DemoView):
    """Extra events at once, on top of every quota."""

    throttle_classes = [GenerateThrottle]
    problem_codes = (404, 409, 503)


class DailyContentView(GenerateView):
    """Publish two extra posts now, on top of every quota."""

    @extend_schema(
        parameters=[USER],
        request=None,
        responses={200: GeneratedSerializer},
        examples=examples.GENERATED_CONTENT,
    )
    def post(self, request: Request) -> Response:
        return Response(asdict(on_demand.generate_content(self.subject, now())))


class InteractionsView(GenerateView):
    """Deliver ten extra comments and five extra messages now, on top of every quota."""

    @extend_schema(
        parameters=[USER],
        request=None,
        responses={200: GeneratedSerializer},
        examples=examples.GENERATED_INTERACTIONS,
    )
    def post(self, request: Request) -> Response:
        return Response(asdict(on_demand.generate_interactions(self.subject, now())))
