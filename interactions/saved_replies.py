"""The variables in the text of a saved reply: checks them when it is saved, and fills them in.

`{name}` stands for a value, `{name|fallback}` for the value or, when it is not known, for the fallback, which is any text
without braces. The names are those of VARIABLES. `{{` and `}}` stand for one brace. Nothing else may contain a brace.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.visible_text import has_visible_text

VARIABLES = {  # what each name stands for
    "first_name": "the first name of the person who gets the reply",
    "brand": "the name of the profile that sends it",
    "handle": "the handle of the person who gets the reply, without @",
}
MAX_QUOTED = 50  # characters of a text that an error quotes
KNOWN = gettext_noop(
    "There are {first_name}, {brand} and {handle}; {first_name|there} writes there when the name is not known;"
    " write {{ and }} for braces."
)
_BRACES = {"{{": "{", "}}": "}"}
_PART = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+")


class InvalidSavedReply(ValueError):
    """The text has a brace that belongs to no variable, or an unknown variable, or shows nothing; the message is a sentence."""


@dataclass(frozen=True)
class Variable:
    """A place in the text. `fallback` is written when the value is not known; None: nothing is."""

    name: str
    fallback: str | None = None


def parse(text: str) -> list[str | Variable]:
    """Return the texts and variables of a saved reply in their order; raises InvalidSavedReply."""
    return list(_parts(text))


def check(text: str) -> None:
    """Raise InvalidSavedReply when the text has a wrong variable, or shows nothing."""
    parse(text)
    if not has_visible_text(text):
        raise InvalidSavedReply(
            _("The text has no visible character; write letters, digits, signs or emoji.")
        )


def render(text: str, values: Mapping[str, str | None]) -> str:
    """Return the text with `values`, by name, in place of the variables; raises InvalidSavedReply.

    A value that is missing, None or blank is not known. Braces in values stay as they are.
    """
    return "".join(part if isinstance(part, str) else _value(part, values) for part in _parts(text))


def _value(variable: Variable, values: Mapping[str, str | None]) -> str:
    value = values.get(variable.name) or ""
    return value if value.strip() else variable.fallback or ""


def _parts(text: str) -> Iterator[str | Variable]:
    for match in _PART.finditer(text):
        part = match[0]
        if part in _BRACES:
            yield _BRACES[part]
        elif part in ("{", "}"):
            sentence = _("The %(brace)s after %(count)d characters belongs to no variable.")
            raise _invalid(sentence % {"brace": part, "count": match.start()})
        else:
            yield _variable(part[1:-1]) if part[0] == "{" else part


def _variable(inner: str) -> Variable:
    name, bar, fallback = inner.partition("|")
    quoted = "{" + inner[:MAX_QUOTED] + "}"
    if name not in VARIABLES:
        raise _invalid(_("There is no variable %(variable)s.") % {"variable": quoted})
    if bar and not fallback.strip():
        raise _invalid(_("%(variable)s has no text after the |.") % {"variable": quoted})
    return Variable(name, fallback if bar else None)


def _invalid(sentence: str) -> InvalidSavedReply:
    return InvalidSavedReply(f"{sentence} {_(KNOWN)}")
