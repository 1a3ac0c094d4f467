"""One table: every operation with its success in both spellings, its documented errors, and the roles it needs."""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass
from typing import Any

import pytest

from support.api import Api, Json, assert_error, segment
from support.server import LiaisonServer

LONG_AGO, FUTURE = "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
UNKNOWN = 2**53 - 1
PREFIX = "/genesys/1/cs"


@dataclass(frozen=True)
class Row:
    """An operation of the reference's table (§14): its number, one good request, and what a success answers."""

    number: str
    method: str
    path: str
    body: Any = None
    status: int = 200
    code: str = ""
    """Of the answer to the same request about something that is not there; empty where nothing can be missing."""
    role: str = "write"


SCHEMA: Json = {"type": "single-valued", "attributes": [{"name": "a", "type": "integer"}]}
ROWS = [
    Row("1", "POST", "/services/start", {"contact_key": "k", "service_type": 3}, 201),
    Row("2", "POST", "/customers/{new}/services/{service}", {"media_type": 1}, code="service_not_found"),
    Row("3", "POST", "/services/{service}/end", {"disposition": 1}, code="service_not_found"),
    Row("4", "GET", "/services/{service}", code="service_not_found", role="read"),
    Row("5", "GET", "/customers/{customer}/services", role="read"),
    Row("5", "GET", "/customers/{customer}/services/active", role="read"),
    Row("5", "GET", "/customers/{customer}/services/completed", role="read"),
    Row("6", "GET", "/services/anonymous/{new}", role="read"),
    Row("6", "GET", "/services/anonymous/{new}/active", role="read"),
    Row("6", "GET", "/services/anonymous/{new}/completed", role="read"),
    Row("7", "DELETE", "/services/{service}", code="service_not_found"),
    Row("8", "PUT", "/services/{service}", {"ttl": 60}, code="service_not_found"),
    Row("9", "PUT", "/services/{service}/extensions/E", {"a": 1}, code="service_not_found"),
    Row("10", "PUT", "/services/{service}/extensions/E/merge", {"a": 1}, code="service_not_found"),
    Row("11", "POST", "/services/{service}/states/start", {"state_type": 1}, 201, "service_not_found"),
    Row("12", "POST", "/services/{service}/states/{state}/end", {"disposition": 1}, code="service_not_found"),
    Row(
        "13", "POST", "/services/{service}/states/transition", {"from": {"state_id": 1}, "to": {"state_type": 2}},
        code="service_not_found",
    ),
    Row("14", "GET", "/services/{service}/states", code="service_not_found", role="read"),
    Row("14", "GET", "/services/{service}/states/active", code="service_not_found", role="read"),
    Row("14", "GET", "/services/{service}/states/completed", code="service_not_found", role="read"),
    Row("15", "GET", "/services/{service}/states/{state}", code="service_not_found", role="read"),
    Row("16", "PUT", "/services/{service}/states/{state}/extensions/E", [1], code="service_not_found"),
    Row("17", "PUT", "/services/{service}/states/{state}/extensions/E/merge", {"a": 1}, code="service_not_found"),
    Row("18", "POST", "/services/{service}/tasks/start", {"task_type": 1}, 201, "service_not_found"),
    Row("19", "POST", "/services/{service}/tasks/{task}/end", {"disposition": 1}, code="service_not_found"),
    Row("20", "GET", "/services/{service}/tasks", code="service_not_found", role="read"),
    Row("20", "GET", "/services/{service}/tasks/active", code="service_not_found", role="read"),
    Row("20", "GET", "/services/{service}/tasks/completed", code="service_not_found", role="read"),
    Row("21", "GET", "/services/{service}/tasks/{task}", code="service_not_found", role="read"),
    Row("22", "PUT", "/services/{service}/tasks/{task}/extensions/E", [1], code="service_not_found"),
    Row("23", "PUT", "/services/{service}/tasks/{task}/extensions/E/merge", {"a": 1}, code="service_not_found"),
    Row("24", "GET", "/profiles?Mail={new}", role="read"),
    Row("25", "GET", "/profiles/{customer}", code="profile_not_found", role="read"),
    Row("26", "POST", "/profiles", {"FirstName": "Ada"}, 201),
    Row("27", "PUT", "/profiles/{customer}", {"FirstName": "Eve"}, 204, "profile_not_found"),
    Row("28", "DELETE", "/profiles/{customer}", code="profile_not_found"),
    Row("29", "PUT", "/profiles/{customer}/merge/{other}", None, 204, "profile_not_found"),
    Row("30", "POST", "/profiles/{customer}/extensions", {"Phone": [{"type": 1}]}, code="profile_not_found"),
    Row("31", "PUT", "/profiles/{customer}/extensions/Phone/by/unique", {"type": 7}, 204, "profile_not_found"),
    Row("32", "PUT", "/profiles/{customer}/extensions/Phone/delete/by/unique", {"type": 7}, 204, "profile_not_found"),
    Row("34", "GET", "/metadata", role="read"),
    Row("35", "GET", "/metadata/business-attributes", role="read"),
    Row("36", "GET", "/metadata/profiles", role="read"),
    Row("37", "POST", "/metadata/profiles/extensions", {"name": "{name}", **SCHEMA}, 201, role="schema"),
    Row("37", "GET", "/metadata/profiles/extensions", role="read"),
    Row("37", "GET", "/metadata/profiles/extensions/{schema}", code="schema_not_found", role="read"),
    Row("38", "DELETE", "/metadata/profiles/extensions/{schema}", None, 204, "schema_not_found", "schema"),
    Row("39", "POST", "/metadata/identification-keys", {"name": "{name}", "attributes": ["X"]}, 201, role="schema"),
    Row("39", "GET", "/metadata/identification-keys", role="read"),
    Row("39", "GET", "/metadata/identification-keys/{key}", code="identification_key_not_found", role="read"),
    Row("40", "DELETE", "/metadata/identification-keys/{key}", None, 204, "identification_key_not_found", "schema"),
    Row("41", "POST", "/metadata/services/extensions", {"name": "{name}", **SCHEMA}, 201, role="schema"),
    Row("41", "GET", "/metadata/services/extensions", role="read"),
    Row("42", "POST", "/metadata/states/extensions", {"name": "{name}", **SCHEMA}, 201, role="schema"),
    Row("42", "GET", "/metadata/states/extensions", role="read"),
    Row("43", "POST", "/metadata/tasks/extensions", {"name": "{name}", **SCHEMA}, 201, role="schema"),
    Row("43", "GET", "/metadata/tasks/extensions", role="read"),
    Row("44", "POST", "/server/mode", {"mode": "production"}, role="schema"),
    Row("45", "GET", "/server/status", role="read"),
    Row("46", "GET", "/customers/{customer}/interactions", role="read"),
    Row("46", "GET", "/services/{service}/interactions", code="service_not_found", role="read"),
    Row("47", "POST", "/maintenance/purge", {"operation": "purge.service.all", "limit": LONG_AGO}),
    Row("48", "GET", f"/maintenance/services/stream?time_from={FUTURE}", role="read"),
    Row("49", "POST", "/maintenance/services/files", {"time_from": FUTURE}),
    Row("associations", "GET", "/services/{service}/associations", code="service_not_found", role="read"),
    Row("person", "GET", "/customers/{customer}/data", role="read"),
    Row("person", "DELETE", "/customers/{customer}/data"),
]
NAMES = [f"{row.number} {row.method} {row.path}" for row in ROWS]


