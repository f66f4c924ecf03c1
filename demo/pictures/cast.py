"""What a picture shows, and the types of the functions that draw it. Pure."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from demo.pictures.paint import Paint

Draw = Callable[[Paint, Random], str]  # a part, around or on (0, 0)


class Cast(NamedTuple):
    """What a picture shows: objects that stand, the first one most prominently; that lie, from above; that hang."""

    objects: tuple[Draw, ...]
    flat: tuple[Draw, ...]
    hung: tuple[Draw, ...]

    def standing(self, number: int) -> Draw:
        return self.objects[number % len(self.objects)]

    def lying(self, number: int) -> Draw:
        return self.flat[number % len(self.flat)]

    def hanging(self, number: int) -> Draw:
        return self.hung[number % len(self.hung)]


Stage = Callable[[Paint, Random, Cast], str]  # a whole picture of 400 by 300
