"""What a new password ends, whoever sets it and wherever: sessions by Django, tokens here."""

from accounts.models import User


class EndsTokens:
    """Takes every password, and ends the user's tokens once it is saved (one of AUTH_PASSWORD_VALIDATORS)."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Any will do."""

    def get_help_text(self) -> str:
        return "A new password ends other sessions and all tokens."

    def password_changed(self, password: str, user: User | None = None) -> None:
        if user:
            user.end_tokens()
