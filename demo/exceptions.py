"""The errors that the lifecycle and retention raise for requests; pages, API, admin and commands show their messages."""


class InvalidOption(ValueError):
    """An option or setting has a value that is not allowed; the message names the allowed ones."""


class InvalidState(Exception):
    """The request is refused for now, mostly because of the account's state; the message says what to do."""
