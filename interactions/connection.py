"""The database as something that may go away."""

from django.db import InterfaceError, OperationalError

LOST_CONNECTION = (OperationalError, InterfaceError)  # what Django raises then; trying again later may help
