"""The pages to log in, to log out and to change the password. Routed by `accounts/urls.py`."""

from math import ceil

from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views.generic import FormView
from rest_framework.exceptions import Throttled

from accounts.next_message import show_next
from accounts.throttling import (
    LogInAttempt,
    TooManyLogIns,
    count_login_attempt,
    password_check_slot,
    submitted_username,
)


class PasswordFormView(FormView):
    """A form that checks a password, with the limits on wrong passwords."""

    attempt: LogInAttempt

    def checked_username(self) -> str:
        """Return the name of the user whose password is checked."""
        return submitted_username(self.request.POST)

    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        try:
            with password_check_slot():
                self.attempt = count_login_attempt(request, self.checked_username())
                return super().post(request, *args, **kwargs)
        except Throttled as error:
            return self._throttled(error)

    def _throttled(self, error: Throttled) -> HttpResponse:
        """Return the empty form with the time to wait."""
        form = self.get_form_class()(**{**self.get_form_kwargs(), "data": None, "files": None})
        context = self.get_context_data(form=form, wait=error.wait, busy=isinstance(error, TooManyLogIns))
        response = self.render_to_response(context)
        response.status_code = error.status_code
        response.headers["Retry-After"] = str(ceil(error.wait))
        return response

    def form_valid(self, form: Form) -> HttpResponse:
        self.attempt.succeeded()
        return super().form_valid(form)


class LogIn(PasswordFormView, LoginView):
    """The only log-in page, also for the admin."""

    redirect_authenticated_user = True

    def get_redirect_url(self) -> str:
        """Return the page named by `next`; "" when that is the log-in page itself."""
        url = super().get_redirect_url()
        return "" if url == self.request.path else url

    def form_invalid(self, form: Form) -> HttpResponse:
        """Show the form again with the user name; the focus is on the password, unless the user name was left out."""
        if "username" not in form.errors:
            form.fields["username"].widget.attrs.pop("autofocus")
            form.fields["password"].widget.attrs["autofocus"] = True
        return super().form_invalid(form)


class LogOut(LogoutView):
    """Logs out by POST; a GET shows the dashboard."""

    http_method_names = ["get", "post", "options"]

    def get(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        return redirect("dashboard")


class ChangePassword(PasswordFormView, PasswordChangeView):
    """Sets a new password, which ends the user's other sessions and all tokens."""

    template_name = "registration/password.html"
    success_url = reverse_lazy("dashboard")

    def checked_username(self) -> str:
        """Return the logged-in user's name, whatever name the form contains."""
        return self.request.user.get_username()

    def form_valid(self, form: Form) -> HttpResponse:
        response = super().form_valid(form)
        show_next(self.request, _("Your password is changed; other sessions and tokens have ended."))
        return response

    def form_invalid(self, form: Form) -> HttpResponse:
        if "old_password" not in form.errors:
            self.attempt.succeeded()
        return super().form_invalid(form)