@pytest.fixture(scope="module")
def server(session_folder, store_of) -> LiaisonServer:
    """Without schemas, but one for the records of profiles."""
    server = LiaisonServer(
        session_folder / "conformance", config={"plugins": {"extension-schemas": {"schemas": "off"}}}
    )
    server.store = store_of(server.data)
    server.start()
    api = Api(server)
    api.create_schema(
        {
            "name": "Phone", "type": "multi-valued", "unique": ["type"],
            "attributes": [{"name": "type", "type": "integer"}],
        },
        "profiles",
    )  # fmt: skip
    api.create_key({"name": "byMail", "attributes": ["Mail"]})
    yield server
    server.kill()


class World:
    """Makes what a row is about: each placeholder something new."""

    def __init__(self, server: LiaisonServer) -> None:
        self.api = Api(server)

    def fill(self, row: Row) -> tuple[str, Any]:
        path = re.sub(r"\{(\w+)\}", lambda found: str(self.make(found[1])), row.path)
        if "/states/" in row.path and "{service}" in row.path or "transition" in row.path:
            self.api.start_state(self.service)
        if "/tasks/{" in row.path:
            self.api.start_task(self.service)
        body = row.body
        if isinstance(body, dict) and body.get("name") == "{name}":
            body = {**body, "name": self.name()}
        return path, body

    def name(self) -> str:
        return f"n{uuid.uuid4().hex[:20]}"

    def make(self, what: str) -> str | int:
        if what == "service":
            self.service = self.api.start(customer_id="A")
            return self.service
        if what in ("state", "task"):
            return 1
        if what in ("customer", "other"):
            return self.api.create_profile({"FirstName": "Ada", "Phone": [{"type": 7}]})
        if what == "new":
            return segment(f"new {uuid.uuid4().hex}")
        name = self.name()
        if what == "schema":
            self.api.create_schema({"name": name, **SCHEMA}, "profiles")
        else:
            self.api.create_key({"name": name, "attributes": ["X"]})
        return name


