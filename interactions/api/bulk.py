"""API views that change many threads at once, and show and cancel the jobs that do. Routed by `urls.py`."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from accounts.api.strict_input import StrictSerializer
from accounts.models import User
from accounts.plurals import pluralize
from interactions.api import examples
from interactions.api.bulk_serializers import (
    MAX_MISSING,
    BulkJobSerializer,
    BulkResultSerializer,
    BulkSerializer,
    UnknownThreadsSerializer,
)
from interactions.api.threads import LabelsConflict
from interactions.api.throttling import BulkChanges
from interactions.api.views import RowsViewSet
from interactions.clock import now
from interactions.db_errors import is_cancelled
from interactions.models import BulkJob, BulkJobRunning
from interactions.models.thread_lists import ThreadFilters
from interactions.problems import CONFLICT, MEDIA_TYPE, Conflict
from interactions.threads.bulk import Selection, UnknownThreads, change_all, find_threads
from interactions.threads.bulk_jobs import cancel, change_or_start
from interactions.threads.changing import InvalidChange, check_end
from interactions.threads.labels import TooManyLabels


class JobRunning(Conflict):
    default_detail = "Another of your bulk jobs is running."
    hint = "GET threads/bulk/ has its progress; wait until it has ended, or cancel it with POST threads/bulk/{id}/cancel/."


class ThreadsMissing(NotFound):
    hint = "Send the ids without those in `missing`; GET /api/v1/threads/ lists your threads."

    def __init__(self, ids: list[int]) -> None:
        missing = pluralize(len(ids), "id names", "ids name")
        super().__init__(f"{missing} no thread of yours, so nothing was changed.")
        self.members = {"missing": ids[:MAX_MISSING]}


class ChangeTimeout(APIException):
    """The database cancelled a statement of a later transaction."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The change took too long and was stopped."
    hint = "Send it again in a few seconds: what was changed stays, and the others follow."
    wait = 5


@contextmanager
def _api_errors() -> Iterator[None]:
    """Raise the error of the API for each error of what is called."""
    try:
        yield
    except InvalidChange as error:
        raise serializers.ValidationError({"set": {error.field: [str(error)]}}) from error
    except UnknownThreads as error:
        raise ThreadsMissing(error.ids) from error
    except TooManyLabels as error:
        raise LabelsConflict from error
    except BulkJobRunning as error:
        raise JobRunning from error
    except User.DoesNotExist as error:
        raise Http404 from error
    except OperationalError as error:
        if is_cancelled(error):
            raise ChangeTimeout from error
        raise


@extend_schema_view(
    list=extend_schema(
        description="Your bulk jobs, newest first; those that ended more than a day ago are deleted."
    ),
    retrieve=extend_schema(description="The progress of a bulk job."),
)
class BulkViewSet(RowsViewSet):
    """Changes of many threads at once, and the jobs that make them."""

    serializer_class = BulkJobSerializer
    http_method_names = ["get", "head", "options", "post"]
    queryset = BulkJob.objects.none()
    problem_codes = (429,)

    def get_queryset(self):
        return BulkJob.objects.owned_by(self.request.user)

    def get_throttles(self) -> list[BaseThrottle]:
        return [BulkChanges()] if self.action == "create" else []

    @extend_schema(
        request=BulkSerializer,
        responses={
            200: BulkResultSerializer,
            202: BulkJobSerializer,
            (404, MEDIA_TYPE): UnknownThreadsSerializer,
        }
        | CONFLICT,
        examples=examples.BULK,
        filters=False,
    )
    def create(self, request: Request) -> Response:
        """Change threads by their ids or by a filter: those that are not so already, at most 5,000.

        More than 1,000 by a filter are changed by a job (202).
        """
        serializer = BulkSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        body, at = serializer.validated_data, now()
        filters = body.get("filter", ThreadFilters())
        selection = Selection(request.user, filters, body.get("until", at), body["set"])
        with _api_errors():
            check_end(selection.change.snoozed_until, at)
            if "ids" in body:
                outcome = change_all(selection, find_threads(request.user, body["ids"]), at)
            else:
                outcome = change_or_start(selection, at)
        if isinstance(outcome, BulkJob):
            return Response(BulkJobSerializer(outcome).data, status=status.HTTP_202_ACCEPTED)
        return Response({"changed": outcome, "left": 0})

    @extend_schema(request=None, responses={200: BulkJobSerializer}, filters=False)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Cancel a job; what it has changed stays. One that has ended is answered as it is: `state` says how it ended."""
        if request.data:
            StrictSerializer(data=request.data).is_valid(raise_exception=True)
        job = self.get_object()
        cancel(job, now())
        return Response(BulkJobSerializer(self.get_object()).data)
