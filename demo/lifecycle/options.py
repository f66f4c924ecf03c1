"""Validates the options of enabling a demo, and turns them into columns of the account. Called by `enable` and `seed_demo`."""

from typing import Any

from accounts.models import Platform
from demo import simulator
from demo.account_settings import SETTINGS, Choice
from demo.exceptions import InvalidOption
from demo.models import COUNTED_TYPES, MAX_SEED, DemoAccount
from demo.names import brand_name, product_names

DEFAULT_SIZES = {
    f"initial_{name}": DemoAccount._meta.get_field(f"initial_{name}").default for name in COUNTED_TYPES
}


def check_options(options: dict[str, Any]) -> None:
    """Raise InvalidOption, with a sentence that names the allowed values, unless all options are valid."""
    platforms = options.get("platforms")
    if platforms is not None and (not platforms or set(platforms) - set(Platform.values)):
        raise InvalidOption(f"platforms must be one or more of {', '.join(Platform.values)}.")
    if options.get("niche") not in (None, *simulator.NICHES):
        raise InvalidOption(f"niche must be one of {', '.join(simulator.NICHES)}.")
    if options.get("language") not in (None, *simulator.LANGUAGES):
        raise InvalidOption(f"language must be one of {', '.join(simulator.LANGUAGES)}.")
    for name, setting in SETTINGS.items():
        if isinstance(setting.value_type, Choice) and options.get(name) not in (
            None,
            *setting.value_type.values,
        ):
            raise InvalidOption(f"{name} must be one of {', '.join(setting.value_type.values)}.")
    checked_names(options)
    if not 0 <= (options.get("seed") or 0) <= MAX_SEED:
        raise InvalidOption(f"seed must be a whole number from 0 to {MAX_SEED}.")


def checked_names(options: dict[str, Any]) -> dict[str, Any]:
    """The given `brand` and `products` in the form that is stored. Raises InvalidOption for an unreadable name."""
    checks = {"brand": brand_name, "products": product_names}
    return {name: checks[name](options[name]) for name in checks if options.get(name) not in (None, "")}


def check_words(language: str, niche: str) -> None:
    """Raise InvalidOption unless the language has word tables for the niche."""
    niches = simulator.niches(language)
    if niche not in niches:
        raise InvalidOption(
            f"In language {language} the niche must be one of {', '.join(niches)}; {niche} is not."
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
