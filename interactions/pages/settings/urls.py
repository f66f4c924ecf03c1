"""Routes of the sections of the settings that are about profiles and the inbox. Included by `interactions/pages/urls.py`."""

from accounts.routes import routes
from interactions.pages.settings import blocked, profiles, replies, rules

ID = "(?P<id>[0-9]{1,19})"

urlpatterns = [
    *routes("profiles", profiles.profiles, "settings-profiles"),
    *routes("profiles/new", profiles.connect, "settings-profiles-new"),
    *routes(f"profiles/{ID}", profiles.profile, "settings-profiles-one"),
    *routes(f"profiles/{ID}/rotate", profiles.rotate, "settings-profiles-rotate"),
    *routes(f"profiles/{ID}/delete", profiles.delete, "settings-profiles-delete"),
    *routes("replies", replies.replies, "settings-replies"),
    *routes("replies/new", replies.create, "settings-replies-new"),
    *routes("replies/preview", replies.preview, "settings-replies-preview"),
    *routes(f"replies/{ID}", replies.change, "settings-replies-one"),
    *routes(f"replies/{ID}/delete", replies.delete, "settings-replies-delete"),
    *routes("rules", rules.rules, "settings-rules"),
    *routes("rules/new", rules.create, "settings-rules-new"),
    *routes("rules/dry-run", rules.dry_run_rule, "settings-rules-dry-run"),
    *routes(f"rules/{ID}", rules.change, "settings-rules-one"),
    *routes(f"rules/{ID}/switch", rules.switch, "settings-rules-switch"),
    *routes(f"rules/{ID}/move", rules.move, "settings-rules-move"),
    *routes(f"rules/{ID}/delete", rules.delete, "settings-rules-delete"),
    *routes("blocked", blocked.blocked, "settings-blocked"),
    *routes(f"blocked/{ID}/unblock", blocked.unblock, "settings-blocked-unblock"),
]
