"""Routes of the inbox under /api/v1/, each with and without its trailing slash."""

from django.urls import include, path, re_path
from rest_framework.routers import SimpleRouter

from interactions.api.blocked_authors import BlockedAuthorViewSet
from interactions.api.bulk import BulkViewSet
from interactions.api.exports import InteractionExportView, ThreadExportView
from interactions.api.inbox_rules import InboxRuleViewSet
from interactions.api.saved_replies import SavedReplyViewSet
from interactions.api.threads import ThreadViewSet
from interactions.api.views import ContentViewSet, InteractionViewSet, ProfileViewSet, SummaryView
from interactions.api.webhooks import WebhookView

router = SimpleRouter()
router.trailing_slash = "/?"
router.register("profiles", ProfileViewSet)
router.register("content", ContentViewSet)
router.register("interactions", InteractionViewSet)
router.register("threads/bulk", BulkViewSet)
router.register("threads", ThreadViewSet)
router.register("saved-replies", SavedReplyViewSet)
router.register("blocked-authors", BlockedAuthorViewSet)
router.register("inbox-rules", InboxRuleViewSet)

urlpatterns = [
    path("webhooks/profiles/<uuid:uuid>/", WebhookView.as_view(), name="webhook"),
    path("webhooks/profiles/<uuid:uuid>", WebhookView.as_view(schema=None)),
    re_path(r"^analytics/summary/?$", SummaryView.as_view(), name="analytics-summary"),
    re_path(r"^interactions/export\.csv/?$", InteractionExportView.as_view(), name="interactions-export"),
    re_path(r"^threads/export\.csv/?$", ThreadExportView.as_view(), name="threads-export"),
    path("", include(router.urls)),
]
