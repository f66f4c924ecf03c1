"""Routes of the inbox's pages and of the posts. Included by `interactions/urls.py`."""

from django.urls import include, path

from accounts.routes import routes
from interactions.pages import actions, bulk_actions, components, inbox, pane_parts, posts, row_actions
from interactions.pages.inbox_query import PAGES

PAGE = f"(?P<page>{'|'.join(PAGES)})"
ID = r"(?P<id>[0-9]{1,18})"
TEXT = f"(?P<kind>{'|'.join(pane_parts.TEXTS)})"
ROW_ACTION = f"(?P<action>{'|'.join(row_actions.ACTIONS)})"

urlpatterns = [
    *(route for page in PAGES for route in routes(page, inbox.inbox, page, page=page)),
    *routes(f"{PAGE}/{ID}", inbox.inbox, "inbox-thread"),
    *routes(f"{PAGE}/older", inbox.older, "inbox-older"),
    *routes(f"{PAGE}/updates", inbox.updates, "inbox-updates"),
    *routes(f"{PAGE}/{ID}/person", pane_parts.person, "inbox-person"),
    *routes(f"{PAGE}/{ID}/replies", pane_parts.saved_replies, "inbox-replies"),
    *routes(f"{PAGE}/{TEXT}/{ID}/text", pane_parts.text, "inbox-text"),
    *routes(f"{PAGE}/{ID}/status", actions.change_status, "inbox-status"),
    *routes(f"{PAGE}/{ID}/unread", actions.change_unread, "inbox-unread"),
    *routes(f"{PAGE}/{ID}/labels", actions.change_labels, "inbox-labels"),
    *routes(f"{PAGE}/{ID}/write", actions.write, "inbox-write"),
    *routes(f"{PAGE}/{ID}/block", actions.change_blocked, "inbox-block"),
    *routes(f"{PAGE}/rows/{ID}/{ROW_ACTION}", row_actions.act_on_row, "inbox-row"),
    *routes(f"{PAGE}/bulk", bulk_actions.change_many, "inbox-bulk"),
    *routes(f"{PAGE}/undo", bulk_actions.undo, "inbox-undo"),
    *routes(f"{PAGE}/jobs/{ID}", bulk_actions.job, "inbox-job"),
    *routes(f"{PAGE}/jobs/{ID}/cancel", bulk_actions.cancel_job, "inbox-job-cancel"),
    *routes(f"{PAGE}/views", bulk_actions.save_view, "inbox-views"),
    *routes(f"{PAGE}/views/{ID}/delete", bulk_actions.delete_view, "inbox-view-delete"),
    *routes("content", posts.posts, "content"),
    *routes(f"content/{ID}", posts.post, "content-detail"),
    *routes("settings/ui", components.components, "settings-ui"),
    path("settings/", include("interactions.pages.settings.urls")),
]
