"""The admin pages of demo mode. Django imports this package; its modules register their models."""

from demo.admin import accounts, story

__all__ = ["accounts", "story"]
