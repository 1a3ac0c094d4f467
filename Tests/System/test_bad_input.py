"""What bad input gets: a 4xx with code, message and field, and nothing is changed.

The tables below are crossed with the operations: every operation that takes a body gets every bad body, every
operation with an id in its path every bad id, every operation with a query every bad parameter. After each
refusal the stored service is read back whole and compared, revision included.
"""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from support.api import Api, Json, assert_error
from support.http_client import Body, Response
from support.server import LiaisonServer

Codes = str | tuple[str, ...]

TOO_BIG_IDS = ["9007199254740992", "9007199254740993", "9223372036854775808", "18446744073709551616"]
BAD_SERVICE_IDS = [
    "0",
    "-1",
    "1.5",
    "9e99",
    "abc",
    *TOO_BIG_IDS,
    "+1",
    "1e0",
    "0x1",
    "1%20",
    "%201",
    "1%00",
    "NaN",
]


class Witness:
    """A service with something in every place, and the means to see that nothing of it has changed."""

    def __init__(self, server: LiaisonServer) -> None:
        self.api = Api(server)
        self.customer = f"witness-{uuid.uuid4().hex[:12]}"
        self.service = self.api.start(
            customer_id=self.customer,
            contact_key="witness",
            service_type=1,
            est_duration=60,
            media_type="voice",
            interaction_id="kept",
            Feedback={"rating": 5, "notes": "kept"},
            Satisfaction=[{"rating": 1, "place": "kept"}],
        )
        self.before = self.look()

    def look(self) -> tuple[Json, str, list[int], list[Json]]:
        response = self.api.service_response(self.service, "?extensions=*")
        return response.json, response.etag, self.api.customer_service_ids(self.customer), self.schemas()

    def schemas(self) -> list[Json]:
        return self.api.caller.call("GET", "/metadata/services/extensions").json

    def assert_unchanged(self) -> None:
        assert self.look() == self.before


@pytest.fixture(scope="module")
def witness(shared_server: LiaisonServer) -> Witness:
    return Witness(shared_server)


@pytest.fixture(autouse=True)
def nothing_changes(witness: Witness, server: LiaisonServer) -> Iterator[None]:
    """Holds for every test of this file; one that fails does not make the next ones fail."""
    yield
    before, witness.before = witness.before, witness.look()
    assert witness.before == before


@dataclass(frozen=True)
class Operation:
    """One that takes a body. `path` is filled with the witness' ids; `fields` make a valid body."""

    name: str
    path: str
    fields: tuple[tuple[str, object], ...] = ()
    body_needed: bool = False

    def target(self, witness: Witness) -> str:
        return self.path.format(customer=witness.customer, service=witness.service)

    def send(self, witness: Witness, body: Body) -> Response:
        return witness.api.caller.call("POST", self.target(witness), body)

    def body_with(self, text: str) -> bytes:
        """A valid body into which `text`, one or more members as JSON text, was put."""
        members = [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in self.fields]
        return ("{" + ",".join([*members, text]) + "}").encode("utf-8", "surrogateescape")


START = Operation("start", "/services/start", (("contact_key", "never-started"),), body_needed=True)
ASSOCIATE = Operation("associate", "/customers/{customer}/services/{service}")
COMPLETE = Operation("complete", "/services/{service}/end")
SCHEMA = Operation("schema", "/metadata/services/extensions", body_needed=True)
EVENTS = [START, ASSOCIATE, COMPLETE]


def name_of(value: object) -> str | None:
    return value.name if isinstance(value, Operation) else None


def cases(operations: list[Operation], table: list[Any]) -> list[Any]:
    """Every operation with every row of a table; a test is known by all of its row but the expected code."""
    return [
        pytest.param(operation, *row, id="-".join([operation.name, *(str(part)[:40] for part in row[:-1])]))
        for operation, row in itertools.product(operations, table)
    ]


# Bodies that are no event at all

