"""POST /associations: many associations in one request, each for itself."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from support.api import Api, Json
from support.http_client import Response
from support.server import LiaisonServer

PATHS = ["/associations", "/genesys/1/cs/associations"]


def item(customer: str, service: int | str, **fields: Any) -> Json:
    return {"customer_id": customer, "service_id": service, **fields}


def lines(items: list[Any]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in items)


def results(response: Response) -> list[Json]:
    assert response.status == 200, response
    if response.header("content-type") == "application/x-ndjson":
        return [json.loads(line) for line in response.body.splitlines()]
    assert response.header("content-type") == "application/json"
    return response.json


OK = {"status": 200}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("form", ["array", "lines"])
def test_every_item_is_associated_and_answered_in_its_place(
    server: LiaisonServer, api: Api, path: str, form: str
) -> None:
    services = [api.start() for _ in range(50)]
    items = [item(f"bulk-{form}-{n % 7}", service, resource_id=n) for n, service in enumerate(services)]
    body = json.dumps(items, indent=1).encode() if form == "array" else lines(items)
    assert results(server.call("POST", path, body)) == [OK] * 50
    for n, service in enumerate(services):
        shown = api.service(service)
        assert (shown["customer_id"], shown["started"]["resource_id"]) == (f"bulk-{form}-{n % 7}", n)


def test_a_bad_item_fails_alone_and_says_why(server: LiaisonServer, api: Api) -> None:
    service = api.start()
    answers = results(
        server.call(
            "POST",
            "/associations",
            [
                item("first", service),
                item("nobody", 999_999_999),
                item("typed", service, media_type=True),
                item("long" * 100, service),
                {"customer_id": "lost"},
                {"service_id": service},
                item("id", 0),
                item("unknown", service, NoSuchExtension={"a": 1}),
                17,
                None,
                item("last", str(service)),
            ],
        )
    )
    assert [(one["status"], one.get("code")) for one in answers] == [
        (200, None),
        (404, "service_not_found"),
        (400, "wrong_type"),
        (400, "too_long"),
        (400, "missing_field"),
        (400, "missing_field"),
        (400, "out_of_range"),
        (400, "unknown_extension"),
        (400, "body_not_object"),
        (400, "body_not_object"),
        (200, None),
    ]
    assert answers[2]["field"] == "media_type" and answers[2]["value"] is True and answers[2]["allowed"]
    assert api.service(service)["customer_id"] == "last"


def test_a_line_that_is_not_json_fails_alone(server: LiaisonServer, api: Api) -> None:
    service = api.start()
    body = lines([item("one", service)]) + b'{"customer_id": \n\n' + lines([item("two", service)])
    answers = results(server.call("POST", "/associations", body))
    assert [one["status"] for one in answers] == [200, 400, 200]
    assert answers[1]["code"] == "malformed_json"
    assert api.service(service)["customer_id"] == "two"


def test_an_array_that_breaks_off_keeps_what_stood_before(server: LiaisonServer, api: Api) -> None:
    service = api.start()
    response = server.call("POST", "/associations", json.dumps([item("before", service)]).encode()[:-1])
    assert [one["status"] for one in results(response)] == [200, 400]
    assert response.json[1]["code"] == "malformed_json"
    assert api.service(service)["customer_id"] == "before"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [(b"", 400, "missing_body"), (b" \n", 400, "missing_body"), (b'"x"', 400, "malformed_json")],
)
def test_a_body_of_another_form_is_refused_as_a_whole(
    server: LiaisonServer, body: bytes, status: int, code: str
) -> None:
    response = server.call("POST", "/associations", body)
    assert (response.status, response.json["code"]) == (status, code)


def test_an_empty_array_has_no_results(server: LiaisonServer) -> None:
    assert results(server.call("POST", "/associations", b"[]")) == []


def test_the_newest_item_about_a_service_wins(server: LiaisonServer, api: Api) -> None:
    service = api.start()
    items = [item(f"order-{n}", service) for n in range(300)]
    assert results(server.call("POST", "/associations", items)) == [OK] * 300
    assert api.service(service)["customer_id"] == "order-299"
    assert api.service(service, "?extensions=*")["customer_id"] == "order-299"


def test_extensions_go_through_their_schemas(server: LiaisonServer, api: Api) -> None:
    api.create_schema(
        {
            "name": "BulkSurvey",
            "type": "single-valued",
            "attributes": [{"name": "rating", "type": "integer", "mandatory": True}],
        }
    )
    good, bad = api.start(), api.start()
    answers = results(
        server.call(
            "POST",
            "/associations",
            [item("x", good, BulkSurvey={"rating": 5}), item("x", bad, BulkSurvey={"rating": "five"})],
        )
    )
    assert (answers[0], answers[1]["code"]) == (OK, "extension_violation")
    assert api.service(good, "?extensions=*")["BulkSurvey"] == {"rating": 5}
    assert "customer_id" not in api.service(bad)


def test_a_large_body_is_answered_within_bounded_memory(start_server: Any) -> None:
    server = start_server()
    api = Api(server)
    services = [api.start() for _ in range(20)]
    count = 120_000
    filler = "f" * 40

    def resident() -> int:
        with open(f"/proc/{server.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))

    before = resident()
    with server.connect() as connection:
        connection.set_timeout(60)

        def send() -> None:
            connection.send(
                b"POST /associations HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            for start in range(0, count, 1000):
                part = lines(
                    [
                        item(f"c{n}", services[n % 20], interaction_id=filler)
                        for n in range(start, start + 1000)
                    ]
                )
                connection.send(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            connection.send(b"0\r\n\r\n")

        sender = threading.Thread(target=send)
        sender.start()
        answers = results(connection.receive("POST"))
        sender.join()
    assert answers == [OK] * count
    assert api.service(services[19])["customer_id"] == f"c{count - 1}"
    # The body has 11 MB; what grows is the journal's and the store's share, which is bounded too.
    assert resident() - before < 48 * 1024


def test_strangers_are_refused_once_and_nothing_is_applied(start_server: Any) -> None:
    digest = "b93654216cc19161ced5a271031bc2192b487f9ede8b5f7c140f55ba57c80eee"
    keys = [{"name": "bulk", "sha256": digest, "roles": ["read", "write"]}]
    server = start_server(config={"plugins": {"authentication": {"keys": keys}}})
    headers = {"Authorization": "Bearer liaison-benchmark-key"}
    started = server.call("POST", "/services/start", {"contact_key": "k"}, headers)
    service = started.json["service_id"]
    refused = server.call("POST", "/associations", [item("stranger", service)] * 100)
    assert (refused.status, refused.json["code"]) == (401, "unauthorized")
    assert "customer_id" not in server.call("GET", f"/services/{service}", headers=headers).json
    assert results(server.call("POST", "/associations", [item("known", service)], headers)) == [OK]
    assert server.call("GET", f"/services/{service}", headers=headers).json["customer_id"] == "known"


def test_requests_behind_a_bulk_request_see_what_it_did(server: LiaisonServer, api: Api) -> None:
    service = api.start()
    body = json.dumps([item(f"behind-{n}", service) for n in range(200)]).encode()
    with server.connect() as connection:
        connection.send(
            f"POST /associations HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
            + f"GET /services/{service} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
        )
        assert len(results(connection.receive("POST"))) == 200
        assert connection.receive().json["customer_id"] == "behind-199"
