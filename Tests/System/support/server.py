"""The real server as a process: starting, waiting until it is ready, ending it by its process id."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from support.deadline import wait_until
from support.http_client import Body, Connection, Response
from support.redis_server import RedisServer

REPOSITORY = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("LIAISON_BINARY", REPOSITORY / ".build/release/liaison"))
# `postgres`: servers keep their data in PostgreSQL where the test does not say otherwise.
STORE = os.environ.get("LIAISON_TEST_STORE", "sqlite")
LISTENING = re.compile(r"listening on http://(?P<address>[0-9.]+):(?P<port>[0-9]+)")

Config = Mapping[str, Any]


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without the options that a developer's shell may hold."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIAISON_")}
    return {**kept, **(extra or {})}


def run_liaison(
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    binary: Path = BINARY,
) -> subprocess.CompletedProcess[str]:
    """Runs a command that is expected to end by itself."""
    return subprocess.run(
        [str(binary), *map(str, arguments)],
        env=clean_environment(environment),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
    )


class LiaisonServer:
    """`liaison serve` on a folder of its own, which holds configuration, data and logs over restarts."""

    def __init__(
        self,
        folder: Path,
        *,
        redis: RedisServer | str | None = None,
        store: str | None = None,
        config: Config | None = None,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        data: Path | None = None,
        listen: str = "127.0.0.1:0",
        prefix: Sequence[str] = (),
        soft_open_files: int | None = None,
        binary: Path = BINARY,
    ) -> None:
        self.folder = folder
        self.data = data or folder / "data"
        self.redis_url = redis.url if isinstance(redis, RedisServer) else redis
        self.store = store
        self.config = config
        self.arguments = list(arguments)
        self.environment = dict(environment or {})
        self.listen = listen
        self.prefix = list(prefix)
        self.soft_open_files = soft_open_files
        self.binary = binary
        self.address = ""
        self.port = 0
        self._starts = 0
        self._process: subprocess.Popen[bytes] | None = None

    # Life

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server was not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def command(self) -> list[str]:
        command = [*self.prefix, str(self.binary), "serve", "--listen", self.listen, "--data", str(self.data)]
        if self.redis_url:
            command += ["--redis", self.redis_url]
        if self.store:
            command += ["--store", self.store]
        if self.config is not None:
            file = self.folder / "liaison.json5"
            file.write_text(json.dumps(self.config))
            command += ["--config", str(file)]
        return command + self.arguments

    def start(self, seconds: float = 20.0) -> None:
        """Starts it and returns when it says that it listens."""
        self.launch()
        wait_until("the server listens", self._is_listening, seconds)

    def launch(self) -> None:
        """Starts it without waiting."""
        assert not self.running
        self.folder.mkdir(parents=True, exist_ok=True)
        self._starts += 1
        with open(self.stdout_file, "wb") as stdout, open(self.stderr_file, "ab") as stderr:
            self._process = subprocess.Popen(
                self.command(),
                env=clean_environment(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                preexec_fn=self._lower_open_files if self.soft_open_files else None,
            )

    def _lower_open_files(self) -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.soft_open_files or hard, hard))

    def _is_listening(self) -> bool:
        found = LISTENING.search(self.stdout_file.read_text())
        if found:
            self.address, self.port = found["address"], int(found["port"])
            return True
        assert self.running, (
            f"the server ended while starting, exit code {self.exit_code()}:\n{self.log_tail()}"
        )
        return False

    def exit_code(self, seconds: float = 20.0) -> int:
        """Waits for its end."""
        assert self._process is not None
        return self._process.wait(timeout=seconds)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def stop(self) -> int:
        """SIGTERM, and its exit code."""
        self.signal(signal.SIGTERM)
        return self.exit_code()

    def kill(self) -> None:
        """kill -9; harmless when it has ended already."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=20)

    def restart_on_same_port(self) -> None:
        assert not self.running
        self.listen = f"{self.address}:{self.port}"
        self.start()

    # What it wrote

    @property
    def stdout_file(self) -> Path:
        return self.folder / f"stdout-{self._starts}"

    @property
    def stderr_file(self) -> Path:
        return self.folder / "stderr"

    def log(self) -> str:
        return self.stderr_file.read_text(errors="replace") if self.stderr_file.exists() else ""

    def log_tail(self, lines: int = 40) -> str:
        return "\n".join(self.log().splitlines()[-lines:])

    @property
    def database(self) -> Path:
        return self.data / "liaison.sqlite"

    # Calls

    def connect(
        self, timeout: float = 15.0, source: str | None = None, receive_buffer: int = 0
    ) -> Connection:
        return Connection("127.0.0.1", self.port, timeout, source, receive_buffer)

    def call(
        self,
        method: str,
        target: str,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
        source: str | None = None,
    ) -> Response:
        """One request on a connection of its own."""
        with self.connect(source=source) as connection:
            return connection.call(method, target, body, headers)
