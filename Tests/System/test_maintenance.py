"""Server mode, purge, exports, and everything about one person."""

from __future__ import annotations

import csv
import json
import sqlite3
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.api import Api, Json, assert_error
from support.deadline import wait_until
from support.http_client import encode_request
from support.metrics import parse_metrics
from support.process import resident_bytes
from support.redis_server import RedisServer
from support.server import STORE, LiaisonServer

SCHEMALESS: Json = {"plugins": {"extension-schemas": {"schemas": "off"}}}
LONG_AGO, LATER, FUTURE = "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z", "2100-01-01T00:00:00Z"


@pytest.fixture
def server(start_server: Callable[..., LiaisonServer]) -> LiaisonServer:
    return start_server(config=SCHEMALESS)


@pytest.fixture
def api(server: LiaisonServer) -> Api:
    return Api(server)


# Mode


def test_in_maintenance_only_schemas_and_the_server_itself_are_there(server: LiaisonServer, api: Api) -> None:
    service = api.start()
    response = server.call("POST", "/server/mode", {"mode": "Maintenance"})
    assert (response.status, response.json) == (200, {"server changed": "maintenance"})
    assert response.header("location") == "/server/status"
    assert api.get("/server/status")["mode"] == "maintenance"
    for method, path, body in (
        ("POST", "/services/start", {"contact_key": "k"}),
        ("GET", f"/services/{service}", None),
        ("POST", f"/customers/A/services/{service}", None),
        ("GET", "/profiles/A", None),
        ("POST", "/profiles", {"A": "b"}),
    ):
        error = assert_error(server.call(method, path, body), 503, "wrong_mode", method=method, field="mode")
        assert "maintenance" in error["message"]
    api.create_key({"name": "k", "attributes": ["A"]})
    assert api.get("/metadata/identification-keys")
    assert server.call("POST", "/server/mode", {"mode": "production"}).json == {"server changed": "production"}
    assert api.service(service)


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, "missing_field"), ({"mode": "off"}, "bad_parameter"), ({"mode": 1}, "wrong_type"), ({"a": 1}, "field_not_allowed")],
)
def test_a_mode_that_is_none_is_refused(server: LiaisonServer, body: Json, code: str) -> None:
    assert_error(server.call("POST", "/server/mode", body), 400, code)


def test_a_switch_waits_for_what_was_taken_and_nothing_is_half_done(server: LiaisonServer) -> None:
    def start(number: int) -> int:
        return server.call("POST", "/services/start", {"customer_id": "switch"}).status

    with ThreadPoolExecutor(16) as pool:
        starts = [pool.submit(start, number) for number in range(200)]
        assert server.call("POST", "/server/mode", {"mode": "maintenance"}).status == 200
        statuses = [one.result() for one in starts]
    assert set(statuses) <= {201, 503}
    server.call("POST", "/server/mode", {"mode": "production"})
    assert len(Api(server).customer_services("switch")) == statuses.count(201)


@pytest.mark.skipif(STORE != "sqlite", reason="holds the embedded store's file up")
def test_while_the_server_switches_every_call_hears_of_it(server: LiaisonServer, api: Api) -> None:
    service = api.start()
    with ThreadPoolExecutor(1) as pool, sqlite3.connect(server.database, isolation_level=None) as database:
        # A switch waits for what was taken before to be in the tables, and somebody else writes to them.
        database.execute("BEGIN IMMEDIATE")
        switch = pool.submit(server.call, "POST", "/server/mode", {"mode": "maintenance"})
        wait_until("the server switches", lambda: api.get("/server/status")["mode"] == "switching")
        for method, path in (("GET", f"/services/{service}"), ("GET", "/metadata"), ("POST", "/server/mode")):
            response = server.call(method, path, {"mode": "production"} if method == "POST" else None)
            error = assert_error(response, 503, "wrong_mode", method=method, field="mode")
            assert "switching" in error["message"] and response.header("retry-after") == "1"
        database.execute("COMMIT")
        assert switch.result().status == 200
    assert api.get("/server/status")["mode"] == "maintenance"


