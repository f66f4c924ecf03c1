"""Pictures are drawn by the server: the same for the same address, well-formed, small, and of what they are named for."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.platforms import PLATFORMS
from config.settings import BASE_DIR
from demo import simulator
from demo.pictures.palettes import PALETTES
from demo.pictures.scenes import (
    COMPOSITIONS_BY_TOPIC,
    FEATURED_OBJECTS,
    OBJECTS_BY_NICHE,
    niche_cover,
    post_picture,
)
from demo.simulator import tables
from interactions.pictures.abstract import FAMILIES, SEEDS, abstract_picture, family
from interactions.pictures.colors import Color
from interactions.pictures.faces import LOOKS, face
from interactions.pictures.initials import TINTS, first_letter, person_initial, profile_mark
from interactions.pictures.people import person_avatar_url, profile_avatar_url
from interactions.pictures.svg import UnknownPicture

SVG = "{http://www.w3.org/2000/svg}"
MAX_BYTES = 7_000
DRAWN = [  # every topic of every niche, in all languages
    (niche, topic)
    for niche in simulator.NICHES
    for topic in sorted(
        {
            topic
            for code in simulator.LANGUAGES
            if niche in simulator.niches(code)
            for topic in tables.niche(code, niche).topics
        }
    )
]


def names(svg: str) -> set[str]:
    """The names of the elements; raises an error where the document is not well-formed."""
    return {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(svg).iter()}


def luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize(("niche", "topic"), DRAWN)
def test_every_topic_of_every_niche_has_small_pictures_without_text(niche, topic):
    for seed in range(12):
        svg = post_picture(niche, topic, seed)
        assert names(svg) <= {
            "svg",
            "defs",
            "linearGradient",
            "stop",
            "g",
            "path",
            "rect",
            "circle",
            "ellipse",
        }
        assert len(svg.encode()) <= MAX_BYTES


@pytest.mark.parametrize(("niche", "topic"), DRAWN)
def test_different_seeds_have_different_pictures(niche, topic):
    assert len({post_picture(niche, topic, seed) for seed in range(40)}) == 40


@pytest.mark.parametrize("niche", simulator.NICHES)
def test_every_niche_has_a_cover(niche):
    assert "text" not in names(niche_cover(niche))
    assert len(niche_cover(niche).encode()) <= MAX_BYTES


def test_covers_differ():
    assert len({niche_cover(niche) for niche in simulator.NICHES}) == len(simulator.NICHES) == 8


def test_a_featured_object_of_a_topic_is_an_object_of_the_niche():
    assert [
        key
        for key, featured in FEATURED_OBJECTS.items()
        if not {*featured} <= {*OBJECTS_BY_NICHE[key[0]].standing}
    ] == []
    assert [topic for _, topic in FEATURED_OBJECTS if topic not in COMPOSITIONS_BY_TOPIC] == []
    assert {*PALETTES} == {*OBJECTS_BY_NICHE}


@pytest.mark.parametrize(("niche", "topic"), [("gardening", "launch"), ("coffee", "nonsense"), ("", "")])
def test_unknown_niches_and_topics_have_no_picture(niche, topic):
    with pytest.raises(UnknownPicture):
        post_picture(niche, topic, 0)


def test_an_unknown_niche_has_no_cover():
    with pytest.raises(UnknownPicture):
        niche_cover("gardening")


DRAW_SOME = """
from hashlib import sha256
from demo.pictures.scenes import niche_cover, post_picture
from interactions.pictures.abstract import abstract_picture
from interactions.pictures.faces import face
drawn = [post_picture("coffee", "team", 7), niche_cover("travel"), face(2**63 + 5), abstract_picture("moving", 3)]
print(sha256("".join(drawn).encode()).hexdigest())
"""


def test_other_processes_draw_the_same():
    drawn = {
        subprocess.run(
            [sys.executable, "-c", DRAW_SOME],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(BASE_DIR)},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(drawn) == 1


def test_faces_are_well_formed_and_differ():
    faces = [face(key * 0x9E3779B97F4A7C15 % 2**64) for key in range(200)]
    assert {"script", "text", "image", "foreignObject", "a"}.isdisjoint(set().union(*map(names, faces)))
    assert {part[:1] for svg in faces for part in re.findall(r'href="([^"]*)"', svg)} == {"#"}
    assert len({*faces}) == 200
    assert max(map(len, faces)) <= 10_000


@pytest.mark.parametrize("key", [0, 1, 2**64 - 1])
def test_a_face_has_the_colors_of_its_key(key):
    skin, hair = LOOKS[key % len(LOOKS)]
    assert skin in face(key)
    assert hair in face(key)


@pytest.mark.parametrize(
    ("texts", "letter"),
    [
        (("Maria Lopez", "maria"), "M"),
        (("", "@jonas.k"), "J"),
        (("☕🤎", "kaffee_98"), "K"),
        (("✨ zoë ✨", ""), "Z"),
        (("émile", ""), "É"),
        (("e\u0301mile", ""), "É"),
        (("\u202eevil", ""), "E"),
        (("<script>", ""), "S"),
        (("&amp;", ""), "A"),
        (("ßen", ""), "ß"),
        (("ǆep", ""), "ǅ"),
        (("мария", ""), "М"),
        (("محمد", ""), "م"),
        (("שרה", ""), "ש"),
        (("क्षमा", ""), "क्ष"),
        (("กำธร", ""), "กำ"),
        (("김민수", ""), "김"),
        (("田中", ""), "田"),
        (("ნინო", ""), "ნ"),
        (("7-eleven", ""), "7"),
        (("𝕏avier", ""), "𝕏"),
        (("A" + "\u0301" * 200, ""), "Á" + "\u0301" * 5),
        (("👩‍👩‍👧", "🙂"), ""),
        (("", ""), ""),
        ((" \u200b\n", "@"), ""),
    ],
)
def test_the_first_letter_of_a_name(texts, letter):
    assert first_letter(*texts) == letter


@given(st.text())
def test_a_first_letter_is_its_own_first_letter(text):
    assert first_letter(first_letter(text)) == first_letter(text)


@given(st.text(), st.integers(0, TINTS - 1))
def test_the_initial_of_any_name_is_well_formed(text, tint):
    letter = first_letter(text)
    for svg in (person_initial(letter, tint), profile_mark(letter, tint)):
        shown = [element.text for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]
        assert shown == ([letter] if letter else [])


@pytest.mark.parametrize("hostile", ["<b>", "&lt;", "</text><script>alert(1)</script>", "]]>", '" onload="x'])
def test_a_hostile_letter_is_escaped(hostile):
    for svg in (person_initial(hostile, 0), profile_mark(hostile, 0)):
        assert [element.text for element in ElementTree.fromstring(svg).iter(f"{SVG}text")] == [hostile]
        assert names(svg) <= {"svg", "rect", "path", "text"}


@pytest.mark.parametrize("tint", range(TINTS))
@pytest.mark.parametrize("draw", [person_initial, profile_mark])
def test_a_letter_stands_out_against_its_disc(draw, tint):
    root = ElementTree.fromstring(draw("M", tint))
    ink = luminance(root.find(f"{SVG}text").attrib["fill"])
    backs = [
        luminance(root.find(f"{SVG}{part}").attrib["fill"])
        for part in ("rect", "path")
        if root.find(f"{SVG}{part}") is not None
    ]
    for back in backs:
        light, dark = max(ink, back), min(ink, back)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_initials_are_always_in_the_color_of_the_person():
    def url(name: str) -> str:
        return person_avatar_url("instagram", "17", "maria", name, is_demo=False)

    assert url("Maria") == "/pictures/initials/2-4d.svg?v=1"
    assert url("Anna") == "/pictures/initials/2-41.svg?v=1"
    assert person_avatar_url("instagram", "18", "", "", is_demo=False) == "/pictures/initials/5-.svg?v=1"


def test_only_people_of_a_demo_have_a_face():
    face_url = "/pictures/people/39655e0cd7734b4a.svg?v=1"
    assert person_avatar_url("instagram", "17", "maria", "Maria", is_demo=True) == face_url
    assert person_avatar_url("instagram", "17", "other", "Other", is_demo=True) == face_url
    assert person_avatar_url("facebook", "17", "maria", "Maria", is_demo=True) != face_url


def test_a_brand_has_the_same_mark_on_all_its_platforms():
    assert profile_avatar_url("Brindle Coffee", "brindle") == profile_avatar_url(
        "Brindle Coffee", "brindle.co"
    )
    assert profile_avatar_url("", "brindle") == "/pictures/profiles/4-42.svg?v=1"


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("reel", "moving"),
        ("video", "moving"),
        ("article", "written"),
        ("photo", "still"),
        ("", "still"),
        ("Ø", "still"),
    ],
)
def test_a_live_post_has_a_picture_by_its_kind(kind, shown):
    assert family(kind) == shown


@pytest.mark.parametrize("shown", FAMILIES)
def test_abstract_pictures_are_well_formed_and_differ(shown):
    drawn = [abstract_picture(shown, seed) for seed in range(SEEDS)]
    assert {"text", "script"}.isdisjoint(set().union(*map(names, drawn)))
    assert len({*drawn}) == SEEDS
    assert max(map(len, drawn)) <= 2_000


@pytest.mark.parametrize(
    ("color", "shown"),
    [
        (Color(1, 0, 0), "#ffffff"),
        (Color(0, 0, 0), "#000000"),
        (Color(0.628, 0.2577, 29.23), "#ff0000"),  # red, green and blue of CSS Color 4
        (Color(0.8664, 0.2948, 142.5), "#00ff00"),
        (Color(0.452, 0.3132, 264.05), "#0000ff"),
    ],
)
def test_colors_are_those_of_css(color, shown):
    assert color.hex == shown


def test_a_color_that_screens_do_not_have_keeps_its_hue():
    assert Color(0.7, 0.4, 150).hex == Color(0.7, 0.4 * 0.95**12, 150).hex


def test_the_sprite_has_a_glyph_of_each_platform():
    sprite = ElementTree.parse(BASE_DIR / "interactions/static/perennial/platforms.svg").getroot()
    assert [symbol.attrib["id"] for symbol in sprite.iter(f"{SVG}symbol")] == [*PLATFORMS]
    assert {symbol.attrib["fill"] for symbol in sprite.iter(f"{SVG}symbol")} == {"currentColor"}
