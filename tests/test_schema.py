"""The OpenAPI document describes the API exactly: its examples are valid, and a fuzzer finds no undocumented response."""

import re
import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

from tests.service_stack import running_stack

CHECKS = ",".join(
    f"{name}_conformance" for name in ("status_code", "content_type", "response_schema", "response_headers")
)
CHECKS += ",not_a_server_error"


def test_the_schema_is_valid():
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO())


def test_the_docs_page_loads_nothing_from_other_hosts(client, db):
    page = client.get(reverse("docs")).content.decode()
    assert "swagger-ui-bundle.js" in page
    assert "https://" not in page


def operations() -> list:
    found = []
    for path, methods in schema()["paths"].items():
        found += [(f"{method.upper()} {path}", operation) for method, operation in methods.items()]
    return found


def schema() -> dict:
    return SchemaGenerator().get_schema(request=None, public=True)


def bodies(operation: dict) -> dict[str, dict]:
    """The JSON bodies of the request and of the successful responses, by "request" or status code."""
    found = {"request": operation.get("requestBody", {}).get("content", {}).get("application/json")}
    for code, response in operation["responses"].items():
        if code.startswith("2"):
            found[code] = response.get("content", {}).get("application/json")
    return {name: body for name, body in found.items() if body}


def test_every_operation_has_a_description_and_valid_examples():
    definitions = {"components": nullable(schema()["components"])}
    for name, operation in operations():
        assert operation.get("description") or operation.get("summary"), name
        for where, body in bodies(operation).items():
            if name.endswith("/schema/"):
                continue
            examples = [example["value"] for example in body.get("examples", {}).values()]
            assert examples, (name, where)
            for example in examples:
                Draft202012Validator(definitions | nullable(body["schema"])).validate(example)


def test_every_operation_accepts_json_and_documents_its_errors():
    for name, operation in operations():
        responses = operation["responses"]
        assert set(operation.get("requestBody", {}).get("content", {})) <= {"application/json"}, name
        assert {"400", "503"} <= set(responses), name
        assert all("X-Request-ID" in response["headers"] for response in responses.values()), name
        for code in {"429", "503"} & set(responses):
            assert "Retry-After" in responses[code]["headers"], (name, code)
        for code in set(responses) - {"200", "201", "202", "204"}:
            assert list(responses[code]["content"]) == ["application/problem+json"], (name, code)
        if name.split()[0] in ("POST", "PATCH", "DELETE"):
            assert {"411", "413", "415"} <= set(responses), name


def test_the_document_says_which_routes_need_authentication_and_which_are_throttled():
    found = dict(operations())
    listed = found["GET /api/v1/interactions/"]["responses"]
    replied = found["POST /api/v1/interactions/{id}/reply/"]
    assert {"401", "403", "429"} <= set(listed)
    assert {"201", "401", "403", "404", "422"} <= set(replied["responses"])
    assert "Idempotency-Key" in [parameter["name"] for parameter in replied["parameters"]]
    assert "401" not in found["GET /api/v1/schema/"]["responses"]


def nullable(schema):
    """OpenAPI 3.0's schema as JSON Schema: `nullable` translated, and no properties beyond those listed."""
    if isinstance(schema, list):
        return [nullable(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: nullable(value) for key, value in schema.items() if key != "nullable"}
    if "properties" in plain:
        plain["additionalProperties"] = False
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain


@pytest.mark.long
@pytest.mark.flow
@pytest.mark.timeout(600)  # a minute where nothing else runs
@pytest.mark.parametrize(
    ("phases", "examples", "requests"),
    [
        ("examples,fuzzing", 5, 100),
        ("examples,coverage,fuzzing,stateful", 15, 1_000),
    ],
)
def test_a_fuzzer_finds_no_5xx_and_no_undocumented_response(phases, examples, requests):
    """Schemathesis: examples, boundary values of every parameter, random requests, and sequences of requests."""
    with running_stack() as stack:
        token = stack.create_user("fuzzed").headers["Authorization"]
        stack.manage("seed_demo", "--user", "fuzzed", "--size", "smoke")
        address = ["run", f"{stack.url}/api/v1/schema/?format=json", "--url", stack.url]
        # Revoking its own token would make every later response a 401.
        options = ["-H", f"Authorization: {token}"]
        options += ["--exclude-path", "/api/v1/auth/revoke/", "--exclude-path", "/api/v1/auth/tokens/{id}/"]
        # One worker: before Python 3.11.8 the ast module sometimes fails when two threads parse at once (gh-106905).
        options += ["--phases", phases, "-n", str(examples), "--seed", "1", "--workers", "1"]
        fuzzer = subprocess.run(
            [
                sys.executable,
                "-m",
                "schemathesis.cli",
                *address,
                *options,
                "--checks",
                CHECKS,
                "--no-color",
            ],
            cwd=stack.folder,
            capture_output=True,
            text=True,
            check=False,
        )
    assert fuzzer.returncode == 0, fuzzer.stdout
    assert int(re.search(r"(\d+) generated", fuzzer.stdout)[1]) > requests
