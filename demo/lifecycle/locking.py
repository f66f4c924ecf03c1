"""Locks an account's row until the transaction ends. Called for every change that a user or an operator requests."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from demo.exceptions import InvalidState
from demo.lifecycle import activation
from demo.models import DemoAccount, State
from interactions.db_errors import is_connection_lost

LOCK_TIMEOUT_SECONDS = 2  # short, because web requests wait for it
# What has to be done before a request that needs an active demo, by the demo's state.
HOW_TO_BECOME_ACTIVE = {
    State.OFF: gettext_lazy("switch it on first"),
    State.ENABLING: gettext_lazy("wait until it is active"),
    State.PAUSED: gettext_lazy("resume it first"),
    State.DISABLING: gettext_lazy("wait until it is off, then switch it on"),
    State.FAILED: gettext_lazy("switch it on again first"),
}


@contextmanager
def locked_account(user: User) -> Iterator[DemoAccount]:
    """A transaction that locks the user's account, which is created if missing.

    Raises InvalidState when any lock in the block takes longer than LOCK_TIMEOUT_SECONDS.
    """
    activation.get_or_create_account(user)
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
            yield DemoAccount.objects.select_related("user").select_for_update(of=("self",)).get(user=user)
    except OperationalError as error:
        if is_connection_lost(error):
            raise
        raise InvalidState(_("The demo is busy; try again in a moment.")) from error


def check_active(account: DemoAccount) -> None:
    """Raise InvalidState unless the locked account is active and not advancing."""
    if account.state != State.ACTIVE:
        advice = HOW_TO_BECOME_ACTIVE[State(account.state)]
        raise InvalidState(
            _("Demo mode is %(state)s; %(advice)s.") % {"state": account.state, "advice": advice}
        )
    if account.is_advancing:
        raise InvalidState(_("The demo is skipping ahead; try again when it has finished."))
