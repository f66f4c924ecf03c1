"""Which users an operator may manage: nobody changes the password, tokens or profiles of a user with more permissions.

Called by the admin of users and profiles. Only superusers give permissions.
"""

from django.contrib.auth.models import Permission
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User


def manageable_users(actor: User, users: QuerySet[User]) -> QuerySet[User]:
    """Return those of `users` who have no permission that `actor` lacks; all of them for a superuser.

    Counts permissions given directly or by a group, also while the user is not active.
    """
    if actor.is_superuser:
        return users
    held = Permission.objects.filter(Q(user=actor) | Q(group__user=actor)).values("pk")
    lacking = Permission.objects.exclude(pk__in=held)
    has_more = Exists(lacking.filter(user=OuterRef("pk"))) | Exists(
        lacking.filter(group__user=OuterRef("pk"))
    )
    return users.filter(~has_more, is_superuser=False)


def can_manage(actor: User, user: User) -> bool:
    """Whether `user` has no permission that `actor` lacks."""
    return manageable_users(actor, User.objects.filter(pk=user.pk)).exists()
