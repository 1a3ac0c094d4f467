"""Schemas of service extensions: creating and querying them, and what they refuse."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

import pytest

from support.api import FEEDBACK, SATISFACTION, Api, Json, assert_error, associate_path, segment
from support.http_client import encode_request
from support.server import LiaisonServer

_numbers = itertools.count()


def fresh_name() -> str:
    return f"Schema{next(_numbers)}"


class Extension:
    """A schema of its own, and a service to try values on by every operation that takes extensions."""

    def __init__(self, api: Api, attributes: list[Json], kind: str = "single-valued", **more: Any) -> None:
        self.api = api
        self.name = fresh_name()
        api.create_schema({"name": self.name, "type": kind, "attributes": attributes, **more})

    def accepted(self, value: Any) -> Any:
        """Sends a value that must be taken, and returns what is shown of it."""
        service = self.api.start({self.name: value})
        return self.api.service(service, f"?extensions={self.name}")[self.name]

    def refused(self, value: Any) -> Json:
        """Sends a value by every operation; each must refuse it, name the extension, and apply nothing."""
        service = self.api.start(media_type=1)
        before, revision = self.api.whole_service(service), self.api.revision(service)
        body = {"media_type": 2, "resource_id": 3, self.name: value}
        answers = [
            self.api.caller.call("POST", "/services/start", {"contact_key": "refused", **body}),
            self.api.associate_response("refused", service, body),
            self.api.complete_response(service, body),
        ]
        errors = [assert_error(answer, 400, "extension_violation", method="POST") for answer in answers]
        for answer in answers:
            assert self.name in answer.body.decode()
        assert (self.api.whole_service(service), self.api.revision(service)) == (before, revision)
        assert self.api.anonymous_services("refused") == []
        assert self.api.customer_services("refused") == []
        return errors[0]


# Creating and querying


def test_creating_a_schema_answers_201_with_name_and_location(server: LiaisonServer) -> None:
    name = fresh_name()
    schema = {"name": name, "type": "single-valued", "attributes": [{"name": "rating", "type": "integer"}]}
    response = server.call("POST", "/metadata/services/extensions", schema)
    assert (response.status, response.json) == (201, {"name": name})
    assert response.header("location") == f"/metadata/services/extensions/{name}"
    assert server.call("GET", response.header("location") or "").json["name"] == name


def test_a_schema_is_shown_as_it_was_created(server: LiaisonServer) -> None:
    for schema in (FEEDBACK, SATISFACTION):
        shown = server.call("GET", f"/metadata/services/extensions/{schema['name']}").json
        assert (shown["name"], shown["type"]) == (schema["name"], schema["type"])
        assert shown.get("unique", []) == schema.get("unique", [])
        assert [attribute["name"] for attribute in shown["attributes"]] == [
            attribute["name"] for attribute in schema["attributes"]
        ]
        for given, attribute in zip(schema["attributes"], shown["attributes"], strict=True):
            assert {key: attribute[key] for key in given} == given


def test_all_schemas_are_listed(server: LiaisonServer) -> None:
    listed = {schema["name"]: schema for schema in server.call("GET", "/metadata/services/extensions").json}
    assert {"Feedback", "Satisfaction"} <= set(listed)
    assert listed["Feedback"] == server.call("GET", "/metadata/services/extensions/Feedback").json


def test_a_schema_is_found_in_any_case(server: LiaisonServer) -> None:
    assert server.call("GET", "/metadata/services/extensions/fEEDBACK").json["name"] == "Feedback"


def test_an_unknown_schema_is_not_found(server: LiaisonServer) -> None:
    response = server.call("GET", "/metadata/services/extensions/NoSuch")
    assert_error(response, 404, "schema_not_found", method="GET")


@pytest.mark.parametrize("name", ["Feedback", "FEEDBACK", "feedback"])
def test_a_second_schema_of_one_name_in_any_case_is_a_conflict(server: LiaisonServer, name: str) -> None:
    before = server.call("GET", "/metadata/services/extensions/Feedback").json
    schema = {"name": name, "type": "single-valued", "attributes": [{"name": "other", "type": "string"}]}
    response = server.call("POST", "/metadata/services/extensions", schema)
    assert_error(response, 409, "schema_exists", method="POST")
    assert server.call("GET", "/metadata/services/extensions/Feedback").json == before


def test_a_name_may_have_26_characters(api: Api) -> None:
    name = "N2345678901234567890_23456"
    assert len(name) == 26
    api.create_schema(
        {"name": name, "type": "single-valued", "attributes": [{"name": "a", "type": "integer"}]}
    )
    assert api.service(api.start({name: {"a": 1}}), f"?extensions={name}")[name] == {"a": 1}


def test_schemas_and_their_extensions_survive_a_restart(start_server) -> None:
    server = start_server()
    api = Api(server)
    api.create_schema(FEEDBACK)
    api.create_schema(SATISFACTION)
    service = api.start(Feedback={"rating": 1})
    listed = server.call("GET", "/metadata/services/extensions").json
    server.kill()
    server.start()
    assert server.call("GET", "/metadata/services/extensions").json == listed
    assert api.whole_service(service)["Feedback"] == {"rating": 1}
    response = api.associate_response("c", service, {"Feedback": {"notes": "no rating"}})
    assert_error(response, 400, "extension_violation")
    assert_error(server.call("POST", "/metadata/services/extensions", FEEDBACK), 409, "schema_exists")


def test_a_schema_holds_for_writes_that_are_pipelined_behind_it(server: LiaisonServer) -> None:
    requests = []
    for name in (fresh_name(), fresh_name()):
        schema = {"name": name, "type": "single-valued", "attributes": [{"name": "a", "type": "integer"}]}
        requests += [
            encode_request("POST", "/services/start", {"contact_key": "k", name: {"a": 1}}),
            encode_request("POST", "/metadata/services/extensions", schema),
            encode_request("POST", "/services/start", {"contact_key": "k", name: {"a": 1}}),
            encode_request("POST", "/services/start", {"contact_key": "k", name: {"a": "x"}}),
        ]
    with server.connect() as connection:
        answers = connection.pipeline(requests)
    assert [answer.status for answer in answers] == [400, 201, 201, 400] * 2
    assert answers[0].json["code"] == "unknown_extension" and answers[3].json["code"] == "extension_violation"


# Types

ACCEPTED: dict[str, list[Any]] = {
    "string": ["", "text", "é😀", "x" * 1000],
    "integer": [0, -1, 2147483647, -2147483648],
    "long": [0, 9223372036854775807, -9223372036854775808],
    "double": [0, 1, -2.5, 1e300],
    "date": ["2024-02-29"],
    "datetime": ["2024-02-29T23:59:59.999Z", "2024-02-29T23:59:59Z", "2024-02-29T23:59:59+02:00"],
    "currency": [0, 12.5, -3],
    "boolean": [True, False],
}
REFUSED: dict[str, list[Any]] = {
    "string": [1, True, {}, []],
    "integer": ["1", 1.5, True, {}, [], 2147483648, -2147483649, 9223372036854775807],
    "long": ["1", 1.5, True, [], 9223372036854775808],
    "double": ["1.5", True, {}, []],
    "date": ["2024-02-30", "yesterday", "", 20240229, True],
    "datetime": ["2024-02-30T00:00:00.000Z", "2024-02-29", "now", "", 1709251199999, False],
    "currency": [True, {}, [], "much"],
    "boolean": ["true", 0, 1, "", {}],
}


def by_type(table: dict[str, list[Any]]) -> list[Any]:
    return [
        pytest.param(kind, value, id=f"{kind}-{repr(value)[:20]}")
        for kind, values in table.items()
        for value in values
    ]


@pytest.fixture(scope="module")
def extensions_by_type(shared_server: LiaisonServer) -> dict[str, Extension]:
    return {kind: Extension(Api(shared_server), [{"name": "value", "type": kind}]) for kind in ACCEPTED}


@pytest.mark.parametrize(("kind", "value"), by_type(ACCEPTED))
def test_a_value_of_its_type_is_taken(
    server: LiaisonServer, extensions_by_type: dict[str, Extension], kind: str, value: Any
) -> None:
    shown = extensions_by_type[kind].accepted({"value": value})["value"]
    if kind == "datetime":
        assert isinstance(shown, str) and shown.startswith("2024-02-29T")
    else:
        assert shown == value and isinstance(shown, bool) == isinstance(value, bool)


@pytest.mark.parametrize(("kind", "value"), by_type(REFUSED))
def test_a_value_of_another_type_is_refused(
    server: LiaisonServer, extensions_by_type: dict[str, Extension], kind: str, value: Any
) -> None:
    error = extensions_by_type[kind].refused({"value": value})
    assert "value" in str(error)


# Lengths, mandatory attributes, defaults


def test_a_string_over_its_length_is_refused_naming_extension_and_attribute(api: Api) -> None:
    extension = Extension(api, [{"name": "remark", "type": "string", "length": 10}])
    assert extension.accepted({"remark": "é" * 10}) == {"remark": "é" * 10}
    error = extension.refused({"remark": "é" * 11})
    assert extension.name in str(error) and "remark" in str(error)


def test_a_length_of_zero_means_no_limit_of_its_own(api: Api) -> None:
    extension = Extension(api, [{"name": "count", "type": "integer", "length": 0}])
    assert extension.accepted({"count": 12345}) == {"count": 12345}


def test_a_mandatory_attribute_must_be_there(api: Api) -> None:
    extension = Extension(
        api, [{"name": "rating", "type": "integer", "mandatory": True}, {"name": "notes", "type": "string"}]
    )
    assert extension.accepted({"rating": 1}) == {"rating": 1}
    assert "rating" in str(extension.refused({"notes": "x"}))
    assert "rating" in str(extension.refused({}))


def test_a_default_takes_the_place_of_a_missing_attribute(api: Api) -> None:
    extension = Extension(
        api,
        [
            {"name": "rating", "type": "integer", "default": 3},
            {"name": "notes", "type": "string", "length": 10, "default": "none"},
            {"name": "place", "type": "string"},
        ],
    )
    assert extension.accepted({"place": "here"}) == {"rating": 3, "notes": "none", "place": "here"}
    assert extension.accepted({"rating": 1, "notes": ""}) == {"rating": 1, "notes": ""}


def test_a_default_satisfies_mandatory(api: Api) -> None:
    extension = Extension(api, [{"name": "rating", "type": "integer", "mandatory": True, "default": 3}])
    assert extension.accepted({}) == {"rating": 3}


def test_defaults_fill_every_record_of_a_multi_valued_extension(api: Api) -> None:
    attributes: list[Json] = [
        {"name": "place", "type": "string"},
        {"name": "rating", "type": "integer", "default": 3},
    ]
    extension = Extension(api, attributes, "multi-valued")
    assert extension.accepted([{"place": "a"}, {"place": "b", "rating": 1}]) == [
        {"place": "a", "rating": 3},
        {"place": "b", "rating": 1},
    ]


def test_an_attribute_that_the_schema_does_not_name_is_refused(api: Api) -> None:
    extension = Extension(api, [{"name": "rating", "type": "integer"}])
    assert "colour" in str(extension.refused({"rating": 1, "colour": "blue"}))


# Single-valued, multi-valued, classifier


@pytest.mark.parametrize("value", [[], [{"rating": 1}], 1, "text", True])
def test_a_single_valued_extension_is_one_object(api: Api, value: Any) -> None:
    Extension(api, [{"name": "rating", "type": "integer"}]).refused(value)


@pytest.mark.parametrize("value", [{}, {"rating": 1}, 1, "text", True, [1], [[{"rating": 1}]]])
def test_a_multi_valued_extension_is_an_array_of_objects(api: Api, value: Any) -> None:
    Extension(api, [{"name": "rating", "type": "integer"}], "multi-valued").refused(value)


def test_a_multi_valued_extension_may_have_no_record(api: Api) -> None:
    extension = Extension(api, [{"name": "rating", "type": "integer"}], "multi-valued")
    service = api.start({extension.name: [{"rating": 1}]})
    api.associate("c", service, {extension.name: []})
    assert api.whole_service(service).get(extension.name, []) == []


def test_a_violation_in_a_record_names_extension_attribute_and_index(api: Api) -> None:
    extension = Extension(api, [{"name": "rating", "type": "integer"}], "multi-valued")
    error = extension.refused([{"rating": 1}, {"rating": 2}, {"rating": "three"}])
    named = error["message"] + str(error.get("field"))
    assert all(part in named for part in (extension.name, "rating", "2"))


def test_one_bad_extension_refuses_the_good_ones_with_it(api: Api) -> None:
    extension = Extension(api, [{"name": "a", "type": "integer"}])
    service = api.start(Feedback={"rating": 1})
    response = api.associate_response("c", service, {"Feedback": {"rating": 2}, extension.name: {"a": "x"}})
    assert_error(response, 400, "extension_violation")
    assert api.whole_service(service)["Feedback"] == {"rating": 1}


def test_a_classifier_is_a_flag_without_attributes(server: LiaisonServer, api: Api) -> None:
    name = fresh_name()
    response = server.call("POST", "/metadata/services/extensions", {"name": name, "type": "classifier"})
    assert response.status == 201, response
    assert server.call("GET", f"/metadata/services/extensions/{name}").json["type"] == "classifier"
    service = api.start({name: {}})
    assert api.whole_service(service)[name] == {}
    refused = api.associate_response("c", service, {name: {"attribute": 1}})
    assert_error(refused, 400, "extension_violation")


# Unique tuples


def test_records_must_not_repeat_a_unique_tuple(api: Api) -> None:
    attributes = [
        {"name": "place", "type": "string"},
        {"name": "year", "type": "integer"},
        {"name": "rating", "type": "integer"},
    ]
    extension = Extension(api, attributes, "multi-valued", unique=["place", "year"])
    fine = [{"place": "a", "year": 1, "rating": 1}, {"place": "a", "year": 2, "rating": 1}]
    assert extension.accepted(fine) == fine
    error = extension.refused([*fine, {"place": "a", "year": 1, "rating": 2}])
    assert extension.name in str(error)


def test_a_unique_tuple_is_compared_with_its_defaults(api: Api) -> None:
    attributes = [
        {"name": "place", "type": "string", "default": "here"},
        {"name": "rating", "type": "integer"},
    ]
    extension = Extension(api, attributes, "multi-valued", unique=["place"])
    extension.refused([{"rating": 1}, {"place": "here", "rating": 2}])


def test_two_services_may_hold_the_same_unique_tuple(api: Api) -> None:
    extension = Extension(api, [{"name": "place", "type": "string"}], "multi-valued", unique=["place"])
    assert extension.accepted([{"place": "a"}]) == extension.accepted([{"place": "a"}])


# Switched off


def test_with_schemas_off_any_key_and_any_json_goes(schemaless: LiaisonServer) -> None:
    api = Api(schemaless)
    value = {"anything": [1, 2.5, None, {"nested": True}]}
    service = api.start({"Feedback": value, "a name with spaces and ünicode": 1})
    shown = api.whole_service(service)
    assert shown["Feedback"] == value and shown["a name with spaces and ünicode"] == 1


def test_with_schemas_off_a_field_of_the_resource_is_still_none_of_the_extensions(
    schemaless: LiaisonServer,
) -> None:
    response = schemaless.call("POST", "/services/start", {"contact_key": "k", "completed": {"x": 1}})
    assert_error(response, 400, "field_not_allowed", field="completed")


def test_no_extension_has_the_name_of_a_field(schemaless: LiaisonServer) -> None:
    api = Api(schemaless)
    service = api.start(contact_key="k", customer_id="A")
    state = api.start_state(service)
    for path, name in ((f"/services/{service}", "customer_id"), (f"/services/{service}/states/{state}", "started")):
        for way in ("", "/merge"):
            response = schemaless.call("PUT", f"{path}/extensions/{name}{way}", {"x": 1})
            assert_error(response, 400, "field_not_allowed", field="ext_name")
        assert schemaless.call("PUT", f"{path}/extensions/from", {"x": 1}).status == 200
    assert api.whole_service(service)["customer_id"] == "A"


def test_extensions_as_deep_as_may_be_are_in_everybodys_way_nowhere(schemaless: LiaisonServer) -> None:
    api = Api(schemaless)
    deep: Json = 1
    for _ in range(64):
        deep = [deep]
    service = api.start(contact_key="deep", interaction_id="deep")
    state = api.start_state(service)
    for path in (f"/services/{service}", f"/services/{service}/states/{state}"):
        assert schemaless.call("PUT", f"{path}/extensions/Deep", deep).status == 200
        assert_error(schemaless.call("PUT", f"{path}/extensions/Deep", [deep]), 400, "too_deep")
    assert [one["external_id"] for one in api.get(f"/services/{service}/interactions")] == ["deep"]
    exported = schemaless.call("POST", "/maintenance/services/files", {"time_from": "2000-01-01T00:00:00Z"})
    assert exported.status == 200, exported


def test_a_merge_that_makes_an_extension_needs_what_a_new_one_needs(api: Api) -> None:
    schema = {
        "name": fresh_name(),
        "type": "single-valued",
        "attributes": [
            {"name": "rating", "type": "integer", "mandatory": True},
            {"name": "place", "type": "string", "default": "here"},
            {"name": "note", "type": "string"},
        ],
    }
    name = schema["name"]
    for owner in ("services", "states", "tasks"):
        api.create_schema(schema, owner)
    service = api.start()
    paths = {
        "service": f"/services/{service}",
        "state": f"/services/{service}/states/{api.start_state(service)}",
        "task": f"/services/{service}/tasks/{api.start_task(service)}",
    }
    for owner, path in paths.items():
        merge = f"{path}/extensions/{name}/merge"
        error = assert_error(api.caller.call("PUT", merge, {"note": "x"}), 400, "extension_violation")
        assert error["field"] == f"{name}.rating" and "mandatory" in error["message"]
        shown = api.get(f"{path}?extensions=*")
        assert name not in shown, owner
        assert api.caller.call("PUT", merge, {"rating": 3}).status == 200
        assert api.caller.call("PUT", merge, {"note": "y"}).status == 200, "only what changes is needed from now on"
        whole = {"rating": 3, "place": "here", "note": "y"}
        assert api.get(f"{path}?extensions=*")[name] == whole
        for attribute in ("rating", "place"):
            taken = api.caller.call("PUT", merge, {attribute: None})
            assert_error(taken, 400, "extension_violation", field=f"{name}.{attribute}")
        assert api.get(f"{path}?extensions=*")[name] == whole, "a merge takes away nothing that must be there"
        assert api.caller.call("PUT", merge, {"note": None}).status == 200


def test_a_schema_counts_on_all_loops_at_once_and_after_a_restart(start_server) -> None:
    server = start_server(config={"loops": 4})
    attributes = [{"name": "text", "type": "string"}]
    # The system spreads connections over the loops.
    connections = [Api(server.connect()) for _ in range(16)]
    for number in range(20):
        schema = {"name": f"Loop{number}", "type": "single-valued", "attributes": attributes}
        connections[number % 16].create_schema(schema)
        for one in connections:
            one.start({schema["name"]: {"text": "x"}})
    schema = {"name": "Gone", "type": "single-valued", "attributes": attributes}
    for number in range(10):
        connections[number].create_schema(schema, "profiles")
        for one in connections:
            one.create_profile({"Gone": {"text": "x"}})
        assert connections[-number].caller.call("DELETE", "/metadata/profiles/extensions/Gone").status == 204
        for one in connections:
            bad = one.caller.call("POST", "/profiles", {"Gone": {"text": "x"}})
            assert_error(bad, 400, "unknown_extension", field="Gone")
    server.kill()
    server.start()
    assert len(Api(server).get("/metadata/services/extensions")) == 20
    assert_error(server.call("POST", "/profiles", {"Gone": {"text": "x"}}), 400, "unknown_extension", field="Gone")


@pytest.mark.parametrize(
    ("name", "code"),
    [("", "empty_value"), ("a\u0001", "bad_identifier"), ("a,b", "bad_identifier"), ("x" * 256, "too_long")],
)
def test_an_extension_has_a_name_by_which_it_can_be_asked_for(
    schemaless: LiaisonServer, name: str, code: str
) -> None:
    api = Api(schemaless)
    service = api.start(customer_id="A")
    for response in (
        schemaless.call("POST", "/services/start", {"customer_id": "A", name: 1}),
        schemaless.call("POST", "/profiles", {name: 1}),
    ):
        assert_error(response, 400, code, field=name)
    if name:
        path = f"/services/{service}/extensions/{segment(name)}"
        assert_error(schemaless.call("PUT", path, {}), 400, code, field="ext_name")
    assert schemaless.call("PUT", f"/services/{service}/extensions/{'x' * 255}", {}).status == 200


@pytest.mark.parametrize("schemas", ["on", "off"])
def test_an_extension_grows_by_merges_to_the_size_of_one_at_most(start_server, schemas: str) -> None:
    server = start_server(
        config={
            "http": {"max-body": 4096},
            "plugins": {"extension-schemas": {"schemas": schemas, "max-extension": 8192}},
        }
    )
    api = Api(server)
    attributes = [{"name": f"k{number}", "type": "string"} for number in range(4)]
    api.create_schema({"name": "E", "type": "single-valued", "attributes": attributes})
    service = api.start(customer_id="A")
    path = f"/services/{service}/extensions/E/merge"
    for number in range(2):
        assert server.call("PUT", path, {f"k{number}": "x" * 3500}).status == 200
    assert_error(server.call("PUT", path, {"k2": "x" * 3500}), 409, "merge_too_large", field="E")
    assert server.call("PUT", path, {"k1": "y" * 3600}).status == 200
    shown = api.get(f"/services/{service}?extensions=E")["E"]
    assert shown == {"k0": "x" * 3500, "k1": "y" * 3600}


def test_a_body_gives_so_many_extensions_at_most(schemaless: LiaisonServer) -> None:
    api = Api(schemaless)
    service, customer = api.start(customer_id="A"), f"many-{uuid.uuid4().hex}"
    most = {f"e{number}": {} for number in range(256)}
    for path in (
        "/services/start", associate_path("A", service), f"/services/{service}/states/start", f"/services/{service}/end",
    ):  # fmt: skip
        body = {"customer_id": "A", **most} if path == "/services/start" else most
        error = assert_error(schemaless.call("POST", path, {**body, "more": 1}), 400, "too_long", field="more")
        assert error["allowed"] == ["at most 256 extensions"]
        assert schemaless.call("POST", path, body).status in (200, 201)
    body = {"customer_id": customer, **most}
    assert_error(schemaless.call("POST", "/profiles", {**body, "more": 1}), 400, "too_long", field="more")
    api.create_profile(body)
    more = schemaless.call("POST", f"/profiles/{customer}/extensions", {"e0": {"a": 1}, "more": 1})
    assert_error(more, 409, "merge_too_large", field="more")
    assert api.profile(customer, "?extensions=*") == body, "nothing was applied"
    assert schemaless.call("POST", f"/profiles/{customer}/extensions", {"E0": {"a": 1}}).status == 200
