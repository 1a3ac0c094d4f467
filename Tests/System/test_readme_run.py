"""`make run`: one command shows a first association, and Ctrl-C ends everything it started."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.http_client import Connection
from support.redis_server import RedisClient
from support.script import Script, free_port
from support.server import BINARY, REPOSITORY

pytestmark = pytest.mark.skipif(
    BINARY != REPOSITORY / ".build/release/liaison", reason="make run uses the binary that it builds"
)


class Run(Script):
    """Scripts/run.sh."""

    def __init__(self, folder: Path, port: int) -> None:
        self.data = folder / "data"
        self.port = port
        environment = {"DATA": str(self.data), "PORT": str(port)}
        super().__init__("run.sh", self.data, folder / f"output-{port}", environment)

    def wait_until_ready(self) -> None:
        self.wait_for_output("HGETALL")


@pytest.fixture
def run(folder: Path) -> Iterator[Callable[[int], Run]]:
    runs: list[Run] = []

    def start(port: int) -> Run:
        runs.append(Run(folder, port))
        return runs[-1]

    yield start
    for started in runs:
        started.end()
        print(started.output())


def test_one_command_shows_a_first_association_and_ctrl_c_ends_it(run: Callable[[int], Run]) -> None:
    first = run(free_port())
    first.wait_until_ready()
    output = first.output()
    for expected in (
        '-> 201 {"name":"Feedback"}',
        '-> 201 {"service_id":1}',
        "POST /customers/0004Va58A92T0018/services/1",
        "-> 200 (no body)",
        "HGET liaison:service:1 customer",
        "-> 0004Va58A92T0018",
        "Terranova mexico resort",
        f"curl -i http://127.0.0.1:{first.port}/services/1",
    ):
        assert expected in output, output
    with Connection("127.0.0.1", first.port) as connection:
        shown = connection.call("GET", "/services/1?extensions=Feedback").json
    assert (shown["customer_id"], shown["Feedback"]["rating"]) == ("0004Va58A92T0018", 7)
    assert len(first.processes()) >= 3, "a Redis and a server"
    assert first.interrupt() == 0, first.output()
    assert first.processes() == {}
    assert not list(first.data.glob("*.sock"))


def test_a_second_run_serves_within_five_seconds_on_the_same_data(run: Callable[[int], Run]) -> None:
    port = free_port()
    first = run(port)
    first.wait_until_ready()
    assert first.interrupt() == 0
    began = time.monotonic()
    second = run(port)
    second.wait_until_ready()
    assert time.monotonic() - began < 5
    assert '-> 201 {"service_id":2}' in second.output()
    with Connection("127.0.0.1", port) as connection:
        assert len(connection.call("GET", "/customers/0004Va58A92T0018/services").json) == 2
    assert second.interrupt(signal.SIGTERM) == 0
    assert second.processes() == {}


def test_an_occupied_port_is_named_with_the_way_out(run: Callable[[int], Run]) -> None:
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", 0))
        occupant.listen()
        port = occupant.getsockname()[1]
        refused = run(port)
        assert refused.process.wait(timeout=30) != 0
    assert str(port) in refused.output() and "PORT=" in refused.output()
    assert refused.processes() == {}


def test_the_redis_it_started_is_private(run: Callable[[int], Run]) -> None:
    started = run(free_port())
    started.wait_until_ready()
    (path,) = started.data.glob("*.sock")
    with RedisClient(path) as client:
        assert client.call("CONFIG", "GET", "port") == [b"port", b"0"]
        assert client.call("CONFIG", "GET", "save") == [b"save", b""]
        assert client.call("HGET", "liaison:service:1", "customer") == b"0004Va58A92T0018"
    assert started.interrupt() == 0


def test_when_the_server_dies_the_run_says_so_and_ends_its_redis(run: Callable[[int], Run]) -> None:
    started = run(free_port())
    started.wait_until_ready()
    (server,) = [process for process, command in started.processes().items() if "liaison serve" in command]
    os.kill(server, signal.SIGKILL)
    assert started.process.wait(timeout=30) == 1
    assert "ended by itself" in started.output()
    assert started.processes() == {}
