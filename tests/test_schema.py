"""The OpenAPI schema says exactly what the API does: its examples fit, and a fuzzer finds nothing that it does not say."""

import re
import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

from tests.house import running_house

CHECKS = ",".join(
    f"{name}_conformance" for name in ("status_code", "content_type", "response_schema", "response_headers")
)
CHECKS += ",not_a_server_error"


def test_the_schema_is_valid():
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO())


def test_the_docs_load_nothing_from_elsewhere(client, db):
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
    """The JSON bodies that the operation takes or gives when all is well."""
    found = {"request": operation.get("requestBody", {}).get("content", {}).get("application/json")}
    for code, answer in operation["responses"].items():
        if code.startswith("2"):
            found[code] = answer.get("content", {}).get("application/json")
    return {name: body for name, body in found.items() if body}


def test_every_operation_is_described_with_examples_that_fit():
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


def test_every_operation_takes_json_and_says_what_may_go_wrong():
    for name, operation in operations():
        answers = operation["responses"]
        assert set(operation.get("requestBody", {}).get("content", {})) <= {"application/json"}, name
        assert {"400", "503"} <= set(answers), name
        assert all("X-Request-ID" in answer["headers"] for answer in answers.values()), name
        for code in {"429", "503"} & set(answers):
            assert "Retry-After" in answers[code]["headers"], (name, code)
        for code in set(answers) - {"200", "201", "202", "204"}:
            assert list(answers[code]["content"]) == ["application/problem+json"], (name, code)
        if name.split()[0] in ("POST", "PATCH", "DELETE"):
            assert {"411", "413", "415"} <= set(answers), name


def test_the_schema_says_which_routes_want_a_log_in_and_which_are_limited():
    found = dict(operations())
    listed = found["GET /api/v1/interactions/"]["responses"]
    replied = found["POST /api/v1/interactions/{id}/reply/"]
    assert {"401", "403", "429"} <= set(listed)
    assert {"201", "401", "403", "404", "422"} <= set(replied["responses"])
    assert "Idempotency-Key" in [parameter["name"] for parameter in replied["parameters"]]
    assert "401" not in found["GET /api/v1/schema/"]["responses"]


def nullable(schema):
    """OpenAPI 3.0's `nullable` as JSON Schema says it, and nothing that the schema does not name."""
    if isinstance(schema, list):
        return [nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: nullable(value) for key, value in schema.items() if key != "nullable"}
    if "properties" in plain:
        plain["additionalProperties"] = False
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain


@pytest.mark.flow
@pytest.mark.parametrize(
    ("phases", "examples", "requests"),
    [
        ("examples,fuzzing", 5, 100),
        pytest.param("examples,coverage,fuzzing,stateful", 15, 1_000, marks=pytest.mark.long),
    ],
)
def test_a_fuzzer_finds_no_5xx_and_no_answer_that_the_schema_does_not_name(phases, examples, requests):
    """Schemathesis: examples, the edges of every parameter, random requests, and chains of them; about 2,000 requests."""
    with running_house() as house:
        token = house.create_user("fuzzed").headers["Authorization"]
        house.manage("seed_demo", "--user", "fuzzed", "--size", "smoke")
        address = ["run", f"{house.url}/api/v1/schema/?format=json", "--url", house.url]
        # Revoking its own token would make every later answer a 401.
        who = ["-H", f"Authorization: {token}"]
        who += ["--exclude-path", "/api/v1/auth/revoke/", "--exclude-path", "/api/v1/auth/tokens/{id}/"]
        # One worker: before 3.11.8, Python's ast module fails now and then when two threads parse at once (gh-106905).
        how = ["--phases", phases, "-n", str(examples), "--seed", "1", "--workers", "1"]
        fuzzer = subprocess.run(
            [
                sys.executable,
                "-m",
                "schemathesis.cli",
                *address,
                *who,
                *how,
                "--checks",
                CHECKS,
                "--no-color",
            ],
            cwd=house.folder,
            capture_output=True,
            text=True,
            check=False,
        )
    assert fuzzer.returncode == 0, fuzzer.stdout
    assert int(re.search(r"(\d+) generated", fuzzer.stdout)[1]) > requests
