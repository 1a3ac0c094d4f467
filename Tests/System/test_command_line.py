"""The command line: options and where they come from, errors that name the fault, starting and ending."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
from pathlib import Path
from typing import Any

import pytest

from support.api import Api
from support.deadline import wait_until
from support.http_client import ConnectionClosed
from support.load import AssociationLoad, start_services
from support.metrics import parse_metrics
from support.server import REPOSITORY, run_liaison
from support.store import integrity, row_counts

LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [a-z]+ \S")


# Words about itself


@pytest.mark.parametrize("arguments", [["--help"], ["help"], ["serve", "--help"], ["plugin", "-h"], ["help", "store"]])
def test_help_names_every_command_and_option(arguments: list[str]) -> None:
    result = run_liaison(*arguments)
    assert (result.returncode, result.stderr) == (0, "")
    for word in ("--listen", "--data", "--store", "--redis", "--config", "--loops", "--from", "--to", "--sources"):
        assert word in result.stdout
    for group in ([], ["store"], ["plugin"]):
        refusal = run_liaison(*group, "burn").stderr
        for usage in refusal.split("known: ")[1].split(";")[0].split(", "):
            command = re.match(r"[a-z]+( [a-z]+)?", usage)
            assert command and f"\nliaison {command[0]} " in result.stdout, usage
    assert "Exit codes: 0 " in result.stdout and "--version" in result.stdout


def test_version_is_one_line(folder: Path) -> None:
    result = run_liaison("--version")
    assert (result.returncode, result.stderr) == (0, "")
    assert re.search(r"\d+\.\d+", result.stdout) and result.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["fly"], "fly"),
        (["serve", "--fly"], "--fly"),
        (["serve", "--listen"], "--listen"),
        (["serve", "stray"], "stray"),
        (["check"], "--config"),
        (["store", "burn"], "store"),
        (["store", "backup"], "backup"),
        (["serve", "--loops", "many"], "loops"),
        (["serve", "--listen", "--data", "d"], "--listen"),
        (["store", "backup", "f", "--store", "postgres://h/d"], "--store"),
        (["store", "copy", "--from", "sqlite:d", "--to", "sqlite"], "--to must be a PostgreSQL database"),
        (["store", "copy", "--config", "f"], "--config"),
        (["plugin"], "plugin list"),
        (["plugin", "new", "center-stamp", "--source=/x"], "--sources"),
        (["plugin", "new", "center-stamp", "--sources=/proc"], "/proc"),
        (["plugin", "check", "/proc"], "Is a directory"),
        (["plugin", "check", "x.so", "--config", "f"], "--config"),
    ],
)
def test_wrong_usage_is_named_in_one_line_and_exits_with_2(folder: Path, arguments: list[str], named: str) -> None:
    result = run_liaison(*arguments, cwd=folder)
    assert result.returncode == 2 and named in result.stderr, result
    assert result.stdout == ""
    assert result.stderr.startswith("liaison: ") and result.stderr.count("\n") == 1
    assert list(folder.iterdir()) == [], "nothing may be created"


def test_a_package_that_cannot_be_made_is_said_in_one_line() -> None:
    result = run_liaison("plugin", "new", "center-stamp", f"--sources={REPOSITORY}", cwd=Path("/proc"))
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr == "liaison: center-stamp/Package.swift cannot be made: No such file or directory\n"


def test_a_store_in_postgresql_is_no_folder_to_back_up(folder: Path) -> None:
    file = write(folder, json.dumps({"store": "postgres://nobody@127.0.0.1:1/none"}))
    result = run_liaison("store", "backup", folder / "copy.sqlite", "--config", file)
    assert result.returncode == 2 and "pg_dump" in result.stderr, result


# Configuration

GOOD = """\
// Comments and trailing commas are allowed.
{
  listen: "127.0.0.1:0", loops: 1, /* as are bare keys */
  'base-path': '/cms',
  redis: { url: "off", wait: "20ms", ttl: "1h" },
  store: { durability: "full", "max-batch": 100, readers: 2 },
  http: { "max-body": 2000, "idle-timeout": "1m", },
  limits: { "customer-id": 16 },
  log: { level: "debug" },
  pipeline: ["authentication", "business-attributes", "extension-schemas", "persistence"],
  plugins: { "extension-schemas": { schemas: "off" }, persistence: {} },
}
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "liaison.json5"
    file.write_text(text)
    return file


