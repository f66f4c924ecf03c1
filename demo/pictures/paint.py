"""The colors and gradients of one picture. Pure; passed to everything that draws a part of it."""

from dataclasses import dataclass, field

from demo.pictures.palettes import Palette
from interactions.pictures.colors import Color

DOWN = ' x2="0" y2="1"'  # the direction of a gradient; without it, to the right
CREAM, INK = Color(0.97, 0.013, 85), Color(0.25, 0.04, 0)


@dataclass(frozen=True)
class Paint:
    """A palette, and the gradients that the picture has used so far."""

    palette: Palette
    gradients: dict[str, str] = field(default_factory=dict)

    @property
    def light(self) -> Color:
        """Nearly white, with the hue of the light."""
        return CREAM._replace(hue=self.palette.glow.hue)

    @property
    def dark(self) -> Color:
        """Nearly black, with the hue of the ground."""
        return INK._replace(hue=self.palette.ground.hue)

    @property
    def fixture_color(self) -> Color:
        """The color of handles, cords and stands, which shows on every wall."""
        return self.light.lighter(-0.3) if self.palette.is_dark else self.dark.lighter(0.1)

    @property
    def print_color(self) -> Color:
        """The main color, or one like the wall where the main color would not show on paper."""
        palette = self.palette
        if palette.main.lightness < 0.8:
            return palette.main
        return palette.back.lighter(-0.12 if palette.back.lightness > 0.6 else 0.08)

    def two_tone(self, color: Color, by: float = -0.07, at: float = 0.6) -> str:
        """A fill whose right side, from the share `at` on, is in the shade."""
        shade = color.lighter(by)
        return self._gradient((at, color), (at, shade))

    def round(self, color: Color) -> str:
        """A fill of something round that is lit from the left."""
        return self._gradient((0, color), (0.25, color.lighter(0.045)), (1, color.lighter(-0.11)))

    def fade(self, top: Color, bottom: Color) -> str:
        """A fill that changes from `top` to `bottom`."""
        return self._gradient((0, top), (1, bottom), vertical=True)

    def fade_to_transparent(self, color: Color, opacity: float) -> str:
        """A fill that begins with `opacity` and is transparent at the bottom."""
        stop = f'stop-color="{color.hex}" stop-opacity'
        return self._reference(f'{DOWN}><stop {stop}="{opacity:.2g}"/><stop offset="1" {stop}="0"/>')

    def _gradient(self, *stops: tuple[float, Color], vertical: bool = False) -> str:
        texts = "".join(f'<stop offset="{at:.3g}" stop-color="{color.hex}"/>' for at, color in stops)
        return self._reference(f"{DOWN if vertical else ''}>{texts}")

    def _reference(self, gradient: str) -> str:
        """The reference to the gradient, which is given without its element's name and id."""
        return f"url(#{self.gradients.setdefault(gradient, f'g{len(self.gradients)}')})"

    @property
    def definitions(self) -> str:
        """The element that defines the gradients."""
        elements = (
            f'<linearGradient id="{id}"{body}</linearGradient>' for body, id in self.gradients.items()
        )
        return f"<defs>{''.join(elements)}</defs>"
