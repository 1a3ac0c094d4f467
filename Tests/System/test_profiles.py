"""Customer profiles: create, read, update, delete, extension records, identification keys, identify, merge."""

from __future__ import annotations

import resource
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode

import pytest

from support.api import Api, Json, assert_error
from support.deadline import wait_until
from support.server import LiaisonServer

PHONE: Json = {
    "name": "Phone",
    "type": "multi-valued",
    "unique": ["type"],
    "attributes": [
        {"name": "type", "type": "integer", "mandatory": True},
        {"name": "number", "type": "string", "length": 20},
        {"name": "prefix", "type": "string", "default": "+44"},
    ],
}
NOTE: Json = {"name": "Note", "type": "single-valued", "attributes": [{"name": "text", "type": "string"}]}


@pytest.fixture(scope="module")
def profile_server(session_folder, store_of) -> LiaisonServer:
    server = LiaisonServer(session_folder / "profiles")
    server.store = store_of(server.data)
    server.start()
    api = Api(server)
    api.create_schema(PHONE, "profiles")
    api.create_schema(NOTE, "profiles")
    api.create_key({"name": "byMail", "attributes": ["EmailAddress"], "unique": True})
    api.create_key({"name": "byName", "attributes": ["LastName", "FirstName", "City"]})
    api.create_key({"name": "byPhone", "source": "Phone", "attributes": ["number"]})
    yield server
    server.kill()


@pytest.fixture
def api(profile_server: LiaisonServer) -> Api:
    return Api(profile_server)


def fresh(name: str = "x") -> str:
    return f"{name}-{uuid.uuid4().hex[:12]}"


# Create, read, update, delete


def test_a_created_profile_shows_its_core_attributes_and_extensions_on_request(api: Api) -> None:
    mail = fresh()
    core: Json = {"FirstName": "Ada", "LastName": "Okoye", "EmailAddress": [mail, fresh()]}
    response = api.caller.call("POST", "/profiles", {**core, "Phone": [{"type": 1, "number": "2079460000"}]})
    assert response.status == 201 and list(response.json) == ["customer_id"]
    customer = response.json["customer_id"]
    assert len(customer) == 16 and customer.startswith("00")
    assert response.header("location") == f"/profiles/{customer}"
    assert api.profile(customer) == {"customer_id": customer, **core}
    phone = [{"type": 1, "number": "2079460000", "prefix": "+44"}]
    assert api.profile(customer, "?extensions=phone") == {"customer_id": customer, **core, "Phone": phone}
    assert api.profile(customer, "?extensions=*")["Phone"] == phone
    assert "Phone" not in api.profile(customer, "?extensions=Note")


def test_a_customer_id_may_be_given_once(api: Api) -> None:
    customer = fresh("A/é b")
    assert api.create_profile({"customer_id": customer, "FirstName": "A"}) == customer
    again = api.caller.call("POST", "/profiles", {"customer_id": customer})
    assert_error(again, 409, "profile_exists", method="POST", field="customer_id")
    assert api.profile(customer)["FirstName"] == "A"


def test_an_update_replaces_core_attributes_and_the_extensions_it_names(api: Api) -> None:
    customer = api.create_profile(
        {"FirstName": "A", "LastName": "B", "Phone": [{"type": 1}, {"type": 2}], "Note": {"text": "n"}}
    )
    response = api.caller.call("PUT", f"/profiles/{customer}", {"FirstName": "C", "Phone": [{"type": 3}]})
    assert (response.status, response.body) == (204, b"")
    assert api.profile(customer, "?extensions=*") == {
        "customer_id": customer,
        "FirstName": "C",
        "Note": {"text": "n"},
        "Phone": [{"type": 3, "prefix": "+44"}],
    }


