"""The public name of planning: `plan_due(now)` does for all accounts what the task `demo.tasks.plan` does."""

from demo.engine.planning import plan_due

__all__ = ["plan_due"]
