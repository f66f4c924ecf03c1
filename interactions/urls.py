"""Routes of the inbox's pages, pictures and API."""

from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("interactions.api.urls")),
    path("pictures/", include("interactions.pictures.urls")),
    path("", include("interactions.pages.urls")),
]
