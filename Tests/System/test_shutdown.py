"""SIGTERM under load: what has been sent is answered, what was answered is kept, and the exit code is 0."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from support.api import Api, associate_path
from support.deadline import wait_until
from support.http_client import Connection, ConnectionClosed, encode_request
from support.load import AssociationLoad, customer_name, start_services
from support.redis_server import RedisServer, service_key
from support.server import LiaisonServer


class Client:
    """Associates one service again and again, noting when each request was sent and which were answered."""

    def __init__(self, server: LiaisonServer, service: int) -> None:
        self.service = service
        self.connection = server.connect()
        self.sent_at: list[float] = []
        self.statuses: list[int] = []
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            for number in range(1, 100_000):
                self.connection.send(
                    encode_request("POST", associate_path(customer_name(self.service, number), self.service))
                )
                self.sent_at.append(time.monotonic())
                self.statuses.append(self.connection.receive().status)
        except (ConnectionClosed, ConnectionError):
            pass

    def unanswered_from_before(self, moment: float) -> int:
        return sum(sent < moment for sent in self.sent_at[len(self.statuses) :])


@pytest.mark.parametrize("with_redis", [False, True], ids=["store", "store and redis"])
@pytest.mark.parametrize("round_number", range(3))
def test_every_call_in_flight_is_answered_and_nothing_is_lost(
    start_server, redis: RedisServer, with_redis: bool, round_number: int
) -> None:
    server = start_server(redis=redis if with_redis else None)
    clients = [Client(server, service) for service in start_services(server, 8)]
    for client in clients:
        client.thread.start()
    wait_until("the load runs", lambda: sum(len(client.statuses) for client in clients) > 200)
    moment = time.monotonic()
    server.signal(signal.SIGTERM)
    assert server.exit_code() == 0
    for client in clients:
        client.thread.join(timeout=20)
        assert not client.thread.is_alive()
    assert [client.unanswered_from_before(moment) for client in clients] == [0] * len(clients)
    assert {status for client in clients for status in client.statuses} <= {200, 503}

    server.start()
    for client in clients:
        acknowledged = client.statuses.count(200)
        assert client.statuses[:acknowledged] == [200] * acknowledged, "no acceptance after a refusal"
        # One more may have been committed whose answer found no reader.
        possible = {customer_name(client.service, number) for number in (acknowledged, acknowledged + 1)}
        assert Api(server).service(client.service)["customer_id"] in possible


def test_pipelined_bursts_that_have_arrived_are_answered_to_the_end(start_server) -> None:
    server = start_server()
    services = start_services(server, 8)
    connections = [server.connect() for _ in services]
    burst = 100
    for service, connection in zip(services, connections, strict=True):
        connection.call("GET", "/health")
        connection.send(
            b"".join(encode_request("POST", associate_path(f"c{number}", service)) for number in range(burst))
        )
    server.signal(signal.SIGTERM)
    for connection in connections:
        answers = [connection.receive().status for _ in range(burst)]
        assert answers == [200] * burst
        assert connection.is_closed_by_server()
        connection.close()
    assert server.exit_code() == 0
    server.start()
    assert {Api(server).service(service)["customer_id"] for service in services} == {f"c{burst - 1}"}


def test_a_request_that_has_begun_to_arrive_may_end(start_server) -> None:
    server = start_server()
    request = encode_request("POST", "/services/start", {"customer_id": "late"})
    with server.connect() as connection:
        connection.call("GET", "/health")
        connection.send(request[:-5])
        assert server.call("GET", "/health").status == 200  # by now the server has read the first part
        server.signal(signal.SIGTERM)
        wait_until("no new connections are accepted", lambda: not accepts(server))
        connection.send(request[-5:])
        answer = connection.receive()
        assert answer.status in (201, 503), answer
        assert connection.is_closed_by_server()
    assert server.exit_code() == 0
    server.start()
    assert len(Api(server).customer_services("late")) == (1 if answer.status == 201 else 0)


def accepts(server: LiaisonServer) -> bool:
    try:
        Connection("127.0.0.1", server.port).close()
        return True
    except (TimeoutError, ConnectionRefusedError, ConnectionResetError):
        return False


def test_redis_has_every_acknowledged_association_after_the_end(start_server, redis: RedisServer) -> None:
    server = start_server(redis=redis)
    services = start_services(server, 20)
    with AssociationLoad(server, services) as load:
        wait_until("the load runs", lambda: load.ledger.total_acknowledged() > 300)
        server.signal(signal.SIGTERM)
        wait_until("the writers notice", load.all_ended, 20)
    assert server.exit_code() == 0
    for service, number in load.ledger.acknowledged.items():
        customer = redis.call("HGET", service_key(service), "customer")
        possible = range(number, load.ledger.sent[service] + 1)
        assert customer in [customer_name(service, candidate).encode() for candidate in possible]


def test_a_second_signal_does_not_hurt(start_server) -> None:
    server = start_server()
    with AssociationLoad(server, start_services(server, 4)) as load:
        wait_until("the load runs", lambda: load.ledger.total_acknowledged() > 50)
        server.signal(signal.SIGTERM)
        if server.running:
            server.signal(signal.SIGTERM)
        wait_until("the writers notice", load.all_ended, 20)
    assert server.exit_code() in (0, -signal.SIGTERM)
    server.start()
    assert load.ledger.lost(server) == []


def test_a_frozen_redis_does_not_keep_it_from_ending(start_server, redis: RedisServer) -> None:
    server = start_server(redis=redis)
    with AssociationLoad(server, start_services(server, 4)) as load:
        wait_until("the load runs", lambda: load.ledger.total_acknowledged() > 50)
        redis.freeze()
        server.signal(signal.SIGTERM)
        wait_until("the writers notice", load.all_ended, 20)
    assert server.exit_code(seconds=15) == 0
    redis.thaw()
    server.start()
    assert load.ledger.lost(server) == []
