"""Which composition and objects a picture of a niche has, by topic; and the picture as a file. Pure; called by views.py."""

from collections.abc import Mapping
from random import Random

from demo.pictures.composition_types import Composition, Draw, NicheObjects
from demo.pictures.compositions import displays, occasions, places, tabletops
from demo.pictures.objects import coffee, fashion, fitness, games, restaurant, skincare, software, travel
from demo.pictures.paint import Paint
from demo.pictures.palettes import PALETTES, Palette
from interactions.pictures.colors import Color
from interactions.pictures.svg import UnknownPicture, document

OBJECTS_BY_NICHE: Mapping[str, NicheObjects] = {
    module.__name__.rpartition(".")[2]: NicheObjects(module.STANDING, module.LYING, module.HANGING)
    for module in (coffee, fashion, fitness, games, restaurant, skincare, software, travel)
}
COMPOSITIONS_BY_TOPIC: Mapping[str, tuple[Composition, ...]] = {  # the picture's seed chooses one
    "announcement": (displays.pedestal, displays.shop_window),
    "art": (tabletops.notebook, places.workbench),
    "athome": (displays.steps, tabletops.from_above),
    "back": (displays.arcs, displays.shelf),
    "behind": (places.workbench, tabletops.notebook),
    "board": (displays.shop_window, displays.pedestal),
    "busy": (occasions.countdown, places.window),
    "careguide": (displays.steps, tabletops.from_above),
    "comeback": (displays.arcs, displays.shelf),
    "countdown": (occasions.countdown,),
    "customer": (tabletops.photos, tabletops.letter, places.landscape),
    "devlog": (places.workbench, tabletops.notebook),
    "fans": (tabletops.letter, tabletops.photos),
    "favourite": (displays.pedestal, tabletops.from_above),
    "fresh_batch": (displays.shelf, displays.pedestal),
    "guests": (tabletops.letter, tabletops.photos),
    "howto": (displays.steps, tabletops.from_above),
    "invitation": (occasions.evening, tabletops.letter),
    "journal": (tabletops.notebook, places.landscape),
    "kitchen": (places.workbench, tabletops.from_above),
    "last_places": (occasions.chairs,),
    "last_seats": (occasions.chairs,),
    "launch": (displays.pedestal, displays.shop_window),
    "making": (places.workbench, tabletops.from_above),
    "market": (displays.shop_window, places.landscape),
    "memories": (tabletops.photos, places.landscape),
    "milestone": (occasions.celebration,),
    "morning": (places.window,),
    "offer": (displays.shop_window, displays.shelf),
    "openbook": (tabletops.notebook,),
    "origin": (places.landscape,),
    "packaging": (displays.shelf, tabletops.letter),
    "people": (places.team,),
    "questions": (tabletops.letter, displays.steps),
    "quiet": (places.window,),
    "recap": (occasions.afterwards,),
    "recipe": (displays.steps, tabletops.from_above),
    "roasting": (places.workbench,),
    "season": (places.window, places.landscape),
    "spotlight": (places.team, tabletops.photos),
    "subscription": (tabletops.letter, displays.shelf),
    "team": (places.team,),
    "tips": (displays.steps, tabletops.from_above),
    "update": (places.workbench, displays.steps),
}
# By niche and topic: the objects that come first where the topic is about certain ones.
FEATURED_OBJECTS: Mapping[tuple[str, str], tuple[Draw, ...]] = {
    ("coffee", "fresh_batch"): (coffee.bag,),
    ("coffee", "howto"): (coffee.dripper, coffee.kettle, coffee.grinder),
    ("coffee", "morning"): (coffee.cup, coffee.mug),
    ("coffee", "packaging"): (coffee.bag,),
    ("coffee", "recipe"): (coffee.grinder, coffee.moka, coffee.cup),
    ("coffee", "roasting"): (coffee.bag, coffee.grinder),
    ("fashion", "careguide"): (fashion.folded, fashion.spools, fashion.coat),
    ("fashion", "making"): (fashion.sewing_machine, fashion.spools, fashion.dress_form),
    ("fashion", "season"): (fashion.boots, fashion.coat),
    ("fitness", "howto"): (fitness.trainer, fitness.bottle, fitness.mat),
    ("games", "art"): (games.tower, games.crystal, games.lantern),
    ("games", "devlog"): (games.handheld, games.cartridge, games.gamepad),
    ("games", "update"): (games.cartridge, games.handheld, games.arcade),
    ("restaurant", "athome"): (restaurant.pot, restaurant.mill, restaurant.pie),
    ("restaurant", "kitchen"): (restaurant.pot, restaurant.mill, restaurant.crate),
    ("restaurant", "market"): (restaurant.crate, restaurant.loaf, restaurant.wine),
    ("restaurant", "quiet"): (restaurant.candle, restaurant.wine),
    ("skincare", "behind"): (skincare.bowl, skincare.dropper, skincare.jar),
    ("skincare", "howto"): (skincare.pump, skincare.dropper, skincare.jar),
    ("software", "busy"): (software.calendar, software.bubbles),
    ("software", "update"): (software.gears, software.monitor, software.lamp),
    ("travel", "howto"): (travel.backpack, travel.suitcase, travel.camera),
    ("travel", "journal"): (travel.camera, travel.tent, travel.lighthouse),
    ("travel", "season"): (travel.balloon, travel.tent, travel.lantern),
}
DARK_COMPOSITIONS = (occasions.evening, occasions.afterwards)  # usually in the dark