def test_a_core_attribute_and_an_extension_have_different_names(api: Api) -> None:
    customer = api.create_profile({"FirstName": "Ada", "Phone": [{"type": 1}]})
    before = api.profile(customer, "?extensions=*")
    for body in ({"Phone": "123"}, {"phone": ["1", "2"]}):
        response = api.caller.call("PUT", f"/profiles/{customer}", body)
        assert_error(response, 400, "duplicate_key", field=next(iter(body)))
    assert api.profile(customer, "?extensions=*") == before
    other = api.create_profile({"Note": "a core attribute"})
    response = api.caller.call("PUT", f"/profiles/{other}", {"Note": {"text": "x"}, "note": "y"})
    assert_error(response, 400, "duplicate_key")


def test_a_deleted_profile_is_gone_and_its_services_stay(api: Api) -> None:
    mail = fresh()
    customer = api.create_profile({"EmailAddress": mail})
    service = api.start(customer_id=customer)
    response = api.caller.call("DELETE", f"/profiles/{customer}")
    assert (response.status, response.body) == (200, b"")
    assert_error(api.caller.call("GET", f"/profiles/{customer}"), 404, "profile_not_found")
    assert_error(api.caller.call("DELETE", f"/profiles/{customer}"), 404, "profile_not_found")
    assert api.identify(f"EmailAddress={mail}") == []
    assert api.customer_service_ids(customer) == [service]
    assert api.create_profile({"EmailAddress": mail})


def test_as_in_8_1_the_services_of_a_customer_may_go_with_the_profile(
    start_server: Callable[..., LiaisonServer],
) -> None:
    server = start_server(config={"plugins": {"persistence": {"delete-services-with-profile": True}}})
    api = Api(server)
    customer = api.create_profile({"FirstName": "A"})
    service, other = api.start(customer_id=customer), api.start(customer_id="other")
    assert server.call("DELETE", f"/profiles/{customer}").status == 200
    assert api.customer_service_ids(customer) == []
    assert_error(server.call("GET", f"/services/{service}"), 404, "service_not_found")
    assert api.service(other)


def test_if_match_guards_a_profile(api: Api) -> None:
    customer = api.create_profile({"FirstName": "A"})
    tag = api.caller.call("GET", f"/profiles/{customer}").etag
    assert api.caller.call("PUT", f"/profiles/{customer}", {"FirstName": "B"}, {"If-Match": tag}).status == 204
    stale = api.caller.call("PUT", f"/profiles/{customer}", {"FirstName": "C"}, {"If-Match": tag})
    assert_error(stale, 412, "revision_mismatch", field="If-Match")
    assert api.profile(customer)["FirstName"] == "B"


@pytest.mark.parametrize("path", ["/profiles/{}", "/customers/{}/data"])
def test_a_tag_of_a_deleted_profile_does_not_fit_a_new_one(api: Api, path: str) -> None:
    customer, call = fresh(), api.caller.call
    tags = []
    for _ in range(3):
        tags.append(call("POST", "/profiles", {"customer_id": customer, "FirstName": "A"}).etag)
        tags.append(call("PUT", f"/profiles/{customer}", {"FirstName": "B"}).etag)
        assert call("GET", f"/profiles/{customer}").etag == tags[-1]
        for former in tags[:-1]:
            stale = call("PUT", f"/profiles/{customer}", {"FirstName": "C"}, {"If-Match": former})
            assert_error(stale, 412, "revision_mismatch", field="If-Match")
        assert call("DELETE", path.format(customer)).status == 200
    assert len(set(tags)) == len(tags)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"[]", "body_not_object", None),
        ({"FirstName": ["a", 1]}, "wrong_type", "FirstName"),
        ({"FirstName": "x" * 1025}, "too_long", "FirstName"),
        ({"n" * 65: "x"}, "bad_identifier", "n" * 65),
        ({f"a{number}": "x" for number in range(257)}, "too_long", "a256"),
        ({"customer_id": 5}, "wrong_type", "customer_id"),
        ({"customer_id": ""}, "empty_value", "customer_id"),
        ({"Unknown": {"a": 1}}, "unknown_extension", "Unknown"),
        ({"Phone": [{"type": "x"}]}, "extension_violation", "Phone[0].type"),
        ({"Phone": [{"type": 1}, {"type": 1}]}, "extension_violation", "Phone[1]"),
        ({"phone": [], "Phone": []}, "duplicate_key", "Phone"),
    ],
)
def test_a_bad_profile_is_refused_by_its_field(api: Api, body: Json, code: str, field: str | None) -> None:
    assert_error(api.caller.call("POST", "/profiles", body), 400, code, field=field)


