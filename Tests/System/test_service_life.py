"""Delete, expiration time, extensions and the association history of services."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from support.api import Api, Json, assert_error
from support.redis_server import RedisServer
from support.server import LiaisonServer


@pytest.fixture
def api(schemaless: LiaisonServer) -> Api:
    return Api(schemaless)


def fresh() -> str:
    return f"customer-{uuid.uuid4().hex[:12]}"


def test_a_deleted_service_is_gone_with_all_that_is_in_it(api: Api) -> None:
    customer = fresh()
    service = api.start(customer_id=customer, Note=1)
    api.start_state(service, Note=2)
    api.start_task(service, Note=3)
    response = api.caller.call("DELETE", f"/services/{service}")
    assert (response.status, response.body) == (200, b"")
    for path in ("", "/states", "/tasks", "/states/1", "/associations"):
        assert_error(api.caller.call("GET", f"/services/{service}{path}"), 404, "service_not_found")
    assert api.customer_services(customer) == []
    assert_error(api.caller.call("DELETE", f"/services/{service}"), 404, "service_not_found", method="DELETE")
    assert_error(api.associate_response(customer, service), 404, "service_not_found")
    assert api.start() > service, "its id is not given again"


def test_deleting_may_be_conditional(api: Api) -> None:
    service = api.start()
    tag = api.revision(service)
    api.associate("A", service)
    path = f"/services/{service}"
    assert_error(api.caller.call("DELETE", path, None, {"If-Match": tag}), 412, "revision_mismatch")
    assert api.caller.call("DELETE", path, None, {"If-Match": api.revision(service)}).status == 200


def test_a_deleted_service_is_gone_from_redis_and_stays_gone(
    start_server: Callable[..., LiaisonServer], redis: RedisServer
) -> None:
    server = start_server(redis=redis)
    api = Api(server)
    kept, gone = api.start(customer_id="A"), api.start(customer_id="A")
    assert api.service_response(gone).cache_status == "liaison; hit"
    assert server.call("DELETE", f"/services/{gone}").status == 200
    assert_error(server.call("GET", f"/services/{gone}"), 404, "service_not_found")
    assert redis.hash(f"liaison:service:{gone}")[b"status"] == b"deleted"
    assert not redis.hash(f"liaison:service:{gone}").keys() & {b"customer"} and not redis.hash(f"liaison:service:{gone}")[b"document"]
    server.kill()
    server.start()
    assert_error(server.call("GET", f"/services/{gone}"), 404, "service_not_found")
    assert api.service(kept)["customer_id"] == "A"


def test_no_expiration_is_later_than_can_be_written(api: Api) -> None:
    for timestamp, ttl in (("9999-12-31T00:00:00Z", 86_400), ("9999-12-31T00:00:00Z", 2 * 365 * 86_400)):
        service = api.start(contact_key="late", timestamp=timestamp, ttl=ttl)
        for _ in range(2):
            assert api.service(service)["expiration_time"] == "9999-12-31T23:59:59.999Z"
            api.associate("A", service)


def test_the_expiration_time_is_set_shown_and_overwritten(api: Api) -> None:
    service = api.start(ttl=604800, timestamp="2031-04-09T07:45:10.250Z")
    assert api.service(service)["expiration_time"] == "2031-04-16T07:45:10.250Z"
    api.put(f"/services/{service}", {"expiration_time": "2040-01-01T00:00:00Z"})
    assert api.service(service)["expiration_time"] == "2040-01-01T00:00:00.000Z"
    api.put(f"/services/{service}", {"expiration_time": "2041-01-01T00:00:00Z", "ttl": 60})
    assert api.service(service)["expiration_time"] < "2040", "ttl wins"
    api.complete(service, {"expiration_time": "2050-01-01T00:00:00Z"})
    assert api.service(service)["expiration_time"] == "2050-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "missing_field", "ttl"),
        ({"ttl": 0}, "out_of_range", "ttl"),
        ({"ttl": "60"}, "wrong_type", "ttl"),
        ({"expiration_time": "soon"}, "bad_date", "expiration_time"),
        ({"ttl": 1, "customer_id": "A"}, "field_not_allowed", "customer_id"),
        ({"ttl": 1, "Note": {}}, "field_not_allowed", "Note"),
    ],
)
def test_a_bad_expiration_time_is_refused_by_its_field(api: Api, body: Json, code: str, field: str) -> None:
    service = api.start()
    assert_error(api.caller.call("PUT", f"/services/{service}", body), 400, code, field=field)
    assert "expiration_time" not in api.service(service)


def test_the_association_history_tells_who_had_the_service(api: Api) -> None:
    service = api.start(contact_key="k")
    assert api.get(f"/services/{service}/associations") == []
    api.associate("A", service, {"interaction_id": "I1", "timestamp": "2031-04-09T07:45:10Z"})
    api.put(f"/services/{service}/extensions/Note", {"a": 1})
    api.associate("B", service, {"timestamp": "2031-04-10T07:45:10Z"})
    assert api.get(f"/services/{service}/associations") == [
        {"customer_id": "B", "since": "2031-04-10T07:45:10.000Z"},
        {"customer_id": "A", "since": "2031-04-09T07:45:10.000Z", "interaction_id": "I1"},
    ]
    started = api.start(customer_id="C", timestamp="2031-04-09T07:45:10Z", interaction_id="I0")
    assert api.get(f"/services/{started}/associations") == [
        {"customer_id": "C", "since": "2031-04-09T07:45:10.000Z", "interaction_id": "I0"}
    ]


def test_a_list_comes_in_pages(api: Api) -> None:
    customer = fresh()
    services = [
        api.start(customer_id=customer, timestamp=f"2031-04-09T07:00:{10 + number // 3}Z") for number in range(10)
    ]
    assert api.customer_service_ids(customer, "", "?limit=4") == services[:4]
    assert api.customer_service_ids(customer, "", f"?limit=4&after={services[3]}") == services[4:8]
    assert api.customer_service_ids(customer, "", f"?after={services[7]}") == services[8:]
    assert api.customer_service_ids(customer, "", f"?after={services[9]}") == []
    assert_error(api.caller.call("GET", f"/customers/{customer}/services?limit=0"), 400, "bad_parameter", field="limit")


@pytest.mark.parametrize("owner", ["customer", "contact key"])
def test_pages_go_on_whatever_becomes_of_the_last_service(api: Api, owner: str) -> None:
    name = fresh()
    whose, path = (
        ({"customer_id": name}, f"/customers/{name}/services")
        if owner == "customer"
        else ({"contact_key": name}, f"/services/anonymous/{name}")
    )
    services = [api.start(whose, timestamp=f"2031-04-09T07:00:{10 + number // 3}Z") for number in range(12)]
    seen: list[int] = []
    while page := api.get(f"{path}?limit=3" + (f"&after={last['started']['timestamp']},{seen[-1]}" if seen else "")):
        seen += [service["service_id"] for service in page]
        last = page[-1]
        assert api.caller.call("DELETE", f"/services/{seen[-1]}").status == 200
        api.associate(fresh(), seen[-2])
    assert seen == services
    gone = api.caller.call("GET", f"{path}?after={services[2]}")
    error = assert_error(gone, 400, "bad_parameter", field="after")
    assert f"Z,{services[2]}" in error["message"]
    moved = [service["service_id"] for service in api.get(f"{path}?after={services[1]}")]
    assert moved == [services[number] for number in (3, 6, 9)], "a service that moved still tells where it stood"
    mixed = f"{path}?after=2031-04-09T07:00:11Z,{services[2]}&started_from=2031-04-09T07:00:13Z"
    assert [service["service_id"] for service in api.get(mixed)] == [services[9]]
    for wrong in ("yesterday,7", "2031-04-09T07:00:11Z,", "2031-04-09T07:00:11Z,x"):
        assert_error(api.caller.call("GET", f"{path}?after={wrong}"), 400, "bad_parameter", field="after")
    states = f"/services/{services[0]}/states?after=2031-04-09T07:00:11Z,1"
    assert_error(api.caller.call("GET", states), 400, "bad_parameter", field="after")


def test_a_long_list_comes_in_full_pages(server: LiaisonServer) -> None:
    customer, key = fresh(), fresh()
    api = Api(server)
    services = [
        api.start(contact_key=key, timestamp=f"2031-04-09T07:00:{10 + number % 50}Z", service_type=number % 2 + 1)
        for number in range(300)
    ]
    started = {service: number for number, service in enumerate(services)}
    services.sort(key=lambda service: (started[service] % 50, service))
    items = [{"customer_id": customer, "service_id": service} for service in services[::3]]
    assert server.call("POST", "/associations", items).status == 200
    wanted = {customer: services[::3], key: [service for service in services if service not in services[::3]]}
    for name, path in ((customer, f"/customers/{customer}/services"), (key, f"/services/anonymous/{key}")):
        for query, expected in (
            ("limit=7", wanted[name]),
            ("limit=7&service_types=2", [service for service in wanted[name] if started[service] % 2]),
        ):
            pages: list[list[int]] = [[]]
            while True:
                after = f"&after={pages[-1][-1]}" if pages[-1] else ""
                page = [service["service_id"] for service in api.get(f"{path}?{query}{after}")]
                if not page:
                    break
                pages.append(page)
            assert sum(pages, []) == expected
            assert all(len(page) == 7 for page in pages[1:-1])


def test_as_in_8_5_deleting_an_unknown_service_may_be_a_bad_request(
    start_server: Callable[..., LiaisonServer],
) -> None:
    server = start_server(config={"plugins": {"persistence": {"unknown-service-on-delete": 400}}})
    error = assert_error(server.call("DELETE", "/genesys/1/cs/services/7"), 400, "service_not_found")
    assert error["exception"].endswith("NotFoundException")
    assert_error(server.call("GET", "/genesys/1/cs/services/7"), 404, "service_not_found")
