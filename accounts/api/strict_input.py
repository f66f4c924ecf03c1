"""Refusing what a route does not know or cannot mean, so that an error is not passed over: fields of a body, parameters."""

from collections.abc import Iterable

from django.http import QueryDict
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from accounts.api.json_types import read_form, wrong_types
from accounts.names import MAX_QUOTED_LENGTH

MAX_NAMED = 10
EMPTY = "{} is empty; give it a value or leave it out."


class Known(serializers.Serializer):
    """Takes no field that it does not have, each in its JSON type only, and of a form none twice.

    One without fields takes none.
    """

    what = "field"

    def to_internal_value(self, data):
        fields = {name: field for name, field in self.fields.items() if not field.read_only}
        errors = unknown(data, list(fields), self.what)
        if isinstance(data, QueryDict):
            errors = errors or twice(data, fields)
            data = read_form(fields, data)
        if errors := errors or wrong_types(fields, data):
            raise serializers.ValidationError(errors)
        return super().to_internal_value(data)


class KnownParameters(APIView):
    """A view that refuses a parameter of the query that it does not have, that is given twice, or that is empty."""

    parameters: tuple[str, ...] = ()  # besides those of its filters and pages

    def initial(self, request: Request, *args, **kwargs) -> None:
        super().initial(request, *args, **kwargs)
        refuse_parameters(request.query_params, self.known_parameters())

    def known_parameters(self) -> list[str]:
        return list(self.parameters)


class KnownFilters(KnownParameters):
    """The same of a generic view, whose lists have filters and pages."""

    def known_parameters(self) -> list[str]:
        if getattr(self, "action", "list") != "list":
            return super().known_parameters()
        backends = [backend() for backend in self.filter_backends]
        filters = [one.get_filterset_class(self, self.get_queryset()) for one in backends]
        names = [name for one in filters if one for name in one.base_filters]
        pages = [self.paginator.cursor_query_param, self.paginator.page_size_query_param]
        return [*super().known_parameters(), *names, *pages]


def refuse_parameters(given: QueryDict, known: Iterable[str]) -> None:
    """Raise ValidationError when a parameter is not `known`, is there more than once, or holds nothing but blanks.

    An empty one is a client's variable that was not set, rather than the wish to have everything.

    `format` is REST framework's own, and taken everywhere.
    """
    taken = [*known, api_settings.URL_FORMAT_OVERRIDE]
    errors = unknown(given, taken, "parameter", shown=taken[:-1])
    errors |= empty(given, taken) | twice(given, taken)
    if errors:
        raise serializers.ValidationError(errors)


def empty(given: QueryDict, names: Iterable[str]) -> dict[str, list[str]]:
    """An error for each of the `names` that is `given` without a value."""
    blank = [name for name in names if name in given and not given[name].strip()]
    return {name: [EMPTY.format(name)] for name in blank}


def twice(given: QueryDict, names: Iterable[str]) -> dict[str, list[str]]:
    """An error for each of the `names` that is `given` more than once, at most MAX_NAMED."""
    counts = [(name[:MAX_QUOTED_LENGTH], len(given.getlist(name))) for name in names]
    several = [(name, count) for name, count in counts if count > 1][:MAX_NAMED]
    return {name: [f"Send {name} once; it was sent {count} times."] for name, count in several}


def unknown(
    given: Iterable[str], known: list[str], what: str, shown: list[str] | None = None
) -> dict[str, list[str]]:
    """An error for each of the names `given` that is not `known`, at most MAX_NAMED, which says what there is."""
    names = sorted(set(given) - set(known))[:MAX_NAMED]
    there = ", ".join(known if shown is None else shown)
    sentence = f"There is no such {what}; there {f'are {there}' if there else 'is none here'}."
    return {name[:MAX_QUOTED_LENGTH]: [sentence] for name in names}