def test_what_is_not_there_is_not_found(api: Api) -> None:
    for method, path, body in (
        ("GET", "/profiles/nobody", None),
        ("PUT", "/profiles/nobody", {"A": "b"}),
        ("POST", "/profiles/nobody/extensions", {"Note": {}}),
        ("PUT", "/profiles/nobody/extensions/Phone/by/unique", {"type": 1}),
        ("PUT", "/profiles/nobody/extensions/Phone/delete/by/unique", {"type": 1}),
        ("PUT", "/profiles/nobody/merge/other", None),
    ):
        assert_error(api.caller.call(method, path, body), 404, "profile_not_found", method=method)


# Extension records


def test_extension_records_are_inserted_updated_and_deleted(api: Api) -> None:
    customer = api.create_profile({"FirstName": "A"})
    path = f"/profiles/{customer}/extensions"
    response = api.caller.call("POST", path, {"Phone": [{"type": 1, "number": "1"}, {"type": 2, "number": "2"}]})
    assert (response.status, response.body) == (200, b"")

    def phones() -> list[Json]:
        return api.profile(customer, "?extensions=Phone")["Phone"]

    changed = api.caller.call("PUT", f"{path}/phone/by/unique", {"type": 2, "number": "22"})
    assert (changed.status, changed.body) == (204, b"")
    assert [(p["type"], p["number"]) for p in phones()] == [(1, "1"), (2, "22")]
    assert api.caller.call("PUT", f"{path}/Phone/delete/by/unique", {"type": 1}).status == 204
    assert [p["type"] for p in phones()] == [2]
    for action in ("by/unique", "delete/by/unique"):
        target = f"{path}/Phone/{action}"
        assert_error(api.caller.call("PUT", target, {"type": 9}), 404, "record_not_found", field="Phone")
        assert_error(api.caller.call("PUT", target, {"number": "1"}), 400, "missing_field", field="Phone.type")
        assert_error(api.caller.call("PUT", target, {"type": "x"}), 400, "extension_violation", field="Phone.type")
    no_unique = api.caller.call("PUT", f"{path}/Note/by/unique", {"text": "x"})
    assert_error(no_unique, 400, "no_unique_attributes")
    core = api.caller.call("POST", path, {"FirstName": "B"})
    assert_error(core, 400, "unknown_extension", field="FirstName")
    assert api.profile(customer)["FirstName"] == "A"


# Identification


def test_a_customer_is_identified_by_what_is_known(api: Api) -> None:
    last, mail, number = fresh(), fresh(), fresh("+1")[:20]
    ada = api.create_profile(
        {"FirstName": "Ada", "LastName": last, "EmailAddress": [mail, fresh()], "Phone": [{"type": 1, "number": number}]}
    )
    eve = api.create_profile({"FirstName": "Eve", "LastName": last, "City": "Lagos"})
    both = sorted([ada, eve])
    assert api.identify(f"EmailAddress={mail}") == [ada]
    assert sorted(api.identify(f"LastName={last}")) == both
    assert api.identify(f"LastName={last}&FirstName=Eve") == [eve]
    assert api.identify(f"LastName={last}&City=Lagos") == [eve], "what the key does not reach is compared"
    assert api.identify(f"LastName={last}&FirstName=Eve&City=Oslo") == []
    assert api.identify(f"Phone.number={number.replace('+', '%2B')}") == [ada]
    assert api.identify(f"id_key=byname&LastName={last}&EmailAddress={mail}") == [ada]
    assert api.identify(f"LastName={last}x") == []
    assert len(api.identify(f"LastName={last}&limit=1")) == 1


