"""What a demo's company and its products may be called."""

from collections.abc import Iterable

from accounts.names import UnreadableName, readable
from demo.models import LONGEST_BRAND, LONGEST_PRODUCT, MOST_PRODUCTS
from demo.states import WrongOption


def brand_name(given: str) -> str:
    """The brand as it is kept; WrongOption with a sentence for what people cannot read."""
    try:
        return readable(given, LONGEST_BRAND)
    except UnreadableName as error:
        raise WrongOption(f"brand {error}") from error


def product_names(given: Iterable[str]) -> list[str]:
    """The products as they are kept; WrongOption with a sentence unless they are a handful of short names."""
    names = list(given)
    if len(names) > MOST_PRODUCTS:
        raise WrongOption(f"products must be at most {MOST_PRODUCTS} names.")
    try:
        return [readable(name, LONGEST_PRODUCT) for name in names]
    except UnreadableName as error:
        raise WrongOption(f"Each of products {error}") from error
