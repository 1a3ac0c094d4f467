"""Expiry and auto-completion happen by themselves, in the background."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from support.api import Api, Json
from support.deadline import wait_until
from support.metrics import parse_metrics
from support.redis_server import RedisServer
from support.server import LiaisonServer, run_liaison


def config(**options: Json) -> Json:
    return {
        "plugins": {
            "extension-schemas": {"schemas": "off"},
            "persistence": {"sweep-interval": "50ms", **options},
        }
    }


def is_gone(server: LiaisonServer, service: int) -> bool:
    return server.call("GET", f"/services/{service}").status == 404


def test_a_service_expires_at_its_time_with_all_that_is_in_it(
    start_server: Callable[..., LiaisonServer], redis: RedisServer
) -> None:
    server = start_server(config=config(), redis=redis)
    api = Api(server)
    kept = api.start(customer_id="A")
    long = api.start(customer_id="A", ttl=3600)
    short = api.start(customer_id="A", ttl=1, Note=1)
    api.start_state(short)
    past = api.start(customer_id="A", expiration_time="2020-01-01T00:00:00Z")
    moved = api.start(customer_id="A", ttl=1)
    api.put(f"/services/{moved}", {"ttl": 3600})
    wait_until("the services have expired", lambda: is_gone(server, short) and is_gone(server, past))
    assert api.customer_service_ids("A") == [kept, long, moved]
    assert redis.hash(f"liaison:service:{short}")[b"status"] == b"deleted"
    metrics = parse_metrics(server.call("GET", "/metrics").body.decode())
    assert metrics.value("liaison_services_expired_total") == 2


def test_what_is_configured_counts_from_the_last_change_and_types_have_their_own(
    start_server: Callable[..., LiaisonServer],
) -> None:
    server = start_server(config=config(**{"expiration": "2s", "expiration-of-types": {"Long": "1d", "7": "1w"}}))
    api = Api(server)
    touched = api.start(customer_id="A")
    left = api.start(customer_id="A")
    types = [api.start(customer_id="A", service_type=kind) for kind in ("Long", 7)]
    own = api.start(customer_id="A", ttl=3600)
    deadline = time.monotonic() + 20
    while not is_gone(server, left):
        assert time.monotonic() < deadline
        api.start_state(touched)
    assert api.customer_service_ids("A") == [touched, *types, own]
    wait_until("the other one has expired too", lambda: is_gone(server, touched))


def test_a_service_that_is_left_alone_is_completed_with_its_states_and_tasks(
    start_server: Callable[..., LiaisonServer], redis: RedisServer
) -> None:
    server = start_server(config=config(), redis=redis)
    api = Api(server)
    never = api.start(customer_id="A")
    service = api.start(customer_id="A", auto_complete_after=1)
    assert api.service(service)["auto_complete_after"] == 1
    state = api.start_state(service)
    api.start_task(service, state_id=state)
    wait_until("it is completed", lambda: "completed" in api.service(service))
    shown = api.service(service, "?completed_states=true&completed_tasks=true&active_states=true&active_tasks=true")
    assert len(shown["completed_states"]) == len(shown["completed_tasks"]) == 1
    assert shown["active_states"] == shown["active_tasks"] == []
    assert shown["duration"] >= 1000
    assert redis.hash(f"liaison:service:{service}")[b"status"] == b"completed"
    assert api.customer_service_ids("A", "active") == [never]


def test_many_services_are_due_at_once_and_calls_do_not_wait(start_server: Callable[..., LiaisonServer]) -> None:
    server = start_server(config=config(**{"auto-complete-after": "1s"}))
    api = Api(server)
    with server.connect() as connection:
        services = [Api(connection).start(customer_id="A") for _ in range(500)]
    slowest = 0.0
    deadline = time.monotonic() + 30
    while api.customer_service_ids("A", "active"):
        assert time.monotonic() < deadline
        began = time.monotonic()
        assert api.service(services[0])
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < 1
    assert len(api.customer_service_ids("A", "completed")) == 500


def test_what_was_due_while_the_server_was_away_is_done_when_it_is_back(
    start_server: Callable[..., LiaisonServer],
) -> None:
    server = start_server(config=config(**{"sweep-interval": "1h"}))
    api = Api(server)
    service = api.start(ttl=1)
    server.kill()
    server.config = config()
    server.start()
    wait_until("it has expired", lambda: is_gone(server, service))


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"expiration": "5"}, "expiration"),
        ({"expiration": "0d"}, "expiration"),
        ({"expiration": "2000y"}, "expiration"),
        ({"expiration-of-types": {"A": "x"}}, "expiration-of-types.A"),
        ({"auto-complete-after": 5}, "auto-complete-after"),
        ({"sweep-interval": "1ms"}, "sweep-interval"),
    ],
)
def test_a_bad_lifetime_is_named_and_stops_the_start(folder, options: Json, key: str) -> None:
    file = folder / "liaison.json5"
    file.write_text(json.dumps({"plugins": {"persistence": options}}))
    run = run_liaison("check", "--config", file)
    assert run.returncode == 2 and f"plugins.persistence.{key}" in run.stderr, run
