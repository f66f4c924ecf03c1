from accounts.models import User
from demo.lifecycle.removal import remove_user
from demo.management.base import RemovalCommand


class Command(RemovalCommand):
    help = "Delete a user with everything that is theirs: profiles, demo, live rows, tokens."
    what = "the user and all their data, live data too"

    def remove(self, user: User, as_json: bool) -> None:
        figures = {"user": user.username, "rows": remove_user(user)}
        self.report(
            figures, as_json, "{user} is deleted, with {rows} rows that had arrived.".format(**figures)
        )
