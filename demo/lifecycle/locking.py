"""One at a time: what changes an account holds its row until it is done."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

from accounts.models import User
from demo.exceptions import InvalidState
from demo.lifecycle import activation
from demo.models import DemoAccount
from interactions.db_errors import is_connection_lost

MAX_LOCK_SECONDS = 2  # what a web request may wait for


@contextmanager
def locked_account(user: User) -> Iterator[DemoAccount]:
    """A transaction that holds the user's account; InvalidState when any lock in it takes longer than MAX_LOCK_SECONDS."""
    activation.account_of(user)
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{MAX_LOCK_SECONDS}s'")
            yield DemoAccount.objects.select_related("user").select_for_update(of=("self",)).get(user=user)
    except OperationalError as error:
        if is_connection_lost(error):
            raise
        raise InvalidState("The demo is busy just now; try again in a moment.") from error
