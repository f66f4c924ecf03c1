"""Who may use demo mode (DEMO_ALLOWED)."""

from django.conf import settings

from accounts.models import User


def demo_allowed(user: User) -> bool:
    """Whether DEMO_ALLOWED lets `user` have a demo."""
    return settings.DEMO_ALLOWED == "all" or (settings.DEMO_ALLOWED == "staff" and user.is_staff)