def test_a_query_may_be_written_as_url_libraries_write_it(api: Api) -> None:
    last = f"van {fresh()}"
    ada = api.create_profile({"LastName": last, "Phone": [{"type": 1, "number": "+1 555"}]})
    assert api.identify(urlencode({"LastName": last})) == [ada], "a space as a plus"
    assert api.identify(urlencode({"LastName": last}, quote_via=quote)) == [ada], "a space as %20"
    assert api.identify(urlencode({"LastName": last, "Phone.number": "+1 555"})) == [ada], "a plus as %2B"


def test_a_search_that_finds_too_many_is_refused_rather_than_cut_off(api: Api) -> None:
    last, names, cities = fresh(), [fresh() for _ in range(16)], [fresh() for _ in range(16)]
    customers = sorted(
        api.create_profile({"LastName": last, "FirstName": names, "City": cities}) for _ in range(40)
    )
    many = api.caller.call("GET", f"/profiles?LastName={last}")
    assert "limit" in assert_error(many, 422, "too_many_candidates", field="LastName")["message"]
    assert_error(api.caller.call("GET", f"/profiles?LastName={last}&Hat=x&limit=3"), 422, "too_many_candidates")
    assert len(api.identify(f"LastName={last}&limit=3")) == 3
    assert sorted(api.identify(f"LastName={last}&FirstName={names[7]}")) == customers


def test_a_profile_that_a_key_could_not_find_under_all_its_values_is_refused(api: Api) -> None:
    last = fresh()
    many: Json = {"LastName": last, "FirstName": [fresh() for _ in range(17)], "City": [fresh() for _ in range(16)]}
    field = "LastName,FirstName,City"
    refused = api.caller.call("POST", "/profiles", many)
    assert "byName" in assert_error(refused, 400, "too_long", field=field)["message"]
    customer = api.create_profile({"LastName": last})
    assert_error(api.caller.call("PUT", f"/profiles/{customer}", many), 400, "too_long", field=field)
    assert api.identify(f"LastName={last}") == [customer] and "City" not in api.profile(customer)
    phones = {"Phone": [{"type": number, "number": f"+{number}"} for number in range(257)]}
    assert_error(api.caller.call("POST", "/profiles", phones), 400, "too_long", field="Phone.number")


def test_identify_shows_profiles_and_extensions_as_asked(api: Api) -> None:
    last = fresh()
    ada = api.create_profile({"FirstName": "Ada", "LastName": last, "Note": {"text": "a"}})
    query = f"/profiles?LastName={last}&include_profile=yes&extensions=Note"
    assert api.get(query) == [
        {"customer_id": ada, "FirstName": "Ada", "LastName": last, "Note": {"text": "a"}}
    ]
    assert "Note" in api.get(query + "&include_extensions=unique")[0]
    api.create_profile({"FirstName": "Eve", "LastName": last, "Note": {"text": "e"}})
    assert all("Note" in one for one in api.get(query))
    assert not any("Note" in one for one in api.get(query + "&include_extensions=unique"))
    assert "Note" not in api.get(query + "&include_extensions=unique&limit=1")[0], "there is another one, though not shown"
    assert all(set(one) == {"customer_id"} for one in api.get(f"/profiles?LastName={last}&include_profile=no"))


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("", "missing_field", "attribute"),
        ("FirstName=x", "no_identification_key", "id_key"),
        ("id_key=nothing&LastName=x", "unknown_identification_key", "id_key"),
        ("LastName=x&LastName=y", "bad_parameter", "LastName"),
        ("LastName=x&include_profile=maybe", "bad_parameter", "include_profile"),
        ("LastName=x&include_extensions=never", "bad_parameter", "include_extensions"),
    ],
)
def test_a_search_that_cannot_be_made_is_refused(api: Api, query: str, code: str, field: str) -> None:
    assert_error(api.caller.call("GET", f"/profiles?{query}"), 400, code, field=field)


