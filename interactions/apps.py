from django.apps import AppConfig
from django.db.models import Model
from django.db.models.signals import post_save

from interactions.inbox_versions import renew_owner_after_commit


class InteractionsConfig(AppConfig):
    name = "interactions"

    def ready(self) -> None:
        post_save.connect(_renew_version, sender="accounts.Profile", dispatch_uid="renew the inbox's version")


def _renew_version(sender: type[Model], instance: Model, **options: object) -> None:
    """Let open inbox pages notice a profile that was connected or renamed; `accounts` does not know of inboxes."""
    if instance.owner_id is not None:
        renew_owner_after_commit(instance.owner_id)
