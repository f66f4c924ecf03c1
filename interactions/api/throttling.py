"""Limits of the webhook."""

from accounts.throttling import FailureThrottle, address


class WebhookFailures(FailureThrottle):
    """Requests from one address to one profile's webhook that carried no valid signature."""

    scope = "webhook_failures"

    def who(self, request, view) -> tuple[object, ...]:
        return address(request), str(view.kwargs["uuid"])
