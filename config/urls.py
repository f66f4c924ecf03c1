from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config import health
from interactions.problems import NoSuchRoute

DOCS = {"url_name": "schema", "http_method_names": ["get", "head"]}
handler500 = "interactions.problems.server_failed"

urlpatterns = [
    path("admin/", admin.site.urls),
    re_path(r"^api/v1/schema/?$", SpectacularAPIView.as_view(), name="schema"),
    re_path(r"^api/v1/docs/?$", SpectacularSwaggerSplitView.as_view(**DOCS), name="docs"),
    re_path(r"^healthz/?$", health.healthz),
    re_path(r"^readyz/?$", health.readyz),
    re_path(r"^metrics/?$", health.metrics),
    path("", include("accounts.urls")),
    path("", include("interactions.urls")),
    path("", include("demo.urls")),
    re_path(r"^api/v1(/|$)", NoSuchRoute.as_view()),
]
