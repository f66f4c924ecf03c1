"""The admin site, and the base of every registered model admin. Django uses it by `config.apps.OperationsConfig`."""

import logging
import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import NamedTuple

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation, ValidationError
from django.db import DataError
from django.db.models import Field, ForeignKey, Model, QuerySet
from django.forms import Field as FormField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from interactions.read_limits import read_within_limits
from interactions.text_search import MAX_SEARCH_LENGTH

logger = logging.getLogger(__name__)

MAX_SEARCH_WORDS = 10  # each word is searched in every search column of a list


class SafeAdmin:
    """Mixin of every registered model admin.

    Lists accept only the filters that they offer and read under the API's limits. Long searches are refused. Actions
    take any number of rows. Forms take their values from the row, never from the URL.
    """

    def get_changeform_initial_data(self, request: HttpRequest) -> dict:
        """Nothing. Django would fill the form with the URL's parameters unchecked, and fails to render some of them."""
        return {}

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model | None:
        """Ignore an empty `_to_field`, which Django would treat as a column name."""
        return super().get_object(request, object_id, from_field or None)

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **options) -> FormField | None:
        """Omit the hidden copy of the initial value: Django's change log reads it back without validating it."""
        return super().formfield_for_dbfield(db_field, request, **options | {"show_hidden_initial": False})

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **options
    ) -> FormField | None:
        if db_field.name in self.get_autocomplete_fields(request):
            options.setdefault("widget", KeySelect(db_field, self.admin_site, using=options.get("using")))
        return super().formfield_for_foreignkey(db_field, request, **options)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """The list with its rows, read under the user's read limit (`read_within_limits`)."""
        if is_long_search(request.GET.get(SEARCH_VAR, "")):
            sentence = (
                f"Search for at most {MAX_SEARCH_WORDS} words of {MAX_SEARCH_LENGTH} characters in total."
                " Nothing was searched."
            )
            self.message_user(request, sentence, messages.ERROR)

        def read() -> ChangeList:
            changelist = super(SafeAdmin, self).get_changelist_instance(request)
            len(changelist.result_list)  # evaluates the query
            return changelist

        return read_within_limits(request.user, read)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """No rows for a search that is too long."""
        if is_long_search(search_term):
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def lookup_allowed(self, lookup: str, value: object, request: HttpRequest) -> bool:
        """Whether the list offers the filter.

        Django accepts any lookup of any column. An invalid regular expression or the year -5 would then answer 500, and a
        filter on a column without an index would scan a large table.
        """
        filters = self.get_list_filter(request)
        return any(re.fullmatch(_parameter_pattern(offered), lookup) for offered in filters)

    def response_action(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        """Let a confirmation page send all selected ids in one field, separated by commas.

        Django's confirmation page makes one field per row of `queryset`, and a form may have at most 1,000 fields.
        """
        request.POST = request.POST.copy()
        fields = request.POST.getlist(ACTION_CHECKBOX_NAME)
        request.POST.setlist(ACTION_CHECKBOX_NAME, [id for field in fields for id in field.split(",")])
        response = super().response_action(request, queryset)
        if isinstance(response, TemplateResponse) and "queryset" in response.context_data:
            rows = response.context_data["queryset"].values_list("pk", flat=True)
            response.context_data["queryset"] = [SelectedRows(",".join(map(str, rows)))]
        return response


class KeySelect(AutocompleteSelect):
    """Autocomplete widget that survives invalid input: it looks up only submitted values that can be primary keys."""

    def optgroups(self, name: str, value: list[str], attr: dict | None = None) -> list[tuple]:
        return super().optgroups(
            name, [submitted for submitted in value if self._may_be_key(submitted)], attr
        )

    def _may_be_key(self, submitted: str) -> bool:
        try:
            self.field.target_field.to_python(submitted)
        except ValidationError:
            return False
        return True


def is_long_search(words: str) -> bool:
    return len(words) > MAX_SEARCH_LENGTH or len(words.split()) > MAX_SEARCH_WORDS


class SelectedRows(NamedTuple):
    """Stands for all selected rows on a confirmation page; `pk` is their ids, separated by commas."""

    pk: str


def _parameter_pattern(list_filter: object) -> str:
    """A regular expression for the URL parameters of one entry of `list_filter`."""
    if name := getattr(list_filter, "parameter_name", None):
        return re.escape(name)
    field = list_filter if isinstance(list_filter, str) else list_filter[0]
    return f"{re.escape(field)}(__(id|pk))?(__(exact|in|isnull|gte|lt))?"


class Site(admin.AdminSite):
    site_header = site_title = "Perennial"
    index_title = "Operations"
    enable_nav_sidebar = False

    def register(self, model_or_iterable, admin_class=None, **options) -> None:
        base = admin_class or admin.ModelAdmin
        super().register(model_or_iterable, type(base.__name__, (SafeAdmin, base), {}), **options)

    def admin_view(
        self, view: Callable[..., HttpResponse], cacheable: bool = False
    ) -> Callable[..., HttpResponse]:
        """Answer 400 to values that no database can store, before a view reads them."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            try:
                _check_values(request)
                return inner(request, *args, **kwargs)
            except (DataError, OverflowError) as error:  # a number or a time outside of the column's range
                return _bad_request(request, error, "The request has a value that no row can have.")
            except (BadRequest, SuspiciousOperation) as error:
                return _bad_request(request, error, str(error))

        return guarded

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """Redirect anonymous users to the site's log-in page, which throttles failures; answer 403 to users who are not staff."""
        if self.has_permission(request):
            target = request.GET.get("next", "")
            is_safe = url_has_allowed_host_and_scheme(target, request.get_host(), request.is_secure())
            return HttpResponseRedirect(target if is_safe else reverse("admin:index"))
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next", request.path.removesuffix("login/")))

    def password_change(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """Redirect to the site's own page, which also revokes the user's tokens."""
        return redirect("password")


def _bad_request(request: HttpRequest, error: Exception, why: str) -> HttpResponse:
    """The site's 400 page, also under DEBUG. The log line leaves out the URL, which may hold search words."""
    logger.info("An admin request was refused with 400: %s", type(error).__name__)
    return render(request, "400.html", {"why": why[:200]}, status=400)


def _check_values(request: HttpRequest) -> None:
    """Raise BadRequest for NUL, which PostgreSQL cannot store, and for selected ids that are not numbers."""
    if any("\0" in text for text in _texts(request)):
        raise BadRequest("The request has a NUL character.")
    selected = request.POST.getlist(ACTION_CHECKBOX_NAME)
    if not all(re.fullmatch("[0-9]{1,18}(,[0-9]{1,18})*", ids) for ids in selected):
        raise BadRequest("The id of a selected row is not a number.")


def _texts(request: HttpRequest) -> Iterator[str]:
    """The path and every name and value of the query and the form."""
    yield request.path
    for form in (request.GET, request.POST):
        for name, values in form.lists():
            yield name
            yield from values
