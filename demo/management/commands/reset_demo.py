from demo import lifecycle
from demo.commands import RemovalCommand


class Command(RemovalCommand):
    help = "Delete a user's demo data and tell the same story again from its beginning."
    request = staticmethod(lifecycle.reset)
