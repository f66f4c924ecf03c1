"""The permission class of the demo's API views: DEMO_ALLOWED must permit the caller."""

from rest_framework.permissions import IsAuthenticated

from demo.access import demo_allowed


class DemoAllowed(IsAuthenticated):
    message = "Demo mode is not available to you here; an operator can change DEMO_ALLOWED."

    def has_permission(self, request, view) -> bool:
        return super().has_permission(request, view) and demo_allowed(request.user)
