"""API view of the authors that the caller has blocked. Routed by `urls.py`; other users' ids answer 404."""

from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_serializer, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.name_field import NameField
from accounts.api.strict_input import StrictSerializer
from accounts.models import Profile
from interactions.api import examples
from interactions.api.profile_field import NO_PROFILE, OwnProfileField
from interactions.api.views import RowsViewSet
from interactions.clock import now
from interactions.events import ID_LENGTH, NAME_LENGTH
from interactions.models import MAX_BLOCKED, BlockedAuthor
from interactions.moderation.blocking import TooManyBlockedAuthors, block_and_hide, unblock
from interactions.problems import MEDIA_TYPE, Conflict, ProblemSerializer


class TooMany(Conflict):
    default_detail = f"{MAX_BLOCKED:,} authors are blocked on this profile, which is the maximum."
    hint = "Unblock one who no longer writes."


@extend_schema_serializer(examples=examples.BLOCKED_AUTHOR)
class BlockedAuthorSerializer(StrictSerializer, serializers.ModelSerializer):
    """An author who is blocked on a profile. `is_hiding`: earlier comments are still being hidden."""

    profile = OwnProfileField()
    author_id = serializers.CharField(
        max_length=ID_LENGTH, trim_whitespace=False, help_text="The author's id on the platform: `author.id`."
    )
    name = NameField("The name", NAME_LENGTH, default="", help_text="How your list names the author.")

    class Meta:
        model = BlockedAuthor
        fields = ["id", "profile", "author_id", "name", "created_at", "is_hiding"]
        read_only_fields = ["id", "created_at", "is_hiding"]
        validators: list = []  # a repeated request is no error

    def validate(self, values: dict) -> dict:
        if values["author_id"] == values["profile"].platform_id:
            raise serializers.ValidationError({"author_id": ["This is the id of the profile itself."]})
        return values


@extend_schema_view(
    destroy=extend_schema(
        description="Unblock the author. What is hidden stays hidden; unhide it where you want.",
        responses={204: None},
    ),
)
class BlockedAuthorViewSet(mixins.DestroyModelMixin, RowsViewSet):
    """Authors whose comments are hidden, those stored before and those to come; threads of their messages are archived."""

    serializer_class = BlockedAuthorSerializer
    http_method_names = ["get", "head", "options", "post", "delete"]
    queryset = BlockedAuthor.objects.none()

    def get_queryset(self):
        return BlockedAuthor.objects.visible_to(self.request.user).select_related("profile")

    def perform_destroy(self, instance: BlockedAuthor) -> None:
        unblock(instance)

    @extend_schema(
        responses={
            200: BlockedAuthorSerializer,
            201: BlockedAuthorSerializer,
            **NO_PROFILE,
            (409, MEDIA_TYPE): ProblemSerializer,
        }
    )
    def create(self, request: Request) -> Response:
        """Block an author on a profile; 200 if that was done before. A profile has at most 1,000."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        try:
            row, is_new = block_and_hide(**serializer.validated_data, now=now())
        except TooManyBlockedAuthors as error:
            raise TooMany from error
        except Profile.DoesNotExist as error:
            raise Http404 from error
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(self.get_serializer(row).data, status=code)
