"""Bulk Profile Import: CSV files of the data folder, progress, and a log of what was wrong."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable

import pytest

from support.api import Api, Json, assert_error
from support.deadline import wait_until
from support.metrics import parse_metrics
from support.server import LiaisonServer

PHONE: Json = {
    "name": "Phone", "type": "multi-valued", "unique": ["type"],
    "attributes": [{"name": "type", "type": "integer"}, {"name": "number", "type": "string", "length": 20}],
}  # fmt: skip


@pytest.fixture
def server(start_server: Callable[..., LiaisonServer]) -> LiaisonServer:
    server = start_server()
    api = Api(server)
    api.create_schema(PHONE, "profiles")
    api.create_key({"name": "byMail", "attributes": ["Mail"], "unique": True})
    (server.data / "imports").mkdir()
    return server


def put(server: LiaisonServer, text: str | bytes, name: str = "people.csv") -> str:
    data = text.encode() if isinstance(text, str) else text
    (server.data / "imports" / name).write_bytes(data)
    return name


def run(server: LiaisonServer, name: str, **options: Json) -> Json:
    response = server.call("POST", "/profiles/import", {"profiles": name, **options})
    assert (response.status, response.header("location")) == (202, "/profiles/import"), response
    wait_until("the import has ended", lambda: state(server)["state"] != "running")
    return state(server)


def state(server: LiaisonServer) -> Json:
    return Api(server).get("/profiles/import")


def test_rows_become_profiles(server: LiaisonServer) -> None:
    assert state(server) == {"state": "none"}
    name = put(
        server,
        "\ufeffcustomer_id,FirstName,Mail,Mail,Phone.type,Phone.number\r\n"
        'A1,"Ada, ""A""",a@example.org,b@example.org,1,+44 1\r\n'
        "A2,Eve,e@example.org,,,\n"
        "\n"
        ",Ümit,u@example.org,,2,\n",
    )
    done = run(server, name)
    metrics = parse_metrics(server.call("GET", "/metrics").body.decode())
    assert metrics.value("liaison_requests_total", operation="import-profiles", status="202") == 1
    counts = {key: done[key] for key in ("state", "percent", "rows", "created", "skipped", "errors")}
    assert counts == {"state": "done", "percent": 100, "rows": 3, "created": 3, "skipped": 0, "errors": 0}
    api = Api(server)
    assert api.profile("A1", "?extensions=*") == {
        "customer_id": "A1",
        "FirstName": 'Ada, "A"',
        "Mail": ["a@example.org", "b@example.org"],
        "Phone": [{"type": 1, "number": "+44 1"}],
    }
    assert api.profile("A2", "?extensions=*") == {"customer_id": "A2", "FirstName": "Eve", "Mail": "e@example.org"}
    [third] = api.identify("Mail=u@example.org")
    assert api.profile(third)["FirstName"] == "Ümit"


def test_wrong_rows_are_counted_logged_and_passed_over(server: LiaisonServer) -> None:
    name = put(
        server,
        "customer_id;Mail;Phone.type\n"
        "A;a@example.org;1\nA;b@example.org;1\nB;a@example.org;1\nC;c@example.org;one\nD\nE;e@example.org;\n",
    )
    done = run(server, name, **{"delimiter": ";", "create-log": True})
    assert (done["state"], done["rows"], done["created"], done["errors"]) == ("done", 6, 2, 4)
    log = (server.data / "imports" / done["log"]).read_text().splitlines()
    codes = [(line.split(":")[0], line.split(": ")[1]) for line in log]
    assert codes == [
        ("row 1", "profile_exists"), ("row 2", "identity_taken"), ("row 3", "extension_violation"), ("row 4", "bad_csv"),
    ]  # fmt: skip
    assert "Phone.type" in log[2]
    again = run(server, name, **{"delimiter": ";", "max-errors": 2})
    assert again["state"] == "failed" and "More than 2 rows" in again["reason"] and again["errors"] == 3


