"""Where platforms, and the demo over HTTP, send signed batches of events."""

from typing import Any
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Profile
from interactions.api import examples
from interactions.api.serializers import BatchAnswerSerializer, BatchSerializer
from interactions.api.throttling import WebhookFailures
from interactions.envelope import Batch, EnvelopeError, TooManyEvents
from interactions.ingest import CREATED, DUPLICATE, REJECTED, UPDATED, Arrival, Result, ingest
from interactions.problems import TooLarge, Unsigned
from interactions.signing import SignatureError, verify

SIGNATURE = [
    OpenApiParameter(name, str, OpenApiParameter.HEADER, required=True, description=meaning)
    for name, meaning in (
        ("webhook-id", "Of this batch, the same over retries."),
        ("webhook-timestamp", "Of sending, in Unix seconds, at most five minutes off."),
        ("webhook-signature", "`v1,` and the base64 of the HMAC-SHA256; several are separated by spaces."),
    )
]
MOST_BYTES = 5 * 1024 * 1024


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
        now = timezone.now()
        body = _body(request._request)
        try:
            profile = _sender(uuid, request, body, now.timestamp())
        except (NotFound, Unsigned):
            WebhookFailures().count(request, self)
            raise
        batch = _batch(body)
        arrivals = [Arrival(profile.id, event) for event in batch.events]
        return Response(summary(ingest(arrivals, now, raw=batch.raw)))


def _sender(uuid: UUID, request: Request, body: bytes, now: float) -> Profile:
    """The profile of that address, if one of its secrets signed the body."""
    profile = Profile.objects.filter(uuid=uuid).first()
    if profile is None:
        raise NotFound("There is no profile with this address; copy the webhook URL from the profile again.")
    try:
        verify(profile.webhook_secrets, request.headers, body, now)
    except SignatureError as error:
        raise Unsigned(str(error)) from error
    return profile


def _body(request: HttpRequest) -> bytes:
    """The raw body, at most MOST_BYTES; the signature covers these bytes and no others."""
    try:
        body = request.body
    except RequestDataTooBig as error:
        raise TooLarge(f"Send at most {MOST_BYTES} bytes.") from error
    if len(body) > MOST_BYTES:
        raise TooLarge(f"Send at most {MOST_BYTES} bytes; this was {len(body)}.")
    return body


def _batch(body: bytes) -> Batch:
    try:
        return Batch(body)
    except TooManyEvents as error:
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
