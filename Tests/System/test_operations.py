"""What operators look at: health, readiness, metrics, status."""

from __future__ import annotations

import pytest

from support.api import Api
from support.deadline import wait_until
from support.load import AssociationLoad, start_services
from support.metrics import Metrics, parse_metrics
from support.redis_server import RedisServer
from support.server import LiaisonServer


def read_metrics(server: LiaisonServer) -> Metrics:
    response = server.call("GET", "/metrics")
    assert response.status == 200
    assert (response.header("content-type") or "").startswith("text/plain")
    return parse_metrics(response.body.decode())


@pytest.fixture
def own(start_server, redis: RedisServer) -> LiaisonServer:
    """A server whose counters nobody else moves."""
    server = start_server(redis=redis)
    wait_until("Redis is up", lambda: read_metrics(server).value("liaison_redis_up") == 1)
    return server


# Health, readiness, status


def test_health_is_ok(server: LiaisonServer) -> None:
    response = server.call("GET", "/health")
    assert (response.status, response.json) == (200, {"status": "ok"})
    assert (response.header("content-type") or "").startswith("application/json")


def test_ready_says_how_store_and_redis_are(own: LiaisonServer) -> None:
    response = own.call("GET", "/ready")
    assert (response.status, response.json) == (200, {"ready": True, "store": "up", "redis": "up"})


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics", "/server/status"])
def test_head_is_answered_everywhere(server: LiaisonServer, path: str) -> None:
    response = server.call("HEAD", path)
    assert (response.status, response.body) == (200, b"")


def test_the_status_of_the_server_is_an_object(server: LiaisonServer) -> None:
    for path in ("/server/status", "/genesys/1/cs/server/status"):
        response = server.call("GET", path)
        assert response.status == 200
        assert isinstance(response.json, dict) and response.json


# Metrics

TYPES = {
    "liaison_requests_total": "counter",
    "liaison_request_duration_seconds": "histogram",
    "liaison_commit_batch_size": "histogram",
    "liaison_commit_duration_seconds": "histogram",
    "liaison_cache_reads_total": "counter",
    "liaison_cache_writes_total": "counter",
    "liaison_redis_up": "gauge",
    "liaison_cache_believed": "gauge",
    "liaison_store_up": "gauge",
    "liaison_connections": "gauge",
    "liaison_connections_accepted_total": "counter",
    "liaison_connections_refused_total": "counter",
    "liaison_connections_failed_total": "counter",
}


def every_operation_once(server: LiaisonServer) -> None:
    api = Api(server)
    api.create_schema(
        {"name": "S", "type": "single-valued", "attributes": [{"name": "a", "type": "integer"}]}
    )
    service = api.start()
    api.associate("c", service)
    api.complete(service)
    api.service(service)
    api.customer_services("c")
    api.anonymous_services("k")
    for path in (
        "/metadata/services/extensions",
        "/metadata/business-attributes",
        "/server/status",
        "/health",
        "/ready",
    ):
        assert server.call("GET", path).status == 200


def test_every_metric_is_there_with_its_type(own: LiaisonServer) -> None:
    every_operation_once(own)
    found = read_metrics(own)
    assert {name: found.types.get(name) for name in TYPES} == TYPES


def test_a_fresh_server_already_shows_its_gauges(own: LiaisonServer) -> None:
    found = read_metrics(own)
    assert found.value("liaison_store_up") == 1
    assert found.value("liaison_redis_up") == 1
    assert found.value("liaison_connections") >= 1
    assert found.value("liaison_connections_refused_total") == 0


def test_requests_are_counted_by_operation_and_status(own: LiaisonServer) -> None:
    every_operation_once(own)
    assert own.call("GET", "/services/9999").status == 404
    assert own.call("POST", "/services/start", b"{").status == 400
    read_metrics(own)
    found = read_metrics(own)

    def count(operation: str, status: int) -> float:
        return found.value("liaison_requests_total", operation=operation, status=str(status))

    expected = {
        "start-service": 201,
        "associate-service": 200,
        "complete-service": 200,
        "query-service-by-id": 200,
        "query-customer-services": 200,
        "query-anonymous-services": 200,
        "create-service-extension-schema": 201,
        "query-service-extension-schema": 200,
        "query-business-attribute-schema": 200,
        "server-status": 200,
        "health": 200,
        "ready": 200,
    }
    assert {operation: count(operation, status) for operation, status in expected.items()} == dict.fromkeys(
        expected, 1
    )
    assert count("query-service-by-id", 404) == 1
    assert count("start-service", 400) == 1
    assert count("metrics", 200) >= 1


def test_histograms_are_cumulative_and_agree_with_their_counts(own: LiaisonServer) -> None:
    with AssociationLoad(own, start_services(own, 20)) as load:
        wait_until("the load runs", lambda: load.ledger.total_acknowledged() > 200)
    found = read_metrics(own)
    for name in (name for name, kind in TYPES.items() if kind == "histogram"):
        series: dict[frozenset, dict[float, float]] = {}
        for labels, value in found.samples[f"{name}_bucket"].items():
            bound = float(dict(labels)["le"].replace("+Inf", "inf"))
            series.setdefault(frozenset(pair for pair in labels if pair[0] != "le"), {})[bound] = value
        for labels, buckets in series.items():
            counts = [buckets[bound] for bound in sorted(buckets)]
            assert counts == sorted(counts), (name, labels)
            assert max(buckets) == float("inf")
            assert counts[-1] == found.samples[f"{name}_count"][labels]
            assert labels in found.samples[f"{name}_sum"]
    acknowledged = load.ledger.total_acknowledged()
    assert (
        found.value("liaison_request_duration_seconds_count", operation="associate-service") == acknowledged
    )
    assert found.value("liaison_commit_batch_size_sum") >= acknowledged + 20
    assert 0 < found.value("liaison_commit_duration_seconds_count") <= acknowledged + 20


def test_cache_writes_and_connections_are_counted(own: LiaisonServer) -> None:
    before = read_metrics(own)
    for number in range(5):
        Api(own).associate(f"c{number}", 1 if number else Api(own).start())
    after = read_metrics(own)
    written = "liaison_cache_writes_total"
    assert after.value(written, result="written") - before.value(written, result="written") == 6
    accepted = "liaison_connections_accepted_total"
    assert after.value(accepted) - before.value(accepted) == 7


def test_labels_never_come_from_the_outside(own: LiaisonServer) -> None:
    for path in ("/nothing-here", "/services/1/secret-path", '/"quoted"', "/%0A"):
        own.call("GET", path)
    own.call("FLY", "/health")
    own.call("GET", "/services/1?secret-parameter=1")
    text = own.call("GET", "/metrics").body.decode()
    assert not [word for word in ("nothing-here", "secret", "quoted", "FLY") if word in text]
    parse_metrics(text)