def test_a_unique_key_belongs_to_one_customer_whoever_comes_first(profile_server: LiaisonServer) -> None:
    api, mail = Api(profile_server), fresh()
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: profile_server.call("POST", "/profiles", {"EmailAddress": mail}).status, range(16))
        )
    assert sorted(answers) == [201] + [409] * 15
    [owner] = api.identify(f"EmailAddress={mail}")
    other = api.create_profile({"EmailAddress": fresh()})
    taken = profile_server.call("PUT", f"/profiles/{other}", {"EmailAddress": mail})
    assert_error(taken, 409, "identity_taken", field="EmailAddress")
    assert api.caller.call("PUT", f"/profiles/{owner}", {"EmailAddress": fresh()}).status == 204
    assert profile_server.call("PUT", f"/profiles/{other}", {"EmailAddress": mail}).status == 204
    assert api.identify(f"EmailAddress={mail}") == [other]


def test_a_new_key_finds_the_profiles_that_are_there(start_server: Callable[..., LiaisonServer]) -> None:
    server = start_server()
    api = Api(server)
    customers = [api.create_profile({"City": f"c{number % 7}", "Mail": f"m{number}"}) for number in range(30)]
    api.create_key({"name": "byCity", "attributes": ["City"]})
    assert sorted(api.identify("City=c3")) == sorted(customers[3::7])
    clash = server.call("POST", "/metadata/identification-keys", {"name": "u", "attributes": ["City"], "unique": True})
    assert_error(clash, 409, "identity_taken")
    assert [key["name"] for key in api.get("/metadata/identification-keys")] == ["byCity"]
    server.kill()
    server.start()
    assert sorted(api.identify("City=c3")) == sorted(customers[3::7])
    assert server.call("DELETE", "/metadata/identification-keys/bycity").status == 204
    assert_error(
        server.call("DELETE", "/metadata/identification-keys/byCity"), 404, "identification_key_not_found"
    )
    assert_error(server.call("GET", "/profiles?City=c3"), 400, "no_identification_key")


# Schemas


def test_identification_keys_are_shown_as_they_were_made(api: Api) -> None:
    key = {"name": "byPhone", "source": "Phone", "attributes": ["number"], "unique": False}
    assert api.get("/metadata/identification-keys/byphone") == key
    assert key in api.get("/metadata/identification-keys")
    response = api.caller.call("POST", "/metadata/identification-keys", {"name": "BYPHONE", "attributes": ["x"]})
    assert_error(response, 409, "identification_key_exists", field="name")
    assert_error(api.caller.call("GET", "/metadata/identification-keys/no"), 404, "identification_key_not_found")
    for body, code, field in (
        ({"attributes": ["a"]}, "missing_field", "name"),
        ({"name": "1a", "attributes": ["a"]}, "bad_schema", "name"),
        ({"name": "a"}, "missing_field", "attributes"),
        ({"name": "a", "attributes": []}, "bad_schema", "attributes"),
        ({"name": "a", "attributes": ["x", "x"]}, "bad_schema", "attributes"),
        ({"name": "a", "attributes": ["x"], "unique": 1}, "wrong_type", "unique"),
        ({"name": "a", "attributes": ["x"], "source": "Phone"}, "bad_schema", "attributes"),
        ({"name": "a", "attributes": ["x"], "more": 1}, "bad_schema", "more"),
    ):
        response = api.caller.call("POST", "/metadata/identification-keys", body)
        assert_error(response, 400, code, field=field)