DEEP = 1_000
BAD_BODIES: list[tuple[bytes, Codes]] = [
    (b"{", "malformed_json"),
    (b"}", "malformed_json"),
    (b'{"media_type":}', "malformed_json"),
    (b'{"media_type":1,}', "malformed_json"),
    (b'{"media_type":1} x', "malformed_json"),
    (b'{"media_type":1}{}', "malformed_json"),
    (b'{"media_type" 1}', "malformed_json"),
    (b"{'media_type':1}", "malformed_json"),
    (b"{media_type:1}", "malformed_json"),
    (b'{"media_type":01}', "malformed_json"),
    (b'{"media_type":+1}', "malformed_json"),
    (b'{"media_type":.5}', "malformed_json"),
    (b'{"media_type":NaN}', "malformed_json"),
    (b'{"media_type":tru}', "malformed_json"),
    (b'{"media_type":"voice}', "malformed_json"),
    (b'{"media_type":"a\nb"}', "malformed_json"),
    (b'{"media_type":"a\x00b"}', "malformed_json"),
    (b'{"media_type":"\\x41"}', "malformed_json"),
    (b'{"media_type":"\\u12"}', "malformed_json"),
    (b'{"media_type":"\\ud800"}', ("malformed_json", "invalid_utf8")),
    (b'// comment\n{"media_type":1}', "malformed_json"),
    (b"nul", "malformed_json"),
    (b"\x00", "malformed_json"),
    (b"[]", "body_not_object"),
    (b'[{"media_type":1}]', "body_not_object"),
    (b'"media_type"', "body_not_object"),
    (b"1", "body_not_object"),
    (b"-1.5e3", "body_not_object"),
    (b"true", "body_not_object"),
    (b"null", "body_not_object"),
    (b'{"interaction_id":"\xff"}', "invalid_utf8"),
    (b'{"interaction_id":"\xc0\x80"}', "invalid_utf8"),
    (b'{"interaction_id":"\xed\xa0\x80"}', "invalid_utf8"),
    (b'{"interaction_id":"\xf4\x90\x80\x80"}', "invalid_utf8"),
    (b'{"interaction_id":"\xe2\x82"}', "invalid_utf8"),
    (b'{"\xff":1}', "invalid_utf8"),
    (b'{"Feedback":' + b"[" * DEEP + b"]" * DEEP + b"}", "too_deep"),
    (b'{"Feedback":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}", "too_deep"),
    (b'{"Feedback":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep"),
    (b"[" * 100_000, ("too_deep", "malformed_json", "body_not_object")),
]


@pytest.mark.parametrize(("operation", "body", "code"), cases([*EVENTS, SCHEMA], BAD_BODIES))
def test_a_body_that_is_no_json_object_is_refused(
    witness: Witness, operation: Operation, body: bytes, code: Codes
) -> None:
    assert_error(operation.send(witness, body), 400, code, method="POST")


@pytest.mark.parametrize("operation", [START, SCHEMA], ids=name_of)
@pytest.mark.parametrize("body", [b"", b" \n\t"], ids=["empty", "spaces"])
def test_a_needed_body_must_not_be_empty(witness: Witness, operation: Operation, body: bytes) -> None:
    assert_error(operation.send(witness, body), 400, ("missing_body", "malformed_json"), method="POST")


# Fields of the common part of every event

LONG_TYPES = ("application_type", "resource_type", "media_type")
BAD_COMMON_FIELDS: list[tuple[str, str, Codes]] = [
    # wrong types
    *[("session_id", value, "wrong_type") for value in ("1", "true", "{}", "[]", '["x"]')],
    *[("interaction_id", value, "wrong_type") for value in ("1", "false", "{}", "[]")],
    *[("application_id", value, "wrong_type") for value in ('"5"', "true", "{}", "[1]", '""')],
    *[("resource_id", value, "wrong_type") for value in ('"5"', "false", "{}", "[]")],
    *[("timestamp", value, "wrong_type") for value in ("1242129912145", "true", "{}", "[]")],
    *[(name, value, "wrong_type") for name in LONG_TYPES for value in ("true", "{}", "[]")],
    *[
        (name, "1.5", ("wrong_type", "out_of_range"))
        for name in (*LONG_TYPES, "application_id", "resource_id")
    ],
    # out of range
    *[
        (name, value, "out_of_range")
        for name in (*LONG_TYPES, "application_id", "resource_id")
        for value in ("9223372036854775808", "18446744073709551615")
    ],
    *[
        (name, value, ("out_of_range", "malformed_json", "wrong_type"))
        for name in (*LONG_TYPES, "application_id", "resource_id")
        for value in ("18446744073709551616", "-9223372036854775809", "9e99", "1e400")
    ],
    # over-long and empty
    ("session_id", '"' + "s" * 33 + '"', "too_long"),
    ("session_id", '"' + "é" * 33 + '"', "too_long"),
    ("session_id", '"' + "\\u0041" * 33 + '"', "too_long"),
    ("interaction_id", '"' + "i" * 51 + '"', "too_long"),
    ("interaction_id", '"' + "i" * 100_000 + '"', "too_long"),
    *[(name, '"' + "t" * 256 + '"', "too_long") for name in LONG_TYPES],
    *[(name, '""', "empty_value") for name in LONG_TYPES],
    # dates
    *[
        ("timestamp", json.dumps(value), "bad_date")
        for value in (
            "",
            "yesterday",
            "2009-13-12T12:05:12.145Z",
            "2009-00-12T12:05:12.145Z",
            "2009-02-29T12:05:12.145Z",
            "2009-04-31T12:05:12.145Z",
            "2009-05-00T12:05:12.145Z",
            "2009-05-12T24:05:12.145Z",
            "2009-05-12T12:60:12.145Z",
            "2009-05-12T12:05:61.145Z",
            "2009-05-12",
            "2009-05-12T12:05Z",
            "09-05-12T12:05:12.145Z",
            "2009-05-12T12:05:12.145Zjunk",
            " 2009-05-12T12:05:12.145Z",
            "2009-05-12T12:05:12.145+25:00",
            "2009-05-12T12:05:12.145+02:60",
            "２００９-05-12T12:05:12.145Z",
            "1242129912145",
        )
    ],
]


@pytest.mark.parametrize(("operation", "name", "value", "code"), cases(EVENTS, BAD_COMMON_FIELDS))
def test_a_bad_common_field_is_refused_and_named(
    witness: Witness, operation: Operation, name: str, value: str, code: Codes
) -> None:
    response = operation.send(witness, operation.body_with(f'"{name}":{value}'))
    error = assert_error(response, 400, code, method="POST")
    if error["code"] != "malformed_json":
        assert error["field"] == name


# Fields that only some events have

BAD_TYPES_AND_DURATIONS: list[tuple[str, str, Codes]] = [
    ("service_type", "true", "wrong_type"),
    ("service_type", "{}", "wrong_type"),
    ("service_type", "1.5", ("wrong_type", "out_of_range")),
    ("service_type", "9223372036854775808", "out_of_range"),
    ("service_type", '""', "empty_value"),
    ("service_type", '"' + "t" * 256 + '"', "too_long"),
    ("est_duration", '"60"', "wrong_type"),
    ("est_duration", "true", "wrong_type"),
    ("est_duration", "1.5", ("wrong_type", "out_of_range")),
    ("est_duration", "-1", "out_of_range"),
    ("est_duration", "9007199254740992", "out_of_range"),
]
BAD_BODY_IDS = ["0", "-1", "1.5", '"0"', '"-1"', '"1.5"', '"abc"', '""', "true", "{}", "9007199254740992"]
BAD_BODY_IDS += ['"18446744073709551616"', '"9e99"', '" 1"']
BAD_DISPOSITIONS_AND_IDS: list[tuple[str, str, Codes]] = [
    ("disposition", "true", "wrong_type"),
    ("disposition", "[]", "wrong_type"),
    ("disposition", "9223372036854775808", "out_of_range"),
    ("disposition", '""', "empty_value"),
    ("disposition", '"' + "d" * 256 + '"', "too_long"),
    ("disposition_desc", "1", "wrong_type"),
    ("disposition_desc", "{}", "wrong_type"),
    ("disposition_desc", '"' + "d" * 65 + '"', "too_long"),
    *[
        ("service_id", text, ("bad_identifier", "wrong_type", "out_of_range", "field_mismatch"))
        for text in BAD_BODY_IDS
    ],
]
BAD_OWN_FIELDS: list[tuple[Operation, str, str, Codes]] = [
    *[(START, "customer_id", value, "wrong_type") for value in ("1", "true", "{}", "[]")],
    (START, "customer_id", '""', "empty_value"),
    (START, "customer_id", '"' + "c" * 65 + '"', "too_long"),
    (START, "customer_id", '"' + "é" * 65 + '"', "too_long"),
    (START, "customer_id", '"a\\u0000b"', ("bad_identifier", "out_of_range")),
    (START, "customer_id", '"a\\nb"', ("bad_identifier", "out_of_range")),
    *[(operation, *row) for operation in (START, ASSOCIATE) for row in BAD_TYPES_AND_DURATIONS],
    *[(operation, *row) for operation in (ASSOCIATE, COMPLETE) for row in BAD_DISPOSITIONS_AND_IDS],
    *[(ASSOCIATE, "customer_id", value, "wrong_type") for value in ("1", "{}", "[]")],
    (ASSOCIATE, "customer_id", '""', ("empty_value", "field_mismatch")),
    (ASSOCIATE, "customer_id", '"' + "c" * 65 + '"', ("too_long", "field_mismatch")),
    (ASSOCIATE, "customer_id", '"another"', "field_mismatch"),
]


@pytest.mark.parametrize(
    ("operation", "name", "value", "code"),
    [pytest.param(*row, id=f"{row[0].name}-{row[1]}-{row[2][:30]}") for row in BAD_OWN_FIELDS],
)
def test_a_bad_field_of_its_own_is_refused_and_named(
    witness: Witness, operation: Operation, name: str, value: str, code: Codes
) -> None:
    response = operation.send(witness, operation.body_with(f'"{name}":{value}'))
    assert_error(response, 400, code, method="POST", field=name)


@pytest.mark.parametrize(
    ("value", "code"),
    [("1", "wrong_type"), ("{}", "wrong_type"), ('""', "empty_value"), ('"' + "k" * 257 + '"', "too_long")],
)
def test_a_bad_contact_key_is_refused_and_named(witness: Witness, value: str, code: str) -> None:
    body = ('{"contact_key":' + value + "}").encode()
    assert_error(START.send(witness, body), 400, code, method="POST", field="contact_key")


@pytest.mark.parametrize("body", [{}, {"media_type": 1}, {"Feedback": {"rating": 1}}])
def test_a_start_needs_a_customer_or_a_contact_key(witness: Witness, body: Json) -> None:
    response = START.send(witness, body)
    assert_error(response, 400, "missing_field", method="POST", field=("contact_key", "customer_id"))


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        *[(START, name) for name in ("service_id", "disposition", "disposition_desc")],
        *[(ASSOCIATE, name) for name in ("contact_key",)],
        *[(COMPLETE, name) for name in ("customer_id", "contact_key", "service_type", "est_duration")],
        *[(operation, name) for operation in EVENTS for name in ("started", "completed", "duration")],
    ],
    ids=lambda value: name_of(value) or value,
)
def test_a_field_of_the_resource_that_the_event_does_not_have_is_refused(
    witness: Witness, operation: Operation, name: str
) -> None:
    body = {key: value for key, value in operation.fields} | {name: 1}
    if operation is START and name == "contact_key":
        body = {"customer_id": "x", name: 1}
    assert_error(operation.send(witness, body), 400, "field_not_allowed", method="POST", field=name)


