"""API views of the caller's profiles, content and interactions. Routed by `urls.py`; other users' rows answer 404."""

from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.strict_input import StrictListView, StrictQueryView
from accounts.models import Profile
from interactions import analytics, replies
from interactions.api import examples
from interactions.api.filters import ContentFilter, InteractionFilter
from interactions.api.idempotency import IDEMPOTENCY_KEY, KEY_HEADER, read_key
from interactions.api.moderation import ModerationActions, api_errors
from interactions.api.pagination import NewestFirstPagination
from interactions.api.serializers import (
    ContentSerializer,
    InteractionSerializer,
    PeriodSerializer,
    ProfileSerializer,
    ReplySerializer,
    RotationSerializer,
    SecretSerializer,
    SummarySerializer,
)
from interactions.clock import now
from interactions.locks import lock_profiles
from interactions.models import Content, Interaction
from interactions.moderation.statuses import change_status
from interactions.problems import CONFLICT, MEDIA_TYPE, IdempotencyKeyReused, ProblemSerializer
from interactions.read_limits import read_within_limits


class RowsViewSet(StrictListView, viewsets.ReadOnlyModelViewSet):
    """Lists, newest first, paginated by cursor; and single rows."""

    pagination_class = NewestFirstPagination
    lookup_value_regex = "[0-9]{1,18}"


class ProfileViewSet(RowsViewSet):
    """The user's connected profiles; their webhooks are at `webhooks/profiles/{uuid}/`."""

    serializer_class = ProfileSerializer
    queryset = Profile.objects.none()

    def get_queryset(self):
        return Profile.objects.owned_by(self.request.user)

    @extend_schema(
        request=RotationSerializer, responses=SecretSerializer, examples=examples.ROTATION, filters=False
    )
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, pk: str) -> Response:
        """Give the profile a new signing secret; only this answer shows it."""
        options = RotationSerializer(data=request.data)
        options.is_valid(raise_exception=True)
        try:
            secret = self.get_object().rotate_secret(**options.validated_data)
        except Profile.DoesNotExist as error:
            raise Http404 from error
        return Response({"webhook_secret": secret})


class ContentViewSet(RowsViewSet):
    """Published posts."""

    serializer_class = ContentSerializer
    filterset_class = ContentFilter
    queryset = Content.objects.none()

    def get_queryset(self):
        return Content.objects.visible_to(self.request.user).select_related("profile")


@extend_schema_view(partial_update=extend_schema(responses={200: InteractionSerializer} | CONFLICT))
class InteractionViewSet(ModerationActions, mixins.UpdateModelMixin, RowsViewSet):
    """Comments and direct messages, received and sent."""

    serializer_class = InteractionSerializer
    filterset_class = InteractionFilter
    http_method_names = ["get", "head", "options", "patch", "post", "delete"]
    queryset = Interaction.objects.none()

    def get_queryset(self):
        return Interaction.objects.visible_to(self.request.user).with_relations()

    def perform_update(self, serializer: InteractionSerializer) -> None:
        """Change the status, if the row still exists when it is locked."""
        row = serializer.instance
        with transaction.atomic(), api_errors():
            lock_profiles([row.profile_id])
            if "status" in serializer.validated_data:
                current = get_object_or_404(self.get_queryset(), pk=row.pk)
                change_status(current, serializer.validated_data["status"], now())
            serializer.instance = get_object_or_404(self.get_queryset(), pk=row.pk)

    @extend_schema(
        request=ReplySerializer,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: InteractionSerializer, (422, MEDIA_TYPE): ProblemSerializer},
        examples=examples.REPLY,
        filters=False,
    )
    @action(detail=True, methods=["post"])
    def reply(self, request: Request, pk: str) -> Response:
        """Reply to a comment or message; the reply is stored as a row of its own with `send_status` queued."""
        # Includes deleted rows: a repeated request gets its first answer even if the comment was deleted since.
        rows = Interaction.objects.filter(profile__owner=request.user)
        replied_to = get_object_or_404(rows, pk=pk)
        key = read_key(request.headers.get(KEY_HEADER))
        serializer = ReplySerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        try:
            row = replies.store_reply(replied_to, serializer.validated_data["text"], now(), key)
        except Interaction.DoesNotExist as error:
            raise Http404 from error
        except replies.ReplyKeyReused as error:
            raise IdempotencyKeyReused from error
        return Response(InteractionSerializer(row).data, status=status.HTTP_201_CREATED)


class SummaryView(StrictQueryView):
    """Counts of the user's comments and messages by day (UTC), platform, type, status and direction."""

    parameters = ("mode", "from", "to")
    problem_codes = (429,)

    @extend_schema(
        parameters=[PeriodSerializer],
        responses=SummarySerializer,
        examples=examples.SUMMARY,
        operation_id="analytics_summary",
    )
    def get(self, request: Request) -> Response:
        serializer = PeriodSerializer(data=request.query_params)
        serializer.is_valid(raise_exception=True)
        period = serializer.validated_data
        options = period["mode"], period.get("from"), period.get("to")
        try:
            counts = read_within_limits(request.user, lambda: analytics.summary(request.user, *options))
        except analytics.TooManyDays as error:
            raise serializers.ValidationError(
                {"from": ["Choose a shorter period with from and to."]}
            ) from error
        return Response(SummarySerializer(counts).data)
