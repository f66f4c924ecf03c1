"""Routes of the inbox's pages and API."""

from django.urls import include, path, re_path

from interactions import views

urlpatterns = [
    path("api/v1/", include("interactions.api.urls")),
    path("pictures/", include("interactions.pictures.urls")),
    re_path(r"^comments/?$", views.comments, name="comments"),
    re_path(r"^messages/?$", views.messages, name="messages"),
]
