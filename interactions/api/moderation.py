"""The part of the API's view of interactions that hides, unhides, deletes and sends again. Mixed into `InteractionViewSet`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.strict_input import StrictSerializer
from interactions import replies
from interactions.api import examples
from interactions.api.serializers import InteractionSerializer
from interactions.clock import now
from interactions.models import WITHDRAWAL, Interaction, Moderation
from interactions.moderation import requests
from interactions.problems import CONFLICT, Conflict

SECONDS = int(WITHDRAWAL.total_seconds())
Change = Callable[[Interaction, datetime], None]


class IsBeingDeleted(Conflict):
    default_detail = "The deletion of this row is requested, so it cannot be hidden or unhidden."
    hint = f"DELETE interactions/{{id}}/moderation/ withdraws the deletion within {SECONDS} seconds."


class TooLateToWithdraw(Conflict):
    default_detail = f"The request is older than {SECONDS} seconds and can no longer be withdrawn."
    hint = "Ask for the opposite: hide/ or unhide/. A deletion cannot be undone."


class WithdrawalSerializer(serializers.Serializer):
    """Which request is withdrawn."""

    action = serializers.ChoiceField(
        choices=Moderation.Action.choices,
        required=False,
        help_text="Only a request of this action is withdrawn, so that a repetition does not withdraw the one before too.",
    )


class NothingToRetry(Conflict):
    default_detail = "Only a reply whose send_status is failed can be sent again."
    hint = "GET the row: its send_status says whether it is queued or sent."


@contextmanager
def api_errors() -> Iterator[None]:
    """Raise the error of the API for each error of `moderation.requests` and of a retry."""
    try:
        yield
    except requests.DeletionRequested as error:
        raise IsBeingDeleted from error
    except requests.NotPossible as error:
        raise serializers.ValidationError([str(error)]) from error
    except requests.AlreadyQueued as error:
        raise TooLateToWithdraw from error
    except replies.NotFailed as error:
        raise NothingToRetry from error


class ModerationActions:
    """Hide, unhide, delete, withdraw and retry, each under the profile's lock and with the row as it is then."""

    @extend_schema(
        request=None,
        responses={200: InteractionSerializer} | CONFLICT,
        examples=examples.HIDE,
        filters=False,
    )
    @action(detail=True, methods=["post"])
    def hide(self, request: Request, pk: str) -> Response:
        """Hide a comment. A live one can be unhidden for ten seconds before its network is asked."""
        return self._change(request, pk, requests.hide)

    @extend_schema(
        request=None,
        responses={200: InteractionSerializer} | CONFLICT,
        examples=examples.UNHIDE,
        filters=False,
    )
    @action(detail=True, methods=["post"])
    def unhide(self, request: Request, pk: str) -> Response:
        """Show a hidden comment again. A live one can be hidden for ten seconds before its network is asked."""
        return self._change(request, pk, requests.unhide)

    @extend_schema(
        parameters=[WithdrawalSerializer],
        responses={200: InteractionSerializer} | CONFLICT,
        examples=examples.WITHDRAW,
        filters=False,
    )
    @action(detail=True, methods=["delete"], url_path="moderation")
    def withdraw(self, request: Request, pk: str) -> Response:
        """Withdraw the latest request to hide, unhide or delete, within ten seconds; the network never hears of it."""
        chosen = WithdrawalSerializer(data=request.query_params)
        chosen.is_valid(raise_exception=True)
        withdrawn = chosen.validated_data.get("action")
        return self._change(request, pk, lambda row, at: requests.withdraw(row, at, withdrawn))

    @extend_schema(
        request=None,
        responses={200: InteractionSerializer} | CONFLICT,
        examples=examples.RETRY,
        filters=False,
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Queue a reply again that was not sent (`send_error` says why). A queued one stays as it is."""
        return self._change(request, pk, replies.retry_reply)

    def allowed_parameters(self) -> list[str]:
        names = super().allowed_parameters()
        return [*names, "action"] if self.action == "withdraw" else names

    @extend_schema(responses={202: InteractionSerializer, 204: None}, examples=examples.DELETION)
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete a comment, or a message that the brand sent. A demo's row is deleted at once (204).

        The deletion of a live row is requested (202): it stays in the inbox until its network has confirmed.
        """
        _refuse_fields(request)
        rows = Interaction.objects.filter(
            profile__owner=request.user
        )  # deleted ones too: a repetition is harmless
        row = self._changed(rows, pk, requests.delete)
        if row.deleted_at or (row.thread and row.thread.is_deleted):
            return Response(status=status.HTTP_204_NO_CONTENT)
        return Response(InteractionSerializer(row).data, status=status.HTTP_202_ACCEPTED)

    def _change(self, request: Request, pk: str, change: Change) -> Response:
        _refuse_fields(request)
        row = self._changed(self.get_queryset(), pk, change)
        return Response(InteractionSerializer(row).data)

    def _changed(self, rows: QuerySet, pk: str, change: Change) -> Interaction:
        """Change the row under its profile's lock; return it as it is then."""
        try:
            with api_errors():
                requests.change_locked(rows, pk, change, now())
        except Interaction.DoesNotExist as error:
            raise Http404 from error
        return get_object_or_404(rows.with_relations(), pk=pk)


def _refuse_fields(request: Request) -> None:
    if request.data:
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
