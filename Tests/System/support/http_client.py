"""An HTTP/1.1 client on a plain socket: it sends what it is told to, broken bytes too, and can pipeline."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# None: no body at all (no Content-Length). bytes: as they are. Anything else: its JSON.
Body = bytes | str | dict | list | int | float | bool | None


class ConnectionClosed(Exception):
    """The server closed the connection before a whole answer had come."""


@dataclass
class Response:
    status: int
    reason: str
    header_lines: list[tuple[str, str]]
    body: bytes
    interim: list[int] = field(default_factory=list)  # statuses of 1xx answers that came before

    def header(self, name: str) -> str | None:
        """The value of a header; several lines of one name are joined by a comma."""
        values = [value for key, value in self.header_lines if key == name.lower()]
        return ", ".join(values) if values else None

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def etag(self) -> str:
        etag = self.header("etag")
        assert etag is not None, f"no ETag in {self.header_lines}"
        return etag

    @property
    def cache_status(self) -> str | None:
        return self.header("cache-status")

    def __str__(self) -> str:
        return f"{self.status} {self.body[:500]!r}"


def encode_body(body: Body) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    return json.dumps(body).encode()


def encode_request(
    method: str, target: str, body: Body = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """The bytes of one request. A body, also an empty one (b""), brings its Content-Length."""
    content = encode_body(body)
    lines = [f"{method} {target} HTTP/1.1", "Host: liaison.test"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if content is not None:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + (content or b"")


class Connection:
    """One TCP connection. It never reconnects by itself: tests want to see a broken connection."""

    def __init__(
        self,
        address: str,
        port: int,
        timeout: float = 15.0,
        source: str | None = None,
        receive_buffer: int = 0,
    ) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.settimeout(timeout)
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self._socket.bind((source, 0))
        try:
            self._socket.connect((address, port))
        except OSError:
            self._socket.close()
            raise
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.local_port: int = self._socket.getsockname()[1]
        self._received = bytearray()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def set_timeout(self, seconds: float) -> None:
        self._socket.settimeout(seconds)

    # Sending

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def send_some(self, data: bytes) -> int:
        """Sends what the kernel takes without waiting; 0 when it takes nothing."""
        self._socket.setblocking(False)
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        finally:
            self._socket.settimeout(15.0)

    def finish_sending(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    # Receiving

    def _receive_more(self) -> bool:
        data = self._socket.recv(65536)
        self._received += data
        return bool(data)

    def _receive_until(self, mark: bytes) -> bytes:
        while (end := self._received.find(mark)) < 0:
            if not self._receive_more():
                raise ConnectionClosed(f"closed after {bytes(self._received[:200])!r}")
        taken = bytes(self._received[: end + len(mark)])
        del self._received[: end + len(mark)]
        return taken

    def _receive_exactly(self, count: int) -> bytes:
        while len(self._received) < count:
            if not self._receive_more():
                raise ConnectionClosed(f"closed {count - len(self._received)} bytes before the end of a body")
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken

    def _receive_chunked(self) -> bytes:
        body = b""
        while size := int(self._receive_until(b"\r\n").split(b";")[0], 16):
            body += self._receive_exactly(size)
            assert self._receive_exactly(2) == b"\r\n"
        while self._receive_until(b"\r\n") != b"\r\n":
            pass
        return body

    def receive_head(self) -> Response:
        """An answer up to the empty line, without its body."""
        lines = self._receive_until(b"\r\n\r\n").decode("utf-8", "surrogateescape").split("\r\n")
        version, status, reason = (lines[0] + " ").split(" ", 2)
        assert version == "HTTP/1.1", lines[0]
        headers = [
            (name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:-2])
        ]
        return Response(int(status), reason.strip(), headers, b"")

    def receive(self, method: str = "GET") -> Response:
        """The next whole answer; `method` is that of its request, since HEAD's answer has no body."""
        interim: list[int] = []
        while (response := self.receive_head()).status < 200:
            interim.append(response.status)
        response.interim = interim
        if method == "HEAD" or response.status in (204, 304):
            return response
        if (response.header("transfer-encoding") or "").lower() == "chunked":
            response.body = self._receive_chunked()
        else:
            response.body = self._receive_exactly(int(response.header("content-length") or "0"))
        return response

    def is_closed_by_server(self) -> bool:
        """Waits until the server closes the connection (true) or sends something more (false)."""
        if self._received:
            return False
        try:
            return not self._receive_more()
        except ConnectionResetError:
            return True

    # Both

    def call(
        self, method: str, target: str, body: Body = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        self.send(encode_request(method, target, body, headers))
        return self.receive(method)

    def pipeline(self, requests: Iterable[bytes], methods: Iterable[str] | None = None) -> list[Response]:
        """Sends all requests in one write and returns all answers in their order."""
        requests = list(requests)
        self.send(b"".join(requests))
        return [self.receive(method) for method in (methods or ["GET"] * len(requests))]