def has_picture(niche: str, topic: str) -> bool:
    """Whether there are pictures of the topic in the niche."""
    return niche in OBJECTS_BY_NICHE and topic in COMPOSITIONS_BY_TOPIC


def post_picture(niche: str, topic: str, seed: int) -> str:
    """The picture of a post as an SVG document of 4:3, the same for equal arguments. Raises UnknownPicture."""
    if not has_picture(niche, topic):
        raise UnknownPicture(niche, topic)
    rng = Random(f"{niche}/{topic}/{seed}")
    composition = rng.choice(COMPOSITIONS_BY_TOPIC[topic])
    paint = Paint(_palette(niche, composition, rng))
    content = composition(paint, rng, _objects_for_topic(niche, topic, rng))
    if rng.random() < 0.5 and composition is not displays.steps:  # whose order is from left to right
        content = f'<g transform="matrix(-1 0 0 1 400 0)">{content}</g>'
    return document(400, 300, paint.definitions + content)


def niche_cover(niche: str) -> str:
    """The picture by which people choose the niche, as an SVG document of 4:3. Raises UnknownPicture."""
    if niche not in OBJECTS_BY_NICHE:
        raise UnknownPicture(niche)
    paint = Paint(PALETTES[niche][0])
    content = displays.cover(paint, Random(niche), OBJECTS_BY_NICHE[niche])
    return document(400, 300, paint.definitions + content)


def _objects_for_topic(niche: str, topic: str, rng: Random) -> NicheObjects:
    """The niche's objects; those that stand are in a random order, after those that the topic is about."""
    objects = OBJECTS_BY_NICHE[niche]
    featured = FEATURED_OBJECTS.get((niche, topic), ())
    others = [draw for draw in objects.standing if draw not in featured]
    rng.shuffle(others)
    return objects._replace(standing=(*featured, *others))


def _palette(niche: str, composition: Composition, rng: Random) -> Palette:
    """One of the niche's palettes, with all hues turned a little."""
    palettes = PALETTES[niche]
    dark = tuple(palette for palette in palettes if palette.is_dark)
    chosen = rng.choice(
        dark if dark and composition in DARK_COMPOSITIONS and rng.random() < 0.6 else palettes
    )
    turn, lift = rng.uniform(-7, 7), rng.uniform(-0.012, 0.012)
    return Palette(*(Color(color.lightness + lift, color.chroma, color.hue + turn) for color in chosen))
