"""Which package may import which: data flows one way, and nothing imports what is above it."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
PURE = (
    "accounts.declarations",
    "accounts.handles",
    "accounts.platforms",
    "accounts.visible_text",
    "accounts.zone_names",
    "interactions.event_types",
)
SIMULATOR = (*PURE, "demo.windows", "demo.simulator")
MODELS = (*SIMULATOR, "demo.account_settings", "demo.names", "demo.models", "accounts", "interactions")
ENGINE = (*MODELS, "demo.exceptions", "demo.engine")
LIFECYCLE = (*ENGINE, "demo.lifecycle")
STATUS = (*LIFECYCLE, "demo.progress", "demo.status")
REQUESTS = (*STATUS, "demo.access", "demo.throttling")
# Each package or module, and what of this project it may import. The longest name that fits a module counts.
ALLOWED: dict[str, tuple[str, ...]] = {
    "accounts": ("accounts",),
    "interactions": ("accounts", "interactions"),
    "demo.windows": ("accounts.declarations",),
    "demo.account_settings": SIMULATOR,
    "demo.exceptions": (),
    "demo.names": ("accounts.names", "demo.exceptions"),
    "demo.simulator": SIMULATOR,
    "demo.realism": (*SIMULATOR, "demo.realism"),
    "demo.models": MODELS,
    "demo.engine": ENGINE,
    "demo.lifecycle": LIFECYCLE,
    "demo.progress": MODELS,
    "demo.status": STATUS,
    "demo.access": ("accounts",),
    "demo.throttling": ("accounts", "demo.exceptions"),
    "demo.dashboard": (*REQUESTS, "demo.dashboard"),
    "demo.api": (*REQUESTS, "demo.api"),
    "demo.admin": (*LIFECYCLE, "demo.admin"),
    "demo.management": (*STATUS, "demo.management", "demo.realism"),
    "demo.tasks": (*LIFECYCLE,),
    "demo.schedules": ("accounts.declarations", "demo.windows"),
    "demo.apps": ("demo.schedules", "interactions.pictures.sources"),
    "demo.pictures": (*MODELS, "demo.pictures"),
    "demo.templatetags": ("demo.pictures", "interactions"),
    "demo.urls": ("demo.dashboard", "demo.api", "demo.pictures"),
    "demo.planning": ("demo.engine",),
    "demo.delivery": ("demo.engine",),
    "config": ("config", "demo", "interactions", "accounts"),
}
ROOTS = ("accounts", "interactions", "demo", "config")
# Pure packages and modules import the standard library and these, and of this project only what is pure too.
PURE_LIBRARIES = {"anyascii", "dicebear", "eld", "faker", "regex"}
PURE_MODULES = (
    *PURE,
    "demo.windows",
    "demo.account_settings",
    "demo.exceptions",
    "demo.simulator",
    "demo.realism",
    "demo.pictures.backgrounds",
    "demo.pictures.composition_types",
    "demo.pictures.compositions",
    "demo.pictures.objects",
    "demo.pictures.paint",
    "demo.pictures.palettes",
    "demo.pictures.scenes",
    "interactions.api.timestamps",
    "interactions.display",
    "interactions.envelope",
    "interactions.events",
    "interactions.csv_cells",
    "interactions.merging",
    "interactions.pictures.abstract",
    "interactions.pictures.colors",
    "interactions.pictures.faces",
    "interactions.pictures.initials",
    "interactions.pictures.svg",
    "interactions.moderation.languages",
    "interactions.moderation.matching",
    "interactions.pages.curves",
    "interactions.search_words",
    "interactions.signing",
    "config.task_messages",
    "config.web_server.fair_queue",
)


def modules() -> dict[str, Path]:
    """Every module of the project by its dotted name; without migrations, which keep the imports of their time."""
    files = (file for root in ROOTS for file in (CHECKOUT / root).rglob("*.py"))
    paths = (file.relative_to(CHECKOUT).with_suffix("") for file in files)
    named = {".".join(path.parts).removesuffix(".__init__"): CHECKOUT / path for path in paths}
    found = {name: path.with_suffix(".py") for name, path in named.items() if "migrations" not in name}
    return found


MODULES = modules()


def imports(file: Path) -> Iterator[str]:
    """The dotted names that a module imports, also inside functions."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} has a relative import"
            for name in node.names:
                full = f"{node.module}.{name.name}"
                yield full if full in MODULES else node.module


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def rule_for(module: str) -> str:
    """The longest key of ALLOWED that the module is in."""
    fitting = [package for package in ALLOWED if within(module, (package,))]
    return max(fitting, key=len, default="")


def test_every_module_has_a_rule():
    assert [name for name in MODULES if not rule_for(name) and name not in ("demo", "demo.migrations")] == []


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_imports_only_what_it_may(package):
    own = {name: file for name, file in MODULES.items() if rule_for(name) == package}
    assert own, f"{package} does not exist"
    wrong = [
        f"{name} imports {imported}"
        for name, file in own.items()
        for imported in imports(file)
        if within(imported, ROOTS) and imported != "demo" and not within(imported, ALLOWED[package])
    ]
    assert wrong == []


@pytest.mark.parametrize("name", [name for name in MODULES if within(name, PURE_MODULES)])
def test_a_pure_module_needs_no_django(name):
    libraries = {one.split(".")[0] for one in imports(MODULES[name])} - set(ROOTS)
    assert libraries <= sys.stdlib_module_names | PURE_LIBRARIES
    own = [one for one in imports(MODULES[name]) if within(one, ROOTS) and one != "demo"]
    assert [one for one in own if not within(one, PURE_MODULES)] == []


def test_pages_write_messages_only_with_show_next_so_that_these_do_not_pile_up():
    using = {name for name, path in modules().items() if "contrib import messages" in path.read_text()}
    assert using == {"accounts.next_message"}