# Keys twice

DUPLICATES: list[tuple[str, str]] = [
    ('"media_type":1,"media_type":1', "media_type"),
    ('"media_type":1,"resource_id":2,"media_type":3', "media_type"),
    ('"media_type":1,"\\u006dedia_type":2', "media_type"),
    ('"Feedback":{"rating":1},"Feedback":{"rating":2}', "Feedback"),
    ('"Feedback":{"rating":1},"FEEDBACK":{"rating":2}', "Feedback"),
    ('"Feedback":{"rating":1,"rating":2}', "rating"),
    ('"Feedback":{"rating":1,"notes":"a","notes":"b"}', "notes"),
    ('"Satisfaction":[{"rating":1},{"rating":1,"rating":2}]', "rating"),
]


@pytest.mark.parametrize(("operation", "members", "key"), cases(EVENTS, DUPLICATES))
def test_a_key_that_comes_twice_is_refused_and_named(
    witness: Witness, operation: Operation, members: str, key: str
) -> None:
    response = operation.send(witness, operation.body_with(members))
    assert_error(response, 400, "duplicate_key", method="POST")
    assert key.lower() in response.body.decode().lower()


@pytest.mark.parametrize("operation", EVENTS, ids=name_of)
@pytest.mark.parametrize(
    "members",
    [
        '"Free":{"a":1,"a":2}',
        '"Free":[[{"x":{"deep":1,"deep":2}}]]',
        '"Free":1,"fREE":2',
        '"Free":1,"media_type":1,"Free":2',
        '"Free":{"same":1,"sa\\u006de":2}',
    ],
)
def test_without_schemas_too_a_key_must_not_come_twice(
    schemaless: LiaisonServer, operation: Operation, members: str
) -> None:
    witness = SchemalessWitness(schemaless)
    assert_error(operation.send(witness, operation.body_with(members)), 400, "duplicate_key", method="POST")
    witness.assert_unchanged()


