"""The demo's pages and API."""

from django.urls import include, path, re_path

from demo import views

urlpatterns = [
    path("api/v1/", include("demo.api.urls")),
    path("", views.dashboard, name="dashboard"),
    re_path(r"^demo/panel/?$", views.panel, name="demo-panel"),
    re_path(r"^demo/(?P<action>[a-z]+)/?$", views.act, name="demo-act"),
]
