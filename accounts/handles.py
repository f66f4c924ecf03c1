"""The rules for handles: which handles can exist on a platform, and which can be registered there today. Pure.

`accounts.fields.HandleField` checks what operators enter; the simulator makes handles that can be registered.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from accounts.declarations import InvalidDeclaration, check_not_empty, check_range

MAX_HANDLE_LENGTH = 255  # that its column stores
EDGE_SIGNS = ".-"  # no handle begins or ends with one
SIGNS = "._-"


@dataclass(frozen=True)
class HandleRule:
    """The rule of one platform. Lengths are in characters; `signs` are allowed besides letters and digits.

    Existing handles may be older than today's rule. A handle that can be registered today has at least `min_length`
    characters, only ASCII letters, digits and `signs` without `older_signs`, at least one letter, no two dots in a row,
    and none of `registered_edge_signs` at either end. `source` names the platform's help page.
    """

    max_length: int
    signs: str
    source: str
    any_script: bool = False
    min_length: int = 1
    older_signs: str = ""
    registered_edge_signs: str = EDGE_SIGNS

    def __post_init__(self) -> None:
        check_range("The max_length of a HandleRule", self.max_length, 1, MAX_HANDLE_LENGTH)
        check_range("The min_length of a HandleRule", self.min_length, 1, self.max_length)
        check_not_empty("The source of a HandleRule", self.source)
        check_not_empty("The registered_edge_signs of a HandleRule", self.registered_edge_signs)
        for sign in self.signs + self.older_signs + self.registered_edge_signs:
            if sign not in SIGNS:
                raise InvalidDeclaration(
                    f"A HandleRule has the sign {sign!r}; it must be one of {' '.join(SIGNS)} (SIGNS in accounts/handles.py)."
                )

    def may_exist(self, handle: str) -> bool:
        """Whether the handle may exist, registered today or earlier."""
        if not 0 < len(handle) <= self.max_length or {handle[0], handle[-1]} & set(EDGE_SIGNS):
            return False
        return all(map(self._is_allowed, handle))

    def can_be_registered(self, handle: str) -> bool:
        """Whether somebody could register the handle today; lower case only."""
        return self._registered.fullmatch(handle) is not None

    @property
    def registered_signs(self) -> str:
        return "".join(sign for sign in self.signs if sign not in self.older_signs)

    def _is_allowed(self, character: str) -> bool:
        if character in self.signs or (character.isascii() and character.isalnum()):
            return True
        return self.any_script and unicodedata.category(character)[0] in "LMN"

    @cached_property
    def _registered(self) -> re.Pattern[str]:
        edge = f"[{re.escape(self.registered_edge_signs)}]"
        allowed = f"[a-z0-9{re.escape(self.registered_signs)}]{{{self.min_length},{self.max_length}}}"
        return re.compile(rf"(?!{edge})(?=.*[a-z])(?!.*\.\.){allowed}(?<!{edge})", re.ASCII)
