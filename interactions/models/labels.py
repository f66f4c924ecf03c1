"""The table of labels. Written by `interactions.threads.labels`."""

from django.db import models

from accounts.models import Profile

LABEL_LENGTH = 50  # characters
MAX_LABELS_OF_THREAD = 20


class Label(models.Model):
    """A label of a profile's threads; `Thread.label_ids` refers to it."""

    profile = models.ForeignKey(
        Profile, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    is_demo = models.BooleanField(editable=False)
    name = models.CharField(max_length=LABEL_LENGTH)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["profile", "name"], name="label_is_stored_once")]

    def __str__(self) -> str:
        return self.name
