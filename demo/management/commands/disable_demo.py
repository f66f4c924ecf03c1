from demo import lifecycle
from demo.commands import RemovalCommand


class Command(RemovalCommand):
    help = "Switch a user's demo mode off and delete its data."
    request = staticmethod(lifecycle.disable)
