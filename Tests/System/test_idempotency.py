"""A start that is sent again under the same Idempotency-Key gets the first answer."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.api import Api, Json, assert_error
from support.metrics import parse_metrics
from support.server import LiaisonServer


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}


def targets(api: Api) -> list[tuple[str, Json]]:
    service = api.start()
    return [
        ("/services/start", {"contact_key": f"k-{uuid.uuid4().hex}"}),
        (f"/services/{service}/states/start", {"state_type": 1}),
        (f"/services/{service}/tasks/start", {"task_type": "a"}),
        ("/profiles", {"FirstName": "Ada"}),
    ]


def test_a_retry_gets_the_first_answer_and_starts_nothing(schemaless: LiaisonServer) -> None:
    for path, body in targets(Api(schemaless)):
        headers = key()
        first = schemaless.call("POST", path, body, headers)
        again = schemaless.call("POST", path, body, headers)
        assert first.status == again.status == 201
        assert (first.body, first.header("location")) == (again.body, again.header("location"))
        assert (first.header("idempotency-replayed"), again.header("idempotency-replayed")) == (None, "true")
        other = schemaless.call("POST", path, body, key())
        assert other.json != first.json
        without = schemaless.call("POST", path, body)
        assert without.json not in (first.json, other.json)


def test_another_request_under_the_same_key_is_refused(schemaless: LiaisonServer) -> None:
    for path, body in targets(Api(schemaless)):
        headers = key()
        assert schemaless.call("POST", path, body, headers).status == 201
        changed = schemaless.call("POST", path, {**body, "Extra": {"a": 1}}, headers)
        assert_error(changed, 422, "idempotency_key_reused", field="Idempotency-Key")
        elsewhere = schemaless.call("POST", "/services/start", {"customer_id": "elsewhere"}, headers)
        assert_error(elsewhere, 422, "idempotency_key_reused")
    metrics = parse_metrics(schemaless.call("GET", "/metrics").body.decode())
    assert metrics.value("liaison_requests_total", status="422") == 2 * len(targets(Api(schemaless)))
    assert metrics.value("liaison_requests_total", status="0") == 0, "every status is counted as what it is"


def test_of_many_at_once_one_starts(schemaless: LiaisonServer) -> None:
    headers, contact = key(), f"k-{uuid.uuid4().hex}"
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: schemaless.call("POST", "/services/start", {"contact_key": contact}, headers), range(24))
        )
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["service_id"] for answer in answers}) == 1
    assert len(Api(schemaless).anonymous_services(contact)) == 1


def test_a_start_that_failed_may_succeed_under_its_key(schemaless: LiaisonServer) -> None:
    api, headers = Api(schemaless), key()
    service = api.start()
    path = f"/services/{service}/tasks/start"
    assert_error(schemaless.call("POST", path, {"state_id": 1}, headers), 404, "state_not_found")
    api.start_state(service)
    assert schemaless.call("POST", path, {"state_id": 1}, headers).status == 201


def test_answers_are_remembered_over_kills(start_server: Callable[..., LiaisonServer]) -> None:
    server = start_server()
    headers = key()
    first = server.call("POST", "/services/start", {"contact_key": "k"}, headers)
    server.kill()
    server.start()
    again = server.call("POST", "/services/start", {"contact_key": "k"}, headers)
    assert again.json == first.json and again.header("idempotency-replayed") == "true"
    assert len(Api(server).anonymous_services("k")) == 1


@pytest.mark.parametrize("bad", ["a" * 256, "a b"])
def test_a_key_that_is_none_is_refused(schemaless: LiaisonServer, bad: str) -> None:
    response = schemaless.call("POST", "/services/start", {"contact_key": "k"}, {"Idempotency-Key": bad})
    assert_error(response, 400, "bad_parameter", field="Idempotency-Key")