def test_a_server_comes_back_in_the_mode_in_which_it_ended(server: LiaisonServer, api: Api) -> None:
    service = api.start()
    server.call("POST", "/server/mode", {"mode": "maintenance"})
    for end in (server.kill, server.stop):
        end()
        server.start()
        assert api.get("/server/status")["mode"] == "maintenance"
        assert_error(server.call("GET", f"/services/{service}"), 503, "wrong_mode")
        assert "maintenance mode, as it was" in server.log_tail()
    server.call("POST", "/server/mode", {"mode": "production"})
    server.kill()
    server.start()
    assert api.get("/server/status")["mode"] == "production" and api.service(service)


# Purge


@pytest.mark.parametrize(
    ("operation", "gone"),
    [
        ("purge.service.all", {"active", "anonymous", "completed", "completed anonymous"}),
        ("purge.service.started", {"active", "anonymous"}),
        ("purge.service.started.anonymous", {"anonymous"}),
        ("purge.service.completed", {"completed", "completed anonymous"}),
        ("purge.service.completed.anonymous", {"completed anonymous"}),
    ],
)
def test_a_purge_removes_what_it_names_and_nothing_newer(
    server: LiaisonServer, api: Api, operation: str, gone: set[str]
) -> None:
    made = {
        "active": api.start(customer_id="A", timestamp=LONG_AGO),
        "anonymous": api.start(contact_key="k", timestamp=LONG_AGO),
        "completed": api.start(customer_id="A", timestamp=LONG_AGO),
        "completed anonymous": api.start(contact_key="k", timestamp=LONG_AGO),
    }
    new = [api.start(customer_id="A", timestamp=LATER), api.start(contact_key="k", timestamp=LATER)]
    for name in ("completed", "completed anonymous"):
        api.complete(made[name])
    response = server.call("POST", "/maintenance/purge", {"operation": operation, "limit": LATER})
    assert (response.status, response.json) == (200, {"purged": len(gone)})
    left = {name for name, service in made.items() if server.call("GET", f"/services/{service}").status == 200}
    assert left == set(made) - gone
    assert all(api.service(service) for service in new)


def test_a_purge_of_many_services_lets_other_calls_through(server: LiaisonServer, api: Api) -> None:
    with server.connect() as connection:
        for _ in range(1200):
            Api(connection).start(customer_id="many", timestamp=LONG_AGO)
    kept = api.start(customer_id="many", timestamp=FUTURE)
    with ThreadPoolExecutor(2) as pool:
        body = {"operation": "purge.service.all", "limit": LATER}
        purge = pool.submit(server.call, "POST", "/maintenance/purge", body)
        while not purge.done():
            assert api.service(kept)
        assert purge.result().json == {"purged": 1200}
    assert api.customer_service_ids("many") == [kept]
    server.kill()
    server.start()
    assert api.customer_service_ids("many") == [kept]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "missing_field", "operation"),
        ({"operation": "purge.everything", "limit": LATER}, "bad_schema", "operation"),
        ({"operation": "purge.service.all"}, "missing_field", "limit"),
        ({"operation": "purge.service.all", "limit": "soon"}, "bad_date", "limit"),
        ({"operation": "purge.service.all", "limit": LATER, "x": 1}, "field_not_allowed", "x"),
    ],
)
def test_a_purge_that_cannot_be_is_refused(server: LiaisonServer, body: Json, code: str, field: str) -> None:
    assert_error(server.call("POST", "/maintenance/purge", body), 400, code, field=field)


# Exports


def test_the_stream_holds_the_services_of_a_span_of_time(server: LiaisonServer, api: Api) -> None:
    old = api.start(customer_id="A", timestamp=LONG_AGO)
    done = api.start(customer_id="A", timestamp=LONG_AGO)
    api.complete(done, {"timestamp": "2022-06-01T00:00:00Z"})
    new = api.start(customer_id="B", timestamp=FUTURE, Note={"a": 1})
    api.start_state(new, state_type=1)
    stream = "/maintenance/services/stream?time_from="
    assert api.get(f"{stream}{LONG_AGO}") == [str(old), str(done), str(new)], "changed just now"
    events = f"{stream}{LONG_AGO}&time_to={LATER}&filter_events="
    assert api.get(events + "started") == [str(old), str(done)]
    assert api.get(events + "completed") == []
    assert api.get(f"{stream}2022-01-01T00:00:00Z&time_to=2023-01-01T00:00:00Z&filter_events=completed") == [str(done)]
    assert api.get(events + "started&filter_state=active") == [str(old)]
    assert api.get(events + "started&filter_state=inactive") == [str(done)]
    [whole] = api.get(f"{stream}{FUTURE}&time_to=2200-01-01T00:00:00Z&filter_events=started&export_content=true")
    assert whole["service_id"] == new and whole["Note"] == {"a": 1}
    assert whole["active_states"][0]["state_type"] == 1 and whole["completed_tasks"] == []
    assert api.get(f"{stream}2200-01-01T00:00:00Z") == []


