"""Runs the examples of the documentation, and checks that the files that it names exist."""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from pkgutil import resolve_name
from uuid import UUID

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import Resolver404, resolve

from config.reference import render
from interactions.models import Interaction
from interactions.problems import UnknownRouteView
from tests.service_stack import CHECKOUT

SENDERS = {
    language: re.findall(rf"```{language}\n(.*?)```", (CHECKOUT / "docs/api.md").read_text(), re.DOTALL)[-1]
    for language in ("python", "sh")
}
COMMANDS = {"python": [sys.executable, "-c"], "sh": ["bash", "-c"]}


def run(language: str, url: str, secret: str) -> str:
    script = SENDERS[language]
    name = [] if language == "python" else ["bash"]
    command = [*COMMANDS[language], script, *name, url, secret]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_the_signed_senders_in_python_and_curl_work_as_they_are_printed(live_server, live):
    url = f"{live_server.url}/api/v1/webhooks/profiles/{live.uuid}/"
    assert len(SENDERS["python"].splitlines()) <= 20
    assert '"created":1' in run("python", url, live.webhook_secret)
    assert '"duplicates":1' in run("python", url, live.webhook_secret)
    assert Interaction.objects.get(platform_id="comment-1").deleted_at is None
    assert '"updated":1' in run("sh", url, live.webhook_secret)
    assert Interaction.objects.get(platform_id="comment-1").deleted_at is not None


def test_a_sender_with_a_wrong_secret_is_refused(live_server, live):
    url = f"{live_server.url}/api/v1/webhooks/profiles/{live.uuid}/"
    assert '"status":401' in run("sh", url, "whsec_" + "A" * 32)
    assert not Interaction.objects.filter(platform_id="comment-1").exists()


