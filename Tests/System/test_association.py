"""Associate Service: what it moves, what it replaces, what it leaves alone."""

from __future__ import annotations

import uuid
from urllib.parse import quote

import pytest

from support.api import ASSOCIATION, Api, Json, assert_error, associate_path, ids
from support.http_client import encode_request
from support.server import LiaisonServer


def fresh(name: str = "customer") -> str:
    """A customer (or contact key) that no other test uses."""
    return f"{name}-{uuid.uuid4().hex[:12]}"


# The override


def test_associating_again_takes_the_service_out_of_the_former_customers_active_history(api: Api) -> None:
    first, second = fresh(), fresh()
    service = api.start()
    api.associate(first, service)
    assert api.customer_service_ids(first, "active") == [service]
    api.associate(second, service)
    assert api.customer_service_ids(first) == []
    assert api.customer_service_ids(first, "active") == []
    assert api.customer_service_ids(second, "active") == [service]


def test_associating_again_takes_the_service_out_of_the_former_customers_completed_history(api: Api) -> None:
    first, second = fresh(), fresh()
    service = api.start()
    api.associate(first, service)
    api.complete(service)
    assert api.customer_service_ids(first, "completed") == [service]
    api.associate(second, service)
    assert api.customer_service_ids(first) == []
    assert api.customer_service_ids(first, "completed") == []
    assert api.customer_service_ids(second, "completed") == [service]
    assert api.customer_service_ids(second, "active") == []


def test_other_services_of_the_former_customer_stay(api: Api) -> None:
    first, second = fresh(), fresh()
    moved, kept = api.start(customer_id=first), api.start(customer_id=first)
    api.associate(second, moved)
    assert api.customer_service_ids(first) == [kept]


def test_a_service_goes_back_to_an_earlier_customer(api: Api) -> None:
    first, second = fresh(), fresh()
    service = api.start(customer_id=first)
    api.associate(second, service)
    api.associate(first, service)
    assert api.customer_service_ids(first) == [service]
    assert api.customer_service_ids(second) == []


def test_associating_with_the_same_customer_again_changes_nothing_but_the_revision(api: Api) -> None:
    customer = fresh()
    service = api.start(customer_id=customer)
    before, revision = api.whole_service(service), api.revision(service)
    api.associate(customer, service)
    assert api.whole_service(service) == before
    assert api.revision(service) != revision
    assert api.customer_service_ids(customer) == [service]


def test_an_associated_service_disappears_from_the_query_by_contact_key(api: Api) -> None:
    contact_key = fresh("contact")
    service, still_anonymous = api.start(contact_key=contact_key), api.start(contact_key=contact_key)
    assert set(api.anonymous_service_ids(contact_key)) == {service, still_anonymous}
    api.associate(fresh(), service)
    assert api.anonymous_service_ids(contact_key) == [still_anonymous]
    assert api.anonymous_service_ids(contact_key, "active") == [still_anonymous]


def test_the_contact_key_is_kept_and_shown_under_started_after_association(api: Api) -> None:
    contact_key = fresh("contact")
    service = api.start(contact_key=contact_key)
    assert "customer_id" not in api.service(service)
    customer = fresh()
    api.associate(customer, service)
    shown = api.service(service)
    assert shown["customer_id"] == customer
    assert shown["started"]["contact_key"] == contact_key


# The body


def test_the_sample_of_the_reference_is_stored_as_sent(api: Api) -> None:
    customer = fresh()
    service = api.start(media_type=7, interaction_id="first")
    started = api.service(service)["started"]["timestamp"]
    api.associate(customer, service, ASSOCIATION)
    shown = api.whole_service(service)
    assert shown["customer_id"] == customer
    assert shown["started"] == {
        "timestamp": started,
        "contact_key": "+15550100",
        "interaction_id": "123ABCAADFJ1259ACF",
        "media_type": 1,
        "resource_id": 5005,
        "resource_type": 2,
    }
    assert shown["disposition"] == 10
    assert shown["Feedback"] == ASSOCIATION["Feedback"]
    assert shown["Satisfaction"] == ASSOCIATION["Satisfaction"]


