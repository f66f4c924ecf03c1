"""A client generated from the OpenAPI document works: it enables a demo, waits for it, lists and replies."""

import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import requests

from tests.service_stack import running_stack, until

pytestmark = [pytest.mark.long, pytest.mark.flow]
NAME = "perennial_client"


@pytest.fixture(scope="module")
def stack():
    with running_stack() as stack:
        yield stack


@pytest.fixture(scope="module")
def client(stack, tmp_path_factory) -> ModuleType:
    """The package that openapi-python-client generates from the server's document."""
    folder = tmp_path_factory.mktemp("generated")
    document = folder / "openapi.json"
    document.write_bytes(requests.get(f"{stack.url}/api/v1/schema/?format=json", timeout=60).content)
    generator = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "openapi_python_client",
                "generate",
                "--meta",
                "none",
                "--fail-on-warning",
            ),
            *("--path", str(document), "--output-path", str(folder / NAME)),
        ],
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert generator.returncode == 0, generator.stdout + generator.stderr
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module(NAME)
    finally:
        sys.path.remove(str(folder))


def route(client: ModuleType, name: str) -> ModuleType:
    return importlib.import_module(f"{client.__name__}.api.{name}")


def test_every_module_of_the_generated_client_can_be_imported(client):
    modules = [module.name for module in pkgutil.walk_packages(client.__path__, f"{client.__name__}.")]
    assert len([importlib.import_module(name) for name in modules]) > 50


def test_the_generated_client_enables_waits_lists_and_replies(client, stack):
    stack.create_user("generated")
    models = importlib.import_module(f"{client.__name__}.models")
    log_in = models.LogInRequest(username="generated", password="generated")
    with client.Client(stack.url) as anonymous:
        token = route(client, "auth.auth_token_create").sync(client=anonymous, body=log_in).token
    with client.AuthenticatedClient(stack.url, token, prefix="Token") as caller:
        enable_list_and_reply(client, caller)


def enable_list_and_reply(client: ModuleType, caller) -> None:
    models = importlib.import_module(f"{client.__name__}.models")
    options = models.EnableRequest(platforms=[models.PlatformEnum.INSTAGRAM], seed=7)
    enabled = route(client, "demo.demo_enable_create").sync(client=caller, body=options)
    assert enabled.seed == 7
    status = route(client, "demo.demo_retrieve")
    until(lambda: status.sync(client=caller).state == models.StateEnum.ACTIVE, "the demo is active", 120)
    listed = route(client, "interactions.interactions_list")
    page = listed.sync(client=caller, type_=models.InteractionsListType.COMMENT, page_size=10)
    assert (len(page.results), page.results[0].type_.value, bool(page.next_)) == (10, "comment", True)
    send = route(client, "interactions.interactions_reply_create")
    reply = models.ReplyRequest(text="Thank you!")
    rows = [
        send.sync(page.results[0].id, client=caller, body=reply, idempotency_key="once") for _ in range(2)
    ]
    assert (rows[0].id, rows[0].parent, rows[0].send_status.value) == (
        rows[1].id,
        page.results[0].id,
        "queued",
    )
    refused = listed.sync_detailed(client=caller, page_size=201)
    assert (refused.status_code, "from 1 to 200" in refused.parsed.detail) == (400, True)
    changed = route(client, "interactions.interactions_partial_update").sync(
        page.results[0].id,
        client=caller,
        body=models.PatchedInteractionRequest(status=models.InteractionStatusEnum.DONE),
    )
    assert changed.status.value == "done"
    label_and_answer_a_thread(client, caller)


def label_and_answer_a_thread(client: ModuleType, caller) -> None:
    models = importlib.import_module(f"{client.__name__}.models")
    threads = route(client, "threads.threads_list").sync(
        client=caller, status=models.ThreadsListStatus.OPEN, unread=True
    )
    thread = route(client, "threads.threads_retrieve").sync(
        threads.results[0].id, client=caller, page_size=200
    )
    shown = max(row.id for row in thread.interactions)
    changed = route(client, "threads.threads_partial_update").sync(
        thread.id,
        client=caller,
        body=models.PatchedThreadChangeRequest(labels=["urgent"], unread=False, covers=shown),
    )
    assert (changed.labels, changed.unread, changed.status.value) == (["urgent"], False, "open")
    answer = models.ThreadReplyRequest(text="Thank you!", seen_id=shown)
    send = route(client, "threads.threads_reply_create")
    first, second = (send.sync(thread.id, client=caller, body=answer) for _ in range(2))
    assert second.newer.id == first.id
