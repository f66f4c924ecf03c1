"""What the transitions share."""


class InvalidOption(ValueError):
    """What is asked for is out of range; the message names what is allowed."""


class InvalidState(Exception):
    """The request does not fit the account's present state; the message says what to do instead."""
