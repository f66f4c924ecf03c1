"""Routes of pictures. Their parameters have bounded lengths; `views.py` answers 404 to those that no page uses."""

from django.urls import re_path

from interactions.pictures import views

LETTER = r"(?P<tint>[0-9]{1,2})-(?P<letter>(?:[0-9a-f]{2}){0,24})"

urlpatterns = [
    re_path(r"^people/(?P<key>[0-9a-f]{16})\.svg$", views.face_picture, name="face-picture"),
    re_path(rf"^initials/{LETTER}\.svg$", views.initial_picture, name="initial-picture"),
    re_path(rf"^profiles/{LETTER}\.svg$", views.profile_picture, name="profile-picture"),
    re_path(
        r"^abstract/(?P<family>[a-z]{1,16})-(?P<seed>[0-9]{1,2})\.svg$",
        views.abstract,
        name="abstract-picture",
    ),
]
