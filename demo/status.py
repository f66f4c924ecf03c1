"""The demo of one user as the API, the pages and the commands show it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from accounts.models import User
from demo.models import DemoAccount, State, StoryEvent
from demo.progress import progress_of
from demo.windows import next_cleanup

SETTINGS = (
    *("content_per_day", "comments_per_window", "messages_per_window", "posting_hour"),
    *("time_zone", "rhythm", "viral_spikes", "retention_days"),
)
UPCOMING = 10


def status_of(user: User, now: datetime) -> dict[str, Any]:
    """The object of GET /api/v1/demo/; for a user who never enabled, that of an account with the defaults, off."""
    account = shown_account(user)
    off = account.state == State.OFF
    return {
        "state": account.state,
        "seed": account.seed if account.pk else None,
        "enabled_at": User.objects.values_list("demo_mode_enabled_at", flat=True).get(pk=user.pk),
        "platforms": account.platforms,
        "niche": account.niche,
        "brand": account.brand,
        "language": account.language,
        "settings": {name: getattr(account, name) for name in SETTINGS},
        "progress": asdict(progress_of(account)),
        "next_runs": {
            "content": account.next_content_window,
            "interactions": account.next_interactions_window,
            "cleanup": None if off else next_cleanup(now),
        },
        "upcoming": [] if off else upcoming(account),
        "last_error": account.last_error or None,
        "notices": notices(account),
    }


def shown_account(user: User) -> DemoAccount:
    """The user's account, or one with the defaults that is not stored."""
    return DemoAccount.objects.filter(user=user).first() or DemoAccount(user=user, seed=0)


def upcoming(account: DemoAccount, most: int = UPCOMING) -> list[dict[str, Any]]:
    """The next undelivered events in order of time: `due_at`, `type`, `platform` and `text`."""
    rows = StoryEvent.objects.undelivered().filter(account=account).order_by("due_at", "id")
    fields = rows.values_list("due_at", "type", "profile__platform", "payload__text")[:most]
    return [dict(zip(("due_at", "type", "platform", "text"), row, strict=True)) for row in fields]


def notices(account: DemoAccount) -> list[str]:
    """What the user should know about the chosen settings."""
    if account.has_messages:
        return []
    return ["None of the chosen platforms has direct messages, so the demo brings none."]
