"""The admin site: for staff, behind the one log-in page."""

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect


class Site(admin.AdminSite):
    site_header = site_title = "Perennial"
    index_title = "Operations"
    enable_nav_sidebar = False

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """Send strangers to the log-in page, where wrong passwords are counted; refuse users who are not staff."""
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next", request.path.removesuffix("login/")))

    def password_change(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """The one page for that, which ends tokens too."""
        return redirect("password")
