"""The API's description: valid, the same as what the server does, and good enough for public generators."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from support.server import LiaisonServer

TOOLS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def document(schemaless: LiaisonServer) -> dict:
    response = schemaless.call("GET", "/openapi.json")
    assert response.status == 200 and (response.header("content-type") or "").startswith("application/json")
    return response.json


@pytest.fixture(scope="module")
def schemaless(shared_schemaless_server: LiaisonServer) -> LiaisonServer:
    return shared_schemaless_server


def test_the_description_is_valid_openapi_3_1(document: dict) -> None:
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()
    operations = [one["operationId"] for item in document["paths"].values() for one in item.values()]
    assert len(operations) == len(set(operations)) > 40


def test_every_path_of_the_description_is_there_in_all_spellings(schemaless: LiaisonServer, document: dict) -> None:
    for prefix in ("", "/genesys/1/cs", "/genesys/1/cs/genesys/1/cs"):
        for path, item in document["paths"].items():
            target = prefix + re.sub(r"\{[a-z_]+\}", "1", path)
            response = schemaless.call("PATCH", target)
            assert response.status == 405, (target, response)
            allowed = set((response.header("allow") or "").lower().split(", ")) - {"head"}
            assert allowed >= set(item), (target, allowed)


def test_the_page_for_people_needs_nothing_from_elsewhere(schemaless: LiaisonServer, document: dict) -> None:
    response = schemaless.call("GET", "/docs")
    assert response.status == 200 and (response.header("content-type") or "").startswith("text/html")
    page = response.body.decode()
    assert not re.search(r"https?://|//|<script|<link|<img|@import|url\(", page)
    for path in document["paths"]:
        assert f"<code>{path}</code>" in page


def test_no_generated_request_gets_a_5xx_or_an_answer_outside_the_description(
    start_server: Callable[..., LiaisonServer], folder: Path, long_form: bool
) -> None:
    server = start_server(config={"plugins": {"extension-schemas": {"schemas": "off"}}})
    checks = (
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    )
    run = subprocess.run(
        [
            TOOLS / "schemathesis", "run", f"http://127.0.0.1:{server.port}/openapi.json", "--no-color",
            "--max-examples", "200" if long_form else "8", "--checks", checks,
            "--generation-database", "none",
            # In maintenance mode every other operation answers 503.
            "--exclude-path", "/server/mode",
            *([] if long_form else ["--seed", "1"]),
        ],
        cwd=folder, capture_output=True, text=True, timeout=3600 if long_form else 150,
        env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(folder)},
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    generated = re.search(r"(\d+) generated", run.stdout)
    assert generated and int(generated[1]) > 1000, run.stdout[-3000:]


@pytest.fixture(scope="module")
def client(session_folder: Path, document: dict) -> ModuleType:
    """A Python client, generated from the description by openapi-python-client."""
    folder = session_folder / "generated"
    folder.mkdir()
    (folder / "openapi.json").write_text(json.dumps(document))
    run = subprocess.run(
        [
            TOOLS / "openapi-python-client", "generate", "--path", "openapi.json", "--output-path",
            "liaison_client", "--meta", "none", "--fail-on-warning",
        ],
        cwd=folder, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    sys.path.insert(0, str(folder))
    yield importlib.import_module("liaison_client")
    sys.path.remove(str(folder))


def test_a_generated_client_takes_a_service_from_start_to_completion(
    client: ModuleType, schemaless: LiaisonServer
) -> None:
    models = importlib.import_module("liaison_client.models")

    def operation(tag: str, name: str) -> ModuleType:
        return importlib.import_module(f"liaison_client.api.{tag}.{name}")

    caller = client.Client(base_url=f"http://127.0.0.1:{schemaless.port}", raise_on_unexpected_status=True)
    customer = f"customer-{uuid.uuid4().hex[:12]}"
    with caller as caller:
        start = models.ServiceStartEvent(contact_key="+15550100", service_type="Refund", est_duration=600)
        start["Order"] = {"number": "A-771"}
        started = operation("services", "start_service").sync(client=caller, body=start)
        service = started.service_id
        body = models.AssociateServiceBody(media_type=1)
        associated = operation("services", "associate_service").sync_detailed(
            customer, service, client=caller, body=body
        )
        assert associated.status_code == 200
        state = operation("states", "start_state").sync(
            service, client=caller, body=models.StateStartEvent(state_type=8)
        )
        shown = operation("services", "query_service_by_id").sync(
            service, client=caller, extensions="*", active_states=True
        )
        assert shown.customer_id == customer and shown.service_type == "Refund"
        assert shown["Order"] == {"number": "A-771"} and shown.active_states[0].state_id == state.state_id
        ended = operation("services", "complete_service").sync_detailed(
            service, client=caller, body=models.ServiceEndEvent(disposition=10, disposition_desc="refunded")
        )
        assert ended.status_code == 200
        [listed] = operation("services", "query_customer_services_completed").sync(customer, client=caller)
        assert listed.service_id == service and listed.disposition == 10 and listed.completed.timestamp
        missing = operation("services", "query_service_by_id").sync(2**53 - 1, client=caller)
        assert isinstance(missing, models.Error) and missing.code == "service_not_found"
