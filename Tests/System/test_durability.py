"""What was acknowledged is on disk: seen in a trace of system calls, after kill -9, with a full disk."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import strace
from support.api import Api, assert_error, associate_path
from support.deadline import wait_until
from support.http_client import Response, encode_request
from support.load import (
    AssociationLoad,
    Ledger,
    association_number,
    customer_name,
    start_services,
)
from support.server import LiaisonServer
from support.store import integrity

# The order of system calls


class TracedWrites:
    """Writes whose bytes can be found again in the trace, each with the place of its reply."""

    def __init__(self, server: LiaisonServer) -> None:
        self.server = server
        self.writes: list[strace.AcknowledgedWrite] = []

    def one_after_another(self, connection_number: int) -> None:
        """Start, associate and complete, each waiting for its reply."""
        with self.server.connect() as connection:
            api, ordinal = Api(connection), 0
            for round_number in range(5):
                name = f"marker-{connection_number:02}-{round_number:02}"
                service = api.start(contact_key=f"{name}-start.")
                api.associate(f"{name}-associate.", service)
                api.complete(service, {"disposition_desc": f"{name}-end."})
                for event in ("start", "associate", "end"):
                    marker = f"{name}-{event}."
                    self.writes.append(strace.AcknowledgedWrite(connection.local_port, ordinal, marker))
                    ordinal += 1

    def pipelined(self) -> None:
        """A burst of associations in one write, of services started before."""
        services = start_services(self.server, 20)
        with self.server.connect() as connection:
            markers = [f"marker-pipelined-{index:02}." for index in range(20)]
            requests = [
                encode_request("POST", associate_path(marker, service))
                for marker, service in zip(markers, services, strict=True)
            ]
            assert all(answer.status == 200 for answer in connection.pipeline(requests))
            self.writes += [
                strace.AcknowledgedWrite(connection.local_port, ordinal, marker)
                for ordinal, marker in enumerate(markers)
            ]


def trace_of_writes(
    make_server: Callable[..., LiaisonServer], folder: Path, durability: str
) -> tuple[strace.DurabilityTrace, list[strace.AcknowledgedWrite]]:
    output = folder / "trace"
    server = make_server(prefix=strace.prefix(output), config={"store": {"durability": durability}})
    server.start()
    traced = TracedWrites(server)
    clients = [threading.Thread(target=traced.one_after_another, args=(number,)) for number in range(6)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(timeout=60)
        assert not client.is_alive()
    traced.pipelined()
    assert len(traced.writes) == 6 * 15 + 20
    assert server.stop() == 0
    strace.wait_until_complete(output, server.pid)
    return strace.DurabilityTrace(output, server.data), traced.writes


def test_no_reply_leaves_before_the_sync_that_covers_its_write(make_server, folder: Path) -> None:
    trace, writes = trace_of_writes(make_server, folder, "full")
    assert [write for write in writes if trace.left_too_early(write)] == []
    assert trace.sync_count < len(writes), "commits are shared"


def test_only_the_relaxed_mode_replies_before_a_sync(make_server, folder: Path) -> None:
    """Also shows that the check above can fail."""
    trace, writes = trace_of_writes(make_server, folder, "relaxed")
    assert [write for write in writes if trace.left_too_early(write)]


def test_also_in_the_relaxed_mode_the_journal_is_on_disk_before_the_database_gets_what_it_tells(
    make_server, folder: Path
) -> None:
    """Else a power cut could leave a database that is newer than its journal."""
    trace, writes = trace_of_writes(make_server, folder, "relaxed")
    assert [write for write in writes if trace.folded_too_early(write)] == []


# kill -9


def test_every_acknowledged_association_survives_kill_9(start_server, long_form: bool) -> None:
    server = start_server()
    services = start_services(server, 64)
    ledger = Ledger()
    for _ in range(25 if long_form else 3):
        load = AssociationLoad(server, services, writers=4)
        load.ledger = ledger  # numbers go on where the last round ended
        with load:
            ledger.wait_for_more(random.randint(50, 400))
            server.kill()
            wait_until("the writers notice", load.all_ended)
        assert load.refused == []
        server.restart_on_same_port()
        assert ledger.lost(server) == []
        # A write that was sent but not acknowledged may be there or not; both are right: go on from there.
        for service in services:
            number = association_number(Api(server).service(service).get("customer_id"))
            ledger.acknowledged[service] = number
    server.kill()
    assert integrity(server.database) == "ok"


def test_started_and_completed_services_survive_kill_9_too(start_server) -> None:
    server = start_server()
    with server.connect() as connection:
        api = Api(connection)
        started = [api.start(customer_id="kept") for _ in range(20)]
        for service in started[::2]:
            api.complete(service, {"disposition_desc": "kept"})
        shown = [api.whole_service(service) for service in started]
    server.kill()
    server.start()
    api = Api(server)
    assert [api.whole_service(service) for service in started] == shown
    assert api.customer_service_ids("kept", "completed") == started[::2]
    assert api.customer_service_ids("kept", "active") == started[1::2]


# A full disk


class DiskFullScenario:
    """What must hold when the disk is full, and after there is room again.

    `squeeze` takes away what room the server has made for itself, say by shortening a log.
    """

    def __init__(self, server: LiaisonServer, squeeze: Callable[[], object] = lambda: None) -> None:
        self.server = server
        self.squeeze = squeeze
        self.api = Api(server)
        self.services = start_services(server, 20)
        self.numbers = dict.fromkeys(self.services, 0)
        for _ in range(3):
            for service in self.services:
                assert self.associate(service).status == 200

    def associate(self, service: int) -> Response:
        """The next association of the service; counted when it is acknowledged."""
        number = self.numbers[service] + 1
        response = self.api.associate_response(customer_name(service, number), service)
        if response.status == 200:
            self.numbers[service] = number
        return response

    def assert_all_acknowledged_is_shown(self) -> None:
        shown = {
            service: association_number(self.api.service(service).get("customer_id"))
            for service in self.services
        }
        assert shown == self.numbers

    def write_until_refused(self) -> Response:
        for attempt in range(5_000):
            self.squeeze()
            response = self.associate(self.services[attempt % len(self.services)])
            if response.status != 200:
                return response
        raise AssertionError("5,000 writes went through although there is no room")

    def assert_refused_cleanly(self) -> None:
        first = self.write_until_refused()
        second = self.write_until_refused()
        self.squeeze()
        third = self.server.call("POST", "/services/start", {"contact_key": "no-room"})
        for answer in (first, second, third):
            assert_error(answer, 503, "store_unavailable", method="POST")
            assert int(answer.header("retry-after") or "") >= 0
        self.assert_all_acknowledged_is_shown()
        assert self.api.customer_service_ids(customer_name(self.services[0], self.numbers[self.services[0]]))
        assert self.api.anonymous_services("no-room") == []
        ready = self.server.call("GET", "/ready")
        assert ready.status == 503 and ready.json["ready"] is False and ready.json["store"] != "up", ready
        assert self.server.call("GET", "/health").status == 200

    def assert_recovered(self) -> None:
        wait_until(
            "writes work again",
            lambda: self.associate(self.services[0]).status == 200,
            seconds=20,
            every=0.05,
        )
        wait_until("it is ready again", lambda: self.server.call("GET", "/ready").status == 200)
        for service in self.services:
            assert self.associate(service).status == 200
        self.assert_all_acknowledged_is_shown()
        self.server.kill()
        self.server.start()
        self.assert_all_acknowledged_is_shown()


def test_a_file_that_may_not_grow_refuses_writes_and_recovers(start_server) -> None:
    server = start_server()
    scenario = DiskFullScenario(server)
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    # Less than a page of SQLite: nothing that is committed fits, whichever file it goes to.
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (4096, hard))
    scenario.assert_refused_cleanly()
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (soft, hard))
    scenario.assert_recovered()


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    mount_point = folder / "disk"
    mount_point.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32m", "liaison-test", str(mount_point)],
        capture_output=True,
        text=True,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    yield mount_point
    subprocess.run(["umount", "--lazy", str(mount_point)], check=True)


def fill(folder: Path) -> Path:
    """A file that takes all the room there is; called again, all the room there is again."""
    filler = folder / "filler"
    with open(filler, "ab", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                continue
    return filler


def test_a_full_disk_refuses_writes_and_recovers(small_disk: Path, make_server) -> None:
    server = make_server(data=small_disk / "data")
    server.start()
    scenario = DiskFullScenario(server, squeeze=lambda: fill(small_disk))
    scenario.assert_refused_cleanly()
    os.unlink(fill(small_disk))
    scenario.assert_recovered()


def test_a_full_disk_under_load_loses_nothing_that_was_acknowledged(small_disk: Path, make_server) -> None:
    server = make_server(data=small_disk / "data")
    server.start()
    services = start_services(server, 40)
    load = AssociationLoad(server, services, writers=4)
    with load:
        wait_until("the load runs", lambda: load.ledger.total_acknowledged() > 100)
        filler = fill(small_disk)
        wait_until("the writers are refused", load.all_ended, seconds=30)
    assert {response.status for response in load.refused} == {503}
    assert load.ledger.lost(server) == []
    os.unlink(filler)
    wait_until(
        "writes work again",
        lambda: Api(server).associate_response("again", services[0]).status == 200,
        seconds=20,
    )
    server.kill()
    server.start()
    load.ledger.sent.pop(services[0])
    assert load.ledger.lost(server) == []
    assert Api(server).service(services[0])["customer_id"] == "again"


def test_a_start_on_a_full_disk_says_so(small_disk: Path, make_server) -> None:
    fill(small_disk)
    server = make_server(data=small_disk / "data")
    server.launch()
    assert server.exit_code() == 1
    assert len(server.log().strip().splitlines()) <= 2 and str(small_disk) in server.log()
