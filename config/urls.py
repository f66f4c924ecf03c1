from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from accounts.api import TokenView
from config import health
from interactions.problems import NoSuchRoute

DOCS = {"url_name": "schema", "http_method_names": ["get", "head"]}

urlpatterns = [
    path("admin/", admin.site.urls),
    re_path(r"^login/?$", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    re_path(r"^logout/?$", LogoutView.as_view(), name="logout"),
    re_path(r"^api/v1/auth/token/?$", TokenView.as_view(), name="token"),
    re_path(r"^api/v1/schema/?$", SpectacularAPIView.as_view(), name="schema"),
    re_path(r"^api/v1/docs/?$", SpectacularSwaggerView.as_view(**DOCS), name="docs"),
    re_path(r"^healthz/?$", health.healthz),
    re_path(r"^readyz/?$", health.readyz),
    re_path(r"^metrics/?$", health.metrics),
    path("", include("interactions.urls")),
    path("", include("demo.urls")),
    re_path(r"^api/v1(/|$)", NoSuchRoute.as_view()),
]
