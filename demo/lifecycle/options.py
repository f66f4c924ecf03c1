"""Validates the options of enabling a demo, and turns them into columns of the account. Called by `enable` and `seed_demo`."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Platform
from demo import simulator
from demo.account_settings import ENABLING_SETTINGS, SettingType
from demo.exceptions import InvalidOption
from demo.models import COUNTED_TYPES, MAX_SEED, DemoAccount
from demo.names import brand_name, product_names

DEFAULT_SIZES = {
    f"initial_{name}": DemoAccount._meta.get_field(f"initial_{name}").default for name in COUNTED_TYPES
}
MAX_SIZE = 2**31 - 1  # that the columns of the sizes store


@dataclass(frozen=True)
class Rule:
    """Which values an option may have; `description` continues "must be"."""

    accepts: Callable[[Any], bool]
    description: str


def _one_of(values: Collection[str]) -> Rule:
    return Rule(lambda value: value in values, f"one of {', '.join(values)}")


def _whole_number(highest: int) -> Rule:
    return Rule(
        lambda value: type(value) is int and 0 <= value <= highest, f"a whole number from 0 to {highest}"
    )


RULES: dict[str, Rule | SettingType] = {
    "platforms": Rule(
        lambda chosen: (
            isinstance(chosen, list | tuple)
            and bool(chosen)
            and all(one in Platform.values for one in chosen)
        ),
        f"one or more of {', '.join(Platform.values)}",
    ),
    "niche": _one_of(simulator.NICHES),
    "language": _one_of(simulator.LANGUAGES),
    "seed": _whole_number(MAX_SEED),
    **dict.fromkeys(DEFAULT_SIZES, _whole_number(MAX_SIZE)),
    **{name: setting.value_type for name, setting in ENABLING_SETTINGS.items()},
}
NAME_READERS = {"brand": brand_name, "products": product_names}


def check_options(options: dict[str, Any]) -> None:
    """Raise InvalidOption, with a sentence that names the allowed values, unless all options are valid or None."""
    for name, value in options.items():
        if name in NAME_READERS or value is None:
            continue
        if name not in RULES:
            raise InvalidOption(
                f"{name} is not an option of enabling; use {', '.join((*RULES, *NAME_READERS))}."
            )
        if not RULES[name].accepts(value):
            raise InvalidOption(f"{name} must be {RULES[name].description}.")
    checked_names(options)


def checked_names(options: dict[str, Any]) -> dict[str, Any]:
    """The given `brand` and `products` in the form that is stored. Raises InvalidOption for an unreadable name."""
    return {
        name: read(options[name])
        for name, read in NAME_READERS.items()
        if options.get(name) not in (None, "")
    }


def check_words(language: str, niche: str) -> None:
    """Raise InvalidOption unless the language has word tables for the niche."""
    niches = simulator.niches(language)
    if niche not in niches:
        raise InvalidOption(
            _("In language %(language)s the niche must be one of %(niches)s; %(niche)s is not.")
            % {"language": language, "niches": ", ".join(niches), "niche": niche}
        )


def columns_for(account: DemoAccount, options: dict[str, Any]) -> dict[str, Any]:
    """The columns to set when the account is enabled with `options`, with default sizes for those not given.

    A different niche, language or seed sets a new brand, and a different niche removes the products, unless they are
    given. Raises InvalidOption when the language has no word tables for the niche.
    """
    given = {name: value for name, value in options.items() if value is not None}
    columns = DEFAULT_SIZES | given | checked_names(given)
    before = (account.seed, account.niche, account.language)
    seed, niche, language = (
        columns.get(name, getattr(account, name)) for name in ("seed", "niche", "language")
    )
    check_words(language, niche)
    if "platforms" in columns:
        columns["platforms"] = list(dict.fromkeys(columns["platforms"]))
    if not columns.get("brand", account.brand if (seed, niche, language) == before else ""):
        columns["brand"] = simulator.default_brand(seed, niche, language)
    if niche != account.niche:
        columns.setdefault("products", [])
    return columns
