"""`make run`: one command shows a first association, and Ctrl-C ends everything it started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.deadline import wait_until
from support.http_client import Connection
from support.redis_server import RedisClient
from support.server import BINARY, REPOSITORY, clean_environment

pytestmark = pytest.mark.skipif(
    BINARY != REPOSITORY / ".build/release/liaison", reason="make run uses the binary that it builds"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Run:
    """Scripts/run.sh in a session of its own, as a terminal would start it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.data = folder / "data"
        self.port = port
        self._output = folder / f"output-{port}"
        with open(self._output, "wb") as output:
            self.process = subprocess.Popen(
                [str(REPOSITORY / "Scripts/run.sh")],
                env=clean_environment({"DATA": str(self.data), "PORT": str(port)}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def output(self) -> str:
        return self._output.read_text()

    def wait_until_ready(self) -> None:
        def ready() -> bool:
            assert self.process.poll() is None, self.output()
            return "HGETALL" in self.output()

        wait_until("the next steps are shown", ready, seconds=60)

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> int:
        """What Ctrl-C does: the signal goes to the whole foreground group."""
        os.killpg(self.process.pid, number)
        return self.process.wait(timeout=30)

    def processes_left(self) -> list[str]:
        """Command lines of processes that have to do with this run's data folder."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    folder = os.readlink(entry / "cwd")
                except OSError:
                    continue
                if str(self.data) in command or str(self.data) in folder:
                    found.append(command)
        return found

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)


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
    assert len(first.processes_left()) >= 2, "a Redis and a server"
    assert first.interrupt() == 0, first.output()
    assert first.processes_left() == []
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
    assert second.processes_left() == []


def test_an_occupied_port_is_named_with_the_way_out(run: Callable[[int], Run]) -> None:
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", 0))
        occupant.listen()
        port = occupant.getsockname()[1]
        refused = run(port)
        assert refused.process.wait(timeout=30) != 0
    assert str(port) in refused.output() and "PORT=" in refused.output()
    assert refused.processes_left() == []


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
    (server,) = [int(pid) for pid in pids_of("liaison serve", str(started.data))]
    os.kill(server, signal.SIGKILL)
    assert started.process.wait(timeout=30) == 1
    assert "ended by itself" in started.output()
    assert started.processes_left() == []


def pids_of(program: str, argument: str) -> list[str]:
    """Processes whose command line holds both."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if program in command and argument in command:
                found.append(entry.name)
    return found
