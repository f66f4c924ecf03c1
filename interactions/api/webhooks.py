"""Where platforms, and the demo over HTTP, send signed batches of events."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import DateTimeField, Func
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Profile
from interactions.api import examples
from interactions.api.serializers import BatchAnswerSerializer, BatchSerializer
from interactions.api.throttling import LARGE, MANY, WebhookFailures, place_of
from interactions.envelope import Batch, EnvelopeError, TooMuch
from interactions.ingest import CREATED, DUPLICATE, REJECTED, UPDATED, Arrival, Result, ingest
from interactions.problems import Missing, TooLarge, Unsigned
from interactions.signing import SignatureError, verify

SIGNATURE = [
    OpenApiParameter(name, str, OpenApiParameter.HEADER, required=True, description=meaning)
    for name, meaning in (
        ("webhook-id", "Of this batch, the same over retries."),
        ("webhook-timestamp", "Of sending, in Unix seconds, at most five minutes off."),
        ("webhook-signature", "`v1,` and the base64 of the HMAC-SHA256; several are separated by spaces."),
    )
]
NO_PROFILE = (
    "There is no profile with this address; copy the webhook URL from the profile again.",
    "GET /api/v1/profiles/ has the `uuid` of each profile, which stands in that URL.",
)
DATABASE_TIME = Func(function="clock_timestamp", output_field=DateTimeField())


class WebhookView(APIView):
    """Take a signed batch of at most 1,000 events and 5 MB for one profile (Standard Webhooks)."""

    authentication_classes: list[type] = []
    permission_classes = [AllowAny]
    throttle_classes = [WebhookFailures]
    problem_codes = (401, 413)

    @extend_schema(
        request=BatchSerializer,
        parameters=SIGNATURE,
        responses=BatchAnswerSerializer,
        examples=examples.WEBHOOK,
        operation_id="webhook",
    )
    def post(self, request: Request, uuid: UUID) -> Response:
        body = request._request.body  # the signature covers these bytes and no others
        try:
            profile, now = _sender(uuid, request, body)
        except (NotFound, Unsigned):
            WebhookFailures().count(request, self)
            raise
        is_large = len(body) > LARGE
        with place_of(profile.owner_id, needed=is_large):
            batch = _batch(body)
            with place_of(profile.owner_id, needed=not is_large and len(batch.events) > MANY):
                arrivals = [Arrival(profile.id, event) for event in batch.events]
                return Response(summary(ingest(arrivals, now, raw=batch.raw)))


def _sender(uuid: UUID, request: Request, body: bytes) -> tuple[Profile, datetime]:
    """The profile of that address, if one of its secrets signed the body, and the time of the database.

    Machines whose clocks differ agree on that time, which the demo signs with.
    """
    profile = Profile.objects.filter(uuid=uuid).annotate(asked_at=DATABASE_TIME).first()
    if profile is None:
        raise Missing(*NO_PROFILE)
    try:
        verify(profile.webhook_secrets, request.headers, body, profile.asked_at.timestamp())
    except SignatureError as error:
        raise Unsigned(str(error)) from error
    return profile, profile.asked_at


def _batch(body: bytes) -> Batch:
    try:
        return Batch(body)
    except TooMuch as error:
        raise TooLarge(str(error)) from error
    except EnvelopeError as error:
        raise ParseError(str(error)) from error


def summary(results: list[Result]) -> dict[str, Any]:
    """The answer of the webhook: one result per event in the order sent, and the four counts."""
    statuses = [result.status for result in results]
    return {
        "results": [result._asdict() for result in results],
        "created": statuses.count(CREATED),
        "duplicates": statuses.count(DUPLICATE),
        "updated": statuses.count(UPDATED),
        "rejected": statuses.count(REJECTED),
    }
