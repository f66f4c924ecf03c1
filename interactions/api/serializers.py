"""The JSON of rows: the columns' names, relations as ids."""

from rest_framework import serializers

from accounts.models import Profile
from interactions.models import Content, Interaction


class AuthorSerializer(serializers.Serializer):
    id = serializers.CharField(source="author_id")
    handle = serializers.CharField(source="author_handle")
    name = serializers.CharField(source="author_name")


class ProfileSerializer(serializers.ModelSerializer):
    class Meta:
        model = Profile
        fields = ["id", "uuid", "platform", "platform_id", "handle", "display_name", "is_demo"]
        read_only_fields = fields


class ContentSerializer(serializers.ModelSerializer):
    platform = serializers.CharField(source="profile.platform", read_only=True)

    class Meta:
        model = Content
        fields = [
            *["id", "profile", "platform", "platform_id", "kind", "text", "url"],
            *["posted_at", "received_at", "views", "likes", "shares", "is_demo", "deleted_at"],
        ]
        read_only_fields = fields


class InteractionSerializer(serializers.ModelSerializer):
    platform = serializers.CharField(source="profile.platform", read_only=True)
    author = AuthorSerializer(source="*", read_only=True)

    class Meta:
        model = Interaction
        fields = [
            *["id", "profile", "platform", "content", "parent", "platform_id", "type", "direction", "author"],
            *["conversation_id", "text", "status", "read_at", "sentiment"],
            *["posted_at", "received_at", "is_demo", "deleted_at"],
        ]
        read_only_fields = [name for name in fields if name != "status"]
