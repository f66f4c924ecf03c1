"""What the transitions share."""


class NotPossible(Exception):
    """The request does not fit the account's present state; the message says what to do instead."""
