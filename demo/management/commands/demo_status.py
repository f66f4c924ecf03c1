from django.core.management.base import CommandParser
from django.utils import timezone

from demo.management.base import DemoCommand, Once, user_named
from demo.models import State
from demo.status import status_of, statuses


class Command(DemoCommand):
    help = "Show the demos: state, progress and next runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", metavar="NAME", action=Once)
        self.add_json(parser)

    def handle(self, *args, **options) -> None:
        now = timezone.now()
        named = options["user"]
        if named is None:
            demos = list(statuses(now))
        else:
            user = user_named(named)
            demos = [{"user": user.username} | status_of(user, now)]
        self.report(demos, options["json"], "\n".join(map(_line, demos)) or "No user has a demo.")


def _line(demo: dict) -> str:
    line = f"{demo['user']}: {demo['state']}"
    if demo["state"] == State.OFF:
        return line
    stored = ", ".join(f"{count} {kind}" for kind, count in demo["stored"].items())
    return (
        f"{line}; stored {stored}; next interactions {demo['next_runs']['interactions']:%Y-%m-%d %H:%M} UTC"
    )
