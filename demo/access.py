"""Decides who may use demo mode, by DEMO_ALLOWED. Called by the pages and the API."""

from django.conf import settings

from accounts.models import User


def demo_allowed(user: User) -> bool:
    """Whether DEMO_ALLOWED permits a demo for `user`."""
    return settings.DEMO_ALLOWED == "all" or (settings.DEMO_ALLOWED == "staff" and user.is_staff)
