"""The view of the webhook: receives signed batches of events from platforms, and from demos with HTTP delivery."""

from contextlib import nullcontext
from datetime import datetime
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Profile
from interactions.api import examples
from interactions.api.serializers import BatchResponseSerializer, BatchSerializer
from interactions.api.throttling import LARGE_BYTES, MANY_EVENTS, WebhookFailures, large_batch_slot
from interactions.envelope import Batch, BatchTooLarge, EnvelopeError
from interactions.ingest import IncomingEvent, Result, ingest
from interactions.merging import CREATED, DUPLICATE, REJECTED, UPDATED
from interactions.models.rows import DATABASE_TIME
from interactions.problems import InvalidSignature, NotFoundWithHint, TooLarge
from interactions.signing import SignatureError, verify

SIGNATURE = [
    OpenApiParameter(name, str, OpenApiParameter.HEADER, required=True, description=meaning)
    for name, meaning in (
        ("webhook-id", "The id of this batch, the same for all retries."),
        ("webhook-timestamp", "The time of sending in Unix seconds, at most five minutes off."),
        ("webhook-signature", "`v1,` and the base64 of the HMAC-SHA256; several are separated by spaces."),
    )
]
NO_PROFILE = (
    "There is no profile with this address; copy the webhook URL from the profile again.",
    "GET /api/v1/profiles/ has the `uuid` of each profile, which is the last part of that URL.",
)


class WebhookView(APIView):
    """Accept a signed batch of at most 1,000 events and 5 MiB for one profile (Standard Webhooks)."""

    authentication_classes: list[type] = []
    permission_classes = [AllowAny]
    throttle_classes = [WebhookFailures]
    problem_codes = (401, 413)

    @extend_schema(
        request=BatchSerializer,
        parameters=SIGNATURE,
        responses=BatchResponseSerializer,
        examples=examples.WEBHOOK,
        operation_id="webhook",
    )
    def post(self, request: Request, uuid: UUID) -> Response:
        body = request._request.body  # the raw bytes, which the signature covers
        try:
            profile, now = _authenticate(uuid, request, body)
        except (NotFound, InvalidSignature):
            WebhookFailures().count_failure(request, self)
            raise
        batch = _read_batch(body) if len(body) <= LARGE_BYTES else None  # a large one only within the slot
        needs_slot = batch is None or len(batch.events) > MANY_EVENTS
        with large_batch_slot(profile.owner_id) if needs_slot else nullcontext():
            batch = batch or _read_batch(body)
            events = [IncomingEvent(profile.id, event) for event in batch.events]
            return Response(batch_response(ingest(events, now, raw=batch.raw)))


def _authenticate(uuid: UUID, request: Request, body: bytes) -> tuple[Profile, datetime]:
    """Return the profile with that uuid and the database's time; raises NotFoundWithHint or InvalidSignature.

    The signature's age is measured by the database's time, because the demo signs with it.
    """
    profile = (
        Profile.objects.filter(uuid=uuid).exclude(owner=None).annotate(database_time=DATABASE_TIME).first()
    )
    if profile is None:
        raise NotFoundWithHint(*NO_PROFILE)
    try:
        verify(profile.webhook_secrets, request.headers, body, profile.database_time.timestamp())
    except SignatureError as error:
        raise InvalidSignature(str(error)) from error
    return profile, profile.database_time


def _read_batch(body: bytes) -> Batch:
    try:
        return Batch(body)
    except BatchTooLarge as error:
        raise TooLarge(str(error)) from error
    except EnvelopeError as error:
        raise ParseError(str(error)) from error


def batch_response(results: list[Result]) -> dict[str, Any]:
    """Return the webhook's answer: one result per event in the order sent, and the count of each status."""
    statuses = [result.status for result in results]
    return {
        "results": [result._asdict() for result in results],
        "created": statuses.count(CREATED),
        "duplicates": statuses.count(DUPLICATE),
        "updated": statuses.count(UPDATED),
        "rejected": statuses.count(REJECTED),
    }