def test_a_schema_in_use_stays_and_a_deleted_one_takes_its_records_along(
    start_server: Callable[..., LiaisonServer],
) -> None:
    server = start_server()
    api = Api(server)
    api.create_schema(PHONE, "profiles")
    api.create_key({"name": "byPhone", "source": "Phone", "attributes": ["number"]})
    customer = api.create_profile({"FirstName": "A", "Phone": [{"type": 1, "number": "7"}]})
    path = "/metadata/profiles/extensions/phone"
    assert_error(server.call("DELETE", path), 409, "schema_in_use")
    assert server.call("DELETE", "/metadata/identification-keys/byPhone").status == 204
    assert server.call("DELETE", path).status == 204
    assert_error(server.call("DELETE", path), 404, "schema_not_found")
    assert api.profile(customer, "?extensions=*") == {"customer_id": customer, "FirstName": "A"}
    api.create_schema(PHONE, "profiles")
    assert api.profile(customer, "?extensions=*") == {"customer_id": customer, "FirstName": "A"}


def test_the_metadata_tell_where_schemas_are(api: Api) -> None:
    for path in api.get("/metadata").values():
        assert api.caller.call("GET", path).status == 200, path
    schema = api.get("/metadata/profiles")
    assert [one["name"] for one in schema["extensions"]] == ["Note", "Phone"]


# Merge


def test_two_profiles_become_one(api: Api) -> None:
    mail = fresh()
    phone = [{"type": 1, "number": "1"}]
    kept = api.create_profile({"FirstName": "Ada", "City": ["Oslo"], "Phone": phone, "Note": {"text": "kept"}})
    gone = api.create_profile(
        {
            "FirstName": ["Ada", "ada"],
            "EmailAddress": mail,
            "Phone": [{"type": 1, "number": "11"}, {"type": 2, "number": "2"}],
            "Note": {"text": "gone"},
        }
    )
    service = api.start(customer_id=gone)
    response = api.caller.call("PUT", f"/profiles/{kept}/merge/{gone}")
    assert (response.status, response.body) == (204, b"")
    merged = api.profile(kept, "?extensions=*")
    assert merged["FirstName"] == ["Ada", "ada"] and merged["City"] == "Oslo" and merged["EmailAddress"] == mail
    assert merged["Note"] == {"text": "kept"}
    assert sorted((p["type"], p["number"]) for p in merged["Phone"]) == [(1, "1"), (2, "2")]
    assert_error(api.caller.call("GET", f"/profiles/{gone}"), 404, "profile_not_found")
    assert api.identify(f"EmailAddress={mail}") == [kept]
    assert api.service(service)["customer_id"] == kept
    assert api.customer_service_ids(kept) == [service] and api.customer_service_ids(gone) == []


def test_a_merge_may_let_the_source_win_and_move_active_services_only(api: Api) -> None:
    kept = api.create_profile({"Note": {"text": "kept"}, "Phone": [{"type": 1, "number": "1"}]})
    gone = api.create_profile({"Note": {"text": "gone"}, "Phone": [{"type": 1, "number": "11"}]})
    active, done = api.start(customer_id=gone), api.start(customer_id=gone)
    api.complete(done)
    options = {"keep_uniq_from_src": True, "keep_active_service_only": True}
    assert api.caller.call("PUT", f"/profiles/{kept}/merge/{gone}", options).status == 204
    merged = api.profile(kept, "?extensions=*")
    assert merged["Note"] == {"text": "gone"}
    assert [(p["type"], p["number"]) for p in merged["Phone"]] == [(1, "11")]
    assert api.customer_service_ids(kept) == [active]
    assert_error(api.caller.call("GET", f"/services/{done}"), 404, "service_not_found")


def test_as_in_8_5_the_services_of_a_merged_profile_may_stay(start_server: Callable[..., LiaisonServer]) -> None:
    api = Api(start_server(config={"plugins": {"persistence": {"merge-services-with-profile": False}}}))
    customer, source = (api.create_profile({"FirstName": name}) for name in ("Ada", "Eve"))
    service = api.start(customer_id=source)
    assert api.caller.call("PUT", f"/profiles/{customer}/merge/{source}").status == 204
    assert api.service(service)["customer_id"] == source and api.customer_services(customer) == []


