"""The inbox's pages and API."""

from django.urls import include, path

from interactions import views

urlpatterns = [
    path("api/v1/", include("interactions.api.urls")),
    path("comments/", views.comments, name="comments"),
    path("messages/", views.messages, name="messages"),
    path("comments", views.comments),
    path("messages", views.messages),
]
