"""The choices of the inbox's columns."""

from django.db import models


class InteractionType(models.TextChoices):
    COMMENT = "comment", "Comment"
    MESSAGE = "message", "Direct message"


class Direction(models.TextChoices):
    IN = "in", "Received"
    OUT = "out", "Sent"


class Sentiment(models.TextChoices):
    POSITIVE = "positive", "Positive"
    NEUTRAL = "neutral", "Neutral"
    NEGATIVE = "negative", "Negative"


class SendStatus(models.TextChoices):
    QUEUED = "queued", "Waiting to be sent"
    SENT = "sent", "Sent"
    FAILED = "failed", "Not sent"


class ThreadStatus(models.TextChoices):
    OPEN = "open", "Open"
    SNOOZED = "snoozed", "Snoozed"
    DONE = "done", "Done"
    ARCHIVED = "archived", "Archived"


NEW = "new"  # what releases before threads called OPEN; readers of the API may still send it


class LabelAction(models.TextChoices):
    """What a change does with the labels that it names."""

    REPLACE = "replace", "These labels and no others"
    ADD = "add", "These labels too"
    REMOVE = "remove", "All labels but these"


class ReadStatus(models.TextChoices):
    """The status of a comment or message as reads show it: hidden, or the status of its thread."""

    OPEN = "open", "Open"
    SNOOZED = "snoozed", "Snoozed"
    DONE = "done", "Done"
    ARCHIVED = "archived", "Archived"
    HIDDEN = "hidden", "Hidden"
