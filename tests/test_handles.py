"""Every handle of a demo is valid on its platform, for any names, and so is the hashtag made from a brand. No clock."""

import dataclasses
import re
import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.declarations import check_table
from accounts.names import UnreadableName, normalize_name
from accounts.platforms import PLATFORMS, read_handle
from demo import simulator
from demo.simulator import tables
from demo.simulator.handles import brand_handle, hashtag, person_handle
from demo.simulator.people import _names, person
from tests.stories import ALL, NOON, SIX_HOURS, world

RULES = {  # from the platforms' help pages, independent of accounts/platforms.py
    "instagram": r"(?!\.)(?!.*\.\.)[a-z0-9._]{1,30}(?<!\.)",
    "youtube": r"[a-z0-9][a-z0-9._-]{1,28}[a-z0-9]",
    "facebook": r"(?!\.)(?!.*\.\.)[a-z0-9.]{5,50}(?<!\.)",
    "tiktok": r"[a-z0-9._]{2,24}(?<!\.)",
    "x": r"[a-z0-9_]{4,15}",
    "linkedin": r"(?!-)[a-z0-9-]{3,100}(?<!-)",
}
check_table("RULES in tests/test_handles.py", RULES, PLATFORMS)
BRANDS = [
    *(
        "Juniper Hill Roastery",
        "A",
        "7",
        "1664",
        "!!!",
        "x" * 80,
        "A Company with Quite a Name " * 2,
        "e.l.f.",
    ),
    *(
        "Café 👩‍🍳",
        "☕",
        "👩‍🍳🔥",
        "#️⃣",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "🩷",
        "½ Price",
        "_._",
        "L'Oréal",
        "Emma Watson",
        "{brand}",
        "%s & Co.",
    ),
    *(
        "کافه‌ما",
        "القهوة",
        "קפה",
        "कॉफ़ी हाउस",
        "ක්‍රිකට්",
        "തമിഴ്",
        "ร้านกาแฟ",
        "မြန်မာ",
        "北京烤鸭",
        "さくら",
        "한글커피",
    ),
    *("葛\U000e0100飾", "Ünïcødé & Söhne GmbH", "Кофе", "አማርኛ", "ᠮᠣᠩᠭᠣᠯ", "𝕏𝕏", "\u3164", "Ac\u202eme"),
]
LANGUAGES = [(code, niche) for code in tables.LANGUAGES for niche in tables.niches(code)[:2]]
each_platform = pytest.mark.parametrize("platform", ALL)


def is_valid(platform, handle):
    return re.fullmatch(RULES[platform], handle) and PLATFORMS[platform].handles.can_be_registered(handle)


@each_platform
def test_the_tables_handle_rule_is_the_platforms(platform):
    signs = "".join(sign for sign in "._-" if re.match(RULES[platform], f"abcde{sign}fghij"))
    assert set(PLATFORMS[platform].handles.registered_signs) == {
        sign for sign in signs if is_valid(platform, f"abcde{sign}fghij")
    }
    assert not PLATFORMS[platform].handles.can_be_registered(
        "a" * (PLATFORMS[platform].handles.max_length + 1)
    )
    assert not PLATFORMS[platform].handles.can_be_registered(
        "a" * (PLATFORMS[platform].handles.min_length - 1)
    )
    assert not PLATFORMS[platform].handles.can_be_registered("12345")
    assert not PLATFORMS[platform].handles.can_be_registered("Abcde")
    assert not PLATFORMS[platform].handles.can_be_registered("abcdé")


WITH_UNDERSCORES_AT_THE_ENDS = {"instagram": ["_a_"], "tiktok": ["_a_"], "x": ["_abcd_"]}


@each_platform
def test_operators_may_enter_every_handle_that_the_table_allows(platform):
    rule = PLATFORMS[platform].handles
    for handle in (
        "a" * rule.max_length,
        *(f"ab{sign}cd1" for sign in rule.registered_signs),
        *WITH_UNDERSCORES_AT_THE_ENDS.get(platform, ()),
    ):
        assert rule.can_be_registered(handle)
        assert read_handle(f"@{handle}", platform) == handle


@pytest.mark.sample(4)
@each_platform
@pytest.mark.parametrize("code", tables.LANGUAGES)
def test_every_person_has_a_valid_handle(platform, code):
    locales = tables.language(code).locales
    handles = [person(seed, locales, platform, number).handle for seed in (1, 2) for number in range(3_000)]
    assert [handle for handle in handles if not is_valid(platform, handle)] == []


@each_platform
def test_almost_all_handles_are_distinct(platform):
    locales = tables.language("en").locales
    uses = Counter(person(7, locales, platform, number).handle for number in range(6_000))
    assert len(uses) > 5_980


