"""Several contact centers on one server: the data of one are invisible to another."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from support.api import Api, Json, assert_error
from support.deadline import wait_until
from support.http_client import Response
from support.redis_server import RedisServer
from support.server import STORE, LiaisonServer, run_liaison

TENANTS: Json = {
    "tenants": [
        {"dbid": 101, "name": "Lisbon", "groups": [{"dbid": 102, "name": "sales"}, {"dbid": 103, "name": "care"}]},
        {"dbid": 201, "name": "Oslo", "groups": [{"dbid": 202, "name": "sales"}]},
    ]
}
LISBON, OSLO = {"ContactCenterId": "Lisbon"}, {"ContactCenterId": "Oslo"}
SALES = {**LISBON, "GroupId": "sales"}


class As:
    """Calls with the headers of one tenant."""

    def __init__(self, server: LiaisonServer, headers: dict[str, str]) -> None:
        self.server = server
        self.headers = headers

    def call(self, method: str, target: str, body: Any = None, headers: Any = None) -> Response:
        return self.server.call(method, target, body, {**self.headers, **(headers or {})})


@pytest.fixture
def server(start_server: Callable[..., LiaisonServer], redis: RedisServer) -> LiaisonServer:
    return start_server(config={"tenancy": TENANTS}, redis=redis)


def api(server: LiaisonServer, headers: dict[str, str]) -> Api:
    return Api(As(server, headers))


def test_services_and_what_is_in_them_are_invisible_to_other_tenants(server: LiaisonServer) -> None:
    lisbon = api(server, LISBON)
    service = lisbon.start(customer_id="A", contact_key="k", interaction_id="I")
    lisbon.start_state(service)
    for other in (OSLO, SALES):
        stranger = As(server, other)
        for method, path, body in (
            ("GET", f"/services/{service}", None),
            ("GET", f"/services/{service}/states", None),
            ("GET", f"/services/{service}/associations", None),
            ("POST", f"/customers/B/services/{service}", None),
            ("POST", f"/services/{service}/end", {}),
            ("POST", f"/services/{service}/states/start", {}),
            ("POST", f"/services/{service}/states/1/end", {}),
            ("PUT", f"/services/{service}", {"ttl": 60}),
            ("DELETE", f"/services/{service}", None),
        ):
            assert_error(stranger.call(method, path, body), 404, "service_not_found", method=method)
        assert Api(stranger).customer_services("A") == []
        assert Api(stranger).get("/customers/A/data")["services"] == []
        purge = {"operation": "purge.service.all", "limit": "2100-01-01T00:00:00Z"}
        assert stranger.call("POST", "/maintenance/purge", purge).json == {"purged": 0}
        assert Api(stranger).get("/maintenance/services/stream?time_from=2000-01-01T00:00:00Z") == []
    assert lisbon.service(service)["customer_id"] == "A"
    assert api(server, {"ContactCenterId": "101"}).service(service)["customer_id"] == "A"


def test_profiles_keys_and_schemas_are_each_tenants_own(server: LiaisonServer) -> None:
    lisbon, oslo, sales = (api(server, headers) for headers in (LISBON, OSLO, SALES))
    schema = {"name": "Note", "type": "single-valued", "attributes": [{"name": "text", "type": "string"}]}
    lisbon.create_schema(schema, "profiles")
    lisbon.create_key({"name": "m", "attributes": ["Mail"], "unique": True})
    lisbon.create_profile({"customer_id": "A", "Mail": "a@example.org", "Note": {"text": "x"}})
    for other in (oslo, sales):
        assert other.get("/metadata/profiles/extensions") == [] and other.get("/metadata/identification-keys") == []
        assert_error(other.caller.call("GET", "/profiles/A"), 404, "profile_not_found")
        bad = other.caller.call("POST", "/profiles", {"Note": {"text": "x"}})
        assert_error(bad, 400, "unknown_extension", field="Note")
        assert other.create_profile({"customer_id": "A", "Mail": "a@example.org"}) == "A"
    assert lisbon.identify("Mail=a%40example.org") == ["A"]
    assert "Note" in lisbon.profile("A", "?extensions=*")


def test_a_call_must_name_a_tenant_that_there_is(server: LiaisonServer) -> None:
    for headers, code, field, words in (
        ({}, "missing_tenant", "ContactCenterId", "Invalid tenant specified : no tenant specified in multi-tenant"),
        (
            {"ContactCenterId": "Rome"}, "unknown_tenant", "ContactCenterId",
            "Invalid tenant specified : specified tenant in HTTP header 'ContactCenterId'='Rome' not configured",
        ),
        ({**OSLO, "GroupId": "care"}, "unknown_tenant", "GroupId", "Invalid tenant specified"),
    ):  # fmt: skip
        response = server.call("POST", "/services/start", {"contact_key": "k"}, headers)
        error = assert_error(response, 400, code, field=field)
        assert error["message"].startswith(words)
        assert error["exception"].endswith("ContextServicesExceptionResource")


def test_restarts_and_lost_redis_keep_tenants_apart(server: LiaisonServer, redis: RedisServer) -> None:
    lisbon, oslo = api(server, LISBON), api(server, OSLO)
    mine, yours = lisbon.start(customer_id="A"), oslo.start(customer_id="A")
    redis.kill()
    lisbon.associate("B", mine)
    redis.start()
    wait_until("Redis is believed again", lambda: lisbon.get("/server/status")["redis"].get("believed"))
    assert lisbon.service(mine)["customer_id"] == "B"
    assert oslo.service(yours)["customer_id"] == "A"
    assert_error(As(server, OSLO).call("GET", f"/services/{mine}"), 404, "service_not_found")
    server.kill()
    server.start()
    assert lisbon.customer_service_ids("B") == [mine] and oslo.customer_service_ids("A") == [yours]


@pytest.mark.skipif(STORE != "sqlite", reason="looks into the embedded store's file")
def test_the_database_tells_what_tenants_are_called(start_server: Callable[..., LiaisonServer]) -> None:
    def names() -> dict[int, str]:
        with sqlite3.connect(server.database) as database:
            return dict(database.execute("SELECT id, name FROM tenant"))

    server = start_server(config={"tenancy": TENANTS})
    first = names()
    assert first == {
        1: "default", 101: "Lisbon", 102: "Lisbon/sales", 103: "Lisbon/care", 201: "Oslo", 202: "Oslo/sales",
    }  # fmt: skip
    server.stop()
    # The centers change their names for each other's, and one of them has gone.
    server.config = {"tenancy": {"tenants": [{"dbid": 101, "name": "Oslo"}, {"dbid": 201, "name": "Lisbon"}]}}
    server.start()
    assert names() == {**first, 101: "Oslo", 201: "Lisbon"}


def test_without_tenants_the_headers_mean_nothing(schemaless: LiaisonServer) -> None:
    service = api(schemaless, LISBON).start()
    assert api(schemaless, OSLO).service(service) == Api(schemaless).service(service)


@pytest.mark.parametrize(
    ("tenants", "key"),
    [
        ([{"name": "A"}], "tenancy.tenants[0].dbid"),
        ([{"dbid": 1}], "tenancy.tenants[0].name"),
        ([{"dbid": 1, "name": "A"}, {"dbid": 1, "name": "B"}], "tenancy.tenants[1].dbid"),
        ([{"dbid": 1, "name": "A"}, {"dbid": 2, "name": "A"}], "tenancy.tenants[1].name"),
        ([{"dbid": 1, "name": "7"}], "tenancy.tenants[0].name"),
        ([{"dbid": 1, "name": "A", "groups": [{"dbid": 1, "name": "g"}]}], "tenancy.tenants[0].groups[0].dbid"),
    ],
)
def test_bad_tenants_are_named_and_stop_the_start(folder, tenants: list[Json], key: str) -> None:
    file = folder / "liaison.json5"
    file.write_text(json.dumps({"tenancy": {"tenants": tenants}}))
    run = run_liaison("check", "--config", file)
    assert run.returncode == 2 and key in run.stderr, run