def test_rows_are_checked_as_profiles_are(start_server: Callable[..., LiaisonServer]) -> None:
    mandatory: Json = {
        "name": "Phone", "type": "single-valued",
        "attributes": [
            {"name": "type", "type": "integer"}, {"name": "number", "type": "string", "mandatory": True},
            {"name": "prefix", "type": "string", "default": "+44"},
        ],
    }  # fmt: skip
    server = start_server(config={"limits": {"customer-id": 4}})
    api = Api(server)
    api.create_schema(mandatory, "profiles")
    (server.data / "imports").mkdir()
    text = "customer_id,Phone.type,Phone.number\nA,1,\nB,1,22\nTOOLONG,1,3\nD,,\n"
    done = run(server, put(server, text), **{"create-log": True})
    assert (done["state"], done["created"], done["errors"]) == ("done", 2, 2)
    log = (server.data / "imports" / done["log"]).read_text()
    assert "row 0: extension_violation" in log and "row 2: " in log
    assert api.profile("B", "?extensions=*")["Phone"] == {"type": 1, "number": "22", "prefix": "+44"}
    assert "Phone" not in api.profile("D", "?extensions=*")
    no_schema = put(server, "customer_id,Unknown.a\nE,1\n")
    assert_error(server.call("POST", "/profiles/import", {"profiles": no_schema}), 400, "unknown_extension")


def test_without_schemas_columns_of_any_extension_go(start_server: Callable[..., LiaisonServer]) -> None:
    server = start_server(config={"plugins": {"extension-schemas": {"schemas": "off"}}})
    (server.data / "imports").mkdir()
    assert run(server, put(server, "customer_id,Any.thing\nA,1\n"))["created"] == 1
    assert Api(server).profile("A", "?extensions=*")["Any"] == {"thing": "1"}


def test_an_import_ends_when_the_server_leaves_production(server: LiaisonServer) -> None:
    name = put(server, "City\n" + "Oslo\n" * 20_000)
    assert server.call("POST", "/profiles/import", {"profiles": name}).status == 202
    wait_until("some rows are there", lambda: state(server)["rows"] > 300)
    assert server.call("POST", "/server/mode", {"mode": "maintenance"}).status == 200
    assert server.call("POST", "/server/mode", {"mode": "production"}).status == 200
    wait_until("it has ended", lambda: state(server)["state"] != "running")
    left = state(server)
    assert left["state"] == "failed" and "mode" in left["reason"] and 300 < left["next-index"] < 20_000, left


def test_who_is_there_already_is_skipped_by_a_unique_key(server: LiaisonServer) -> None:
    name = put(server, "Mail,City\n" + "".join(f"m{number}@example.org,Oslo\n" for number in range(1000)))
    assert run(server, name)["created"] == 1000
    done = run(server, name, **{"id-key": "bymail", "start-from-index": 900})
    assert (done["rows"], done["created"], done["skipped"], done["errors"]) == (100, 0, 100, 0)


def test_who_is_somebody_else_by_the_key_that_was_named_is_a_wrong_row(server: LiaisonServer) -> None:
    Api(server).create_key({"name": "byPhone", "attributes": ["Mobile"], "unique": True})
    assert run(server, put(server, "Mail,Mobile\na@x,1\nb@x,2\n"))["created"] == 2
    # The first is there by both keys; of the second the mail is another customer's.
    name = put(server, "Mail,Mobile\na@x,1\na@x,3\nc@x,2\n")
    done = run(server, name, **{"id-key": "byPhone", "create-log": True})
    assert (done["created"], done["skipped"], done["errors"]) == (0, 2, 1)
    [line] = (server.data / "imports" / done["log"]).read_text().splitlines()
    assert line.startswith("row 1: identity_taken:") and "byMail" in line


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "bad_csv"), (b"A,\n", "bad_csv"), (b"\xff\n", "bad_csv"), (b'"A', "bad_csv"),
        (b"Unknown.a\n", "unknown_extension"), (b"Phone.x\n", "extension_violation"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_is_refused(server: LiaisonServer, text: bytes, code: str) -> None:
    assert_error(server.call("POST", "/profiles/import", {"profiles": put(server, text)}), 400, code)
    assert state(server) == {"state": "none"}


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({}, 400, "missing_field", "profiles"),
        ({"profiles": "../liaison.sqlite"}, 400, "bad_parameter", "profiles"),
        ({"profiles": "/etc/passwd"}, 400, "bad_parameter", "profiles"),
        ({"profiles": "nothing.csv"}, 404, "file_not_found", "profiles"),
        ({"profiles": "a", "format": "XML"}, 400, "bad_parameter", "format"),
        ({"profiles": "a", "encoding": "latin1"}, 400, "bad_parameter", "encoding"),
        ({"profiles": "a", "delimiter": ",,"}, 400, "bad_parameter", "delimiter"),
        ({"profiles": "a", "max-errors": -1}, 400, "bad_parameter", "max-errors"),
        ({"profiles": "a", "id-key": "no"}, 404, "identification_key_not_found", "name"),
        ({"profiles": "a", "more": 1}, 400, "field_not_allowed", "more"),
    ],
)
def test_a_request_that_cannot_be_is_refused(
    server: LiaisonServer, body: Json, status: int, code: str, field: str
) -> None:
    assert_error(server.call("POST", "/profiles/import", body), status, code, field=field)


