"""The types of what a picture is composed of: the functions that draw, and the objects of a niche. Pure; used by `scenes.py`."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from demo.pictures.paint import Paint

Draw = Callable[[Paint, Random], str]  # a part, around or on (0, 0)


class NicheObjects(NamedTuple):
    """The objects of one niche: standing, the most prominent one first; lying, seen from above; hanging. None is empty."""

    standing: tuple[Draw, ...]
    lying: tuple[Draw, ...]
    hanging: tuple[Draw, ...]

    def standing_at(self, number: int) -> Draw:
        return self.standing[number % len(self.standing)]

    def lying_at(self, number: int) -> Draw:
        return self.lying[number % len(self.lying)]

    def hanging_at(self, number: int) -> Draw:
        return self.hanging[number % len(self.hanging)]


Composition = Callable[[Paint, Random, NicheObjects], str]  # draws a whole picture of 400 by 300
