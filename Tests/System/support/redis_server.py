"""A private Redis on a unix socket, and the little of its protocol that tests speak."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.deadline import wait_until

Hash = dict[bytes, bytes]
EPOCH_KEY = "liaison:epoch"


def service_key(service_id: int) -> str:
    return f"liaison:service:{service_id}"


class RedisError(Exception):
    pass


class RedisClient:
    """One connection; a call at a time."""

    def __init__(self, path: Path, timeout: float = 10.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._stream = self._socket.makefile("rb")

    def __enter__(self) -> RedisClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def call(self, *words: str | bytes | int) -> Any:
        parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        message = b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
        self._socket.sendall(message)
        return self._read()

    def _read(self) -> Any:
        line = self._stream.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if int(rest) < 0 else self._stream.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if int(rest) < 0 else [self._read() for _ in range(int(rest))]
        raise RedisError(f"unknown answer {line!r}")

    def hash(self, key: str) -> Hash:
        flat = self.call("HGETALL", key)
        return dict(zip(flat[::2], flat[1::2], strict=True))

    def set_hash(self, key: str, fields: Hash) -> None:
        self.call("DEL", key)
        self.call("HSET", key, *(part for pair in fields.items() for part in pair))

    def everything(self) -> dict[bytes, Hash | bytes]:
        """All hashes and strings; keys of other types are left out."""
        content: dict[bytes, Hash | bytes] = {}
        for key in self.call("KEYS", "*"):
            kind = self.call("TYPE", key)
            if kind == b"hash":
                content[key] = self.hash(key.decode())
            elif kind == b"string":
                content[key] = self.call("GET", key)
        return content

    def put_everything(self, content: dict[bytes, Hash | bytes]) -> None:
        for key, value in content.items():
            if isinstance(value, dict):
                self.set_hash(key.decode(), value)
            else:
                self.call("SET", key, value)


class RedisServer:
    """redis-server without a TCP port and, unless told otherwise, without a file; `options` are more of its command line."""

    def __init__(self, folder: Path, append_only: bool = False, options: Sequence[str] = ()) -> None:
        self.folder = folder
        self.path = folder / "redis.sock"
        self.append_only = append_only
        self.options = list(options)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.path}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, content: dict[bytes, Hash | bytes] | None = None) -> None:
        """Starts it; with `content`, nobody can connect before that content is in it."""
        assert not self.running
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        hidden = self.folder / "redis-starting.sock"
        hidden.unlink(missing_ok=True)
        command = ["redis-server", "--port", "0", "--unixsocket", str(hidden), "--dir", str(self.folder)]
        command += ["--save", "", "--daemonize", "no", *self.options]
        if self.append_only:
            command += ["--appendonly", "yes", "--appendfsync", "always"]
        with open(self.folder / "redis.log", "ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until("Redis answers", lambda: self.running and self._answers(hidden))
        if content:
            with RedisClient(hidden) as client:
                client.put_everything(content)
        os.rename(hidden, self.path)  # a bound socket goes on under its new name

    @staticmethod
    def _answers(path: Path) -> bool:
        try:
            with RedisClient(path) as client:
                return client.call("PING") == b"PONG"
        except (OSError, RedisError):
            return False  # not there yet, or still loading its file

    def client(self) -> RedisClient:
        return RedisClient(self.path)

    def call(self, *words: str | bytes | int) -> Any:
        with self.client() as client:
            return client.call(*words)

    def hash(self, key: str) -> Hash:
        with self.client() as client:
            return client.hash(key)

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """kill -9; its socket's file is removed, so that nobody waits for an answer from nowhere."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)
            self._process = None
        self.path.unlink(missing_ok=True)
