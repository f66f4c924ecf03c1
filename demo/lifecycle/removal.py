"""Deletes a user's demo, or a user. Called by `demo.lifecycle.pending_work` and by `delete_user`."""

from datetime import datetime

from django.db import transaction

from accounts.models import Profile, User
from demo.engine.deletion import delete_remaining_rows
from demo.lifecycle import activation
from demo.lifecycle.time_slice import TimeSlice
from demo.models import DemoAccount, State, StoryEvent
from demo.models.account import NEXT_WINDOW_COLUMNS
from interactions.profile_deletion import delete_profile_rows, delete_profiles
from interactions.row_batches import delete_in_batches


def remove_demo(account: DemoAccount, time_slice: TimeSlice) -> None:
    """Delete the demo of a disabling account, then switch it off, or enable it again if a reset requested that.

    It may be interrupted, repeated and run in parallel. It deletes only the profiles that it found at the start, so a
    late run does not delete the next activation. Does nothing when the account is not disabling.
    """
    if not time_slice.send_heartbeat():
        return
    profiles = list(account.profiles.values_list("pk", flat=True))
    story = StoryEvent.objects.filter(account=account, profile__in=profiles)
    delete_in_batches(story.undelivered(), before_batch=time_slice.begin_step)
    delete_profile_rows(profiles, time_slice.begin_step, is_demo=True)
    delete_in_batches(story, before_batch=time_slice.begin_step)
    with transaction.atomic():
        delete_remaining_rows(story, profiles, is_demo=True)
        delete_profiles(profiles)
    _switch_off(account, time_slice.start)


def remove_user(user: User) -> int:
    """Delete a user and all their data, live data too; return how many received rows were deleted.

    It may be interrupted and repeated. It first deactivates the user, who can then no longer log in.
    """
    User.objects.filter(pk=user.pk).update(is_active=False)
    profiles = Profile.objects.owned_by(user).values_list("pk", flat=True)
    story = StoryEvent.objects.filter(account__in=DemoAccount.objects.filter(user=user))
    delete_in_batches(story)
    deleted = delete_profile_rows(list(profiles))
    with transaction.atomic():
        list(DemoAccount.objects.select_for_update().filter(user=user))  # the lock stops planning
        ids = list(profiles)
        deleted += delete_remaining_rows(story, ids)
        # Otherwise user.delete() would search the story by profile, for which there is no index.
        delete_profiles(ids)
        user.delete()
    return deleted


def _switch_off(account: DemoAccount, now: datetime) -> None:
    with transaction.atomic():
        current = DemoAccount.objects.select_for_update().filter(pk=account.pk, state=State.DISABLING).first()
        # Profiles belong to a later activation that is disabling, too.
        if current is None or account.profiles.exists():
            return
        DemoAccount.objects.filter(pk=account.pk).update(
            state=State.OFF,
            **dict.fromkeys(NEXT_WINDOW_COLUMNS),
            planned_at=None,
            heartbeat_at=None,
            catching_up=False,
            resume_requested_at=None,
            resumed_to=0,
            reset_requested=False,
            last_error="",
        )
        User.objects.filter(pk=account.user_id).update(demo_mode_enabled_at=None)
        if current.reset_requested:
            activation.start_activation(current, now, {})
