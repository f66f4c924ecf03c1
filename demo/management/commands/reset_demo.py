from demo.lifecycle import transitions
from demo.management.base import DemoRemovalCommand
from demo.models import State


class Command(DemoRemovalCommand):
    help = "Delete a user's demo data and tell the same story again from its beginning."
    request = staticmethod(transitions.reset)
    aim = State.ACTIVE
