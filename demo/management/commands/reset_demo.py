from demo.lifecycle import transitions
from demo.management.base import DemoRemovalCommand
from demo.models import State


class Command(DemoRemovalCommand):
    help = "Delete a user's demo data and start the same story again."
    transition = staticmethod(transitions.reset)
    final_state = State.ACTIVE
