"""Leaving without a trace: every row of a user's demo goes, and only those."""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Model, QuerySet

from accounts.models import Profile, User
from demo import activation
from demo.heartbeat import Heartbeat
from demo.models import DemoAccount, State, StoryEvent
from interactions.locks import lock_profiles
from interactions.models import Content, DeadLetter, Interaction, PendingChange

BATCH = 250  # rows; no statement holds its locks for long
LARGEST_KEY = 2**63 - 1
DERIVED = (Interaction, Content, PendingChange, DeadLetter)


def remove_demo(account: DemoAccount, now: datetime) -> bool:
    """Delete the demo of an account that is being disabled, then switch it off, or on again when a reset asked for it.

    May be interrupted anywhere, run again and run beside itself: it holds to the profiles that it found, so that a
    late second run never touches the next activation. False when the account is not being disabled.
    """
    beat = Heartbeat(account, State.DISABLING, now)
    if not beat():
        return False
    profiles = list(account.profiles.values_list("pk", flat=True))
    story = StoryEvent.objects.filter(account=account, profile__in=profiles)
    delete_in_batches(story.undelivered(), each_batch=beat)
    _delete_arrived(profiles, beat, is_demo=True)
    delete_in_batches(story, each_batch=beat)
    with transaction.atomic():
        _delete_the_rest(story, profiles, is_demo=True)
        _delete_by_key(Profile, profiles)
    return _switch_off(account, now)


def remove_user(user: User) -> int:
    """Delete a user with everything that hangs on it, live rows too; return how many rows had arrived.

    May be interrupted anywhere and run again; from the first moment on nobody logs in as the user.
    """
    User.objects.filter(pk=user.pk).update(is_active=False)
    profiles = Profile.objects.owned_by(user).values_list("pk", flat=True)
    story = StoryEvent.objects.filter(account__user=user)
    delete_in_batches(story)
    deleted = _delete_arrived(list(profiles))
    with transaction.atomic():
        list(DemoAccount.objects.select_for_update().filter(user=user))  # nothing more is planned
        deleted += _delete_the_rest(story, list(profiles))
        user.delete()
    return deleted


def _delete_the_rest(story: QuerySet, profiles: list[int], **only: object) -> int:
    """Delete, in the caller's transaction, what came while the bulk went; nothing more arrives until it ends.

    The story goes before the profiles are locked, in the order in which a delivery locks both.
    """
    delete_in_batches(story)
    lock_profiles(profiles)
    return _delete_arrived(profiles, **only)


def _delete_arrived(profiles: list[int], each_batch: Callable[[], object] = bool, **only: object) -> int:
    own = [model.objects.filter(profile__in=profiles, **only) for model in DERIVED]
    return sum(delete_in_batches(rows, profiles, each_batch) for rows in own)


def delete_in_batches(
    rows: QuerySet, profiles: Sequence[int] = (), each_batch: Callable[[], object] = bool
) -> int:
    """Delete `rows` by primary keys, newest first, in transactions of BATCH; return how many went.

    `profiles` are locked while a batch is chosen and goes, so that no ingest writes to its rows or hangs something on
    them. What arrives after the first batch stays, so that no sender can keep this going. `each_batch` is called before
    every batch.
    """
    deleted, below = 0, LARGEST_KEY
    while below is not None:
        each_batch()
        with transaction.atomic():
            lock_profiles(profiles)
            ids = list(rows.filter(pk__lt=below).order_by("-pk").values_list("pk", flat=True)[:BATCH])
            deleted += delete_rows(rows.model, ids) if ids else 0
        below = ids[-1] if len(ids) == BATCH else None
    return deleted


def delete_rows(model: type[Model], ids: list[int]) -> int:
    """Delete rows by primary key; what pointed at them stays, pointing at nothing."""
    if model is Content:
        Interaction.objects.filter(content__in=ids).update(content=None)
    elif model is Interaction:
        Interaction.objects.filter(parent__in=ids).exclude(pk__in=ids).update(parent=None)
    return _delete_by_key(model, ids)


def _delete_by_key(model: type[Model], ids: list[int]) -> int:
    """One statement, without collecting what hangs on the rows."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE id = ANY(%s)", [ids])
        return cursor.rowcount


def _switch_off(account: DemoAccount, now: datetime) -> bool:
    with transaction.atomic():
        current = DemoAccount.objects.select_for_update().filter(pk=account.pk, state=State.DISABLING).first()
        if current is None or account.profiles.exists():  # of a later activation, disabled again
            return False
        again = current.reset_requested
        DemoAccount.objects.filter(pk=account.pk).update(
            state=State.OFF,
            next_content_window=None,
            next_interactions_window=None,
            planned_at=None,
            heartbeat_at=None,
            reset_requested=False,
            last_error="",
        )
        User.objects.filter(pk=account.user_id).update(demo_mode_enabled_at=None)
        if again:
            activation.begin(current, now, {})
        return True
