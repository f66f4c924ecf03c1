"""Who may change whom: nobody sets the password, the tokens or the profiles of somebody who may do more than they may.

Called by the admin of users and profiles. Superusers alone give rights.
"""

from django.contrib.auth.models import Permission
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User


def within_rights_of(actor: User, users: QuerySet[User]) -> QuerySet[User]:
    """Those of `users` who have no right that `actor` does not have; of a superuser, all.

    It counts what a user is given, directly or by a group, also while the user is not active.
    """
    if actor.is_superuser:
        return users
    held = Permission.objects.filter(Q(user=actor) | Q(group__user=actor)).values("pk")
    beyond = Permission.objects.exclude(pk__in=held)
    given = Exists(beyond.filter(user=OuterRef("pk"))) | Exists(beyond.filter(group__user=OuterRef("pk")))
    return users.filter(~given, is_superuser=False)


def is_within_rights_of(actor: User, user: User) -> bool:
    """Whether `user` has no right that `actor` does not have."""
    return within_rights_of(actor, User.objects.filter(pk=user.pk)).exists()
