"""The language of a text, by the library eld, or None where it cannot be told. Pure.

Called by `interactions.moderation.matching`. The same text has the same language on every machine.
"""

import re
from collections.abc import Mapping
from functools import cache

from eld import LanguageDetector

# Those that eld 1.0.6 can tell, by their ISO 639-1 codes.
LANGUAGES: Mapping[str, str] = {
    "am": "Amharic",
    "ar": "Arabic",
    "az": "Azerbaijani",
    "be": "Belarusian",
    "bg": "Bulgarian",
    "bn": "Bengali",
    "ca": "Catalan",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "eu": "Basque",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "gu": "Gujarati",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "hy": "Armenian",
    "is": "Icelandic",
    "it": "Italian",
    "ja": "Japanese",
    "ka": "Georgian",
    "kn": "Kannada",
    "ko": "Korean",
    "ku": "Kurdish",
    "lo": "Lao",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "ml": "Malayalam",
    "mr": "Marathi",
    "ms": "Malay",
    "nl": "Dutch",
    "no": "Norwegian",
    "or": "Odia",
    "pa": "Punjabi",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sq": "Albanian",
    "sr": "Serbian",
    "sv": "Swedish",
    "ta": "Tamil",
    "te": "Telugu",
    "th": "Thai",
    "tl": "Tagalog",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "vi": "Vietnamese",
    "yo": "Yoruba",
    "zh": "Chinese",
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
