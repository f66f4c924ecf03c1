"""Base classes of the API's serializers and views, which refuse unknown fields and query parameters with an error."""

from collections.abc import Iterable

from django.http import QueryDict
from rest_framework import serializers
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from accounts.api.json_types import form_to_json, type_errors
from accounts.names import MAX_QUOTED_LENGTH

MAX_ERRORS = 10  # names in one answer
EMPTY_ERROR = "{} is empty; give it a value or leave it out."


class StrictSerializer(serializers.Serializer):
    """Refuses unknown fields, values of another JSON type, and fields that a form has more than once.

    A serializer without fields refuses every field.
    """

    noun = "field"

    def to_internal_value(self, data):
        fields = {name: field for name, field in self.fields.items() if not field.read_only}
        errors = unknown_errors(data, list(fields), self.noun)
        if isinstance(data, QueryDict):
            errors = errors or repeated_errors(data, fields)
            data = form_to_json(fields, data)
        if errors := errors or type_errors(fields, data):
            raise serializers.ValidationError(errors)
        return super().to_internal_value(data)


class StrictQueryView(APIView):
    """A view that refuses query parameters that are unknown, repeated or empty."""

    parameters: tuple[str, ...] = ()  # besides those of filters and pagination

    def initial(self, request: Request, *args, **kwargs) -> None:
        super().initial(request, *args, **kwargs)
        check_parameters(request.query_params, self.allowed_parameters())

    def allowed_parameters(self) -> list[str]:
        return list(self.parameters)


class StrictListView(StrictQueryView):
    """The same for a generic view; its lists also allow the parameters of their filters and pagination, if any."""

    def allowed_parameters(self) -> list[str]:
        if getattr(self, "action", "list") != "list":
            return super().allowed_parameters()
        backends = [backend() for backend in self.filter_backends]
        filtersets = [backend.get_filterset_class(self, self.get_queryset()) for backend in backends]
        filters = [name for filterset in filtersets if filterset for name in filterset.base_filters]
        names = [*super().allowed_parameters(), *filters]
        if isinstance(self.paginator, CursorPagination):
            names += [self.paginator.cursor_query_param, self.paginator.page_size_query_param]
        return names


def check_parameters(query: QueryDict, allowed: Iterable[str]) -> None:
    """Raise ValidationError when a parameter is not `allowed`, is repeated, or is empty or blank.

    An empty parameter is more likely a mistake of the client than a request for all rows. REST framework's own
    parameter `format` is always allowed.
    """
    names = [*allowed, api_settings.URL_FORMAT_OVERRIDE]
    errors = unknown_errors(query, names, "parameter", listed=names[:-1])
    errors |= empty_errors(query, names) | repeated_errors(query, names)
    if errors:
        raise serializers.ValidationError(errors)


def empty_errors(query: QueryDict, names: Iterable[str]) -> dict[str, list[str]]:
    """Return an error for each of the `names` that `query` has without a value."""
    empty = [name for name in names if name in query and not query[name].strip()]
    return {name: [EMPTY_ERROR.format(name)] for name in empty}


def repeated_errors(query: QueryDict, names: Iterable[str]) -> dict[str, list[str]]:
    """Return an error for each of the `names` that `query` has more than once, at most MAX_ERRORS."""
    counts = [(name[:MAX_QUOTED_LENGTH], len(query.getlist(name))) for name in names]
    repeated = [(name, count) for name, count in counts if count > 1][:MAX_ERRORS]
    return {name: [f"Send {name} once; it was sent {count} times."] for name, count in repeated}


def unknown_errors(
    names: Iterable[str], allowed: list[str], noun: str, listed: list[str] | None = None
) -> dict[str, list[str]]:
    """Return an error for each of the `names` that is not `allowed`, at most MAX_ERRORS.

    The errors list the `allowed` names, or only those `listed`; `noun` names their kind, such as "field".
    """
    unknown = sorted(set(names) - set(allowed))[:MAX_ERRORS]
    known = ", ".join(allowed if listed is None else listed)
    sentence = f"There is no such {noun}; there {f'are {known}' if known else 'is none here'}."
    return {name[:MAX_QUOTED_LENGTH]: [sentence] for name in unknown}
