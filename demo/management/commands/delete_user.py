from accounts.models import User
from demo.lifecycle.removal import remove_user
from demo.management.base import RemovalCommand


class Command(RemovalCommand):
    help = "Delete a user and all their data: profiles, demo, live rows, tokens."
    deleted = "the user and all their data, live data too"

    def remove(self, user: User, as_json: bool) -> None:
        result = {"user": user.username, "rows": remove_user(user)}
        self.report(result, as_json, "{user} and {rows} received rows are deleted.".format(**result))