EVERY_FIELD: Json = {
    "session_id": "session-2",
    "interaction_id": "interaction-2",
    "application_type": "portal",
    "application_id": 22,
    "resource_type": 23,
    "resource_id": 24,
    "media_type": "chat",
}


def test_every_field_of_the_body_replaces_the_one_shown_under_started(api: Api) -> None:
    service = api.start({name: 1 if isinstance(value, int) else "old" for name, value in EVERY_FIELD.items()})
    api.associate(fresh(), service, EVERY_FIELD)
    started = api.service(service)["started"]
    assert {name: started[name] for name in EVERY_FIELD} == EVERY_FIELD


@pytest.mark.parametrize("name", EVERY_FIELD)
def test_a_field_that_is_not_in_the_body_stays(api: Api, name: str) -> None:
    service = api.start(EVERY_FIELD)
    api.associate(fresh(), service, {name: "new" if isinstance(EVERY_FIELD[name], str) else 99})
    started = api.service(service)["started"]
    others = [other for other in EVERY_FIELD if other != name]
    assert {other: started[other] for other in others} == {other: EVERY_FIELD[other] for other in others}
    assert started[name] != EVERY_FIELD[name]


def test_service_type_and_estimated_duration_show_at_the_top(api: Api) -> None:
    service = api.start(service_type="Booking", est_duration=60)
    api.associate(fresh(), service, {"service_type": "Refund", "est_duration": 120})
    shown = api.service(service)
    assert (shown["service_type"], shown["est_duration"]) == ("Refund", 120)
    assert "service_type" not in shown["started"] and "est_duration" not in shown["started"]


def test_disposition_and_its_description_are_stored_on_an_active_service(api: Api) -> None:
    service = api.start()
    api.associate(fresh(), service, {"disposition": "resolved", "disposition_desc": "at once"})
    shown = api.service(service)
    assert (shown["disposition"], shown["disposition_desc"]) == ("resolved", "at once")
    assert "completed" not in shown and "duration" not in shown


def test_the_timestamp_of_an_association_never_changes_when_the_service_started(api: Api) -> None:
    began = "2020-02-29T10:00:00.123Z"
    service = api.start(timestamp=began)
    api.associate(fresh(), service, {"timestamp": "2031-01-01T00:00:00.000Z"})
    assert api.service(service)["started"]["timestamp"] == began


@pytest.mark.parametrize("body", [None, b"", b"{}", b" {} \n"], ids=["none", "empty", "object", "spaces"])
def test_without_fields_only_the_customer_changes(api: Api, body: bytes | None) -> None:
    service = api.start({**EVERY_FIELD, "service_type": 3, "est_duration": 10, "Feedback": {"rating": 1}})
    before = api.whole_service(service)
    customer = fresh()
    api.associate(customer, service, body)
    assert api.whole_service(service) == {**before, "customer_id": customer}


def test_a_customer_in_the_body_must_be_the_one_of_the_path(api: Api) -> None:
    service = api.start()
    customer = fresh()
    response = api.associate_response(customer, service, {"customer_id": "another", "media_type": 5})
    assert_error(response, 400, "field_mismatch", method="POST", field="customer_id")
    assert "customer_id" not in api.service(service)
    api.associate(customer, service, {"customer_id": customer})
    assert api.service(service)["customer_id"] == customer


@pytest.mark.parametrize("as_string", [False, True], ids=["number", "string"])
def test_a_service_id_in_the_body_must_be_the_one_of_the_path(api: Api, as_string: bool) -> None:
    service = api.start()
    spell = str if as_string else int
    refused = api.associate_response(fresh(), service, {"service_id": spell(service + 1)})
    assert_error(refused, 400, "field_mismatch", method="POST", field="service_id")
    api.associate(fresh(), service, {"service_id": spell(service)})