PAGES = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/*.md")])
FOLDERS = ("accounts", "benchmarks", "config", "demo", "docs", "interactions", "tests")
NAMED = re.compile(  # a file by the end of its name, or a folder of ours
    rf"(?<![\w./:-])(?:[\w.-]+/)*[\w-]+\.(?:py|md|toml|yaml|yml|txt|ini|png|html|css|js)(?![\w/])"
    rf"|(?<=`)(?:{'|'.join(FOLDERS)})/[\w./-]*(?=`)"
)
MADE_BY_THE_READER = {"report.html", "demo/simulator/words/en/niches/NAME.toml"}


def is_there(name: str, page: Path) -> bool:
    """Whether a page names a file or a folder, from the root or its own folder; a file by the end of its path; or a route."""
    if (CHECKOUT / name).exists() or (page.parent / name).exists() or name in MADE_BY_THE_READER:
        return True
    if name.endswith("/"):
        return getattr(resolve(f"/api/v1/{name}").func, "view_class", None) is not UnknownRouteView
    return any(True for folder in FOLDERS for _ in (CHECKOUT / folder).rglob(name))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page):
    names = set(NAMED.findall(page.read_text(encoding="utf-8")))
    assert [name for name in sorted(names) if not is_there(name, page)] == []


def test_the_files_that_pages_name_are_found_in_them():
    names = [name for page in PAGES for name in NAMED.findall(page.read_text(encoding="utf-8"))]
    assert {"demo/simulator/words/", "docs/images/inbox.png", "keyed_random.py"} <= set(names)
    assert not is_there("demo/simulator/no_such_file.py", PAGES[0])
    assert not is_there("no_such_file.py", PAGES[0])
    assert not is_there("demo/no_such_route/", PAGES[0])
    assert is_there("demo/pause/", PAGES[0])


def test_every_page_that_the_code_names_is_there():
    code = [path for folder in FOLDERS for path in (CHECKOUT / folder).rglob("*.py")]
    named = {
        name for path in code for name in re.findall(r"docs/[\w/-]+\.md", path.read_text(encoding="utf-8"))
    }
    assert [name for name in sorted(named) if not (CHECKOUT / name).exists()] == []


PARSERS = {
    name: load_command_class(app, name).create_parser("manage.py", name)
    for name, app in get_commands().items()
}
OPTIONS = {name: set(parser._option_string_actions) for name, parser in PARSERS.items()}
TARGETS = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
MANAGE = re.compile(r"manage\.py +([a-z_]+)([^`\n#|]*)|`([a-z]+_[a-z_]+) (--[^`\n]*)`")
MAKE = re.compile(r"(?:(?<=`)|(?<=^)|(?<=\$ ))(?:[A-Z_]+=\S+ )*make ((?:[a-z-]+ ?)+)", re.MULTILINE)
MODULE = re.compile(r"python -m ([a-z_.]+)")
ROUTE = re.compile(
    r"\b(?:GET|POST|PATCH|PUT|DELETE) (?:(?:https?://)?(?:localhost|[\d.]+)(?::\d+)?)?(/?[\w{}/.-]+)"
)
DOTTED = re.compile(rf"`((?:{'|'.join(FOLDERS)})(?:\.\w+)+)(?:\(\))?`")
VARIABLE = re.compile(r"`([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`")


def texts() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        yield page.name, page.read_text(encoding="utf-8")


def commands_in(text: str) -> Iterator[tuple[str, set[str]]]:
    """Each command of manage.py that the text names, with its options."""
    for found in MANAGE.finditer(text):
        name, words = found[1] or found[3], found[2] or found[4] or ""
        yield name, set(re.findall(r"(?<=\s)--[a-z-]+", f" {words}"))


def test_every_command_that_a_page_names_exists_with_its_options():
    named = [(page, name, options) for page, text in texts() for name, options in commands_in(text)]
    assert len({name for _, name, _ in named}) > 10
    unknown = [(page, name) for page, name, _ in named if name not in OPTIONS]
    wrong = [(page, name, options - OPTIONS[name]) for page, name, options in named if name in OPTIONS]
    assert unknown + [one for one in wrong if one[2]] == []


def test_every_make_target_that_a_page_names_exists():
    named = [
        (page, target) for page, text in texts() for found in MAKE.findall(text) for target in found.split()
    ]
    assert {"run", "test", "test-all", "storm", "bench", "check"} <= {target for _, target in named} & TARGETS
    assert [one for one in named if one[1] not in TARGETS] == []


def test_every_module_and_dotted_name_of_ours_that_a_page_names_can_be_imported():
    modules = [(page, name) for page, text in texts() for name in MODULE.findall(text)]
    assert [one for one in modules if find_spec(one[1]) is None] == []
    dotted = [(page, name) for page, text in texts() for name in DOTTED.findall(text)]
    assert len(dotted) > 5
    assert [one for one in dotted if not is_importable(one[1])] == []


def is_importable(name: str) -> bool:
    try:
        resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def is_route(path: str) -> bool:
    path = re.sub(r"\{\w*uuid\}", str(UUID(int=1)), path)
    path = re.sub(r"\{\w+\}", "1", path).replace("/scenarios/1", "/scenarios/viral-spike")
    if path in SAMPLES:
        return True
    path = path if path.startswith("/") else f"/api/v1/{path}"
    try:
        return getattr(resolve(path).func, "view_class", None) is not UnknownRouteView
    except Resolver404:
        return False


# Routes of other systems, and the beginning of several of ours.
SAMPLES = {"/generate/interactions", "/generate/daily-content", "demo/generate/"}


def test_every_route_that_a_page_names_exists():
    named = [(page, path) for page, text in texts() for path in ROUTE.findall(text)]
    assert len(named) > 20
    assert [one for one in named if not is_route(one[1].rstrip("."))] == []


CONSTANT = re.compile(r"\b[A-Z]+(?:_[A-Z]+)+\b")


def constants_in(*paths: Path) -> set[str]:
    return {name for path in paths for name in CONSTANT.findall(path.read_text(encoding="utf-8"))}


def product_files() -> list[Path]:
    """Our code without its tests, and the files that start it."""
    code = [path for folder in FOLDERS if folder != "tests" for path in (CHECKOUT / folder).rglob("*.py")]
    return [
        *code,
        *(CHECKOUT / name for name in ("gunicorn.conf.py", "compose.yaml", ".env.example", "Makefile")),
    ]


# Names of pages for users that the product's files do not have.
ELSEWHERE = {
    "DEMO_SERVICE_URL",  # of the previous design
    "EVERY_ZONE",  # read by tests/test_posting.py
}


def unknown_names(page: str, text: str) -> list[str]:
    """The variables and constants that a page names and no file has; only CONTRIBUTING.md may name those of the tests."""
    tests = [path for path in (CHECKOUT / "tests").rglob("*.py") if path != Path(__file__)]
    files = [*product_files(), *(tests if page == "CONTRIBUTING.md" else ())]
    return sorted(set(VARIABLE.findall(text)) - constants_in(*files) - ELSEWHERE)


def test_every_variable_and_constant_that_a_page_names_exists():
    assert [(page, unknown) for page, text in texts() if (unknown := unknown_names(page, text))] == []


def test_a_part_of_a_name_and_a_name_of_the_tests_are_no_names_for_users():
    text = "`DEMO_MAX_ROWS`, `DEMO_MAX_ROWS=9`, `BROKER_PASSWORD`, `EMO_MAX_ROWS` and `DEFAULT_FORM`"
    assert unknown_names("api.md", text) == ["DEFAULT_FORM", "EMO_MAX_ROWS"]
    assert unknown_names("CONTRIBUTING.md", text) == ["EMO_MAX_ROWS"]


def test_the_reference_is_what_the_tables_say():
    written = (CHECKOUT / "docs/reference.md").read_text(encoding="utf-8")
    assert written == render(), "run `python manage.py reference > docs/reference.md`"