@pytest.mark.parametrize("prefix", ["", PREFIX, PREFIX + PREFIX])
@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_every_operation_succeeds_in_every_spelling(server: LiaisonServer, row: Row, prefix: str) -> None:
    path, body = World(server).fill(row)
    response = server.call(row.method, prefix + path, body)
    assert response.status == row.status, response
    if row.status == 201:
        location = response.header("location") or ""
        assert location.startswith(f"{prefix}/") and location.endswith(str(next(iter(response.json.values()))))
        assert server.call("GET", location).status == 200
    if row.status == 204:
        assert response.body == b""


def test_the_table_has_every_operation_of_the_description(server: LiaisonServer) -> None:
    """… but the content of interactions (404 by design), imports and bulk requests, which have tests of their own."""
    elsewhere = re.compile(r"/interactions/\{|/profiles/import|^/associations|\{name\}|business-attributes/")
    described = {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path))
        for path, item in server.call("GET", "/openapi.json").json["paths"].items()
        if not elsewhere.search(path)
        for method in item
    }
    named = re.compile(r"extensions/(E|Phone)\b")
    table = {
        (row.method, re.sub(r"\{\w+\}", "{}", named.sub("extensions/{}", row.path.split("?")[0]))) for row in ROWS
    }
    assert described - table == set()


@pytest.mark.parametrize("row", [row for row in ROWS if row.code], ids=[n for r, n in zip(ROWS, NAMES, strict=True) if r.code])
def test_what_is_not_there_is_not_found(server: LiaisonServer, row: Row) -> None:
    path = re.sub(r"\{(schema|key|customer|other|new)\}", r"no-\1", row.path.replace("{service}", str(UNKNOWN)))
    path = re.sub(r"\{\w+\}", "1", path)
    assert_error(server.call(row.method, path, row.body), 404, row.code, method=row.method)


@pytest.mark.parametrize("row", [row for row in ROWS if isinstance(row.body, dict)], ids=lambda row: f"{row.method} {row.path}")
@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (b"{", {"malformed_json"}),
        (b'{"a":1,"a":2}', {"duplicate_key"}),
        (b'"\xff"', {"invalid_utf8"}),
        (b"[" * 70 + b"]" * 70, {"too_deep"}),
        (b"[]", {"body_not_object", "not_mergeable", "wrong_type"}),
    ],
    ids=["broken", "repeated key", "no UTF-8", "too deep", "no object"],
)
def test_a_body_that_cannot_be_read_is_refused(
    server: LiaisonServer, row: Row, body: bytes, codes: set[str]
) -> None:
    if body == b"[]" and re.search(r"extensions/E$", row.path):
        pytest.skip("an extension may be an array")
    path, _ = World(server).fill(row)
    assert_error(server.call(row.method, path, body), 400, codes, method=row.method)


@pytest.mark.parametrize("row", [row for row in ROWS if "{service}" in row.path], ids=lambda row: f"{row.method} {row.path}")
def test_a_service_id_that_is_none_is_refused(server: LiaisonServer, row: Row) -> None:
    for bad in ("0", "x", "-1", "9007199254740992", "1.5"):
        path = re.sub(r"\{\w+\}", "1", row.path.replace("{service}", bad))
        error = assert_error(server.call(row.method, path, row.body), 400, "bad_identifier", field="service_id")
        assert error["exception"]


TAGGED = {"2", "3", "7", "8", "9", "10", "12", "13", "16", "17", "19", "22", "23", "27", "28", "29", "30", "31", "32"}
"""The changes of what has an `ETag`: all but those that make something new."""