def test_any_content_type_is_read_as_json(api: Api) -> None:
    service = api.start()
    for content_type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-8",
    ):
        response = api.associate_response(fresh(), service, {"media_type": 1}, {"Content-Type": content_type})
        assert response.status == 200, (content_type, response)


# Extensions


def test_an_extension_is_replaced_as_a_whole_and_the_others_stay(api: Api) -> None:
    service = api.start(Feedback={"rating": 1, "notes": "old"}, Satisfaction=[{"rating": 1, "place": "here"}])
    api.associate(fresh(), service, {"Feedback": {"rating": 2}})
    shown = api.whole_service(service)
    assert shown["Feedback"] == {"rating": 2}
    assert shown["Satisfaction"] == [{"rating": 1, "place": "here"}]


def test_the_records_of_a_multi_valued_extension_are_replaced_not_appended(api: Api) -> None:
    service = api.start(Satisfaction=[{"rating": 1, "place": "a"}, {"rating": 2, "place": "b"}])
    api.associate(fresh(), service, {"Satisfaction": [{"rating": 3, "place": "c"}]})
    assert api.whole_service(service)["Satisfaction"] == [{"rating": 3, "place": "c"}]


def test_an_extension_may_be_named_in_any_case_and_is_still_the_same_one(api: Api) -> None:
    service = api.start(Feedback={"rating": 1})
    api.associate(fresh(), service, {"FEEDBACK": {"rating": 2}})
    shown = {name.lower(): value for name, value in api.whole_service(service).items()}
    assert shown["feedback"] == {"rating": 2}
    assert [name.lower() for name in api.whole_service(service)].count("feedback") == 1


def test_without_schemas_any_json_is_an_extension_and_is_replaced_as_a_whole(
    schemaless: LiaisonServer,
) -> None:
    api = Api(schemaless)
    values = [{"deep": [1, {"er": None}]}, [1, "two", 3.5], "text", -7, 2.25, True, None, [], {}]
    service = api.start({f"Extension{index}": value for index, value in enumerate(values)})
    shown = api.whole_service(service)
    assert [shown[f"Extension{index}"] for index in range(len(values))] == values
    api.associate(fresh(), service, {"Extension0": {"other": 1}})
    assert api.whole_service(service)["Extension0"] == {"other": 1}
    assert api.whole_service(service)["Extension1"] == values[1]


# Completed and unknown services


def test_a_completed_service_can_be_associated_and_stays_completed(api: Api) -> None:
    service = api.start(customer_id=fresh())
    api.complete(service, {"disposition": 1})
    completed = api.service(service)["completed"]
    customer = fresh()
    api.associate(customer, service, {"resource_id": 9, "disposition": 2})
    shown = api.service(service)
    assert shown["customer_id"] == customer
    assert shown["completed"] == completed
    assert shown["started"]["resource_id"] == 9
    assert shown["disposition"] == 2


def test_an_unknown_service_is_not_found_and_nothing_is_created(api: Api) -> None:
    customer = fresh()
    response = api.associate_response(customer, 2**53 - 1, {"media_type": 1})
    assert_error(response, 404, "service_not_found", method="POST")
    assert api.customer_service_ids(customer) == []


# Revisions


def test_every_write_gives_a_new_revision_and_reads_do_not(api: Api) -> None:
    service = api.start()
    revisions = [api.revision(service), api.revision(service)]
    assert revisions[0] == revisions[1]
    api.associate(fresh(), service)
    revisions.append(api.revision(service))
    api.complete(service)
    revisions.append(api.revision(service))
    assert len(set(revisions)) == 3
    assert all(revision.startswith('"') and revision.endswith('"') for revision in revisions)


