"""API views of the caller's threads. Routed by `urls.py`; other users' threads, and those without a visible row, answer 404."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from interactions import replies
from interactions.api import examples
from interactions.api.filters import ThreadFilterSet
from interactions.api.idempotency import IDEMPOTENCY_KEY, KEY_HEADER, read_key
from interactions.api.pagination import OldestFirstPagination
from interactions.api.serializers import InteractionSerializer
from interactions.api.thread_serializers import (
    AnsweredMeanwhileSerializer,
    NoteSerializer,
    ThreadChangeSerializer,
    ThreadDetailSerializer,
    ThreadReplySerializer,
    ThreadSerializer,
)
from interactions.api.views import RowsViewSet
from interactions.clock import now
from interactions.models import Decision, Interaction, Note, Thread
from interactions.problems import CONFLICT, MEDIA_TYPE, Conflict, IdempotencyKeyReused, ProblemSerializer
from interactions.threads.changing import InvalidChange, ThreadChange, change_thread
from interactions.threads.labels import MAX_LABELS, TooManyLabels
from interactions.threads.noting import MAX_NOTES, TooManyNotes, add_note
from interactions.threads.showing import add_shown

MAX_SHOWN = 100  # notes, and decisions, of a thread
PAGE_PARAMETERS = [
    OpenApiParameter(one["name"], one["schema"], description=one["description"])
    for one in OldestFirstPagination().get_schema_operation_parameters(None)
]


class LabelsConflict(Conflict):
    default_detail = f"The profile has {MAX_LABELS} labels in use, which is the maximum."
    hint = "Use one of them, or remove one from all its threads."


class NotesConflict(Conflict):
    default_detail = f"The thread has {MAX_NOTES} notes, which is the maximum."
    hint = "Write it somewhere else."


class NewerAnswer(Conflict):
    default_detail = "The thread has a newer answer than those that you saw; `newer` is it."
    hint = 'Read it. To reply in spite of it, send its id as `seen_id`, or `"anyway": true`.'

    def __init__(self, newer: Interaction) -> None:
        super().__init__()
        self.members = {"newer": InteractionSerializer(newer).data}


@contextmanager
def _api_errors() -> Iterator[None]:
    """Raise the error of the API for each error of what is called."""
    try:
        yield
    except InvalidChange as error:
        raise serializers.ValidationError({error.field: [str(error)]}) from error
    except TooManyLabels as error:
        raise LabelsConflict from error
    except TooManyNotes as error:
        raise NotesConflict from error
    except replies.AnsweredMeanwhile as error:
        raise NewerAnswer(error.newer) from error
    except replies.ReplyKeyReused as error:
        raise IdempotencyKeyReused from error
    except (Thread.DoesNotExist, Interaction.DoesNotExist) as error:
        raise Http404 from error


@extend_schema_view(
    list=extend_schema(
        description="Threads, newest activity first: `active_at`, which is also the end of a snooze."
    ),
    retrieve=extend_schema(
        description=f"A thread with a page of its interactions, and the newest {MAX_SHOWN} notes and {MAX_SHOWN} decisions.",
        parameters=PAGE_PARAMETERS,
        responses=ThreadDetailSerializer,
    ),
)
class ThreadViewSet(RowsViewSet):
    """Comments with everything below them, and conversations of direct messages."""

    serializer_class = ThreadSerializer
    filterset_class = ThreadFilterSet
    http_method_names = ["get", "head", "options", "patch", "post"]
    queryset = Thread.objects.none()
    problem_codes = (429,)

    def get_queryset(self):
        if self.action == "list":
            return Thread.objects.shown().with_relations()  # `page_for` chooses those of the user
        return Thread.objects.visible_to(self.request.user).with_relations()

    def allowed_parameters(self) -> list[str]:
        if self.action == "retrieve":
            return [one.name for one in PAGE_PARAMETERS]
        return super().allowed_parameters()

    def paginate_queryset(self, queryset) -> list[Thread]:
        threads = super().paginate_queryset(queryset)
        add_shown(threads)
        return threads

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        thread = self.get_object()
        paginator = OldestFirstPagination()
        rows = Interaction.objects.of_thread(thread.pk).with_relations()
        thread.interactions = paginator.paginate_queryset(rows, request)
        for name, link in paginator.links().items():
            setattr(thread, name, link)
        thread.notes = _newest(Note, thread, "-created_at")
        thread.decisions = _newest(Decision, thread, "-at")
        add_shown([thread])
        return Response(ThreadDetailSerializer(thread).data)

    @extend_schema(
        description="Change status, unread or labels. Only what is sent changes.",
        request=ThreadChangeSerializer,
        responses={200: ThreadSerializer} | CONFLICT,
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        thread = self.get_object()
        serializer = ThreadChangeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        if "labels" in values:
            values["labels"] = tuple(values["labels"])
        with _api_errors():
            change_thread(thread, ThreadChange(**values), now())
        changed = self.get_object()
        add_shown([changed])
        return Response(ThreadSerializer(changed).data)

    @extend_schema(
        request=ThreadReplySerializer,
        parameters=[IDEMPOTENCY_KEY],
        responses={
            201: InteractionSerializer,
            (409, MEDIA_TYPE): AnsweredMeanwhileSerializer,
            (422, MEDIA_TYPE): ProblemSerializer,
        },
        examples=examples.THREAD_REPLY,
        filters=False,
    )
    @action(detail=True, methods=["post"])
    def reply(self, request: Request, pk: str) -> Response:
        """Reply to the newest received row of the thread, or to its newest row when none was received.

        The reply is stored as a row of its own with `send_status` queued. When somebody else answered after `seen_id`,
        nothing is stored, and the answer is 409 with that answer in `newer`.
        """
        # Includes threads without a visible row: a repeated request gets its first answer.
        thread = get_object_or_404(Thread.objects.filter(profile__owner=request.user), pk=pk)
        key = read_key(request.headers.get(KEY_HEADER))
        serializer = ThreadReplySerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        sent = serializer.validated_data
        seen_id = None if sent["anyway"] else sent.get("seen_id")
        with _api_errors():
            row = replies.answer_thread(thread, sent["text"], now(), key, seen_id=seen_id)
        return Response(InteractionSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        request=NoteSerializer,
        responses={201: NoteSerializer} | CONFLICT,
        examples=examples.NOTE,
        filters=False,
    )
    @action(detail=True, methods=["post"])
    def notes(self, request: Request, pk: str) -> Response:
        """Add a note, which the network never sees."""
        thread = self.get_object()
        serializer = NoteSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        with _api_errors():
            note = add_note(thread, serializer.validated_data["text"], now())
        return Response(NoteSerializer(note).data, status=status.HTTP_201_CREATED)


def _newest(model: type[Note] | type[Decision], thread: Thread, order: str) -> list:
    """The newest MAX_SHOWN rows that people added to the thread, oldest first."""
    return list(model.objects.filter(thread=thread.pk).order_by(order, "-pk")[:MAX_SHOWN])[::-1]