@pytest.mark.parametrize("row", [row for row in ROWS if row.number in TAGGED], ids=lambda row: f"{row.method} {row.path}")
def test_every_change_of_what_has_a_tag_can_be_made_conditional(server: LiaisonServer, row: Row) -> None:
    path, body = World(server).fill(row)
    # A transition changes the state that it leaves.
    changed = path.replace("/states/transition", "/states/1")
    owner = re.match(r"(?:/customers/[^/]+)?(/services/\d+(?:/(?:states|tasks)/\d+)?|/profiles/[^/]+)", changed)
    assert owner
    tag = server.call("GET", owner[1]).etag
    for other in ('"77"', 'W/"1"', '"x"'):
        response = server.call(row.method, path, body, {"If-Match": other})
        error = assert_error(response, 412, "revision_mismatch", method=row.method, field="If-Match")
        assert error["allowed"] == [tag]
    assert server.call("GET", owner[1]).etag == tag, "nothing has changed"
    assert_error(server.call(row.method, path, body, {"If-Match": "1"}), 400, "bad_parameter", field="If-Match")
    assert server.call(row.method, path, body, {"If-Match": f'"88", {tag}'}).status == row.status


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.method != "GET" and row.number not in TAGGED], ids=lambda row: f"{row.method} {row.path}"
)
def test_a_condition_is_refused_where_nothing_would_look_at_it(server: LiaisonServer, row: Row) -> None:
    path, body = World(server).fill(row)
    for condition in ("*", '"1"'):
        response = server.call(row.method, path, body, {"If-Match": condition})
        error = assert_error(response, 400, "field_not_allowed", method=row.method, field="If-Match")
        assert error["allowed"]


LISTED = {"location", "etag", "cache-status", "idempotency-replayed", "retry-after", "x-request-id", "allow", "www-authenticate"}
"""Headers that the description tells of."""


def test_the_description_has_the_statuses_and_headers_that_are_answered(server: LiaisonServer) -> None:
    document = server.call("GET", "/openapi.json").json
    operations = {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path)): operation["responses"]
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }

    def headers(responses: Json, status: int) -> set[str]:
        response = responses[str(status)]
        if "$ref" in response:
            response = document["components"]["responses"][response["$ref"].split("/")[-1]]
        return {name.lower() for name in response.get("headers", {})}

    named = re.compile(r"extensions/(E|Phone)\b")
    for row in ROWS:
        responses = operations[row.method, re.sub(r"\{\w+\}", "{}", named.sub("extensions/{}", row.path.split("?")[0]))]
        assert "default" in responses
        path, body = World(server).fill(row)
        nowhere = re.sub(r"\{\w+\}", "1", row.path.replace("{service}", str(UNKNOWN)))
        key = {"Idempotency-Key": uuid.uuid4().hex}
        first = server.call(row.method, path, body, key)
        answers = [
            first,
            server.call(row.method, path, body, key),
            server.call(row.method, path, {}, key),
            server.call(row.method, path, body, {"If-Match": '"77"', "If-None-Match": first.header("etag") or "x"}),
            server.call(row.method, nowhere, row.body),
            server.call(row.method, path, b"{"),
        ]
        assert first.status == row.status
        assert "location" not in headers(responses, row.status) or first.header("location"), path
        for answer in answers:
            assert str(answer.status) in responses, (row, answer)
            sent = {name for name, _ in answer.header_lines} & LISTED
            assert sent <= headers(responses, answer.status), (row, answer, sent)


# Roles


@pytest.fixture(scope="module")
def guarded(session_folder, store_of) -> LiaisonServer:
    keys = [
        {"name": role, "sha256": hashlib.sha256(role.encode()).hexdigest(), "roles": [role]}
        for role in ("read", "write", "schema")
    ]
    config = {
        "plugins": {"authentication": {"keys": keys}, "extension-schemas": {"schemas": "off"}},
        "limits": {},
    }
    server = LiaisonServer(session_folder / "guarded", config=config)
    server.store = store_of(server.data)
    server.start()
    yield server
    server.kill()


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_every_operation_needs_its_role(guarded: LiaisonServer, row: Row) -> None:
    path = re.sub(r"\{\w+\}", "1", row.path)
    body = {**row.body, "name": "n1"} if isinstance(row.body, dict) and "name" in row.body else row.body
    for role in ("read", "write", "schema"):
        response = guarded.call(row.method, path, body, {"Authorization": f"Bearer {role}"})
        if role == row.role:
            assert response.status not in (401, 403), response
        else:
            assert_error(response, 403, "forbidden", method=row.method)
    stranger = guarded.call(row.method, path, body)
    assert_error(stranger, 401, "unauthorized", method=row.method)
