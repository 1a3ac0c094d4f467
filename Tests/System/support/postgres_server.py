"""A private PostgreSQL on a unix socket. PostgreSQL refuses root, so it runs as the user that its package has made."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = Path(
    max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), default="/usr/bin")
)
AS_USER = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []


class PostgresServer:
    """Started once, it holds any number of stores, each in a schema of its own."""

    def __init__(self, options: Sequence[str] = (), port: int = 5432) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="liaison-postgres-"))
        self.port = port
        self.options = ["listen_addresses=", "max_connections=200", f"port={port}", *options]
        self._numbers = itertools.count(1)
        if AS_USER:
            shutil.chown(self.folder, "postgres", "postgres")
        self._run(
            "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"
        )

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def connection(self) -> str:
        return f"host={self.folder} port={self.port} user=postgres dbname=postgres"

    def _run(self, program: str, *arguments: str | Path) -> str:
        done = subprocess.run(
            [*AS_USER, str(PROGRAMS / program), *map(str, arguments)],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{program}: {done.stdout}"
        return done.stdout

    def start(self) -> None:
        settings = " ".join(f"-c {option}" for option in self.options)
        self._run(
            "pg_ctl", "start", "-w", "-D", self.data, "-l", self.folder / "log", "-o", f"-k {self.folder} {settings}"
        )

    def stop(self, mode: str = "fast") -> None:
        """`immediate` is what a power cut leaves."""
        self._run("pg_ctl", "stop", "-w", "-D", self.data, "-m", mode)

    def crash_and_restart(self) -> None:
        self._run("pg_ctl", "restart", "-w", "-D", self.data, "-m", "immediate", "-l", self.folder / "log")

    def copy_data(self, target: Path) -> None:
        """All that it has, as files; it is stopped."""
        subprocess.run(["cp", "-a", self.data, target], check=True, timeout=60)

    def bring_data_back(self, source: Path) -> None:
        """What it has becomes what it had; it is stopped."""
        shutil.rmtree(self.data)
        subprocess.run(["cp", "-a", source, self.data], check=True, timeout=60)

    def follow(self, primary: PostgresServer) -> None:
        """Becomes a copy of another server that is started, and will be its standby. It is not started yet."""
        shutil.rmtree(self.data)
        self._run("pg_basebackup", "-D", self.data, "-d", primary.connection, "-R", "-X", "stream", "-c", "fast")

    def promote(self) -> None:
        """The standby takes over."""
        self._run("pg_ctl", "promote", "-w", "-D", self.data)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Its connections stay open and nobody answers."""
        first = int((self.data / "postmaster.pid").read_text().splitlines()[0])
        processes = [first, *self._children(first)]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    @staticmethod
    def _children(parent: int) -> list[int]:
        words = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return [int(word) for word in words]

    @property
    def running(self) -> bool:
        return (self.data / "postmaster.pid").exists()

    def remove(self) -> None:
        if self.running:
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_store(self) -> str:
        """Where a new, empty store lies."""
        schema = f"store_{next(self._numbers)}"
        self.query(f"CREATE SCHEMA {schema}")
        return f"{self.connection} options='-c search_path={schema}'"

    def rows(self, store: str) -> bytes:
        """All rows of a store, as SQL text."""
        schema = self.query("SELECT current_schema()", store)[0][0]
        return self._run("pg_dump", "-d", self.connection, "-n", schema, "--data-only").encode()

    def set(self, setting: str, value: str) -> None:
        """Changes a setting of the server; it comes into force a moment later."""
        self.query(f"ALTER SYSTEM SET {setting} = '{value}'")
        self.query("SELECT pg_reload_conf()")

    def query(self, sql: str, store: str | None = None) -> list[list[str]]:
        """The rows that `psql` shows."""
        done = subprocess.run(
            [str(PROGRAMS / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", store or self.connection],
            input=sql,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return [line.split("|") for line in done.stdout.splitlines()]
