"""Profiles, content and interactions of the user who asks; another user's rows do not exist here."""

from rest_framework import mixins, viewsets

from accounts.models import Profile
from interactions.api.filters import ContentFilter, InteractionFilter
from interactions.api.pagination import ById, NewestFirst
from interactions.api.serializers import ContentSerializer, InteractionSerializer, ProfileSerializer
from interactions.models import Content, Interaction


class ProfileViewSet(viewsets.ReadOnlyModelViewSet):
    serializer_class = ProfileSerializer
    pagination_class = ById
    queryset = Profile.objects.none()

    def get_queryset(self):
        return Profile.objects.owned_by(self.request.user)


class ContentViewSet(viewsets.ReadOnlyModelViewSet):
    serializer_class = ContentSerializer
    pagination_class = NewestFirst
    filterset_class = ContentFilter
    queryset = Content.objects.none()

    def get_queryset(self):
        return Content.objects.visible_to(self.request.user).select_related("profile")


class InteractionViewSet(mixins.UpdateModelMixin, viewsets.ReadOnlyModelViewSet):
    serializer_class = InteractionSerializer
    pagination_class = NewestFirst
    filterset_class = InteractionFilter
    http_method_names = ["get", "head", "options", "patch"]
    queryset = Interaction.objects.none()

    def get_queryset(self):
        return Interaction.objects.visible_to(self.request.user).select_related("profile")
