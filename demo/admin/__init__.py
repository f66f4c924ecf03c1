"""The admin of demos. Django imports this package; its modules register their models."""

from demo.admin import accounts, schedules, story

__all__ = ["accounts", "schedules", "story"]
