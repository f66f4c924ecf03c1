"""Reads an HTML page or fragment as a tree, and refuses one whose tags do not match; called by tests of pages."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"br", "hr", "img", "input", "link", "meta", "source"}


@dataclass
class Element:
    tag: str
    attrs: dict[str, str | None] = field(default_factory=dict)
    children: list["Element | str"] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        """The value of the attribute; KeyError if it is not there."""
        return self.attrs[name] or ""

    def __contains__(self, name: str) -> bool:
        return name in self.attrs

    @property
    def classes(self) -> list[str]:
        return (self.attrs.get("class") or "").split()

    @property
    def inside(self) -> Iterator["Element"]:
        """All elements below this one, in the order of the document."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.inside

    def all(self, wanted: str) -> list["Element"]:
        """The elements below with a tag, or with ".class", "#id", or "name=value" of an attribute."""
        return [one for one in self.inside if _is(one, wanted)]

    def one(self, wanted: str) -> "Element":
        """The only one of these elements; AssertionError if there are none or several."""
        found = self.all(wanted)
        assert len(found) == 1, f"{len(found)} elements are {wanted}"
        return found[0]

    @property
    def raw_text(self) -> str:
        """The text with its blanks and line breaks."""
        return "".join(one if isinstance(one, str) else one.raw_text for one in self.children)

    @property
    def text(self) -> str:
        """The text on one line."""
        return " ".join(self.raw_text.split())


def _is(element: Element, wanted: str) -> bool:
    if wanted.startswith("."):
        return wanted[1:] in element.classes
    if wanted.startswith("#"):
        return element.attrs.get("id") == wanted[1:]
    name, equals, value = wanted.partition("=")
    return element.attrs.get(name) == value if equals else element.tag == wanted


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"<{self.open[-1].tag}> ends with </{tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read_html(text: str) -> Element:
    """Return an element without a tag that has the page; AssertionError if a tag is not closed or an id is there twice."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    [root] = reader.open
    ids = [one["id"] for one in root.inside if "id" in one]
    assert len(ids) == len(set(ids)), (
        f"ids are there twice: {sorted({id for id in ids if ids.count(id) > 1})}"
    )
    return root
