"""Who may use demo mode (DEMO_ALLOWED)."""

from django.conf import settings
from rest_framework.permissions import IsAuthenticated


def demo_allowed(user) -> bool:
    """Whether DEMO_ALLOWED lets `user` have a demo."""
    return settings.DEMO_ALLOWED == "all" or (settings.DEMO_ALLOWED == "staff" and user.is_staff)


class DemoAllowed(IsAuthenticated):
    message = "Demo mode is not offered to you here; an operator can change DEMO_ALLOWED."

    def has_permission(self, request, view) -> bool:
        return super().has_permission(request, view) and demo_allowed(request.user)
