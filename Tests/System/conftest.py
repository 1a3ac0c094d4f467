"""Fixtures: shared servers for tests that only talk to one, and factories for tests that break theirs."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.api import FEEDBACK, SATISFACTION, Api
from support.postgres_server import PostgresServer
from support.redis_server import RedisServer
from support.server import BINARY, STORE, LiaisonServer

LONG = os.environ.get("LIAISON_TEST_LONG") == "1"


def pytest_sessionstart(session: pytest.Session) -> None:
    # What is ignored here would be ignored by all that is started, which are told to end by these: in the background of a script, or
    # under nohup.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if not session.config.option.collectonly and not BINARY.exists():
        pytest.exit(f"{BINARY} is missing: run `make build` first", returncode=1)


@pytest.fixture(scope="session")
def long_form() -> bool:
    """True when LIAISON_TEST_LONG=1 asks for the thorough, slow form of a test."""
    return LONG


@pytest.fixture(scope="session")
def session_folder() -> Iterator[Path]:
    """Short enough for the path of a unix socket, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="liaison-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def folder(session_folder: Path) -> Iterator[Path]:
    """An empty folder for one test."""
    folder = Path(tempfile.mkdtemp(dir=session_folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def report(server: LiaisonServer) -> None:
    """Shown by pytest with a test that failed."""
    print(f"--- log of {' '.join(server.command())}\n{server.log_tail()}")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A started PostgreSQL for tests that leave it as it is."""
    server = PostgresServer(["fsync=off"])
    server.start()
    yield server
    server.remove()


@pytest.fixture
def make_postgres() -> Iterator[Callable[..., PostgresServer]]:
    """Makes PostgreSQL servers that are ended after the test. They are not started yet."""
    servers: list[PostgresServer] = []

    def make(**options: Any) -> PostgresServer:
        servers.append(PostgresServer(**options))
        return servers[-1]

    yield make
    for server in servers:
        server.remove()


@pytest.fixture(scope="session")
def store_of(request: pytest.FixtureRequest) -> Callable[[Path], str | None]:
    """Where the store of a server with that data folder lies that has no other wish; `None` is the folder itself."""
    if STORE == "sqlite":
        return lambda data: None
    server: PostgresServer = request.getfixturevalue("postgres")
    stores: dict[Path, str] = {}

    def store(data: Path) -> str:
        if data not in stores:
            stores[data] = server.new_store()
        return stores[data]

    return store


@pytest.fixture
def make_server(
    folder: Path, store_of: Callable[[Path], str | None]
) -> Iterator[Callable[..., LiaisonServer]]:
    """Makes servers that are ended after the test; each has its folder. They are not started yet."""
    servers: list[LiaisonServer] = []

    def make(name: str = "liaison", **options: Any) -> LiaisonServer:
        own_folder = folder / name
        options.setdefault("store", store_of(options.get("data") or own_folder / "data"))
        own_folder.mkdir(exist_ok=True)
        servers.append(LiaisonServer(own_folder, **options))
        return servers[-1]

    yield make
    for server in servers:
        server.kill()
        report(server)


@pytest.fixture
def start_server(make_server: Callable[..., LiaisonServer]) -> Callable[..., LiaisonServer]:
    """Makes and starts."""

    def start(name: str = "liaison", **options: Any) -> LiaisonServer:
        server = make_server(name, **options)
        server.start()
        return server

    return start


@pytest.fixture
def make_redis(folder: Path) -> Iterator[Callable[..., RedisServer]]:
    """Makes Redis servers that are ended after the test. They are not started yet."""
    servers: list[RedisServer] = []

    def make(name: str = "redis", **options: Any) -> RedisServer:
        servers.append(RedisServer(folder / name, **options))
        return servers[-1]

    yield make
    for server in servers:
        server.kill()


@pytest.fixture
def redis(make_redis: Callable[..., RedisServer]) -> RedisServer:
    """A started Redis for one test."""
    server = make_redis()
    server.start()
    return server


@pytest.fixture(scope="session")
def shared_redis(session_folder: Path) -> Iterator[RedisServer]:
    server = RedisServer(session_folder / "shared-redis")
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def shared_server(
    session_folder: Path, shared_redis: RedisServer, store_of: Callable[[Path], str | None]
) -> Iterator[LiaisonServer]:
    """With Redis and the default configuration; schemas Feedback and Satisfaction exist."""
    server = LiaisonServer(session_folder / "shared-server", redis=shared_redis)
    server.store = store_of(server.data)
    server.start()
    Api(server).create_schema(FEEDBACK)
    Api(server).create_schema(SATISFACTION)
    yield server
    server.kill()


@pytest.fixture
def server(shared_server: LiaisonServer) -> Iterator[LiaisonServer]:
    """The shared server, for tests that leave it as it is."""
    assert shared_server.running, "an earlier test ended the shared server"
    yield shared_server
    report(shared_server)
    assert shared_server.running, "this test ended the shared server"


@pytest.fixture
def api(server: LiaisonServer) -> Api:
    return Api(server)


@pytest.fixture(scope="session")
def shared_schemaless_server(
    session_folder: Path, store_of: Callable[[Path], str | None]
) -> Iterator[LiaisonServer]:
    config = {"plugins": {"extension-schemas": {"schemas": "off"}}}
    server = LiaisonServer(session_folder / "shared-schemaless", config=config)
    server.store = store_of(server.data)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def schemaless(shared_schemaless_server: LiaisonServer) -> Iterator[LiaisonServer]:
    """A shared server with `schemas: "off"` and without Redis."""
    assert shared_schemaless_server.running, "an earlier test ended the shared server"
    yield shared_schemaless_server
    report(shared_schemaless_server)