@pytest.mark.parametrize("query", ["", "?extensions=*"])
def test_a_client_that_has_the_service_is_told_so_until_it_changes(server: LiaisonServer, query: str) -> None:
    api = Api(server)
    service = api.start()
    target = f"/services/{service}{query}"
    tag = server.call("GET", target).etag
    for tags in (tag, f"W/{tag}", f'"x", W/"7,8" ,{tag}', "*"):
        for method in ("GET", "HEAD"):
            response = server.call(method, target, headers={"If-None-Match": tags})
            assert (response.status, response.body, response.etag) == (304, b"", tag), tags
            assert response.header("content-length") is None and response.header("x-request-id")
    for tags in ('"77"', "1", tag.strip('"'), tag[:-1], ""):
        assert server.call("GET", target, headers={"If-None-Match": tags}).json["service_id"] == service, tags
    api.associate(fresh(), service)
    assert server.call("GET", target, headers={"If-None-Match": tag}).status == 200
    api.start_state(service)
    with_states = server.call("GET", f"/services/{service}?active_states=true", headers={"If-None-Match": "*"})
    assert with_states.status == 200, "states inside have no part in the tag"
    assert server.call("GET", f"/services/{service}/states/1", headers={"If-None-Match": "*"}).status == 200
    missing = server.call("GET", f"/services/{2**53 - 1}", headers={"If-None-Match": "*"})
    assert_error(missing, 404, "service_not_found")


def test_if_match_lets_the_first_writer_through_and_refuses_the_second(api: Api) -> None:
    service = api.start()
    revision = api.revision(service)
    winner, loser = fresh(), fresh()
    assert api.associate_response(winner, service, headers={"If-Match": revision}).status == 200
    refused = api.associate_response(loser, service, {"media_type": 8}, {"If-Match": revision})
    assert_error(refused, 412, "revision_mismatch", method="POST")
    shown = api.service(service)
    assert shown["customer_id"] == winner and "media_type" not in shown["started"]
    assert api.customer_service_ids(loser) == []


def test_if_match_star_asks_only_that_the_service_exists(api: Api) -> None:
    service = api.start()
    assert api.associate_response(fresh(), service, headers={"If-Match": "*"}).status == 200
    response = api.associate_response(fresh(), 2**53 - 1, headers={"If-Match": "*"})
    assert response.status in (404, 412), response


# Ids


@pytest.mark.parametrize(
    "customer",
    [
        "0004Va58A92T0018",
        "x",
        "c" * 64,
        "é" * 64,
        "顧客-😀",
        "😀" * 64,
        "a/b",
        "/",
        "a b+c&d=e?f#g%h",
        '"quoted"\\',
        "..",
        "services",
    ],
)
def test_a_customer_id_may_hold_any_character_once_percent_encoded(api: Api, customer: str) -> None:
    service = api.start()
    api.associate(customer, service)
    assert api.service(service)["customer_id"] == customer
    found = api.customer_services(customer)
    assert service in ids(found)
    assert {shown["customer_id"] for shown in found} == {customer}
    api.associate(fresh(), service)  # leaves the shared server's customer empty again


def test_customer_ids_are_told_apart_by_case_and_by_every_character(api: Api) -> None:
    name = fresh("Case")
    upper, lower = api.start(customer_id=name.upper()), api.start(customer_id=name.lower())
    assert api.customer_service_ids(name.upper()) == [upper]
    assert api.customer_service_ids(name.lower()) == [lower]
    assert api.customer_service_ids(name + " ") == []


def test_a_slash_in_an_id_is_data_only_when_it_is_percent_encoded(api: Api) -> None:
    customer = fresh("a/b")
    service = api.start()
    assert api.caller.call("POST", f"/customers/{customer}/services/{service}").status == 404
    assert (
        api.caller.call("POST", f"/customers/{customer.replace('/', '%2f')}/services/{service}").status == 200
    )
    assert api.service(service)["customer_id"] == customer


def test_unreserved_characters_mean_the_same_encoded_or_not(api: Api) -> None:
    customer = fresh("plain")
    service = api.start()
    encoded = "".join(f"%{byte:02x}" for byte in customer.encode())
    assert api.caller.call("POST", f"/customers/{encoded}/services/{service}").status == 200
    assert api.customer_service_ids(customer) == [service]


