"""Colors by lightness, chroma and hue, in which equal steps look equal (OKLCH). Pure; used by everything that draws."""

from functools import lru_cache
from math import atan2, cos, degrees, hypot, radians, sin
from typing import NamedTuple


class Color(NamedTuple):
    """A color in OKLCH: lightness 0 to 1, chroma 0 to about 0.3, hue in degrees."""

    lightness: float
    chroma: float
    hue: float

    def lighter(self, by: float) -> "Color":
        """The color with its lightness raised by `by`, or lowered where `by` is negative."""
        return self._replace(lightness=min(max(self.lightness + by, 0.0), 1.0))

    def toward(self, other: "Color", share: float) -> "Color":
        """The mixture that has `share` of `other`, over gray where the hues are opposite."""
        mixed = [mine + (theirs - mine) * share for mine, theirs in zip(self._lab, other._lab, strict=True)]
        return Color(mixed[0], hypot(mixed[1], mixed[2]), degrees(atan2(mixed[2], mixed[1])) % 360)

    @property
    def _lab(self) -> tuple[float, float, float]:
        hue = radians(self.hue)
        return self.lightness, self.chroma * cos(hue), self.chroma * sin(hue)

    @property
    def hex(self) -> str:
        """The color as #rrggbb, with less chroma where sRGB has none so strong."""
        return _hex(*self)


@lru_cache(maxsize=4_096)
def _hex(lightness: float, chroma: float, hue: float) -> str:
    channels = _linear_srgb(lightness, chroma, hue)
    while min(channels) < -0.0005 or max(channels) > 1.0005:
        chroma *= 0.95
        channels = _linear_srgb(lightness, chroma, hue)
        if chroma < 0.001:
            break
    return "#" + "".join(f"{round(_gamma(channel) * 255):02x}" for channel in channels)


def _linear_srgb(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    """By Björn Ottosson, "A perceptual color space for image processing" (bottosson.github.io, 2020)."""
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _gamma(channel: float) -> float:
    channel = min(max(channel, 0.0), 1.0)
    return 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055
