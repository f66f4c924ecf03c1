from demo import lifecycle
from demo.commands import DemoRemovalCommand
from demo.models import State


class Command(DemoRemovalCommand):
    help = "Delete a user's demo data and tell the same story again from its beginning."
    request = staticmethod(lifecycle.reset)
    aim = State.ACTIVE
