"""Compares screenshots with the stored ones of tests/screenshots/; called by the tests of components.

`REWRITE_SCREENSHOTS=1` stores what is taken instead; then look at what has changed, as in a review of code.
"""

import os
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops

STORED = Path(__file__).parent / "screenshots"
REWRITE = "REWRITE_SCREENSHOTS"
# One Chromium draws equal pixels again and again, also on a busy machine. With other font settings, or with the section elsewhere on the
# page, edges differ in up to 2.3 of 10,000 pixels. So a pixel's channels may differ by EDGE of 255, and of SPARSE pixels one by more.
# The smallest changes tried (a radius of 8 px for 6, a gray with 50 % of lightness for 48 %) differ in 8 and 22 of 10,000.
EDGE = 2
SPARSE = 3_000


def difference(taken: bytes, name: str, folder: Path) -> str:
    """Return a sentence if the screenshot differs from the stored one of that name, with a picture of where; else "".

    The picture is put into `folder`: what is stored, what was taken, and the differing pixels in red, one below the other.
    """
    stored = STORED / f"{name}.png"
    if os.environ.get(REWRITE):
        stored.parent.mkdir(parents=True, exist_ok=True)
        _write(taken, stored)
        return ""
    if not stored.exists():
        return f"{name}: no screenshot is stored"
    before, now = _pixels(stored.read_bytes()), _pixels(taken)
    mask = _differing(before, now)
    pixels = mask.histogram()[255]
    if before.size == now.size and pixels * SPARSE <= mask.width * mask.height:
        return ""
    picture = folder / f"{name.replace('/', '-')}.png"
    _below_each_other(before, now, mask).save(picture)
    return f"{name}: {pixels} pixels differ, sizes {before.size} and {now.size}; see {picture}"


def _differing(before: Image.Image, now: Image.Image) -> Image.Image:
    """255 where a channel differs by more than EDGE, or where only one of the pictures has a pixel; else 0."""
    size = (max(before.width, now.width), max(before.height, now.height))
    bands = ImageChops.difference(_extended(before, size), _extended(now, size)).split()
    greatest = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    return greatest.point(lambda value: 255 if value > EDGE else 0)


def _extended(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    if picture.size == size:
        return picture
    extended = Image.new("RGB", size, "magenta")
    extended.paste(picture)
    return extended


def _below_each_other(before: Image.Image, now: Image.Image, mask: Image.Image) -> Image.Image:
    marked = Image.blend(_extended(now, mask.size), Image.new("RGB", mask.size, "white"), 0.7)
    marked.paste("red", mask=mask)
    whole = Image.new("RGB", (mask.width, mask.height * 3))
    for place, picture in enumerate((before, now, marked)):
        whole.paste(picture, (0, place * mask.height))
    return whole


def _write(taken: bytes, stored: Path) -> None:
    """Store the screenshot; one that is equal to the stored one is left as it is."""
    picture = _pixels(taken)
    if not stored.exists() or _pixels(stored.read_bytes()) != picture:
        picture.save(stored, optimize=True)


def _pixels(png: bytes) -> Image.Image:
    return Image.open(BytesIO(png)).convert("RGB")
