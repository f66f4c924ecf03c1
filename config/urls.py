"""All routes, as the settings name them: the admin, the OpenAPI document, health, then those of the apps."""

from csp.decorators import csp_update
from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularSwaggerSplitView

from config import health
from config.openapi import SchemaView
from interactions.problems import UnknownRouteView

DOCS = {"url_name": "schema", "http_method_names": ["get", "head"]}
handler400 = "interactions.problems.bad_request"
handler500 = "interactions.problems.server_error"

# Swagger UI uses inline styles.
docs = csp_update({"style-src": ["'unsafe-inline'"]})(SpectacularSwaggerSplitView.as_view(**DOCS))

urlpatterns = [
    path("admin/", admin.site.urls),
    re_path(r"^api/v1/schema/?$", SchemaView.as_view(), name="schema"),
    re_path(r"^api/v1/docs/?$", docs, name="docs"),
    path("favicon.ico", RedirectView.as_view(url=static("perennial/leaf.svg"))),
    re_path(r"^healthz/?$", health.healthz),
    re_path(r"^readyz/?$", health.readyz),
    re_path(r"^metrics/?$", health.metrics),
    path("", include("accounts.urls")),
    path("", include("interactions.urls")),
    path("", include("demo.urls")),
    re_path(r"^api/v1(/|$)", UnknownRouteView.as_view()),
]
