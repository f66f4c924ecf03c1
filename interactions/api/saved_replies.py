"""API view of the caller's saved replies. Routed by `urls.py`; other users' saved replies answer 404."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_serializer, extend_schema_view
from rest_framework import mixins, serializers

from accounts.api.name_field import NameField
from accounts.api.strict_input import StrictSerializer
from accounts.models import User
from interactions.api import examples
from interactions.api.views import RowsViewSet
from interactions.clock import now
from interactions.models import (
    MAX_REPLIES,
    MAX_REPLY_NAME,
    MAX_REPLY_TEXT,
    SavedReply,
    SavedReplyNameTaken,
    TooManySavedReplies,
)
from interactions.problems import CONFLICT, Conflict
from interactions.saved_replies import VARIABLES, InvalidSavedReply, check

VARIABLES_HELP = "Variables: " + ", ".join(f"{{{name}}} ({value})" for name, value in VARIABLES.items())


class NameTaken(Conflict):
    default_detail = "You have a saved reply of that name; upper and lower case do not count."
    hint = "Choose another name, or change the saved reply of that name: GET saved-replies/ has its id."


class TooMany(Conflict):
    default_detail = f"You have {MAX_REPLIES} saved replies, which is the maximum."
    hint = "Delete one that you no longer need."


@extend_schema_serializer(examples=examples.SAVED_REPLY)
class SavedReplySerializer(StrictSerializer, serializers.ModelSerializer):
    """A saved reply; only its name and text can be changed."""

    name = NameField(
        "The name", MAX_REPLY_NAME, help_text="Unique among your saved replies, in upper or lower case."
    )
    text = serializers.CharField(
        max_length=MAX_REPLY_TEXT,
        help_text=f"{VARIABLES_HELP}. {{first_name|there}} writes there when the name is not known;"
        " {{ and }} write braces.",
    )

    class Meta:
        model = SavedReply
        fields = ["id", "name", "text", "created_at", "updated_at"]
        read_only_fields = ["id", "created_at", "updated_at"]

    def validate_text(self, text: str) -> str:
        try:
            check(text)
        except InvalidSavedReply as error:
            raise serializers.ValidationError(str(error)) from error
        return text


@contextmanager
def _api_errors() -> Iterator[None]:
    """Raise the error of the API for each error of the model."""
    try:
        yield
    except SavedReplyNameTaken as error:
        raise NameTaken from error
    except TooManySavedReplies as error:
        raise TooMany from error
    except (SavedReply.DoesNotExist, User.DoesNotExist) as error:
        raise Http404 from error


@extend_schema_view(
    create=extend_schema(
        description=f"Save a reply; a user has at most {MAX_REPLIES}.",
        responses={201: SavedReplySerializer} | CONFLICT,
    ),
    partial_update=extend_schema(
        description="Change the name or the text, or both.",
        responses={200: SavedReplySerializer} | CONFLICT,
    ),
    destroy=extend_schema(description="Delete a saved reply.", responses={204: None}),
)
class SavedReplyViewSet(
    mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, RowsViewSet
):
    """Texts that the user saves to send them often. A reply itself is sent by `interactions/{id}/reply/`."""

    serializer_class = SavedReplySerializer
    http_method_names = ["get", "head", "options", "post", "patch", "delete"]
    queryset = SavedReply.objects.none()

    def get_queryset(self):
        return SavedReply.objects.owned_by(self.request.user)

    def perform_create(self, serializer: SavedReplySerializer) -> None:
        with _api_errors():
            serializer.instance = SavedReply.objects.store(
                self.request.user, now=now(), **serializer.validated_data
            )

    def perform_update(self, serializer: SavedReplySerializer) -> None:
        """Change only the sent fields; answer the row as it is stored then."""
        row = serializer.instance
        with _api_errors():
            if serializer.validated_data:
                row.change(now(), **serializer.validated_data)
            serializer.instance = self.get_queryset().get(pk=row.pk)
