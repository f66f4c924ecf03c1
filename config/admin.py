"""The admin site: for staff, behind the one log-in page."""

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

MAX_WORDS = 10  # each of which is looked for in every column that a list searches


class Bounded:
    """Mixed into every registered admin: lists are filtered by what they offer and read as the API's are, searches are
    short, actions take any number of rows, and a form is filled in by its row alone."""

    def get_changeform_initial_data(self, request: HttpRequest) -> dict:
        """Nothing: Django fills the form with the address's parameters as they are, and cannot show every text in it."""
        return {}

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model | None:
        """Django takes an empty `_to_field` for the name of a column."""
        return super().get_object(request, object_id, from_field or None)

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **options) -> FormField | None:
        """Fields without a hidden copy of their first value: the log of changes would read what was sent as such a copy,
        and nothing has checked it."""
        return super().formfield_for_dbfield(db_field, request, **options | {"show_hidden_initial": False})

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **options
    ) -> FormField | None:
        if db_field.name in self.get_autocomplete_fields(request):
            options.setdefault("widget", KeySelect(db_field, self.admin_site, using=options.get("using")))
        return super().formfield_for_foreignkey(db_field, request, **options)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """The list with its rows, read in the user's turn."""
        if is_long_search(request.GET.get(SEARCH_VAR, "")):
            sentence = f"Search for at most {MAX_WORDS} words of {MAX_SEARCH_LENGTH} characters together. Nothing was looked for."
            self.message_user(request, sentence, messages.ERROR)

        def read() -> ChangeList:
            changelist = super(Bounded, self).get_changelist_instance(request)
            len(changelist.result_list)  # reads the rows
            return changelist

        return read_within_limits(request.user, read)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """Nothing for a search that is too long."""
        if is_long_search(search_term):
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def lookup_allowed(self, lookup: str, value: object, request: HttpRequest) -> bool:
        """Whether the list offers the filter.

        Django takes any lookup of any column: a regular expression that cannot be read or the year -5 is a 500 then, and
        a search through a column without an index stops a large table's list.
        """
        return any(re.fullmatch(offer, lookup) for offer in map(_offer, self.get_list_filter(request)))

    def response_action(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        """Let a page that asks first send all chosen rows in one field: a form has at most 1,000 fields.

        Django's own page before it deletes makes a field of every row in `queryset`.
        """
        request.POST = request.POST.copy()
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        request.POST.setlist(ACTION_CHECKBOX_NAME, [id for field in chosen for id in field.split(",")])
        response = super().response_action(request, queryset)
        if isinstance(response, TemplateResponse) and "queryset" in response.context_data:
            rows = response.context_data["queryset"].values_list("pk", flat=True)
            response.context_data["queryset"] = [Chosen(",".join(map(str, rows)))]
        return response


class KeySelect(AutocompleteSelect):
    """Django's, in a form that is shown again: of what was sent it looks up only what may be a key."""

    def optgroups(self, name: str, value: list[str], attr: dict | None = None) -> list[tuple]:
        return super().optgroups(name, [one for one in value if self._may_be_key(one)], attr)

    def _may_be_key(self, sent: str) -> bool:
        try:
            self.field.target_field.to_python(sent)
        except ValidationError:
            return False
        return True


def is_long_search(words: str) -> bool:
    return len(words) > MAX_SEARCH_LENGTH or len(words.split()) > MAX_WORDS


class Chosen(NamedTuple):
    """Rows as one field names them."""

    pk: str


def _offer(filtered: object) -> str:
    """The parameters by which Django's filters ask, as a regular expression."""
    if name := getattr(filtered, "parameter_name", None):
        return re.escape(name)
    field = filtered if isinstance(filtered, str) else filtered[0]
    return f"{re.escape(field)}(__(id|pk))?(__(exact|in|isnull|gte|lt))?"


class Site(admin.AdminSite):
    site_header = site_title = "Perennial"
    index_title = "Operations"
    enable_nav_sidebar = False

    def register(self, model_or_iterable, admin_class=None, **options) -> None:
        own = admin_class or admin.ModelAdmin
        super().register(model_or_iterable, type(own.__name__, (Bounded, own), {}), **options)

    def admin_view(
        self, view: Callable[..., HttpResponse], cacheable: bool = False
    ) -> Callable[..., HttpResponse]:
        """Refuse with 400, before any view reads it, what no database can look for."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            try:
                _check(request)
                return inner(request, *args, **kwargs)
            except (DataError, OverflowError) as error:  # a number or a time that fits no column
                return _refused(request, error, "The request has a value that no row can have.")
            except (BadRequest, SuspiciousOperation) as error:
                return _refused(request, error, str(error))

        return guarded

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """Send strangers to the log-in page, where wrong passwords are counted, and staff on; refuse other users."""
        if self.has_permission(request):
            target = request.GET.get("next", "")
            is_ours = url_has_allowed_host_and_scheme(target, request.get_host(), request.is_secure())
            return HttpResponseRedirect(target if is_ours else reverse("admin:index"))
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next", request.path.removesuffix("login/")))

    def password_change(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """The one page for that, which ends tokens too."""
        return redirect("password")


def _refused(request: HttpRequest, error: Exception, why: str) -> HttpResponse:
    """The site's page for what cannot be read, also where DEBUG is on. The log has a line, nothing of the address in it."""
    logger.info("A page of the admin was refused with 400: %s", type(error).__name__)
    return render(request, "400.html", {"why": why[:200]}, status=400)


def _check(request: HttpRequest) -> None:
    """Raise BadRequest for NUL, which PostgreSQL keeps in no text, and for chosen rows that are no numbers, as all ids are."""
    if any("\0" in word for word in _words(request)):
        raise BadRequest("The request has a NUL character.")
    if not all(
        re.fullmatch("[0-9]{1,18}(,[0-9]{1,18})*", id) for id in request.POST.getlist(ACTION_CHECKBOX_NAME)
    ):
        raise BadRequest("A chosen row has no number.")


def _words(request: HttpRequest) -> Iterator[str]:
    yield request.path
    for form in (request.GET, request.POST):
        for name, values in form.lists():
            yield name
            yield from values
