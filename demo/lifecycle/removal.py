"""Leaving without a trace: every row of a user's demo goes, and only those."""

from datetime import datetime

from django.db import transaction

from accounts.models import Profile, User
from demo.engine.bulk import delete_in_batches
from demo.engine.deletion import delete_arrived, delete_profiles, delete_the_rest
from demo.lifecycle import activation
from demo.lifecycle.time_slice import TimeSlice
from demo.models import DemoAccount, State, StoryEvent
from demo.models.account import MARKS


def remove_demo(account: DemoAccount, time_slice: TimeSlice) -> bool:
    """Delete the demo of an account that is being disabled, then switch it off, or on again when a reset asked for it.

    May be interrupted anywhere, run again and run beside itself: it holds to the profiles that it found, so that a
    late second run never touches the next activation. False when the account is not being disabled.
    """
    if not time_slice.beat():
        return False
    profiles = list(account.profiles.values_list("pk", flat=True))
    story = StoryEvent.objects.filter(account=account, profile__in=profiles)
    delete_in_batches(story.undelivered(), each_batch=time_slice)
    delete_arrived(profiles, time_slice, is_demo=True)
    delete_in_batches(story, each_batch=time_slice)
    with transaction.atomic():
        delete_the_rest(story, profiles, is_demo=True)
        delete_profiles(profiles)
    return _switch_off(account, time_slice.start)


def remove_user(user: User) -> int:
    """Delete a user with everything that hangs on it, live rows too; return how many rows had arrived.

    May be interrupted anywhere and run again; from the first moment on nobody logs in as the user.
    """
    User.objects.filter(pk=user.pk).update(is_active=False)
    profiles = Profile.objects.owned_by(user).values_list("pk", flat=True)
    story = StoryEvent.objects.filter(account__user=user)
    delete_in_batches(story)
    deleted = delete_arrived(list(profiles))
    with transaction.atomic():
        list(DemoAccount.objects.select_for_update().filter(user=user))  # nothing more is planned
        ids = list(profiles)
        deleted += delete_the_rest(story, ids)
        delete_profiles(ids)  # Django would look for their story by no index
        user.delete()
    return deleted


def _switch_off(account: DemoAccount, now: datetime) -> bool:
    with transaction.atomic():
        current = DemoAccount.objects.select_for_update().filter(pk=account.pk, state=State.DISABLING).first()
        if current is None or account.profiles.exists():  # of a later activation, disabled again
            return False
        again = current.reset_requested
        DemoAccount.objects.filter(pk=account.pk).update(
            state=State.OFF,
            **dict.fromkeys(MARKS),
            planned_at=None,
            heartbeat_at=None,
            catching_up=False,
            resume_requested_at=None,
            resumed_to=0,
            reset_requested=False,
            last_error="",
        )
        User.objects.filter(pk=account.user_id).update(demo_mode_enabled_at=None)
        if again:
            activation.begin(current, now, {})
        return True