def test_a_stream_shares_its_connection_with_other_calls(server: LiaisonServer, api: Api) -> None:
    services = [api.start(customer_id="A") for _ in range(3)]
    with server.connect() as connection:
        for _ in range(3):
            answer = connection.call("GET", f"/maintenance/services/stream?time_from={LONG_AGO}")
            assert answer.json == [str(service) for service in services]
            assert answer.header("transfer-encoding") == "chunked"
            assert connection.call("GET", f"/services/{services[0]}").status == 200


def test_an_export_of_many_services_takes_little_memory(server: LiaisonServer) -> None:
    note = {"text": "x" * 20_000}
    with server.connect() as connection:
        for _ in range(1500):
            Api(connection).start(customer_id="big", Note=note)
    before = resident_bytes(server.pid)
    response = server.call("GET", f"/maintenance/services/stream?time_from={LONG_AGO}&export_content=true")
    assert len(response.body) > 30_000_000 and len(response.json) == 1500
    for form in ("json", "csv"):
        response = server.call("POST", "/maintenance/services/files", {"time_from": LONG_AGO, "format": form})
        [file] = [file for file in response.json["files"] if "_services." in file["name"]]
        assert file["items"] == 1500 and (server.data / "exports" / file["name"]).stat().st_size > 30_000_000
    assert resident_bytes(server.pid) - before < 45_000_000


def test_an_export_that_its_client_leaves_is_counted(server: LiaisonServer) -> None:
    note = {"text": "x" * 20_000}
    with server.connect() as connection:
        for _ in range(600):
            Api(connection).start(customer_id="big", Note=note)
    with server.connect(receive_buffer=16_384) as connection:
        target = f"/maintenance/services/stream?time_from={LONG_AGO}&export_content=true"
        connection.send(encode_request("GET", target))
        assert connection.receive_head().status == 200

    def counted() -> bool:
        metrics = parse_metrics(server.call("GET", "/metrics").body.decode())
        return metrics.value("liaison_requests_total", operation="export-services-stream", status="200") == 1

    wait_until("the export counts", counted)


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("", "missing_field", "time_from"),
        ("time_from=x", "bad_date", "time_from"),
        (f"time_from={LATER}&filter_events=all", "bad_parameter", "filter_events"),
        (f"time_from={LATER}&filter_state=open", "bad_parameter", "filter_state"),
        (f"time_from={LATER}&export_content=1", "bad_parameter", "export_content"),
    ],
)
def test_an_export_that_cannot_be_is_refused(server: LiaisonServer, query: str, code: str, field: str) -> None:
    response = server.call("GET", f"/maintenance/services/stream?{query}")
    assert_error(response, 400, code, field=field)


def exported(server: LiaisonServer, body: Json) -> dict[str, tuple[str, int]]:
    """Texts and counts of the files by their kind."""
    response = server.call("POST", "/maintenance/services/files", body)
    assert response.status == 200, response
    files = {}
    for file in response.json["files"]:
        kind = file["name"].rsplit("_", 1)[1].split(".")[0]
        files[kind] = ((server.data / "exports" / file["name"]).read_text(), file["items"])
    assert not list((server.data / "exports").glob("*.partial"))
    return files


