"""A password validator that ends a user's API tokens when the password changes; the settings name it.

Django itself ends the other sessions.
"""

from django.utils.translation import gettext as _

from accounts.models import User


class EndTokensOnPasswordChange:
    """A password validator (in AUTH_PASSWORD_VALIDATORS) that accepts every password; Django calls it after each change."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Accept every password."""

    def get_help_text(self) -> str:
        return _("A new password ends the user's other sessions and API tokens.")

    def password_changed(self, password: str, user: User | None = None) -> None:
        if user:
            user.end_tokens()
