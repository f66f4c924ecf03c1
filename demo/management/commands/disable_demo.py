from demo.lifecycle import transitions
from demo.management.base import DemoRemovalCommand
from demo.models import State


class Command(DemoRemovalCommand):
    help = "Switch a user's demo mode off and delete its data."
    transition = staticmethod(transitions.disable)
    final_state = State.OFF
