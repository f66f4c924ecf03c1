"""Routes of the log-in, log-out and password pages, and of the accounts API."""

from django.urls import include, path, re_path

from accounts import views

urlpatterns = [
    path("api/v1/", include("accounts.api.urls")),
    re_path(r"^login/?$", views.LogIn.as_view(), name="login"),
    re_path(r"^logout/?$", views.LogOut.as_view(), name="logout"),
    re_path(r"^password/?$", views.ChangePassword.as_view(), name="password"),
]