class SchemalessWitness(Witness):
    """Where any JSON is an extension."""

    def schemas(self) -> list[Json]:
        return []


@pytest.mark.parametrize("operation", EVENTS, ids=name_of)
def test_without_schemas_too_nesting_ends_at_64_levels(
    schemaless: LiaisonServer, operation: Operation
) -> None:
    witness = SchemalessWitness(schemaless)
    # The body itself is the first level.
    for levels in (64, DEEP):
        body = operation.body_with('"Free":' + "[" * levels + "]" * levels)
        assert_error(operation.send(witness, body), 400, "too_deep", method="POST")
    witness.assert_unchanged()
    deepest = operation.body_with('"Free":' + "[" * 63 + "]" * 63)
    assert operation.send(witness, deepest).status in (200, 201)


# Extensions


@pytest.mark.parametrize("operation", EVENTS, ids=name_of)
@pytest.mark.parametrize("name", ["Unknown", "feedback_", "media-type", "é"])
def test_an_extension_without_schema_is_refused_and_named(
    witness: Witness, operation: Operation, name: str
) -> None:
    response = operation.send(witness, operation.body_with(json.dumps(name) + ': {"rating": 1}'))
    assert_error(response, 400, "unknown_extension", method="POST", field=name)


# Ids in paths

SERVICE_ID_PATHS = [
    ("GET", "/services/{}"),
    ("HEAD", "/services/{}"),
    ("POST", "/services/{}/end"),
    ("POST", "/customers/witness/services/{}"),
]