def test_a_plus_sign_in_a_path_is_a_plus_sign(api: Api) -> None:
    contact_key = "+1" + fresh("5550")
    service = api.start(contact_key=contact_key)
    assert api.anonymous_service_ids(contact_key) == [service]
    response = api.caller.call("GET", "/services/anonymous/" + quote(contact_key, safe="+"))
    assert ids(response.json) == [service]


# Order


def test_writes_pipelined_on_one_connection_are_applied_in_order(server: LiaisonServer) -> None:
    api = Api(server)
    service = api.start()
    customers = [fresh() for _ in range(100)]
    with server.connect() as connection:
        answers = connection.pipeline(
            encode_request("POST", associate_path(customer, service), {"resource_id": index})
            for index, customer in enumerate(customers)
        )
    assert [answer.status for answer in answers] == [200] * 100
    shown = api.service(service)
    assert (shown["customer_id"], shown["started"]["resource_id"]) == (customers[-1], 99)
    assert all(api.customer_service_ids(customer) == [] for customer in customers[:-1])


def test_calls_pipelined_behind_one_that_waits_do_not_overtake_it(server: LiaisonServer) -> None:
    # A start with a key is run by a task, an association is not.
    with server.connect() as connection:
        first = Api(connection).start()
        requests: list[bytes] = []
        for index in range(20):
            requests.append(
                encode_request("POST", "/services/start", {"contact_key": "k"}, {"Idempotency-Key": f"overtake-{index}"})
            )
            requests.append(encode_request("POST", associate_path(f"overtaking-{index}", first + 1 + index)))
        answers = connection.pipeline(requests)
    assert [answer.status for answer in answers] == [201, 200] * 20


def test_reads_pipelined_between_writes_see_each_write_before_them(server: LiaisonServer) -> None:
    service = Api(server).start()
    customers = [fresh() for _ in range(30)]
    requests = []
    for customer in customers:
        requests += [
            encode_request("POST", associate_path(customer, service)),
            encode_request("GET", f"/services/{service}"),
        ]
    with server.connect() as connection:
        answers = connection.pipeline(requests)
    assert [answer.json["customer_id"] for answer in answers[1::2]] == customers


def test_a_write_that_fails_alone_does_not_disturb_its_neighbours(server: LiaisonServer) -> None:
    api = Api(server)
    service = api.start()
    unknown = 2**53 - 1
    with server.connect() as connection:
        answers = connection.pipeline(
            encode_request("POST", associate_path(f"pipelined-{index}", unknown if index % 2 else service))
            for index in range(20)
        )
    assert [answer.status for answer in answers] == [200, 404] * 10
    assert api.service(service)["customer_id"] == "pipelined-18"
    api.associate(fresh(), service)


def test_two_spellings_of_a_customer_that_look_alike_are_two_customers(server: LiaisonServer) -> None:
    """An accent is one character, or two; ids are compared as they were sent."""
    api, rest = Api(server), fresh()
    one, two = f"Jos\u00e9{rest}", f"Jose\u0301{rest}"
    service = api.start(customer_id=one)
    api.associate(two, service)
    assert api.customer_service_ids(one) == [] and api.customer_service_ids(two) == [service]
    customers = [one["customer_id"] for one in api.get(f"/services/{service}/associations")]
    assert customers == [two, one]  # has settled: the tables know
    assert api.customer_service_ids(one) == [] and api.customer_service_ids(two) == [service]
    api.associate(one, service)
    assert api.customer_service_ids(one) == [service] and api.customer_service_ids(two) == []
    for customer, name in ((one, "A"), (two, "B")):
        api.create_profile({"customer_id": customer, "FirstName": name})
    assert [api.profile(customer)["FirstName"] for customer in (one, two)] == ["A", "B"]
