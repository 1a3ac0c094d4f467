"""`make cluster`: three servers on PostgreSQL and a Redis Cluster behind HAProxy, and Ctrl-C ends all of it."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.http_client import Connection
from support.script import Script
from support.server import BINARY, REPOSITORY

pytestmark = pytest.mark.skipif(
    BINARY != REPOSITORY / ".build/release/liaison", reason="make cluster uses the binary that it builds"
)


def free_ports() -> int:
    """The first of seven in a row, free together with those 10,000 above."""
    while True:
        port = random.randint(12_000, 22_000)
        try:
            for number in [*range(port, port + 7), *range(port + 10_000, port + 10_007)]:
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", number))
            return port
        except OSError:
            continue


class Cluster(Script):
    """Scripts/cluster.sh, with a folder for temporary files of its own."""

    def __init__(self, port: int, path: str = "") -> None:
        self.port = port
        self.temporary = Path(tempfile.mkdtemp(prefix="liaison-test-"))
        self.temporary.chmod(0o755)  # PostgreSQL runs as another user, if this one is root
        environment = {"PORT": str(port), "TMPDIR": str(self.temporary), "PATH": path + os.environ["PATH"]}
        super().__init__("cluster.sh", self.temporary, self.temporary / "output.log", environment)

    def wait_until_ready(self) -> None:
        self.wait_for_output("HGETALL", seconds=90)

    def assert_nothing_left(self) -> None:
        assert self.processes() == {}
        assert list(self.temporary.glob("liaison-*")) == []
        for folder in re.findall(r"host=(/\S+)", self.output()):
            assert not Path(folder).exists()

    def failure(self) -> str:
        """Its last line, after it has ended by itself."""
        assert self.process.wait(timeout=60) == 1, self.output()
        return self.output().splitlines()[-1]


@pytest.fixture
def cluster() -> Iterator[Callable[..., Cluster]]:
    clusters: list[Cluster] = []

    def start(port: int, path: str = "") -> Cluster:
        clusters.append(Cluster(port, path))
        return clusters[-1]

    yield start
    for started in clusters:
        started.end()
        print(started.output())
        shutil.rmtree(started.temporary, ignore_errors=True)


def test_one_command_shows_three_servers_which_outlive_one_and_ctrl_c_ends_all(
    cluster: Callable[..., Cluster],
) -> None:
    port = free_ports()
    first = cluster(port)
    first.wait_until_ready()
    output = first.output()
    assert "HGET liaison:service:1 customer\n  -> 0004Va58A92T0018" in output
    assert output.count('"customer_id":"0004Va58A92T0018"') == 4, "through HAProxy and from each server"
    with Connection("127.0.0.1", port) as balancer:
        assert balancer.call("POST", "/customers/ANOTHER/services/1").status == 200
    for node in (1, 2, 3):
        with Connection("127.0.0.1", port + node) as connection:
            shown = connection.call("GET", "/services/1")
        assert shown.json["customer_id"] == "ANOTHER"
        assert shown.cache_status == "liaison; hit", "Redis has it"

    second = cluster(port)
    assert second.failure() == (
        f"make cluster: port {port} is in use; choose others: PORT={port + 10} make cluster"
    )
    second.assert_nothing_left()

    servers = [process for process, command in first.processes().items() if "liaison serve" in command]
    assert len(servers) == 3
    os.kill(min(servers), signal.SIGKILL)
    for number in range(20):
        with Connection("127.0.0.1", port) as balancer:
            customer = f"C{number}"
            assert balancer.call("POST", f"/customers/{customer}/services/1").status == 200
            assert balancer.call("GET", "/services/1").json["customer_id"] == customer

    assert first.interrupt() == 0, first.output()
    first.assert_nothing_left()


def test_a_part_that_does_not_start_is_named_in_one_line_and_the_others_end(
    cluster: Callable[..., Cluster], folder: Path
) -> None:
    broken = folder / "broken/redis-server"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho it is broken >&2\nexit 1\n")
    broken.chmod(0o755)
    started = cluster(free_ports(), f"{broken.parent}:")
    assert started.failure() == "make cluster: master 1 of Redis did not start: it is broken"
    started.assert_nothing_left()


def test_ctrl_c_ends_what_has_started_so_far(cluster: Callable[..., Cluster]) -> None:
    for milliseconds in (0, 100, 1000):
        started = cluster(free_ports())
        started.wait_for_output("Starting PostgreSQL")
        time.sleep(milliseconds / 1000)  # wherever that is
        assert started.interrupt() == 0, started.output()
        started.assert_nothing_left()