def test_a_merge_that_cannot_be_is_refused_and_changes_nothing(api: Api) -> None:
    kept = api.create_profile({"FirstName": "A"})
    assert_error(api.caller.call("PUT", f"/profiles/{kept}/merge/{kept}"), 400, "same_profile", field="src_id")
    assert_error(api.caller.call("PUT", f"/profiles/{kept}/merge/nobody"), 404, "profile_not_found")
    bad = api.caller.call("PUT", f"/profiles/{kept}/merge/nobody", {"keep_uniq_from_src": 1})
    assert_error(bad, 400, "wrong_type", field="keep_uniq_from_src")
    assert api.profile(kept) == {"customer_id": kept, "FirstName": "A"}


def test_without_schemas_any_extension_of_a_profile_goes(schemaless: LiaisonServer) -> None:
    api = Api(schemaless)
    customer = api.create_profile({"FirstName": "A", "Any": {"x": [1]}, "Flag": True, "Empty": []})
    shown = api.profile(customer, "?extensions=*")
    assert (shown["Any"], shown["Flag"], shown["Empty"]) == ({"x": [1]}, True, [])


def test_profiles_survive_kills(start_server: Callable[..., LiaisonServer]) -> None:
    server = start_server(config={"plugins": {"extension-schemas": {"schemas": "off"}}})
    api = Api(server)
    api.create_key({"name": "u", "attributes": ["Mail"], "unique": True})
    profiles = [api.create_profile({"Mail": f"m{n}", "E": {"n": n}}) for n in range(20)]
    before = [api.profile(customer, "?extensions=*") for customer in profiles]
    server.kill()
    server.start()
    assert [api.profile(customer, "?extensions=*") for customer in profiles] == before
    assert api.identify("Mail=m7") == [profiles[7]]
    assert_error(server.call("POST", "/profiles", {"Mail": "m7"}), 409, "identity_taken")


def test_a_key_that_a_kill_left_half_made_is_made_ready_by_the_next_start(
    start_server: Callable[..., LiaisonServer],
) -> None:
    server = start_server()
    api = Api(server)
    customers = [api.create_profile({"City": f"c{number % 50}"}) for number in range(1500)]
    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(
            lambda: server.call("POST", "/metadata/identification-keys", {"name": "k", "attributes": ["City"]})
        )
        wait_until("the key is known", lambda: made.done() or api.get("/metadata/identification-keys"))
        server.kill()
        made.exception()
    server.start()
    wait_until("the key is ready", lambda: server.call("GET", "/profiles?City=c7").status == 200)
    assert sorted(api.identify("City=c7")) == sorted(customers[7::50])


def test_a_key_that_a_full_disk_left_half_made_is_made_ready_without_a_restart(
    start_server: Callable[..., LiaisonServer],
) -> None:
    server = start_server(config={"plugins": {"persistence": {"sweep-interval": "50ms"}}})
    api = Api(server)
    customers = [api.create_profile({"City": f"c{number % 50}"}) for number in range(1500)]
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(
            lambda: server.call("POST", "/metadata/identification-keys", {"name": "k", "attributes": ["City"]})
        )
        wait_until("the key is known", lambda: made.done() or api.get("/metadata/identification-keys"))
        # Nothing that is committed fits any more.
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (4096, hard))
        assert made.result().status in (201, 503)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (soft, hard))
    wait_until("the key is ready", lambda: server.call("GET", "/profiles?City=c7").status == 200)
    assert sorted(api.identify("City=c7")) == sorted(customers[7::50])


