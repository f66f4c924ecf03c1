from demo import lifecycle
from demo.commands import DemoRemovalCommand
from demo.models import State


class Command(DemoRemovalCommand):
    help = "Switch a user's demo mode off and delete its data."
    request = staticmethod(lifecycle.disable)
    aim = State.OFF
