"""What the transitions share."""


class WrongOption(ValueError):
    """What is asked for is out of range; the message names what is allowed."""


class NotPossible(Exception):
    """The request does not fit the account's present state; the message says what to do instead."""