@pytest.mark.parametrize(("method", "path"), SERVICE_ID_PATHS)
@pytest.mark.parametrize("service", BAD_SERVICE_IDS)
def test_a_bad_service_id_is_refused_and_named(
    server: LiaisonServer, method: str, path: str, service: str
) -> None:
    response = server.call(method, path.format(service), None if method != "POST" else b"{}")
    if method == "HEAD":
        assert response.status == 400
    else:
        assert_error(response, 400, "bad_identifier", method=method, field="service_id")


CUSTOMER_PATHS = [
    ("POST", "/customers/{}/services/1"),
    ("GET", "/customers/{}/services"),
    ("GET", "/customers/{}/services/active"),
    ("GET", "/customers/{}/services/completed"),
]
BAD_CUSTOMERS: list[tuple[str, Codes]] = [
    ("c" * 65, ("too_long", "bad_identifier")),
    ("%C3%A9" * 65, ("too_long", "bad_identifier")),
    ("a%00b", "bad_identifier"),
    ("a%0Ab", "bad_identifier"),
    ("a%7Fb", "bad_identifier"),
    ("a%C2%85b", "bad_identifier"),
    ("%FF", ("invalid_utf8", "bad_identifier")),
    ("%C3", ("invalid_utf8", "bad_identifier")),
    ("%ED%A0%80", ("invalid_utf8", "bad_identifier")),
    ("%C0%AF", ("invalid_utf8", "bad_identifier")),
    ("%", ("bad_identifier", "bad_request", "invalid_utf8")),
    ("a%2", ("bad_identifier", "bad_request", "invalid_utf8")),
    ("a%zz", ("bad_identifier", "bad_request", "invalid_utf8")),
]


