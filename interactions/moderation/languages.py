"""The language of a text, by the library eld, or None where it cannot be told. Pure.

Called by `interactions.moderation.matching`. The same text has the same language on every machine.
"""

import re
from collections.abc import Mapping
from functools import cache

from eld import LanguageDetector

from accounts.declarations import gettext_noop

# Those that eld 1.0.6 can tell, by their ISO 639-1 codes.
LANGUAGES: Mapping[str, str] = {
    "am": gettext_noop("Amharic"),
    "ar": gettext_noop("Arabic"),
    "az": gettext_noop("Azerbaijani"),
    "be": gettext_noop("Belarusian"),
    "bg": gettext_noop("Bulgarian"),
    "bn": gettext_noop("Bengali"),
    "ca": gettext_noop("Catalan"),
    "cs": gettext_noop("Czech"),
    "da": gettext_noop("Danish"),
    "de": gettext_noop("German"),
    "el": gettext_noop("Greek"),
    "en": gettext_noop("English"),
    "es": gettext_noop("Spanish"),
    "et": gettext_noop("Estonian"),
    "eu": gettext_noop("Basque"),
    "fa": gettext_noop("Persian"),
    "fi": gettext_noop("Finnish"),
    "fr": gettext_noop("French"),
    "gu": gettext_noop("Gujarati"),
    "he": gettext_noop("Hebrew"),
    "hi": gettext_noop("Hindi"),
    "hr": gettext_noop("Croatian"),
    "hu": gettext_noop("Hungarian"),
    "hy": gettext_noop("Armenian"),
    "is": gettext_noop("Icelandic"),
    "it": gettext_noop("Italian"),
    "ja": gettext_noop("Japanese"),
    "ka": gettext_noop("Georgian"),
    "kn": gettext_noop("Kannada"),
    "ko": gettext_noop("Korean"),
    "ku": gettext_noop("Kurdish"),
    "lo": gettext_noop("Lao"),
    "lt": gettext_noop("Lithuanian"),
    "lv": gettext_noop("Latvian"),
    "ml": gettext_noop("Malayalam"),
    "mr": gettext_noop("Marathi"),
    "ms": gettext_noop("Malay"),
    "nl": gettext_noop("Dutch"),
    "no": gettext_noop("Norwegian"),
    "or": gettext_noop("Odia"),
    "pa": gettext_noop("Punjabi"),
    "pl": gettext_noop("Polish"),
    "pt": gettext_noop("Portuguese"),
    "ro": gettext_noop("Romanian"),
    "ru": gettext_noop("Russian"),
    "sk": gettext_noop("Slovak"),
    "sl": gettext_noop("Slovenian"),
    "sq": gettext_noop("Albanian"),
    "sr": gettext_noop("Serbian"),
    "sv": gettext_noop("Swedish"),
    "ta": gettext_noop("Tamil"),
    "te": gettext_noop("Telugu"),
    "th": gettext_noop("Thai"),
    "tl": gettext_noop("Tagalog"),
    "tr": gettext_noop("Turkish"),
    "uk": gettext_noop("Ukrainian"),
    "ur": gettext_noop("Urdu"),
    "vi": gettext_noop("Vietnamese"),
    "yo": gettext_noop("Yoruba"),
    "zh": gettext_noop("Chinese"),
}
MAX_READ = 1_000  # characters, as many as eld reads
_NO_WORDS = re.compile(r"https?://\S+|www\.\S+|[@#]\S+")  # addresses, mentions and hashtags


def language_of(text: str) -> str | None:
    """Return a key of LANGUAGES; None when the text is too short or too mixed to tell."""
    found = _detector().detect(_NO_WORDS.sub(" ", text[:MAX_READ]))
    return found.language if found.is_reliable() else None


@cache
def _detector() -> LanguageDetector:
    """Loaded on first use, in 0.05 s and 40 MB, as most processes never need it."""
    return LanguageDetector()
