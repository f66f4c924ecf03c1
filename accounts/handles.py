"""Which handles the platforms have, for the profiles that operators enter. Pure; called by `accounts.fields.HandleField`.

A rule takes every handle that may exist, old short ones too, and refuses what cannot be one: an address, several words.
"""

import unicodedata
from dataclasses import dataclass

INNER = ".-"  # signs with which no handle begins or ends
NAMES = {".": "dots", "_": "underscores", "-": "hyphens"}


class NoHandle(ValueError):
    """A text that is no handle of the platform; the message goes on from "The handle": "must be …"."""


@dataclass(frozen=True)
class Rule:
    """At most `most` letters, digits and `signs`; the letters are those of English, or of `any_script`."""

    most: int
    signs: str
    any_script: bool = False

    def allows(self, handle: str) -> bool:
        within = 0 < len(handle) <= self.most and all(map(self._may_have, handle))
        return within and not {handle[0], handle[-1]} & set(INNER)

    def _may_have(self, character: str) -> bool:
        if character in self.signs or (character.isascii() and character.isalnum()):
            return True
        return self.any_script and unicodedata.category(character)[0] in "LMN"

    def __str__(self) -> str:
        letters = "letters of any language" if self.any_script else "letters from a to z"
        signs = " and ".join(NAMES[sign] for sign in self.signs)
        return f"at most {self.most} {letters}, digits, {signs}, with no dot or hyphen at either end"


# By the platforms' help pages, as `demo/simulator/platforms.py` names them.
RULES = {
    "instagram": Rule(30, "._"),
    "youtube": Rule(30, "._-", any_script=True),
    "facebook": Rule(50, "."),
    "tiktok": Rule(24, "._"),
    "x": Rule(15, "_"),
    "linkedin": Rule(100, "-_", any_script=True),
}


def read_handle(text: str, platform: str) -> str:
    """The handle without the @ before it. Raises NoHandle for what cannot be one of `platform`, a key of RULES."""
    handle = text.lstrip("@ ")
    if not RULES[platform].allows(handle):
        raise NoHandle(
            f"must be the name alone, such as acme, without an address or spaces: {RULES[platform]}."
        )
    return handle
