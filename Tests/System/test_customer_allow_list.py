"""The example CustomerAllowList, loaded by the server: a stage that asks the store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.package import build_example
from support.metrics import parse_metrics
from support.server import LiaisonServer

PIPELINE = ["authentication", "customer-allow-list", "business-attributes", "extension-schemas", "persistence"]


@pytest.fixture(scope="module")
def library() -> Path:
    return build_example("CustomerAllowList")


@pytest.fixture
def start(start_server: Callable[..., LiaisonServer], library: Path) -> Callable[..., LiaisonServer]:
    def start(**options: object) -> LiaisonServer:
        plugins = {"customer-allow-list": options}
        return start_server(config={"libraries": [str(library)], "pipeline": PIPELINE, "plugins": plugins})

    return start


def test_only_customers_with_a_profile_get_services(start: Callable[..., LiaisonServer]) -> None:
    server = start(always=["tester"])
    service = server.call("POST", "/services/start", {"contact_key": "k"}).json["service_id"]
    path = f"/customers/{{}}/services/{service}"

    refused = server.call("POST", path.format("stranger"), {})
    assert (refused.status, refused.json["code"], refused.json["field"]) == (403, "unknown_customer", "customer_id")
    assert "customer_id" not in server.call("GET", f"/services/{service}").json

    assert server.call("POST", path.format("tester"), {}).status == 200
    assert server.call("POST", "/profiles", {"customer_id": "stranger"}).status == 201
    assert server.call("POST", path.format("stranger"), {}).status == 200
    assert server.call("GET", f"/services/{service}").json["customer_id"] == "stranger"

    assert server.call("DELETE", "/profiles/stranger").status == 200
    assert server.call("POST", path.format("stranger"), {}).status == 403
    metrics = parse_metrics(server.call("GET", "/metrics").body.decode())
    assert metrics.value("liaison_customer_allow_list_refused_total") == 2
    refused = server.call("POST", path.format("1234"), {}).json
    assert refused["value"] == "1234", "what was sent is shown as what it is: a string"


def test_every_item_of_a_bulk_is_asked_for_by_itself(start: Callable[..., LiaisonServer]) -> None:
    server = start()
    assert server.call("POST", "/profiles", {"customer_id": "known"}).status == 201
    service = server.call("POST", "/services/start", {"contact_key": "k"}).json["service_id"]
    items = [{"customer_id": customer, "service_id": service} for customer in ("known", "stranger")]
    answers = server.call("POST", "/associations", items).json
    assert [answer["status"] for answer in answers] == [200, 403]
    assert server.call("GET", f"/services/{service}").json["customer_id"] == "known"


def test_starts_are_checked_when_asked_for(start: Callable[..., LiaisonServer]) -> None:
    server = start(starts=True)
    assert server.call("POST", "/services/start", {"customer_id": "stranger"}).status == 403
    assert server.call("POST", "/services/start", {"contact_key": "k"}).status == 201
