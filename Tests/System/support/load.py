"""Bounded loads of associations from several threads, with a ledger of what was sent and acknowledged."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from support.api import Api, associate_path
from support.deadline import wait_until
from support.http_client import Connection, ConnectionClosed, Response
from support.server import LiaisonServer

MAXIMUM_CALLS = 50_000  # of one thread
MAXIMUM_SECONDS = 60.0


def customer_name(service: int, number: int) -> str:
    """The customer of a service's association number `number`: later ones have greater numbers."""
    return f"customer-{service}-{number}"


def association_number(customer: str | None) -> int:
    return int(customer.rsplit("-", 1)[1]) if customer else 0


def start_services(server: LiaisonServer, count: int) -> list[int]:
    """Anonymous services, started pipelined."""
    with server.connect() as connection:
        api = Api(connection)
        return [api.start(contact_key="load") for _ in range(count)]


@dataclass
class Ledger:
    """Every service has one writer, so its numbers only grow. Number 0: not associated yet."""

    sent: dict[int, int] = field(default_factory=dict)
    acknowledged: dict[int, int] = field(default_factory=dict)

    def total_acknowledged(self) -> int:
        return sum(list(self.acknowledged.values()))

    def wait_for_more(self, associations: int) -> None:
        enough = self.total_acknowledged() + associations
        wait_until("the load runs", lambda: self.total_acknowledged() >= enough, seconds=30, every=0.001)

    def lost(self, server: LiaisonServer) -> list[str]:
        """Reads every service back: it must have its last acknowledged association, or one sent later."""
        findings = []
        with server.connect() as connection:
            for service, sent in self.sent.items():
                customer = Api(connection).service(service).get("customer_id")
                acknowledged = self.acknowledged.get(service, 0)
                if not acknowledged <= association_number(customer) <= sent:
                    findings.append(f"{service} has {customer}; acknowledged {acknowledged}, sent {sent}")
        return findings


class _Threads:
    """Threads that run a body again and again until told to stop; one that returns false ends its own."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.broken: list[BaseException] = []

    def add(self, body: Callable[[], bool]) -> None:
        def run() -> None:
            deadline = time.monotonic() + MAXIMUM_SECONDS
            try:
                for _ in range(MAXIMUM_CALLS):
                    if self._stop.is_set() or time.monotonic() > deadline or not body():
                        return
            except BaseException as error:  # kept for the test's own thread
                self.broken.append(error)

        self._threads.append(threading.Thread(target=run, daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=30)
            assert not thread.is_alive(), "a load thread hangs"

    def all_ended(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)


class AssociationLoad:
    """Writers that associate until the server goes away or they are stopped; each has services of its own."""

    def __init__(self, server: LiaisonServer, services: Sequence[int], writers: int = 4) -> None:
        self.ledger = Ledger()
        self.refused: list[Response] = []
        self._threads = _Threads()
        for index in range(writers):
            self._add_writer(server, list(services[index::writers]))

    def _add_writer(self, server: LiaisonServer, services: list[int]) -> None:
        connection = server.connect()

        def write() -> bool:
            service = random.choice(services)
            number = self.ledger.sent.get(service, 0) + 1
            self.ledger.sent[service] = number
            try:
                response = connection.call("POST", associate_path(customer_name(service, number), service))
            except (ConnectionClosed, ConnectionError):
                connection.close()
                return False
            if response.status != 200:
                self.refused.append(response)
                return False
            self.ledger.acknowledged[service] = number
            return True

        self._threads.add(write)

    def __enter__(self) -> AssociationLoad:
        self._threads.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.stop()
        if self._threads.broken:
            raise self._threads.broken[0]

    def all_ended(self) -> bool:
        return self._threads.all_ended()


class CoherenceLoad:
    """Writers and readers at once. A reader must never be shown an association that is older than the last
    one acknowledged before its read began, and no call may fail. Of several servers each has its share."""

    def __init__(
        self,
        servers: LiaisonServer | Sequence[LiaisonServer],
        services: Sequence[int],
        writers: int = 3,
        readers: int = 3,
    ) -> None:
        nodes = [servers] if isinstance(servers, LiaisonServer) else list(servers)
        self.services = list(services)
        self.ledger = Ledger()
        self.failed: list[str] = []
        self.stale: list[str] = []
        # How many seconds after its acknowledgement an association may be missing from a read.
        self.allowed = 0.0
        self._acknowledged_at: dict[tuple[int, int], float] = {}
        self.reads = 0
        self.hits = 0
        self.slowest = 0.0
        self._threads = _Threads()
        self._connections: list[Connection] = []
        for index in range(writers):
            self._add_writer(self._connect(nodes[index % len(nodes)]), self.services[index::writers])
        for index in range(readers):
            self._add_reader(self._connect(nodes[index % len(nodes)]))

    def _connect(self, server: LiaisonServer) -> Connection:
        self._connections.append(server.connect())
        return self._connections[-1]

    def _timed_call(self, connection: Connection, method: str, target: str) -> Response | None:
        began = time.monotonic()
        try:
            response = connection.call(method, target)
        except (ConnectionClosed, OSError) as error:
            self.failed.append(f"{method} {target}: {error!r}")
            return None
        self.slowest = max(self.slowest, time.monotonic() - began)
        if response.status != 200:
            self.failed.append(f"{method} {target}: {response}")
            return None
        return response

    def _add_writer(self, connection: Connection, services: list[int]) -> None:
        def write() -> bool:
            service = random.choice(services)
            number = self.ledger.sent.get(service, 0) + 1
            self.ledger.sent[service] = number
            if (
                self._timed_call(connection, "POST", associate_path(customer_name(service, number), service))
                is None
            ):
                return False
            self._acknowledged_at[service, number] = time.monotonic()
            self.ledger.acknowledged[service] = number
            return True

        self._threads.add(write)

    def _add_reader(self, connection: Connection) -> None:
        def read() -> bool:
            service = random.choice(self.services)
            acknowledged = self.ledger.acknowledged.get(service, 0)
            began = time.monotonic()
            response = self._timed_call(connection, "GET", f"/services/{service}")
            if response is None:
                return False
            shown = association_number(response.json.get("customer_id"))
            if shown < acknowledged:
                age = began - self._acknowledged_at[service, shown + 1]
                if age > self.allowed:
                    self.stale.append(
                        f"service {service}: shown {shown}, acknowledged {acknowledged}, {age:.3f} s late"
                        f" ({response.cache_status})"
                    )
            self.reads += 1
            self.hits += "hit" in (response.cache_status or "")
            return True

        self._threads.add(read)

    def __enter__(self) -> CoherenceLoad:
        self._threads.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.stop()
        for connection in self._connections:
            connection.close()
        if self._threads.broken:
            raise self._threads.broken[0]

    def assert_no_failure(self) -> None:
        assert not self.failed, f"{len(self.failed)} failed calls, the first: {self.failed[:3]}"
        assert not self.stale, f"{len(self.stale)} stale reads of {self.reads}, the first: {self.stale[:3]}"
        assert self.ledger.total_acknowledged() > 0 and self.reads > 0
