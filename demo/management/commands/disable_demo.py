from demo import lifecycle
from demo.commands import DemoRemovalCommand


class Command(DemoRemovalCommand):
    help = "Switch a user's demo mode off and delete its data."
    request = staticmethod(lifecycle.disable)
