"""The pages of logging in and changing the password."""

from math import ceil

from django.contrib import messages
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.views.generic import FormView
from rest_framework.exceptions import Throttled

from accounts.throttling import Attempt, Busy, begin_log_in, name_in, place_to_hash


class PasswordAsked(FormView):
    """A form with a password that is not to be guessed."""

    attempt: Attempt

    def whose_password(self) -> str:
        """The name of the user whose password is asked for."""
        return name_in(self.request.POST)

    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        try:
            with place_to_hash():
                self.attempt = begin_log_in(request, self.whose_password())
                return super().post(request, *args, **kwargs)
        except Throttled as error:
            form = self.get_form_class()(**{**self.get_form_kwargs(), "data": None, "files": None})
            answer = self.render_to_response(
                self.get_context_data(form=form, wait=error.wait, busy=isinstance(error, Busy))
            )
            answer.status_code = error.status_code
            answer.headers["Retry-After"] = str(ceil(error.wait))
            return answer

    def form_valid(self, form: Form) -> HttpResponse:
        self.attempt.forgive()
        return super().form_valid(form)


class LogIn(PasswordAsked, LoginView):
    """The only log-in page, for the admin too."""

    redirect_authenticated_user = True

    def get_redirect_url(self) -> str:
        """Where `next` says, unless that is here."""
        url = super().get_redirect_url()
        return "" if url == self.request.path else url


class LogOut(LogoutView):
    """By POST; whoever follows an address here sees the dashboard."""

    http_method_names = ["get", "post", "options"]

    def get(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        return redirect("dashboard")


class ChangePassword(PasswordAsked, PasswordChangeView):
    """A new password, which ends every other session and the tokens."""

    template_name = "registration/password.html"
    success_url = reverse_lazy("dashboard")

    def whose_password(self) -> str:
        """The user's of the session, whatever the form names."""
        return self.request.user.get_username()

    def form_valid(self, form: Form) -> HttpResponse:
        answer = super().form_valid(form)
        messages.success(self.request, "Your password is changed; other sessions and tokens have ended.")
        return answer

    def form_invalid(self, form: Form) -> HttpResponse:
        if "old_password" not in form.errors:
            self.attempt.forgive()
        return super().form_invalid(form)
