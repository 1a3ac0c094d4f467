"""Business attributes: ids or names in, ids (or names) out, unknown values refused, and their query."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.api import Api, Json, assert_error, ids
from support.server import LiaisonServer


def attribute(name: str, dbid: int, values: dict[str, int]) -> Json:
    return {
        "name": name,
        "dbid": dbid,
        "display_name": f"The {name}",
        "description": f"Describes {name}",
        "values": [
            {
                "name": value,
                "dbid": number,
                "display_name": value.title(),
                "description": f"Describes {value}",
            }
            for value, number in values.items()
        ],
    }


MEDIA = attribute("MediaType", 118, {"voice": 1, "chat": 2, "e-mail": 3})
KIND = attribute("ServiceKind", 119, {"booking": 101, "refund": 102})
RESULT = attribute("Result", 120, {"solved": 201, "open": 202})
PLACE = attribute("Place", 121, {"desk": 301, "portal": 302})
CONTACT = {
    "name": "Contact Attributes",
    "dbid": 122,
    "values": [
        {"name": "FirstName", "dbid": 401, "display_name": "First Name"},
        {"name": "EmailAddress", "dbid": 402},
        {"name": "LastCalledAgent_TimeStamp", "dbid": 403, "type": "date"},
    ],
}


def configuration(map_names: bool, type_key: str = "Service.type") -> Json:
    return {
        "plugins": {
            "business-attributes": {
                "map-names": map_names,
                "attributes": [MEDIA, KIND, RESULT, PLACE, CONTACT],
                "Service.media_type": "MediaType",
                type_key: "ServiceKind",
                "Service.disposition": "Result",
                "Service.application_type": "Place",
            }
        }
    }


@pytest.fixture(scope="module")
def servers(
    session_folder: Path, store_of: Callable[[Path], str | None]
) -> Iterator[dict[bool, LiaisonServer]]:
    """Two servers: without and with map-names."""
    servers = {
        map_names: LiaisonServer(session_folder / f"business-{map_names}", config=configuration(map_names))
        for map_names in (False, True)
    }
    for server in servers.values():
        server.store = store_of(server.data)
        server.start()
    yield servers
    for server in servers.values():
        server.kill()


@pytest.fixture(params=[False, True], ids=["dbids", "names"])
def map_names(request: pytest.FixtureRequest) -> bool:
    return request.param


@pytest.fixture
def api(servers: dict[bool, LiaisonServer], map_names: bool) -> Api:
    return Api(servers[map_names])


@pytest.mark.parametrize("spelled", ["dbid", "name"])
def test_ids_or_names_come_in_and_one_form_goes_out(api: Api, map_names: bool, spelled: str) -> None:
    by_id = {"media_type": 1, "service_type": 101, "application_type": 301, "disposition": 201}
    by_name = {
        "media_type": "voice",
        "service_type": "booking",
        "application_type": "desk",
        "disposition": "solved",
    }
    sent = by_id if spelled == "dbid" else by_name
    service = api.start({name: value for name, value in sent.items() if name != "disposition"})
    api.complete(service, {"media_type": sent["media_type"], "disposition": sent["disposition"]})
    shown = api.service(service)
    expected = by_name if map_names else by_id
    assert shown["started"]["media_type"] == expected["media_type"]
    assert shown["started"]["application_type"] == expected["application_type"]
    assert shown["completed"]["media_type"] == expected["media_type"]
    assert shown["service_type"] == expected["service_type"]
    assert shown["disposition"] == expected["disposition"]


def test_an_association_maps_its_fields_too(api: Api, map_names: bool) -> None:
    service = api.start(media_type=1)
    api.associate("mapped", service, {"media_type": "chat", "service_type": "refund", "disposition": 202})
    shown = api.service(service)
    assert shown["started"]["media_type"] == ("chat" if map_names else 2)
    assert shown["service_type"] == ("refund" if map_names else 102)
    assert shown["disposition"] == ("open" if map_names else 202)


def test_lists_map_like_the_query_by_id(api: Api) -> None:
    service = api.start(customer_id="listed", media_type="chat", service_type=102)
    assert api.customer_services("listed")[-1] == api.service(service)


def test_service_types_filter_by_id_and_by_name_alike(api: Api) -> None:
    key = "filtered"
    booking, refund = (
        api.start(contact_key=key, service_type=101),
        api.start(contact_key=key, service_type="refund"),
    )
    for query, expected in (
        ("101", [booking]),
        ("booking", [booking]),
        ("102", [refund]),
        ("refund,booking", [booking, refund]),
    ):
        assert ids(api.anonymous_services(key, query=f"?service_types={query}"))[-len(expected) :] == expected
        assert set(api.anonymous_service_ids(key, query=f"?service_types={query}")) >= set(expected)
    assert refund not in api.anonymous_service_ids(key, query="?service_types=booking")


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("media_type", 9, ("voice", "chat", "e-mail")),
        ("media_type", "fax", ("voice", "chat", "e-mail")),
        ("media_type", 101, ("voice", "chat", "e-mail")),
        ("service_type", "voice", ("booking", "refund")),
        ("application_type", 0, ("desk", "portal")),
    ],
)
def test_an_unknown_value_is_refused_with_field_value_and_the_allowed_ones(
    api: Api, field: str, value: object, allowed: tuple[str, ...]
) -> None:
    service = api.start(media_type=1)
    before, revision = api.whole_service(service), api.revision(service)
    body = {field: value, "resource_id": 1}
    for response in (
        api.caller.call("POST", "/services/start", {"contact_key": "unknown-value", **body}),
        api.associate_response("unknown-value", service, body),
    ):
        error = assert_error(response, 400, "unknown_attribute_value", method="POST", field=field)
        assert error["value"] == value
        assert all(name in str(error["allowed"]) for name in allowed)
    assert (api.whole_service(service), api.revision(service)) == (before, revision)
    assert api.anonymous_services("unknown-value") == [] == api.customer_services("unknown-value")


def test_an_unknown_disposition_completes_nothing(api: Api) -> None:
    service = api.start()
    error = assert_error(
        api.complete_response(service, {"disposition": "lost"}),
        400,
        "unknown_attribute_value",
        field="disposition",
    )
    assert "solved" in str(error["allowed"])
    assert "completed" not in api.service(service)


def test_a_field_that_is_not_mapped_takes_any_value(api: Api) -> None:
    assert api.service(api.start(resource_type="anything"))["started"]["resource_type"] == "anything"
    assert api.service(api.start(resource_type=98765))["started"]["resource_type"] == 98765


def test_a_service_type_may_be_mapped_by_its_longer_key_too(start_server) -> None:
    api = Api(start_server(config=configuration(False, type_key="Service.service_type")))
    assert api.service(api.start(service_type="refund"))["service_type"] == 102


def test_values_that_were_stored_before_a_mapping_stay_readable(start_server, make_server) -> None:
    first = start_server("before", config={})
    service = Api(first).start(media_type="telegram", customer_id="c")
    assert first.stop() == 0
    second = make_server("after", config=configuration(True), data=first.data)
    second.start()
    assert Api(second).service(service)["started"]["media_type"] == "telegram"
    Api(second).associate("d", service, {"media_type": "voice"})
    assert Api(second).service(service)["started"]["media_type"] == "voice"


# The query


def shown_values(attribute_shown: Json) -> list[Json]:
    return [
        {key: value[key] for key in ("name", "dbid", "display_name", "description")}
        for value in attribute_shown["values"]
    ]


def test_a_business_attribute_is_shown_with_its_values_and_its_fields(api: Api, map_names: bool) -> None:
    response = api.caller.call("GET", "/metadata/business-attributes/MediaType")
    assert response.status == 200
    shown = response.json
    assert {key: shown[key] for key in ("name", "dbid", "display_name", "description")} == {
        key: MEDIA[key] for key in ("name", "dbid", "display_name", "description")
    }
    assert shown["map_name"] is map_names
    assert shown["cv_attributes"] == ["Service.media_type"]
    assert shown_values(shown) == MEDIA["values"]


def test_all_business_attributes_are_listed(api: Api) -> None:
    response = api.caller.call("GET", "/metadata/business-attributes")
    assert response.status == 200
    assert {shown["name"] for shown in response.json} == {"MediaType", "ServiceKind", "Result", "Place", "Contact Attributes"}


def test_business_attributes_are_found_by_the_field_they_are_mapped_to(api: Api) -> None:
    response = api.caller.call("GET", "/metadata/business-attributes?cv-attribute=Service.media_type")
    assert response.status == 200
    shown = response.json if isinstance(response.json, list) else [response.json]
    assert [found["name"] for found in shown] == ["MediaType"]


def test_an_unknown_business_attribute_is_not_found(api: Api) -> None:
    response = api.caller.call("GET", "/metadata/business-attributes/NoSuch")
    assert_error(response, 404, "business_attribute_not_found", method="GET")


def test_without_configuration_there_are_no_business_attributes(server: LiaisonServer) -> None:
    response = server.call("GET", "/metadata/business-attributes")
    assert (response.status, response.json) == (200, [])


def test_exports_and_what_is_told_of_a_person_show_names_too(api: Api, map_names: bool) -> None:
    service = api.start(customer_id="exported", media_type=1, service_type=101, interaction_id="I-names")
    expected = {"media_type": "voice", "service_type": "booking"} if map_names else {"media_type": 1, "service_type": 101}
    [own] = api.get("/customers/exported/data")["services"]
    stream = api.get("/maintenance/services/stream?time_from=2020-01-01T00:00:00Z&export_content=true")
    for shown in (own, next(one for one in stream if one["service_id"] == service)):
        assert shown["service_type"] == expected["service_type"]
        assert shown["started"]["media_type"] == expected["media_type"]
    for path in ("/interactions/I-names", "/customers/exported/interactions", f"/services/{service}/interactions"):
        answer = api.get(path)
        shown = answer if isinstance(answer, dict) else answer[0]
        assert shown["media_type"] == expected["media_type"]
    server = api.caller
    files = server.call("POST", "/maintenance/services/files", {"time_from": "2020-01-01T00:00:00Z"}).json["files"]
    [name] = [file["name"] for file in files if "_services." in file["name"]]
    stored = json.loads((server.data / "exports" / name).read_text())
    assert next(one for one in stored if one["service_id"] == service)["service_type"] == 101, "files hold DB ids"


def test_profiles_have_the_core_attributes_that_are_configured(api: Api) -> None:
    server = api.caller
    assert api.get("/metadata/profiles")["attributes"] == [
        {"name": "FirstName", "type": "string"},
        {"name": "EmailAddress", "type": "string"},
        {"name": "LastCalledAgent_TimeStamp", "type": "date"},
    ]
    customer = api.create_profile({"firstname": "Ada", "EmailAddress": ["a@example.org", "b@example.org"]})
    assert api.profile(customer)["FirstName"] == "Ada", "compared without case, kept as configured"
    error = assert_error(server.call("POST", "/profiles", {"Shoe": "42"}), 400, "unknown_core_attribute", field="Shoe")
    assert error["allowed"] == ["FirstName", "EmailAddress", "LastCalledAgent_TimeStamp"]
    path = f"/profiles/{customer}"
    assert_error(server.call("PUT", path, {"Shoe": "42"}), 400, "unknown_core_attribute", field="Shoe")
    for date, status in (("2031-04-09", 204), ("2031-04-09T07:45:10.250Z", 204), ("soon", 400), ("2031-13-01", 400)):
        response = server.call("PUT", path, {"LastCalledAgent_TimeStamp": date})
        assert response.status == status, response
    assert_error(response, 400, "bad_date", field="LastCalledAgent_TimeStamp")
    assert api.profile(customer) == {"customer_id": customer, "LastCalledAgent_TimeStamp": "2031-04-09T07:45:10.250Z"}
    for attributes in (["Shoe"], ["FirstName", "firstname"]):
        key = {"name": "byShoe", "attributes": attributes}
        assert_error(server.call("POST", "/metadata/identification-keys", key), 400, "bad_schema", field="attributes")
    api.create_key({"name": "byFirst", "attributes": ["firstname"]})
    assert api.get("/metadata/identification-keys/byFirst")["attributes"] == ["FirstName"]
    (server.data / "imports").mkdir(exist_ok=True)
    (server.data / "imports" / "p.csv").write_text("FirstName,Shoe\nEve,42\n")
    response = server.call("POST", "/profiles/import", {"profiles": "p.csv"})
    assert_error(response, 400, "unknown_core_attribute", field="Shoe")