@pytest.mark.parametrize(("method", "path"), CUSTOMER_PATHS)
@pytest.mark.parametrize(("customer", "code"), BAD_CUSTOMERS, ids=[row[0][:20] for row in BAD_CUSTOMERS])
def test_a_bad_customer_id_in_the_path_is_refused_and_named(
    server: LiaisonServer, method: str, path: str, customer: str, code: Codes
) -> None:
    response = server.call(method, path.format(customer), None if method == "GET" else b"{}")
    error = assert_error(response, 400, code, method=method)
    assert error.get("field", "customer_id") == "customer_id"


@pytest.mark.parametrize("status", ["", "/active", "/completed"])
@pytest.mark.parametrize(
    ("contact_key", "code"),
    [
        ("k" * 257, ("too_long", "bad_identifier")),
        ("%FF", ("invalid_utf8", "bad_identifier")),
        ("%E2%82", ("invalid_utf8", "bad_identifier")),
        ("a%z", ("bad_identifier", "bad_request", "invalid_utf8")),
    ],
)
def test_a_bad_contact_key_in_the_path_is_refused_and_named(
    server: LiaisonServer, status: str, contact_key: str, code: Codes
) -> None:
    error = assert_error(
        server.call("GET", f"/services/anonymous/{contact_key}{status}"), 400, code, method="GET"
    )
    assert error.get("field", "contact_key") == "contact_key"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/services/"),
        ("POST", "/services//end"),
        ("POST", "/customers//services/1"),
        ("POST", "/customers/witness/services/"),
        ("GET", "/customers//services"),
        ("GET", "/customers//services/active"),
        ("GET", "/services/anonymous/"),
        ("GET", "/services/anonymous//active"),
    ],
)
def test_an_empty_id_is_refused(server: LiaisonServer, method: str, path: str) -> None:
    response = server.call(method, path, None if method == "GET" else b"{}")
    assert 400 <= response.status < 500 and response.status != 405, response
    assert_error(response, response.status, ("empty_value", "bad_identifier", "not_found"), method=method)


# Query parameters

PARAMETER_CODES = ("bad_parameter", "bad_date", "invalid_utf8", "empty_value", "too_long", "out_of_range")
LISTS = ["/customers/{customer}/services", "/customers/{customer}/services/active"]
LISTS += ["/customers/{customer}/services/completed", "/services/anonymous/witness"]
LISTS += ["/services/anonymous/witness/active", "/services/anonymous/witness/completed"]
BAD_LIST_PARAMETERS: list[tuple[str, str]] = [
    *[
        (name, value)
        for name in ("started_from", "started_to")
        for value in (
            "",
            "yesterday",
            "2009-13-12T12:05:12.145Z",
            "2009-05-12",
            "1242129912145",
            "2009-05-12T12:05:12.145Z,2010-05-12T12:05:12.145Z",
            "%FF",
        )
    ],
    ("service_types", "%FF"),
    ("extensions", "%FF"),
    *[
        (name, value)
        for name in ("active_states", "completed_tasks")
        for value in ("", "maybe", "1", "yes", "%FF")
    ],
]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(("name", "value"), BAD_LIST_PARAMETERS, ids=lambda text: text[:30] or "empty")
def test_a_bad_parameter_of_a_list_is_refused_and_named(
    witness: Witness, path: str, name: str, value: str
) -> None:
    target = f"{path.format(customer=witness.customer)}?{name}={value}"
    error = assert_error(witness.api.caller.call("GET", target), 400, PARAMETER_CODES, method="GET")
    assert error.get("field", name) == name