U = st.floats(0, 1, exclude_min=True, exclude_max=True)


@given(st.sampled_from(ALL), st.text(max_size=30), st.text(max_size=30), st.tuples(U, U, U, U))
def test_a_name_in_any_script_gives_a_valid_handle(platform, first, last, u):
    assert is_valid(platform, person_handle(platform, first, last, *u))


@pytest.mark.parametrize("brand", BRANDS, ids=ascii)
@each_platform
def test_a_brands_handle_is_valid(platform, brand):
    for niche in simulator.NICHES:
        assert is_valid(platform, brand_handle(platform, brand, niche))


@given(st.text(max_size=80))
def test_any_text_as_a_brand_gives_a_valid_handle_on_every_platform(brand):
    assert all(is_valid(platform, brand_handle(platform, brand, "software")) for platform in ALL)


@pytest.mark.parametrize(
    ("brand", "handle", "tag"),
    [
        ("Juniper Hill Roastery", "juniperhillroastery", "juniperhillroastery"),
        ("Café 👩‍🍳", "cafe", "café"),
        ("कॉफ़ी हाउस", "kophihaus", "कॉफ़ीहाउस"),  # with its vowel signs
        ("ร้านกาแฟ", "rankaaef", "ร้านกาแฟ"),
        ("کافه‌ما", "kafhma", "کافهما"),
        ("أحمد عمر", "ahmdamr", "أحمدعمر"),
        ("אבא", "ava", "אבא"),
        ("북", "bug", "북"),
        ("☕", "coffee", ""),
        ("1664", "1664hq", ""),
        ("!!!", "coffeebrand", ""),
    ],
)
def test_a_brand_has_this_handle_and_hashtag(brand, handle, tag):
    found = brand_handle("instagram", brand, "coffee"), hashtag(brand)
    assert found == (handle, unicodedata.normalize("NFC", tag))


def test_a_brands_handle_on_x_has_as_many_words_as_fit():
    assert brand_handle("x", "Juniper Hill Roastery", "coffee") == "juniperhill"
    assert brand_handle("x", "Extraordinarily Good Coffee", "coffee") == "extraordinarily"
    assert brand_handle("x", "北", "coffee") == "beihq"


@given(st.text(max_size=80))
def test_a_hashtag_is_one_word_with_a_letter(brand):
    tag = hashtag(brand)
    assert not tag or any(map(str.isalpha, tag))
    assert all(unicodedata.category(letter)[0] in "LMN" for letter in tag)
    assert not tag or unicodedata.category(tag[0])[0] != "M"


@pytest.mark.sample(12)
@pytest.mark.parametrize(("code", "niche"), LANGUAGES)
@pytest.mark.parametrize("brand", BRANDS[::3], ids=ascii)
def test_every_handle_and_hashtag_of_a_story_is_valid(code, niche, brand):
    """Handles of authors and of people whom texts mention, in the initial batch, a window and the scenarios."""
    w = dataclasses.replace(world(3, ALL, niche), brand=brand, language=code)
    story = simulator.initial_batch(w, simulator.Quota(12, 150, 30), NOON)
    story += simulator.interactions_window(w, 0, NOON, 40, 10, story)
    for name in simulator.SCENARIOS:
        story += simulator.scenario(w, name, 0, NOON + SIX_HOURS, story)
    with_author = [event for event in story if event.author]
    assert [
        event.author.handle for event in with_author if not is_valid(event.platform, event.author.handle)
    ] == []
    mentioned = [
        (event.platform, handle)
        for event in with_author
        for handle in re.findall(r"@([\w.-]*\w)", event.text)
    ]
    assert len(mentioned) > 20
    assert [handle for platform, handle in mentioned if not is_valid(platform, handle)] == []
    captions = [event.text for event in story if event.type == simulator.CONTENT and event.text.count("#")]
    tags = [tag for text in captions for tag in re.findall(r"(?<!\S)#(\S+)", text.replace(brand, ""))]
    assert tags
    assert not [tag for tag in tags if not all(unicodedata.category(letter)[0] in "LMN" for letter in tag)]


LOCALES = sorted({locale for code in tables.LANGUAGES for locale in tables.language(code).locales})


@pytest.mark.parametrize("locale", LOCALES)
def test_no_name_has_superfluous_blanks(locale):
    names = _names(locale)
    assert [name for name in names.first + names.last if name != " ".join(name.split()) or not name] == []
    assert len(names.last) == len(names.weights)


@pytest.mark.parametrize("code", tables.LANGUAGES)
def test_every_persons_name_is_readable(code):
    for number in range(6_000):
        name = person(11, tables.language(code).locales, "instagram", number).name
        try:
            assert normalize_name(name, 80) == name
        except UnreadableName as error:
            raise AssertionError(f"{name!r} {error}") from error
