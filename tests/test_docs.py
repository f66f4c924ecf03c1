"""What the documentation shows is run as it stands there, and the files that it names are there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.urls import resolve

from interactions.models import Interaction
from interactions.problems import UnknownRouteView
from tests.house import CHECKOUT

pytestmark = pytest.mark.django_db(transaction=True)
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
MADE_BY_THE_READER = {"report.html"}


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
    assert {"demo/simulator/words/", "docs/images/comments.png", "streams.py"} <= set(names)
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