@pytest.mark.parametrize("name", ["active_states", "completed_states", "active_tasks", "completed_tasks"])
@pytest.mark.parametrize("value", ["", "maybe", "1", "yes", "%FF"])
def test_a_bad_parameter_of_the_query_by_id_is_refused_and_named(
    witness: Witness, name: str, value: str
) -> None:
    response = witness.api.caller.call("GET", f"/services/{witness.service}?{name}={value}")
    error = assert_error(response, 400, PARAMETER_CODES, method="GET")
    assert error.get("field", name) == name


EVERY_TARGET = [
    *[("GET", path) for path in (*LISTS, "/services/{service}")],
    ("POST", "/services/start"),
    ("POST", "/services/{service}/end"),
    ("POST", "/customers/{customer}/services/{service}"),
    ("GET", "/metadata/services/extensions"),
    ("GET", "/metadata/services/extensions/Feedback"),
    ("POST", "/metadata/services/extensions"),
    ("GET", "/metadata/business-attributes"),
    ("GET", "/server/status"),
]


@pytest.mark.parametrize(("method", "path"), EVERY_TARGET)
@pytest.mark.parametrize(
    "query", ["no_such=1", "no_such", "Started_From=2020-01-01T00:00:00Z", "%6eo_such=1"]
)
def test_an_unknown_parameter_is_refused_and_named(
    witness: Witness, method: str, path: str, query: str
) -> None:
    target = path.format(customer=witness.customer, service=witness.service) + "?" + query
    body = None if method == "GET" else b'{"contact_key":"never-started"}'
    error = assert_error(
        witness.api.caller.call(method, target, body), 400, "unknown_parameter", method=method
    )
    named = error.get("field") or error["message"]
    assert "no_such" in named or "Started_From" in named


def test_one_bad_parameter_among_good_ones_is_refused(witness: Witness) -> None:
    target = f"/customers/{witness.customer}/services?started_from=2020-01-01T00:00:00Z&started_to=never"
    assert_error(
        witness.api.caller.call("GET", target), 400, ("bad_parameter", "bad_date"), field="started_to"
    )


# If-Match


@pytest.mark.parametrize("operation", [ASSOCIATE, COMPLETE], ids=name_of)
@pytest.mark.parametrize("value", ['"no-such-revision"', '"0"', "", "1", 'W/"1"', '"', '"1', "*x"])
def test_an_if_match_that_names_no_revision_applies_nothing(
    witness: Witness, operation: Operation, value: str
) -> None:
    response = witness.api.caller.call("POST", operation.target(witness), b"{}", {"If-Match": value})
    assert response.status in (400, 412), response
    assert_error(
        response, response.status, ("revision_mismatch", "bad_request", "bad_parameter"), method="POST"
    )


# Schemas


def schema_with(**changes: object) -> Json:
    schema: Json = {
        "name": "Rejected",
        "type": "single-valued",
        "attributes": [
            {"name": "rating", "type": "integer"},
            {"name": "notes", "type": "string", "length": 10},
        ],
    }
    return {key: value for key, value in {**schema, **changes}.items() if value is not ...}


def schema_with_attribute(**attribute: object) -> Json:
    return schema_with(attributes=[{"name": "rating", "type": "integer"}, attribute])


