"""API view of the caller's inbox rules. Routed by `urls.py`; other users' ids answer 404."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_serializer, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.name_field import NameField
from accounts.api.strict_input import StrictSerializer
from accounts.models import User
from interactions.api import examples
from interactions.api.profile_field import NO_PROFILE, OwnProfileField
from interactions.api.views import RowsViewSet
from interactions.clock import now
from interactions.models import (
    LABEL_LENGTH,
    MAX_RULE_VALUE,
    MAX_RULES,
    InboxRule,
    InboxRuleChanged,
    TooManyInboxRules,
)
from interactions.moderation.dry_run import MAX_DRY_RUN_ROWS, dry_run
from interactions.moderation.languages import LANGUAGES
from interactions.moderation.matching import Rule
from interactions.moderation.rule_errors import rule_errors
from interactions.problems import CONFLICT, MEDIA_TYPE, Conflict, ProblemSerializer
from interactions.read_limits import read_within_limits

VALUE_HELP = (
    "word: one or more whole words in sequence, in any case and without accents; author: an exact handle or author id;"
    f" language: one of {', '.join(LANGUAGES)}."
)


class TooMany(Conflict):
    default_detail = f"You have {MAX_RULES} inbox rules, which is the maximum."
    hint = "Delete one that you no longer need."


class ChangedMeanwhile(Conflict):
    default_detail = "The rule was changed by another request meanwhile."
    hint = "Read it, and send your change again."


class NullableLabelField(NameField):
    """A label's name; null is stored as the empty text."""

    def __init__(self, **options: Any) -> None:
        super().__init__("The label", LABEL_LENGTH, allow_null=True, **options)

    def to_representation(self, value: str) -> str | None:
        return value or None


class RuleSerializer(StrictSerializer, serializers.ModelSerializer):
    """What a rule does: its condition and action. Also the body of a dry run."""

    profile = OwnProfileField(allow_null=True, required=False, help_text="Null: all your profiles.")
    condition = serializers.ChoiceField(choices=InboxRule.Condition.choices)
    value = serializers.CharField(max_length=MAX_RULE_VALUE, help_text=VALUE_HELP)
    action = serializers.ChoiceField(choices=InboxRule.Action.choices)
    label = NullableLabelField(required=False, help_text="Needed by the action label, null with the others.")

    class Meta:
        model = InboxRule
        fields = ["profile", "condition", "value", "action", "label"]

    def validate(self, values: dict) -> dict:
        """Check the values together with those that a change leaves as they are."""
        if "label" in values:
            values["label"] = values["label"] or ""
        names = ("condition", "value", "action", "label")
        stored = {name: getattr(self.instance, name) for name in names} if self.instance else {}
        merged = {"label": ""} | stored | values
        if errors := rule_errors(*(merged[name] for name in names)):
            raise serializers.ValidationError({name: [sentence] for name, sentence in errors.items()})
        if merged["action"] != InboxRule.Action.LABEL and merged["label"]:
            if values.get("label"):
                raise serializers.ValidationError({"label": ["Only the action label has a label."]})
            values["label"] = ""  # another action replaces the label
        return values


@extend_schema_serializer(examples=examples.INBOX_RULE)
class InboxRuleSerializer(RuleSerializer):
    """A rule for comments and messages that arrive. Of your enabled rules the first by position that matches acts."""

    position = serializers.IntegerField(
        min_value=1,
        max_value=MAX_RULES,
        required=False,
        help_text="From 1 on; the others make room. A new rule without it, or a number above the last, is the last.",
    )
    enabled = serializers.BooleanField(
        required=False, help_text="False: it stays in the list and does nothing. A new rule is enabled."
    )

    class Meta:
        model = InboxRule
        fields = ["id", "position", *RuleSerializer.Meta.fields, "enabled", "created_at", "updated_at"]
        read_only_fields = ["id", "created_at", "updated_at"]
        validators: list = []  # the database moves the others


class DryRunSerializer(serializers.Serializer):
    """What a rule would have matched among the newest received rows."""

    read = serializers.IntegerField(help_text=f"How many rows were compared, at most {MAX_DRY_RUN_ROWS}.")
    matched = serializers.IntegerField()
    ids = serializers.ListField(child=serializers.IntegerField(), help_text="Newest first.")


class WholeList(BasePagination):
    """A list of few rows on one page, in the format of the others."""

    def paginate_queryset(self, queryset, request: Request, view=None) -> list:
        return list(queryset)

    def get_paginated_response(self, data: list) -> Response:
        return Response({"next": None, "previous": None, "results": data})

    def get_paginated_response_schema(self, schema: dict) -> dict:
        link = {"type": "string", "nullable": True, "format": "uri", "example": None}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }


@contextmanager
def _api_errors() -> Iterator[None]:
    """Raise the error of the API for each error of the model."""
    try:
        yield
    except TooManyInboxRules as error:
        raise TooMany from error
    except InboxRuleChanged as error:
        raise ChangedMeanwhile from error
    except (InboxRule.DoesNotExist, User.DoesNotExist) as error:
        raise Http404 from error


@extend_schema_view(
    list=extend_schema(description="Your rules in the order in which they are tried, on one page."),
    create=extend_schema(
        description=f"Add a rule, at a position or as the last; a user has at most {MAX_RULES}.",
        responses={201: InboxRuleSerializer} | NO_PROFILE | CONFLICT,
    ),
    partial_update=extend_schema(
        description="Change a rule or its position, from then on. 409 when it was changed meanwhile.",
        responses={200: InboxRuleSerializer} | NO_PROFILE | CONFLICT,
    ),
    destroy=extend_schema(description="Delete a rule. What it has done stays.", responses={204: None}),
)
class InboxRuleViewSet(
    mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, RowsViewSet
):
    """What is done with comments and messages when they arrive: hide, label or done, by a word, author or language."""

    serializer_class = InboxRuleSerializer
    pagination_class = WholeList
    http_method_names = ["get", "head", "options", "post", "patch", "delete"]
    queryset = InboxRule.objects.none()

    def get_queryset(self):
        return InboxRule.objects.owned_by(self.request.user).select_related("profile")

    def perform_create(self, serializer: InboxRuleSerializer) -> None:
        with _api_errors():
            row = InboxRule.objects.store(self.request.user, now=now(), **serializer.validated_data)
            serializer.instance = self.get_queryset().get(pk=row.pk)

    def perform_update(self, serializer: InboxRuleSerializer) -> None:
        """Change only the sent fields; answer the row as it is stored then."""
        row = serializer.instance
        with _api_errors():
            if serializer.validated_data:
                InboxRule.objects.change(row, now(), **serializer.validated_data)
            serializer.instance = self.get_queryset().get(pk=row.pk)

    @extend_schema(
        request=RuleSerializer,
        responses={200: DryRunSerializer, (429, MEDIA_TYPE): ProblemSerializer} | NO_PROFILE,
        examples=examples.DRY_RUN,
        filters=False,
    )
    @action(detail=False, methods=["post"], url_path="dry-run")
    def dry_run(self, request: Request) -> Response:
        """Say which of the newest 500 received comments and messages a rule matches; it changes nothing."""
        serializer = RuleSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        profile = values.pop("profile", None)
        rule = Rule(**values, profile_id=profile and profile.pk)
        result = read_within_limits(request.user, lambda: dry_run(request.user, rule))
        return Response(DryRunSerializer(result).data)
