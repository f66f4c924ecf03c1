"""The demo's pages and API."""

from django.urls import include, path

from demo import views

urlpatterns = [
    path("api/v1/", include("demo.api.urls")),
    path("", views.dashboard, name="dashboard"),
    path("demo/panel/", views.panel, name="demo-panel"),
    path("demo/<slug:action>/", views.act, name="demo-act"),
]