def test_check_accepts_a_good_file(folder: Path) -> None:
    result = run_liaison("check", "--config", write(folder, GOOD), cwd=folder)
    assert result.returncode == 0, result
    assert not (folder / "liaison-data").exists()


def test_a_good_file_is_obeyed(make_server) -> None:
    server = make_server(config={})
    file = write(server.folder, GOOD)
    server.config = None
    server.arguments = ["--config", str(file)]
    server.start()
    assert (
        server.call("POST", "/cms/services/start", {"contact_key": "k", "Free": {"any": "json"}}).status
        == 201
    )
    assert server.call("POST", "/services/start", {"customer_id": "c" * 17}).status == 400
    assert server.call("POST", "/services/start", {"customer_id": "c" * 16}).status == 201
    assert server.call("POST", "/services/start", b" " * 2001).status == 413


def nested(path: str, value: Any) -> dict[str, Any]:
    """`http.max-body` and 1 make {"http": {"max-body": 1}}."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return value


UNKNOWN_KEYS = ["colour", "http.max-bodyy", "store.speed", "redis.urls", "limits.customer", "log.colour"]
UNKNOWN_KEYS += [
    "plugins.extension-schemas.schema",
    "plugins.business-attributes.mapnames",
    "plugins.no-such-plugin",
    "plugins.authentication.failures.delays",
]
BAD_VALUES: list[tuple[str, Any]] = [
    ("listen", "nonsense"),
    ("listen", "127.0.0.1:65536"),
    ("listen", 8080),
    ("loops", -1),
    ("loops", "two"),
    ("loops", 1.5),
    ("data", 1),
    ("base-path", "no-slash"),
    ("redis", "http://localhost"),
    ("redis.url", "nonsense"),
    ("redis.wait", "50"),
    ("redis.wait", 50),
    ("redis.wait", "fifty ms"),
    ("redis.ttl", "-1h"),
    ("store.durability", "sometimes"),
    ("store.max-batch", 0),
    ("store.readers", 0),
    ("http.max-body", -1),
    ("http.max-body", "1MB"),
    ("http.idle-timeout", "60"),
    ("http.head-timeout", "soon"),
    ("http.max-connections", 0),
    ("limits.customer-id", 0),
    ("log.level", "loud"),
    ("pipeline", "persistence"),
    ("pipeline", ["persistence", "no-such-stage"]),
    ("plugins", []),
    ("plugins.extension-schemas.schemas", "maybe"),
    ("plugins.business-attributes.map-names", "yes"),
    ("plugins.business-attributes.Service.media_type", 1),
    ("http", 5),
]


@pytest.mark.parametrize("path", UNKNOWN_KEYS)
@pytest.mark.parametrize("command", ["check", "serve"])
def test_an_unknown_key_is_named_in_full(folder: Path, command: str, path: str) -> None:
    result = run_liaison(command, "--config", write(folder, json.dumps(nested(path, {}))), cwd=folder)
    assert result.returncode == 2, result
    assert path in result.stderr and "listening on" not in result.stdout


@pytest.mark.parametrize(("path", "value"), BAD_VALUES, ids=lambda value: str(value)[:40])
def test_a_bad_value_is_named_in_full(folder: Path, path: str, value: Any) -> None:
    if path.startswith("plugins.business-attributes.Service."):
        config = {"plugins": {"business-attributes": {"Service.media_type": value}}}
    else:
        config = nested(path, value)
    result = run_liaison("check", "--config", write(folder, json.dumps(config)), cwd=folder)
    assert result.returncode == 2, result
    assert path in result.stderr, result.stderr
    assert len(result.stderr.strip().splitlines()) == 1, "one clear line"


def test_a_name_of_digits_is_a_name_on_the_command_line_too(folder: Path) -> None:
    result = run_liaison("serve", "--data", "2024", "--listen", "nonsense", cwd=folder)
    assert result.returncode == 2 and "listen" in result.stderr and "data" not in result.stderr, result


@pytest.mark.parametrize("command", ["check", "serve"])
def test_a_server_that_anybody_could_call_from_elsewhere_is_refused(folder: Path, command: str) -> None:
    file = write(folder, json.dumps({"listen": "0.0.0.0:0"}))
    result = run_liaison(command, "--config", file, cwd=folder)
    assert result.returncode == 2 and "listen" in result.stderr and "plugins.authentication" in result.stderr


def test_serve_refuses_a_bad_value_before_it_creates_anything(folder: Path) -> None:
    file = write(folder, json.dumps({"store": {"durability": "sometimes"}}))
    result = run_liaison("serve", "--listen", "127.0.0.1:0", "--config", file, cwd=folder)
    assert result.returncode == 2 and "store.durability" in result.stderr
    assert [path.name for path in folder.iterdir()] == ["liaison.json5"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{ listen: }", "{ loops: 1 loops: 2 }"])
def test_a_file_that_is_no_configuration_is_refused(folder: Path, text: str) -> None:
    result = run_liaison("check", "--config", write(folder, text), cwd=folder)
    assert result.returncode == 2 and result.stderr.strip(), result


def test_a_missing_file_is_named(folder: Path) -> None:
    result = run_liaison("check", "--config", folder / "missing.json5", cwd=folder)
    assert result.returncode == 2 and "missing.json5" in result.stderr


@pytest.mark.parametrize(
    ("name", "value", "key"),
    [
        ("LIAISON_LOOPS", "many", "loops"),
        ("LIAISON_LISTEN", "nonsense", "listen"),
        ("LIAISON_REDIS_WAIT", "50", "redis.wait"),
        ("LIAISON_HTTP_MAX_BODY", "big", "http.max-body"),
        ("LIAISON_STORE_DURABILITY", "sometimes", "store.durability"),
    ],
)
def test_a_bad_variable_of_the_environment_is_named(folder: Path, name: str, value: str, key: str) -> None:
    result = run_liaison("check", "--config", write(folder, "{}"), environment={name: value}, cwd=folder)
    assert result.returncode == 2, result
    assert key in result.stderr or name in result.stderr


def test_the_environment_goes_over_the_file(start_server) -> None:
    server = start_server(config={"http": {"max-body": 1024}}, environment={"LIAISON_HTTP_MAX_BODY": "2048"})
    assert server.call("POST", "/services/start", b" " * 2049).status == 413
    assert server.call("POST", "/services/start", b'{"contact_key":"k"' + b" " * 1500 + b"}").status == 201


def test_flags_go_over_the_environment_and_the_file(make_server) -> None:
    server = make_server(
        config={"listen": "127.0.0.1:1", "data": "from-file"},
        environment={"LIAISON_LISTEN": "127.0.0.1:2", "LIAISON_DATA": "from-environment"},
    )
    server.start()
    assert server.port > 2
    assert server.database.exists()
    assert not (server.folder / "from-file").exists()


def test_variables_alone_are_enough(make_server, folder: Path) -> None:
    server = make_server(
        environment={"LIAISON_LOOPS": "1", "LIAISON_REDIS": "off", "LIAISON_LOG_LEVEL": "debug"}
    )
    server.start()
    assert server.call("GET", "/health").status == 200


# Starting


def test_it_says_where_it_listens_once_it_answers(start_server) -> None:
    server = start_server()
    assert server.port > 0
    assert server.stdout_file.read_text().count("\n") == 1
    assert server.call("GET", "/ready").status == 200


def test_log_lines_have_time_level_and_message(start_server) -> None:
    server = start_server()
    assert server.stop() == 0
    lines = server.log().splitlines()
    assert lines and all(LOG_LINE.match(line) for line in lines), lines


def test_a_second_server_on_the_same_folder_is_refused(start_server) -> None:
    first = start_server()
    result = run_liaison("serve", "--listen", "127.0.0.1:0", "--data", first.data)
    assert result.returncode == 1, result
    assert len(result.stderr.strip().splitlines()) == 1 and str(first.data) in result.stderr
    assert "listening on" not in result.stdout
    assert first.call("GET", "/ready").status == 200


def test_a_second_server_on_the_same_port_is_refused(start_server, folder: Path) -> None:
    first = start_server()
    result = run_liaison("serve", "--listen", f"127.0.0.1:{first.port}", "--data", folder / "other")
    assert result.returncode == 1, result
    assert len(result.stderr.strip().splitlines()) == 1 and str(first.port) in result.stderr
    assert "listening on" not in result.stdout
    assert all(first.call("GET", "/health").status == 200 for _ in range(20)), "no connection may go astray"


def test_a_data_folder_that_cannot_be_made_is_refused(folder: Path) -> None:
    (folder / "file").write_text("in the way")
    result = run_liaison("serve", "--listen", "127.0.0.1:0", "--data", folder / "file" / "data")
    assert result.returncode in (1, 2) and str(folder / "file") in result.stderr, result


def test_a_store_that_is_no_database_is_refused_and_left_alone(folder: Path) -> None:
    data = folder / "data"
    data.mkdir()
    (data / "liaison.sqlite").write_bytes(b"this is no database, but somebody's only copy of it" * 100)
    before = (data / "liaison.sqlite").read_bytes()
    result = run_liaison("serve", "--listen", "127.0.0.1:0", "--data", data)
    assert result.returncode == 1 and "liaison.sqlite" in result.stderr, result
    assert (data / "liaison.sqlite").read_bytes() == before


def test_a_restart_right_after_kill_9_works_on_the_same_port_and_folder(start_server) -> None:
    server = start_server()
    service = Api(server).start(customer_id="kept")
    for _ in range(3):
        with server.connect() as connection:  # leaves a connection in TIME_WAIT on the server's side
            connection.call("GET", "/health")
            server.kill()
        server.restart_on_same_port()
        assert Api(server).customer_service_ids("kept") == [service]


def test_ids_go_on_after_a_restart(start_server) -> None:
    server = start_server()
    before = [Api(server).start() for _ in range(5)]
    server.kill()
    server.start()
    assert Api(server).start() > max(before)


def test_the_limit_of_open_files_is_raised_to_what_the_system_allows(start_server) -> None:
    server = start_server(soft_open_files=128)
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    assert soft == hard > 128


def test_clients_that_take_all_they_can_get_leave_the_server_the_files_that_it_needs(start_server) -> None:
    server = start_server(prefix=["prlimit", "--nofile=400:400"])
    assert "warning the limit of open files allows fewer connections" in server.log()
    connections = [server.connect()]
    first = Api(connections[0])
    service = first.start(customer_id="crowd")
    try:
        connections += [server.connect() for _ in range(400)]

        def have_all_been_met() -> bool:
            found = parse_metrics(connections[0].call("GET", "/metrics").body.decode())
            kinds = ("accepted", "refused")
            return sum(found.value(f"liaison_connections_{kind}_total") for kind in kinds) >= 401

        wait_until("each was taken or refused", have_all_been_met)
        assert len(os.listdir(f"/proc/{server.pid}/fd")) < 380
        files = connections[0].call("POST", "/maintenance/services/files", {"time_from": "2020-01-01T00:00:00Z"})
        assert files.status == 200, files
        assert first.service(service) and first.get("/ready")["ready"]
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.parametrize("loops", ["1", "2", "4"])
def test_any_number_of_loops_serves(start_server, loops: str) -> None:
    server = start_server(arguments=["--loops", loops])
    connections = [server.connect() for _ in range(16)]
    try:
        started = [Api(connection).start(customer_id="looped") for connection in connections]
        for connection in connections:
            assert Api(connection).customer_service_ids("looped") == started
    finally:
        for connection in connections:
            connection.close()


# Ending


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_with_exit_code_0(start_server, number: signal.Signals) -> None:
    server = start_server()
    with server.connect() as idle:
        idle.call("GET", "/health")
        server.signal(number)
        assert server.exit_code() == 0
        with pytest.raises((ConnectionClosed, ConnectionError)):
            idle.call("GET", "/health")
    with pytest.raises(ConnectionRefusedError):
        server.connect()


def test_a_server_under_nohup_outlives_its_terminal(start_server) -> None:
    server = start_server(prefix=["nohup"])
    server.signal(signal.SIGHUP)
    assert server.call("GET", "/health").status == 200
    assert server.stop() == 0
    assert "signal=SIGTERM" in server.log()


def test_a_signal_while_it_starts_ends_it_too(make_server) -> None:
    server = make_server()
    server.launch()
    wait_until("the process is the server", lambda: server.data.exists() or not server.running)
    server.signal(signal.SIGTERM)
    assert server.exit_code() in (0, -signal.SIGTERM)


# Backup


def test_backup_copies_a_running_store_under_load(start_server, make_server, folder: Path) -> None:
    source = start_server("source")
    services = start_services(source, 200)
    kept = Api(source).start(customer_id="kept", media_type="voice")
    copy_folder = folder / "restored" / "data"
    copy_folder.mkdir(parents=True)
    copy = copy_folder / "liaison.sqlite"
    with AssociationLoad(source, services, writers=2) as load:
        wait_until("the load runs", lambda: load.ledger.total_acknowledged() > 100)
        acknowledged_before = dict(load.ledger.acknowledged)
        result = run_liaison("store", "backup", copy, "--data", source.data)
        assert result.returncode == 0, result
        acknowledged_at_end = load.ledger.total_acknowledged()
        wait_until("the load goes on", lambda: load.ledger.total_acknowledged() > acknowledged_at_end)
    assert load.refused == [] and load.ledger.lost(source) == []

    assert integrity(copy) == "ok"
    assert max(row_counts(copy).values()) >= 201
    restored = make_server("restored")
    restored.start()
    api = Api(restored)
    assert api.service(kept)["customer_id"] == "kept"
    for service in services:
        customer = api.service(service).get("customer_id")
        number = int(customer.rsplit("-", 1)[1]) if customer else 0
        assert acknowledged_before.get(service, 0) <= number <= load.ledger.sent.get(service, 0)


def test_backup_works_on_a_store_that_nobody_serves(start_server, folder: Path) -> None:
    server = start_server()
    Api(server).start()
    assert server.stop() == 0
    copy = folder / "copy.sqlite"
    result = run_liaison("store", "backup", copy, "--data", server.data)
    assert result.returncode == 0 and integrity(copy) == "ok", result


def test_backup_never_overwrites_and_says_so(start_server, folder: Path) -> None:
    server = start_server()
    copy = folder / "copy.sqlite"
    copy.write_text("precious")
    result = run_liaison("store", "backup", copy, "--data", server.data)
    assert result.returncode != 0 and str(copy) in result.stderr, result
    assert copy.read_text() == "precious"


def test_backup_of_a_folder_without_a_store_is_refused_and_creates_nothing(folder: Path) -> None:
    result = run_liaison("store", "backup", folder / "copy.sqlite", "--data", folder / "none")
    assert result.returncode in (1, 2) and "none" in result.stderr, result
    assert list(folder.iterdir()) == []


def test_a_client_that_hangs_does_not_keep_a_signal_from_ending_it(start_server) -> None:
    server = start_server(config={"http": {"head-timeout": "1s", "body-timeout": "1s"}})
    with server.connect() as connection:
        connection.send(b"POST /services/start HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert server.call("GET", "/health").status == 200
        server.signal(signal.SIGTERM)
        assert server.exit_code(seconds=10) == 0
