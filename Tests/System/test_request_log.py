"""The example RequestLog, built as an integrator builds it and loaded by the server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.deadline import wait_until
from support.package import build_example
from support.metrics import parse_metrics
from support.server import LiaisonServer, run_liaison

PIPELINE = ["request-log", "authentication", "business-attributes", "extension-schemas", "persistence"]

Start = Callable[..., LiaisonServer]


@pytest.fixture(scope="module")
def library() -> Path:
    return build_example("RequestLog")


@pytest.fixture
def make_logging(make_server: Start, library: Path) -> Start:
    def make(**options: Any) -> LiaisonServer:
        return make_server(
            config={"libraries": [str(library)], "pipeline": PIPELINE, "plugins": {"request-log": {"file": "requests.log", **options}}}
        )

    return make


def lines(server: LiaisonServer, name: str = "requests.log") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (server.folder / name).read_text().splitlines()]


def metric(server: LiaisonServer, name: str) -> float:
    return parse_metrics(server.call("GET", "/metrics").body.decode()).value(name)


def test_every_call_has_a_line_with_its_answer(make_logging: Start) -> None:
    server = make_logging(skip=["server-status"])
    server.start()
    server.call("GET", "/server/status")
    service = server.call("POST", "/services/start", {"contact_key": "k"}).json["service_id"]
    associated = server.call("POST", f"/customers/C7/services/{service}", {})
    missing = server.call("GET", "/services/999")
    wait_until("three lines are written", lambda: len(lines(server)) == 3, 10)
    start, association, query = lines(server)
    assert (start["operation"], start["status"], start["peer"]) == ("start-service", 201, "127.0.0.1")
    assert (association["operation"], association["service_id"]) == ("associate-service", service)
    assert association["request"] == associated.header("X-Request-Id")
    assert association["status"] == 200 and association["weight"] == 1
    assert 0 < association["microseconds"] < 10_000_000
    assert (query["status"], query["code"]) == (404, missing.json["code"])
    assert all("customer_id" not in line for line in lines(server))


def test_customers_are_shown_only_when_asked_for(make_logging: Start) -> None:
    server = make_logging(customers=True)
    server.start()
    server.call("GET", "/customers/C%227/services")
    assert server.stop() == 0
    assert [line["customer_id"] for line in lines(server)] == ['C"7']


def test_a_sample_tells_how_many_calls_it_stands_for_and_the_end_writes_all(make_logging: Start) -> None:
    server = make_logging(sample=10)
    server.start()
    with server.connect() as connection:
        for _ in range(2000):
            assert connection.call("GET", "/server/status").status == 200
        for _ in range(7):
            assert connection.call("GET", "/services/77").status == 404
    assert server.stop() == 0
    sampled = [line for line in lines(server) if line["status"] == 200]
    assert {line["weight"] for line in sampled} == {10}
    assert 1300 < sum(line["weight"] for line in sampled) < 2700
    failed = [line for line in lines(server) if line["status"] == 404]
    assert [line["weight"] for line in failed] == [1] * 7


def test_items_of_a_bulk_request_are_sampled_each_for_itself(make_logging: Start) -> None:
    server = make_logging(sample=10, skip=["start-service", "associate-services"])
    server.start()
    service = server.call("POST", "/services/start", {"contact_key": "k"}).json["service_id"]
    items = [{"customer_id": f"C{number}", "service_id": service} for number in range(2000)]
    assert {answer["status"] for answer in server.call("POST", "/associations", items).json} == {200}
    assert server.stop() == 0
    # What takes long has a line of its own whatever the sample is.
    sampled = [line for line in lines(server) if line["weight"] == 10]
    assert 1300 < sum(line["weight"] for line in sampled) < 2700


def test_items_of_a_bulk_request_have_no_lines_where_their_operation_has_none(make_logging: Start) -> None:
    server = make_logging(skip=["start-service", "associate-service"])
    server.start()
    service = server.call("POST", "/services/start", {"contact_key": "k"}).json["service_id"]
    items = [{"customer_id": f"C{number}", "service_id": service} for number in range(5)]
    assert server.call("POST", "/associations", items).status == 200
    server.call("GET", "/server/status")
    wait_until("the last line is written", lambda: "server-status" in (server.folder / "requests.log").read_text(), 10)
    assert [line["operation"] for line in lines(server)] == ["associate-services", "server-status"]


def test_a_renamed_file_makes_room_for_a_new_one_and_no_line_is_lost(make_logging: Start) -> None:
    server = make_logging()
    server.start()
    server.call("GET", "/services/1")
    wait_until("the line is written", lambda: len(lines(server)) == 1, 10)
    (server.folder / "requests.log").rename(server.folder / "requests.log.1")
    server.call("GET", "/services/2")
    assert server.stop() == 0
    assert [line["service_id"] for line in lines(server, "requests.log.1")] == [1]
    assert [line["service_id"] for line in lines(server)] == [2]


def test_a_full_disk_loses_lines_never_calls(make_logging: Start) -> None:
    server = make_logging(file="/dev/full")
    server.start()
    for _ in range(3):
        assert server.call("POST", "/services/start", {"contact_key": "k"}).status == 201
    wait_until(
        "the lines are counted", lambda: metric(server, "liaison_request_log_dropped_total") == 3, 10
    )
    assert server.log().count("request-log: lines are lost") == 1
    assert "No space left on device" in server.log()


def test_a_check_of_the_configuration_makes_no_file(make_logging: Start) -> None:
    server = make_logging()
    server.command()
    assert run_liaison("check", "--config", server.folder / "liaison.json5").returncode == 0
    assert not (server.folder / "requests.log").exists()


def test_a_file_that_cannot_be_opened_stops_the_start(make_logging: Start) -> None:
    server = make_logging(file="nowhere/requests.log")
    server.launch()
    assert server.exit_code() == 1
    assert f"cannot open {server.folder}/nowhere/requests.log: No such file or directory" in server.log()