def test_one_import_runs_at_a_time(server: LiaisonServer) -> None:
    name = put(server, "City\n" + "Oslo\n" * 20_000)
    assert server.call("POST", "/profiles/import", {"profiles": name}).status == 202
    assert_error(server.call("POST", "/profiles/import", {"profiles": name}), 409, "import_running")
    assert 0 <= state(server)["percent"] <= 100 and state(server)["state"] == "running"
    assert server.stop() == 0


def let_a_minute_pass(server: LiaisonServer, request: pytest.FixtureRequest) -> None:
    """Another server of a database might be at an import of which its server has told within a minute."""
    if server.store:
        long_ago = """UPDATE setting SET value = regexp_replace(value, '"told":"[^"]*"', '"told":"2020-01-01T00:00:00.000Z"')
            WHERE name LIKE 'import of %'"""
        request.getfixturevalue("postgres").query(long_ago, server.store)


def test_after_a_crash_the_operator_sees_how_far_it_was_and_goes_on(
    server: LiaisonServer, request: pytest.FixtureRequest
) -> None:
    rows = [f"c{number},c{number}@example.org\n" for number in range(3000)]
    rows[100] = "c1,wrong@example.org\n"
    name = put(server, "customer_id,Mail\n" + "".join(rows))
    body = {"profiles": name, "create-log": True}
    assert server.call("POST", "/profiles/import", body).status == 202
    wait_until("some rows are there", lambda: state(server)["rows"] > 300)
    server.kill()
    server.start()
    let_a_minute_pass(server, request)
    left = state(server)
    assert left["state"] == "interrupted" and left["profiles"] == name and 300 < left["next-index"] < 3000
    assert f"start-from-index {left['next-index']}" in left["reason"]
    assert (left["created"], left["errors"]) == (left["next-index"] - 1, 1), "no row twice, and none left out"
    log = server.data / "imports" / left["log"]
    assert log.read_text().startswith("row 100: profile_exists")
    done = run(server, name, **{"create-log": True, "start-from-index": left["next-index"]})
    assert (done["state"], done["created"], done["errors"]) == ("done", 3000 - left["next-index"], 0)
    assert "row 100:" in log.read_text(), "the log goes on too"
    assert Api(server).identify("Mail=c2999@example.org") == ["c2999"]
    server.stop()
    server.start()
    assert state(server) == done


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_any_text_that_a_csv_writer_writes_is_read(server: LiaisonServer, delimiter: str) -> None:
    numbers = random.Random(7)
    alphabet = ["a", "é", "😀", '"', '""', ",", ";", "\t", "\n", "\r\n", " ", "'", "\\"]
    rows = [
        [f"c{number}", *("".join(numbers.choices(alphabet, k=numbers.randint(0, 12))) for _ in range(3))]
        for number in range(300)
    ]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL if delimiter == ";" else csv.QUOTE_MINIMAL)
    writer.writerows([["customer_id", "A", "B", "C"], *rows])
    done = run(server, put(server, text.getvalue()), delimiter=delimiter)
    assert (done["created"], done["errors"]) == (300, 0)
    api = Api(server)
    for customer, *values in rows:
        expected = {name: value for name, value in zip("ABC", values, strict=True) if value}
        assert api.profile(customer) == {"customer_id": customer, **expected}
