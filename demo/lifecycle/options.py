"""The options of enabling a demo: which are valid, and the columns of the account that they set. Called by `enable` and `seed_demo`."""

from typing import Any

from accounts.models import Platform
from demo import simulator
from demo.account_settings import SETTINGS, Choice
from demo.exceptions import InvalidOption
from demo.lifecycle.names import brand_name, product_names
from demo.models import KINDS, MAX_SEED, DemoAccount

USUAL_SIZES = {f"initial_{kind}": DemoAccount._meta.get_field(f"initial_{kind}").default for kind in KINDS}


def check_options(options: dict[str, Any]) -> None:
    """Raise InvalidOption with a sentence that names the values allowed."""
    platforms = options.get("platforms")
    if platforms is not None and (not platforms or set(platforms) - set(Platform.values)):
        raise InvalidOption(f"platforms must be one or more of {', '.join(Platform.values)}.")
    if options.get("niche") not in (None, *simulator.NICHES):
        raise InvalidOption(f"niche must be one of {', '.join(simulator.NICHES)}.")
    if options.get("language") not in (None, *simulator.LANGUAGES):
        raise InvalidOption(f"language must be one of {', '.join(simulator.LANGUAGES)}.")
    for name, setting in SETTINGS.items():
        if isinstance(setting.kind, Choice) and options.get(name) not in (None, *setting.kind.values):
            raise InvalidOption(f"{name} must be one of {', '.join(setting.kind.values)}.")
    names_in(options)
    if not 0 <= (options.get("seed") or 0) <= MAX_SEED:
        raise InvalidOption(f"seed must be a whole number from 0 to {MAX_SEED}.")


def names_in(options: dict[str, Any]) -> dict[str, Any]:
    """The brand and the products that `options` give, as they are kept; InvalidOption for what people cannot read."""
    read = {"brand": brand_name, "products": product_names}
    return {name: read[name](options[name]) for name in read if options.get(name) not in (None, "")}


def check_words(language: str, niche: str) -> None:
    """Raise InvalidOption unless the language has tables of words for the niche."""
    spoken = simulator.niches(language)
    if niche not in spoken:
        raise InvalidOption(
            f"In language {language} the niche must be one of {', '.join(spoken)}; {niche} is not."
        )


def changes(account: DemoAccount, options: dict[str, Any]) -> dict[str, Any]:
    """The columns that `options` set when the account is enabled, and the usual sizes.

    Raises InvalidOption when there are no words for what comes out. Another niche, language or seed brings a new brand, and
    another niche the products of its own, unless they are given.
    """
    given = {name: value for name, value in options.items() if value is not None}
    columns = USUAL_SIZES | given | names_in(given)
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