def test_files_hold_services_states_and_tasks(server: LiaisonServer, api: Api) -> None:
    service = api.start(
        customer_id="A, \"B\"", contact_key="k", service_type="Refund", Note={"a": "x,y"}, expiration_time=FUTURE,
        auto_complete_after=5000,
    )  # fmt: skip
    api.start_state(service, state_type=1)
    state = api.transition(service, {"from": {"state_id": 1}, "to": {"state_type": 2}})
    api.start_task(service, state_id=state, task_type="call")
    api.complete(service, {"disposition": "ok"})
    files = exported(server, {"time_from": LONG_AGO, "format": "json"})
    [shown] = json.loads(files["services"][0])
    assert shown == api.whole_service(service)
    assert [(one["service_id"], one["state_id"]) for one in json.loads(files["states"][0])] == [(service, 2), (service, 1)]
    assert json.loads(files["tasks"][0])[0]["task_type"] == "call"
    assert [files[kind][1] for kind in ("services", "states", "tasks")] == [1, 2, 1]
    files = exported(server, {"time_from": LONG_AGO, "format": "csv"})
    [row] = csv.DictReader(files["services"][0].splitlines())
    assert row["service_id"] == str(service) and row["customer_id"] == 'A, "B"' and row["service_type"] == "Refund"
    assert row["started.contact_key"] == "k" and row["disposition"] == "ok" and int(row["duration"]) >= 0
    assert json.loads(row["extensions"]) == {"Note": {"a": "x,y"}}
    assert (row["expiration_time"], row["auto_complete_after"]) == (shown["expiration_time"], "5000")
    states = list(csv.DictReader(files["states"][0].splitlines()))
    assert {(one["state_id"], one["previous_state_id"]) for one in states} == {("1", ""), ("2", "1")}
    [task] = csv.DictReader(files["tasks"][0].splitlines())
    assert (task["service_id"], task["task_id"], task["state_id"]) == (str(service), "1", "2")
    assert exported(server, {"time_from": "2200-01-01T00:00:00Z"})["services"] == ("[]\n", 0)
    assert_error(server.call("POST", "/maintenance/services/files", {}), 400, "missing_field", field="time_from")
    bad = server.call("POST", "/maintenance/services/files", {"time_from": LATER, "format": "xml"})
    assert_error(bad, 400, "bad_parameter", field="format")


# One person


def test_a_person_is_exported_and_erased(
    start_server: Callable[..., LiaisonServer], redis: RedisServer
) -> None:
    server = start_server(config=SCHEMALESS, redis=redis)
    api = Api(server)
    customer, other = f"c-{uuid.uuid4().hex}", f"o-{uuid.uuid4().hex}"
    api.create_key({"name": "byMail", "attributes": ["Mail"]})
    api.create_profile({"customer_id": customer, "Mail": "ada@example.org", "Note": {"a": 1}})
    own = api.start(customer_id=customer, Order={"n": 1})
    api.start_state(own, Note=2)
    shared = api.start(customer_id=customer)
    api.associate(other, shared)
    data = api.get(f"/customers/{customer}/data")
    assert data["customer_id"] == customer and data["profile"]["Note"] == {"a": 1}
    [service] = data["services"]
    assert service["service_id"] == own and service["Order"] == {"n": 1} and service["active_states"][0]["Note"] == 2
    assert set(data["associated_services"]) == {own, shared}
    response = server.call("DELETE", f"/customers/{customer}/data")
    assert response.status == 200
    report = response.json
    assert report.pop("journal") > (5 if STORE == "sqlite" else 4)
    assert report == {"customer_id": customer, "profile": True, "services": [own], "history": 2, "cached": 1}
    assert api.get(f"/customers/{customer}/data") == {
        "customer_id": customer, "services": [], "associated_services": [],
    }  # fmt: skip
    assert_error(server.call("GET", f"/services/{own}"), 404, "service_not_found")
    assert api.identify("Mail=ada@example.org") == []
    assert [one["customer_id"] for one in api.get(f"/services/{shared}/associations")] == [other]
    assert customer.encode() not in b"".join(
        value for entry in redis.client().everything().values() if isinstance(entry, dict) for value in entry.values()
    )
    again = server.call("DELETE", f"/customers/{customer}/data")
    assert again.json == {"customer_id": customer, "profile": False, "services": [], "history": 0, "cached": 0, "journal": 0}
    server.stop()
    if STORE == "sqlite":
        assert customer.encode() not in server.database.read_bytes()
