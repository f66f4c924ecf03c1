"""The pages of logging in and changing the password."""

from math import ceil

from django.contrib import messages
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from rest_framework.exceptions import Throttled

from accounts.throttling import check_log_in, count_failed_log_in


class LogIn(LoginView):
    """The only log-in page, for the admin too; wrong passwords are counted."""

    redirect_authenticated_user = True

    def get_redirect_url(self) -> str:
        """Where `next` says, unless that is here."""
        url = super().get_redirect_url()
        return "" if url == self.request.path else url

    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        try:
            check_log_in(request)
        except Throttled as error:
            wait = {"wait": error.wait}
            answer = self.render_to_response(self.get_context_data(form=self.form_class(request), **wait))
            answer.status_code = error.status_code
            answer.headers["Retry-After"] = str(ceil(error.wait))
            return answer
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: Form) -> HttpResponse:
        count_failed_log_in(self.request)
        return super().form_invalid(form)


class ChangePassword(PasswordChangeView):
    """A new password, which ends every other session and the tokens."""

    template_name = "registration/password.html"
    success_url = reverse_lazy("dashboard")

    def form_valid(self, form: Form) -> HttpResponse:
        answer = super().form_valid(form)
        messages.success(self.request, "Your password is changed; other sessions and tokens have ended.")
        return answer
