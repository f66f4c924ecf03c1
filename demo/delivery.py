"""The public name of delivery: `deliver_due(now)` does for all accounts what the task `demo.tasks.deliver` does."""

from demo.engine.delivery import deliver_due

__all__ = ["deliver_due"]