BAD_SCHEMAS: dict[str, Json] = {
    "no name": schema_with(name=...),
    "name is no string": schema_with(name=5),
    "empty name": schema_with(name=""),
    "name of 27 characters": schema_with(name="N" * 27),
    "name begins with a digit": schema_with(name="1st"),
    "name begins with an underscore": schema_with(name="_name"),
    "name with a hyphen": schema_with(name="not-a-name"),
    "name with a space": schema_with(name="not a name"),
    "name that is not ASCII": schema_with(name="Zufriedenheitsgefühl"),
    "name of a field": schema_with(name="media_type"),
    "no type": schema_with(type=...),
    "unknown type": schema_with(type="many-valued"),
    "type is no string": schema_with(type=1),
    "no attributes": schema_with(attributes=...),
    "empty attributes": schema_with(attributes=[]),
    "attributes are no array": schema_with(attributes={"rating": "integer"}),
    "attribute is no object": schema_with(attributes=["rating"]),
    "attribute without name": schema_with_attribute(type="string"),
    "attribute without type": schema_with_attribute(name="extra"),
    "attribute of an unknown type": schema_with_attribute(name="extra", type="clob"),
    "attribute with an empty name": schema_with_attribute(name="", type="string"),
    "attribute twice": schema_with_attribute(name="rating", type="string"),
    "negative length": schema_with_attribute(name="extra", type="string", length=-1),
    "length is no integer": schema_with_attribute(name="extra", type="string", length="10"),
    "mandatory is no boolean": schema_with_attribute(name="extra", type="string", mandatory="yes"),
    "default of the wrong type": schema_with_attribute(name="extra", type="integer", default="many"),
    "default over its length": schema_with_attribute(name="extra", type="string", length=3, default="long"),
    "default is no date": schema_with_attribute(name="extra", type="datetime", default="now"),
    "unique names no attribute": schema_with(type="multi-valued", unique=["nothing"]),
    "unique is no array": schema_with(type="multi-valued", unique="rating"),
    "unique holds no strings": schema_with(type="multi-valued", unique=[1]),
    "classifier with attributes": schema_with(type="classifier"),
}
SCHEMA_CODES = (
    "bad_schema",
    "missing_field",
    "wrong_type",
    "too_long",
    "empty_value",
    "out_of_range",
    "duplicate_key",
    "bad_identifier",
    "field_not_allowed",
)


@pytest.mark.parametrize("schema", BAD_SCHEMAS.values(), ids=BAD_SCHEMAS.keys())
def test_a_bad_schema_is_refused_and_not_kept(witness: Witness, schema: Json) -> None:
    assert_error(SCHEMA.send(witness, schema), 400, SCHEMA_CODES, method="POST")
    response = witness.api.caller.call("GET", "/metadata/services/extensions/Rejected")
    assert_error(response, 404, "schema_not_found", method="GET")


@pytest.mark.parametrize(
    "body",
    [
        b'{"name":"Rejected","name":"Rejected","type":"single-valued","attributes":[{"name":"a","type":"integer"}]}',
        b'{"name":"Rejected","type":"single-valued","attributes":[{"name":"a","name":"b","type":"integer"}]}',
    ],
)
def test_a_key_twice_in_a_schema_is_refused(witness: Witness, body: bytes) -> None:
    assert_error(SCHEMA.send(witness, body), 400, ("duplicate_key", "bad_schema"), method="POST")


@pytest.mark.parametrize("name", ["NoSuch", "%FF", "a%zz", "N" * 300, "Feedback%00", "Feedback%20"])
def test_a_schema_of_a_bad_name_is_not_found_or_refused(server: LiaisonServer, name: str) -> None:
    response = server.call("GET", f"/metadata/services/extensions/{name}")
    assert response.status in (400, 404), response
    codes = ("schema_not_found", "bad_identifier", "invalid_utf8", "too_long", "bad_request")
    assert_error(response, response.status, codes, method="GET")


@pytest.mark.parametrize("name", ["NoSuch", "%FF", "a%zz", "N" * 300])
def test_a_business_attribute_of_a_bad_name_is_not_found_or_refused(server: LiaisonServer, name: str) -> None:
    response = server.call("GET", f"/metadata/business-attributes/{name}")
    assert response.status in (400, 404), response
    codes = ("business_attribute_not_found", "bad_identifier", "invalid_utf8", "too_long", "bad_request")
    assert_error(response, response.status, codes, method="GET")


# All together


def test_no_refused_start_left_a_service_behind(witness: Witness) -> None:
    assert witness.api.anonymous_services("never-started") == []
    next_service = witness.api.start()
    assert witness.api.caller.call("GET", f"/services/{next_service + 1}").status == 404
