"""Leaving without a trace: every row of a user's demo goes, and only those."""

from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from accounts.models import Profile, User
from demo import activation
from demo.models import DemoAccount, State, StoryEvent
from interactions.locks import lock_profiles
from interactions.models import Content, DeadLetter, Interaction, PendingChange

BATCH = 250  # rows; no statement holds its locks for long
LARGEST_KEY = 2**63 - 1
DERIVED = (Interaction, Content, PendingChange, DeadLetter)


def remove_demo(account: DemoAccount, now: datetime) -> bool:
    """Delete the demo of an account that is being disabled, then switch it off, or on again when a reset asked for it.

    May be interrupted anywhere and run again; False when the account is not being disabled.
    """
    if not DemoAccount.objects.filter(pk=account.pk, state=State.DISABLING).update(heartbeat_at=now):
        return False
    profiles = list(Profile.objects.demo().filter(owner=account.user_id).values_list("pk", flat=True))
    delete_in_batches(StoryEvent.objects.filter(account=account).undelivered())
    while not _gone(account, profiles):
        for model in DERIVED:
            delete_in_batches(model.objects.filter(profile__in=profiles, is_demo=True), profiles)
        delete_in_batches(StoryEvent.objects.filter(account=account))
    return _switch_off(account, now)


def remove_user(user: User) -> int:
    """Delete a user with everything that hangs on it, live rows too; return how many rows had arrived.

    May be interrupted anywhere and run again; from the first moment on nobody logs in as the user.
    """
    User.objects.filter(pk=user.pk).update(is_active=False)
    story = StoryEvent.objects.filter(account__user=user)
    delete_in_batches(story)
    deleted = _delete_arrived(user)
    with transaction.atomic():
        list(DemoAccount.objects.select_for_update().filter(user=user))  # nothing more is planned
        delete_in_batches(
            story
        )  # before the profiles are locked, in the order in which a delivery locks both
        lock_profiles(Profile.objects.owned_by(user).values_list("pk", flat=True))  # nothing more arrives
        deleted += _delete_arrived(user)
        user.delete()
    return deleted


def _delete_arrived(user: User) -> int:
    profiles = list(Profile.objects.owned_by(user).values_list("pk", flat=True))
    return sum(delete_in_batches(model.objects.filter(profile__in=profiles), profiles) for model in DERIVED)


def delete_in_batches(rows: QuerySet, profiles: list[int] | None = None) -> int:
    """Delete `rows` by primary keys, newest first, in transactions of BATCH; return how many went.

    `profiles` are locked meanwhile, so that no ingest writes to rows that are going. What arrives after the first batch
    stays, so that no sender can keep this going.
    """
    deleted, below = 0, LARGEST_KEY
    while ids := list(rows.filter(pk__lt=below).order_by("-pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            if profiles:
                lock_profiles(profiles)
            deleted += delete_rows(rows.model, ids)
        below = ids[-1]
    return deleted


def delete_rows(model, ids: list[int]) -> int:
    """Delete rows by primary key; what pointed at them stays, pointing at nothing."""
    if model is Content:
        Interaction.objects.filter(content__in=ids).update(content=None)
    elif model is Interaction:
        Interaction.objects.filter(parent__in=ids).exclude(pk__in=ids).update(parent=None)
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE id = ANY(%s)", [ids])
        return cursor.rowcount


def _gone(account: DemoAccount, profiles: list[int]) -> bool:
    """Delete the profiles; False when something arrived for one of them in the meantime."""
    if any(model.objects.filter(profile__in=profiles).exists() for model in DERIVED):
        return False
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM demo_storyevent WHERE account_id = %s", [account.pk])
            cursor.execute("DELETE FROM accounts_profile WHERE id = ANY(%s) AND is_demo", [profiles])
    except IntegrityError:
        return False
    return True


def _switch_off(account: DemoAccount, now: datetime) -> bool:
    with transaction.atomic():
        current = DemoAccount.objects.select_for_update().filter(pk=account.pk, state=State.DISABLING).first()
        if current is None:
            return False
        again = current.reset_requested
        DemoAccount.objects.filter(pk=account.pk).update(
            state=State.OFF,
            next_content_window=None,
            next_interactions_window=None,
            planned_at=None,
            heartbeat_at=None,
            reset_requested=False,
        )
        User.objects.filter(pk=account.user_id).update(demo_mode_enabled_at=None)
        if again:
            activation.begin(current, now, {})
        return True
