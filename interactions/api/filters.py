"""Filters of the lists."""

import django_filters

from accounts.models import Platform
from interactions.models import Content, Interaction


class ContentFilter(django_filters.FilterSet):
    platform = django_filters.ChoiceFilter(field_name="profile__platform", choices=Platform.choices)
    posted_after = django_filters.IsoDateTimeFilter(field_name="posted_at", lookup_expr="gte")
    posted_before = django_filters.IsoDateTimeFilter(field_name="posted_at", lookup_expr="lt")
    search = django_filters.CharFilter(field_name="text", lookup_expr="icontains")
    profile = django_filters.NumberFilter(field_name="profile_id")

    class Meta:
        model = Content
        fields = ["platform", "profile", "is_demo"]


class InteractionFilter(ContentFilter):
    content = django_filters.NumberFilter(field_name="content_id")

    class Meta:
        model = Interaction
        fields = ["type", "platform", "profile", "content", "status", "direction", "is_demo", "sentiment"]
