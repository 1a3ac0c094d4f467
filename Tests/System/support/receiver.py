"""A receiver of webhooks on a real socket, which can be told to fail."""

from __future__ import annotations

import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """Takes POSTs, checks their signatures, and remembers what it has answered 2xx and what else it has seen.

    With `status` 0 it answers when it is `released`; a body longer than `longest` is answered 413.
    """

    def __init__(self, secret: bytes, status: int = 200) -> None:
        self.secret = secret
        self.status = status
        self.taken: list[dict[str, Any]] = []
        self.refused = 0
        self.waiting = False
        self.longest: int | None = None
        self.lengths: list[int] = []
        self.released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver._require_signature(self.headers["X-Liaison-Signature"], body)
                receiver.lengths.append(len(body))
                if receiver.status == 0:
                    receiver.waiting = True
                    receiver.released.wait(60)
                status = receiver.status or 500
                if receiver.longest is not None and len(body) > receiver.longest:
                    status = 413
                if 200 <= status < 300:
                    receiver.taken += json.loads(body)["associations"]
                else:
                    receiver.refused += 1
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/associations"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.forged: list[str] = []

    def _require_signature(self, header: str, body: bytes) -> None:
        sent, signature = (part.split("=", 1)[1] for part in header.split(","))
        expected = hmac.new(self.secret, sent.encode() + b"." + body, "sha256").hexdigest()
        if signature != expected or abs(time.time() - int(sent)) > 60:
            self.forged.append(header)

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
