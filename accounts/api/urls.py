"""Routes of accounts under /api/v1/, each with and without its trailing slash."""

from django.urls import re_path

from accounts.api.views import RevokeView, TokenDetailView, TokenListView, TokenView, UsersView

urlpatterns = [
    re_path(r"^auth/token/?$", TokenView.as_view(), name="token"),
    re_path(r"^auth/tokens/?$", TokenListView.as_view(), name="tokens"),
    re_path(r"^auth/tokens/(?P<id>[0-9a-zA-Z]{1,25})/?$", TokenDetailView.as_view(), name="one-token"),
    re_path(r"^auth/revoke/?$", RevokeView.as_view(), name="revoke"),
    re_path(r"^users/?$", UsersView.as_view(), name="users"),
]
