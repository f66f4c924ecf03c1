"""normalize_name: which names it accepts, how it normalizes them, and the errors for others."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.names import UnreadableName, normalize_name

READABLE = [
    *("Juniper Coffee Works", "3M", "AT&T", "e.l.f.", "!!!", "7-Eleven", "C++", "L'Oréal", "½ Price", "A"),
    *("Café 👩‍🍳", "❤️‍🔥 Grill", "👨‍👩‍👧‍👦", "☕", "#️⃣ Tag", "🏴󠁧󠁢󠁥󠁮󠁧󠁿 Pub", "🇫🇷 Boulangerie", "👍🏽", "🩷 Bloom"),
    *("کافه‌ما", "می‌خواهم", "قهوة", "קפה", "مقهى C++\u200e ١", "جمعية ﷺ"),
    *("कॉफ़ी हाउस", "क्‍ष", "র‍্যাব", "ක්‍රිකට්", "അവന്‍", "தமிழ்", "ร้านกาแฟ", "ກາເຟ", "កាហ្វេ", "မြန်မာ"),
    *(
        "北京烤鸭",
        "さくら",
        "葛\U000e0100飾",
        "한글커피",
        "ᠮᠣᠩᠭᠣᠯ",
        "Ελλάδα",
        "Кофе",
        "Ქართული",
        "አማርኛ",
        "Việt Nam",
    ),
]
SHOWS_NOTHING = [
    *(
        "",
        " ",
        "\t\n",
        "\u00a0",
        "\u3000",
        "\u3164",
        "\u115f",
        "\u1160",
        "\uffa0",
        "\u2800",
        "\u00ad",
        "\u200b",
    ),
    *("\u200c", "\u200d", "\u200e", "\u2060", "\u2063", "\ufeff", "\ufe0f", "\U000e0100", "\u0301", "\u20e3"),
    *("\U000e0041", "\U000e0001", "\u034f", "\u180e", "\u17b4", "\u0301\u0302", "\u3164 \u3164", "\ufffc"),
    "\U000e0067\U000e007f",
]
NOT_TO_BE_TRUSTED = [
    *("Acme\nInc", "Acme\tInc", "Acme\x00", "\x1b[31mAcme", "Acme\x7f", "Acme\x85Inc", "Acme\u2028Inc"),
    *(
        "Acme\u2029Inc",
        "\u202eemcA",
        "Ac\u202ame",
        "Ac\u202cme",
        "\u2066Acme\u2069",
        "Ac\u200bme",
        "Ac\u00adme",
    ),
    *("Acme \ue000", "Acme\U000f0000", "Acme\u0378", "Acme\uffff", "Acme\ud800", "A\u3164B", "A\u2800B"),
    *(
        "A\u200d\u200dB",
        "A \u200dB",
        "A\u200c",
        "\u0301Acme",
        "Acme \u0301",
        "Ac\ufe0f\ufe0fme",
        "A\U000e0041",
    ),
]


@pytest.mark.parametrize("name", READABLE)
def test_a_name_in_any_script_is_accepted_unchanged(name):
    assert normalize_name(name, 80) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("name", SHOWS_NOTHING + NOT_TO_BE_TRUSTED, ids=ascii)
def test_an_unreadable_name_is_refused(name):
    with pytest.raises(UnreadableName):
        normalize_name(name, 80)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Acme  Inc ", "Acme Inc"),
        ("Acme\u00a0\u2009Inc", "Acme Inc"),
        ("\u3000珈琲\u3000店\u3000", "珈琲 店"),
        ("Cafe\u0301", "Café"),
        ("\u200fקפה\u200f", "קפה"),
        ("Acme\n", "Acme"),
    ],
)
def test_a_name_is_stored_composed_and_with_single_blanks(given, kept):
    assert normalize_name(given, 80) == kept


def test_a_far_too_long_name_is_refused_quickly():
    began = time.process_time()
    with pytest.raises(UnreadableName, match=r"it has 60001\."):
        normalize_name("a" + "\u0301" * 30_000 + "\u0316" * 30_000, 80)
    assert time.process_time() - began < 1
    assert normalize_name("\u03b1\u0313\u0300\u0345" * 80, 80) == "\u1f82" * 80  # four code points become one
    assert normalize_name(" " * 100_000 + "Acme", 80) == "Acme"


def test_the_length_is_that_of_the_normalized_name():
    assert normalize_name("e\u0301" * 80, 80) == "é" * 80
    assert normalize_name("A" + " " * 500 + "B", 3) == "A B"
    with pytest.raises(UnreadableName, match=r"of 1 to 80 characters in one line; it has 81\."):
        normalize_name("x" * 81, 80)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("\u3164", r"remove U\+3164 \(HANGUL FILLER\)"),
        ("a\u202eb", r"remove U\+202E \(RIGHT-TO-LEFT OVERRIDE\)"),
        ("a\nb", r"remove U\+000A"),
        (" ", "that shows something: letters, digits, signs or emoji"),
    ],
)
def test_the_error_says_what_to_do(name, sentence):
    with pytest.raises(UnreadableName, match=sentence):
        normalize_name(name, 80)


@given(st.text(st.characters(), max_size=20))
def test_a_normalized_name_is_visible_on_one_line_and_normalizes_to_itself(text):
    try:
        kept = normalize_name(text, 80)
    except UnreadableName:
        return
    assert normalize_name(kept, 80) == kept
    assert any(unicodedata.category(one)[0] in "LNPS" or one > "\U0001f000" for one in kept)
    assert "  " not in kept
    assert kept == kept.strip()
    assert not any(unicodedata.category(one) in ("Cc", "Zl", "Zp", "Cs", "Co") for one in kept)
    kept.encode()
