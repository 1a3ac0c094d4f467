"""The example plugin RequestLog, built from its package and loaded by the real server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.deadline import wait_until
from support.server import REPOSITORY, LiaisonServer

PACKAGE = REPOSITORY / "Plugins/Examples/RequestLog"
FIRST = ["request-log", "authentication", "business-attributes", "extension-schemas", "persistence"]


@pytest.fixture(scope="module")
def library() -> Path:
    done = subprocess.run(
        ["swift", "build", "-c", "release", "--package-path", PACKAGE], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0 and "warning:" not in done.stdout, done.stdout + done.stderr
    return PACKAGE / ".build/release/libRequestLog.so"


def config(library: Path, **settings: Any) -> dict[str, Any]:
    return {
        "libraries": [str(library)],
        "pipeline": FIRST,
        "plugins": {"request-log": {"file": "requests.log", **settings}},
    }


def lines(server: LiaisonServer) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (server.folder / "requests.log").read_text().splitlines()]


def test_every_call_has_a_line_with_its_outcome(
    library: Path, start_server: Callable[..., LiaisonServer]
) -> None:
    server = start_server(config=config(library))
    started = server.call("POST", "/services/start", {"contact_key": "k"})
    missing = server.call("GET", "/services/77")
    wait_until("both lines are written", lambda: len(lines(server)) == 2)
    first, second = lines(server)
    assert first["request"] == started.header("X-Request-Id")
    assert (first["operation"], first["status"], first["peer"]) == ("start-service", 201, "127.0.0.1")
    assert first["microseconds"] > 0 and "code" not in first
    assert second["request"] == missing.header("X-Request-Id")
    assert (second["service_id"], second["status"], second["code"]) == (77, 404, "service_not_found")


def test_a_sample_leaves_calls_out_but_no_failure_and_an_end_loses_nothing(
    library: Path, start_server: Callable[..., LiaisonServer]
) -> None:
    server = start_server(config=config(library, sample=10))
    with server.connect() as connection:
        for _ in range(100):
            assert connection.call("GET", "/server/status").status == 200
        for _ in range(7):
            assert connection.call("GET", "/services/77").status == 404
    assert server.stop() == 0
    statuses = [line["status"] for line in lines(server)]
    assert (statuses.count(200), statuses.count(404), len(statuses)) == (10, 7, 17)


def test_a_file_that_cannot_be_opened_stops_the_start(
    library: Path, make_server: Callable[..., LiaisonServer]
) -> None:
    server = make_server(config=config(library, file="absent/requests.log"))
    server.launch()
    assert server.exit_code() == 2
    assert "plugins.request-log.file: cannot be opened for appending" in server.log()