def test_a_deletion_that_a_kill_broke_off_is_finished_by_the_next_start(
    start_server: Callable[..., LiaisonServer],
) -> None:
    server = start_server()
    api = Api(server)
    api.create_schema(NOTE, "profiles")
    customers = [api.create_profile({"Note": {"text": "x"}}) for _ in range(1500)]
    path = "/metadata/profiles/extensions/Note"
    with ThreadPoolExecutor(1) as pool:
        deleted = pool.submit(lambda: server.call("DELETE", path))
        wait_until("the schema is gone", lambda: deleted.done() or server.call("GET", path).status == 404)
        server.kill()
        deleted.exception()
    server.start()

    def is_there() -> bool:
        response = server.call("POST", "/metadata/profiles/extensions", NOTE)
        if response.status != 201:
            assert_error(response, 409, "schema_dropping", field="name")
        return response.status == 201

    wait_until("there may be a new schema", is_there)
    for customer in customers:
        assert api.profile(customer, "?extensions=*") == {"customer_id": customer}


def test_a_profile_that_is_refused_takes_no_place_of_a_unique_key(start_server: Callable[..., LiaisonServer]) -> None:
    server = start_server()
    api = Api(server)
    for name in "ABC":
        api.create_key({"name": f"u{name}", "attributes": [name], "unique": True})
    api.create_profile({"C": "taken"})
    refused = server.call("POST", "/profiles", {"A": "a", "B": "b", "C": "taken"})
    assert_error(refused, 409, "identity_taken", field="C")
    free = api.create_profile({"A": "a", "B": "b"})
    assert api.identify("A=a") == api.identify("B=b") == [free]
    moved = server.call("PUT", f"/profiles/{free}", {"A": "other", "C": "taken"})
    assert_error(moved, 409, "identity_taken", field="C")
    assert api.identify("A=a") == [free] and api.identify("A=other") == []


def test_records_are_told_apart_by_values_not_spellings(start_server: Callable[..., LiaisonServer]) -> None:
    server = start_server()
    api = Api(server)
    types = {"amount": "currency", "factor": "double", "at": "datetime"}
    attributes = [{"name": name, "type": kind} for name, kind in types.items()]
    api.create_schema(
        {
            "name": "Rate", "type": "multi-valued", "unique": list(types),
            "attributes": [*attributes, {"name": "note", "type": "string"}],
        },
        "profiles",
    )  # fmt: skip
    sent = {"amount": "1.50", "factor": 1, "at": "2024-05-01T12:00:00Z"}
    same = {"amount": 1.5, "factor": 1.0, "at": "2024-05-01T14:00:00+02:00"}
    customer, other = api.create_profile({"Rate": [sent]}), api.create_profile({"Rate": [same]})
    changed = server.call("PUT", f"/profiles/{customer}/extensions/Rate/by/unique", {**same, "note": "n"})
    assert changed.status == 204, changed
    [record] = api.profile(customer, "?extensions=*")["Rate"]
    assert record["note"] == "n"
    assert server.call("PUT", f"/profiles/{customer}/merge/{other}").status == 204
    assert api.profile(customer, "?extensions=*")["Rate"] == [record]
    deleted = server.call("PUT", f"/profiles/{customer}/extensions/Rate/delete/by/unique", sent)
    assert deleted.status == 204, deleted
    assert api.profile(customer, "?extensions=*")["Rate"] == []


def test_the_extension_of_a_key_is_named_without_case(api: Api) -> None:
    number = fresh()[:20]
    customer = api.create_profile({"Phone": [{"type": 1, "number": number}]})
    assert api.identify(f"phone.number={number}") == api.identify(f"PHONE.number={number}") == [customer]


def test_the_location_of_a_customer_who_is_called_like_an_operation_is_the_profile(api: Api) -> None:
    response = api.caller.call("POST", "/profiles", {"customer_id": "import", "FirstName": "A"})
    assert response.status == 201
    location = response.header("location")
    assert location is not None
    assert api.get(location) == {"customer_id": "import", "FirstName": "A"}
    assert api.caller.call("DELETE", location).status == 200
