"""Routes of the log-in, log-out and password pages, and of the accounts API."""

from django.urls import include, path, re_path

from accounts import settings_pages, views
from accounts.routes import routes

urlpatterns = [
    path("api/v1/", include("accounts.api.urls")),
    re_path(r"^login/?$", views.LogIn.as_view(), name="login"),
    re_path(r"^logout/?$", views.LogOut.as_view(), name="logout"),
    re_path(r"^password/?$", views.ChangePassword.as_view(), name="password"),
    *routes("settings", settings_pages.preferences, "settings"),
    *routes("settings/theme", settings_pages.theme, "settings-theme"),
    *routes("settings/tokens", settings_pages.tokens, "settings-tokens"),
    *routes(
        "settings/tokens/(?P<id>[0-9a-zA-Z]{1,25})/revoke", settings_pages.revoke, "settings-tokens-revoke"
    ),
]
