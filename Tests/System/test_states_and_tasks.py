"""States and tasks: start, complete, transition, queries with their filters, extensions, counters over restarts."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.api import Api, Json, assert_error
from support.server import LiaisonServer

UNKNOWN_SERVICE = 2**53 - 1
T0 = "2031-04-09T07:45:10.000Z"
T1 = "2031-04-09T07:45:12.500Z"


@pytest.fixture
def api(schemaless: LiaisonServer) -> Api:
    """Without schemas: any extension goes."""
    return Api(schemaless)


def numbers(parts: list[Json], kind: str = "state") -> list[int]:
    return [part[f"{kind}_id"] for part in parts]


@pytest.mark.parametrize("kind", ["state", "task"])
def test_a_started_part_shows_all_its_fields_in_their_places(api: Api, kind: str) -> None:
    service = api.start(customer_id="A")
    start = {"state": api.start_state, "task": api.start_task}[kind]
    fields: Json = {f"{kind}_type": 8, "est_duration": 120}
    started: Json = {"timestamp": T0, "session_id": "s", "media_type": "voice", "resource_id": 310}
    part = start(service, {**fields, **started, "service_id": service})
    assert part == 1
    shown = api.get(f"/services/{service}/{kind}s/1")
    assert shown == {"service_id": service, "customer_id": "A", f"{kind}_id": 1, **fields, "started": started}
    assert api.get(f"/services/{service}/{kind}s") == [shown]


def test_an_anonymous_services_states_show_no_customer_until_there_is_one(api: Api) -> None:
    service = api.start()
    state = api.start_state(service)
    assert "customer_id" not in api.state(service, state)
    api.associate("B", service)
    assert api.state(service, state)["customer_id"] == "B"


@pytest.mark.parametrize("kind", ["state", "task"])
def test_completing_fills_in_completed_duration_and_disposition(api: Api, kind: str) -> None:
    service = api.start()
    start, end = {"state": (api.start_state, api.end_state), "task": (api.start_task, api.end_task)}[kind]
    part = start(service, timestamp=T0)
    end(service, part, {"timestamp": T1, "disposition": "ok", "disposition_desc": "verified", "resource_id": 4})
    assert api.get(f"/services/{service}/{kind}s/{part}") == {
        "service_id": service,
        f"{kind}_id": part,
        "started": {"timestamp": T0},
        "completed": {"timestamp": T1, "resource_id": 4},
        "duration": 2500,
        "disposition": "ok",
        "disposition_desc": "verified",
    }
    again = api.caller.call("POST", f"/services/{service}/{kind}s/{part}/end", {})
    assert_error(again, 409, "already_completed", method="POST")


def test_counters_run_apart_in_every_service(api: Api) -> None:
    first, second = api.start(), api.start()
    assert [api.start_state(first), api.start_state(first), api.start_state(second)] == [1, 2, 1]
    assert [api.start_task(first), api.start_task(second), api.start_task(first)] == [1, 1, 2]
    shown = api.service(first)
    assert set(shown) == {"service_id", "started"}, "the counters are not part of the service"


def test_counters_are_right_when_many_start_at_once(schemaless: LiaisonServer) -> None:
    service = Api(schemaless).start()
    with ThreadPoolExecutor(16) as pool:
        started = list(pool.map(lambda _: Api(schemaless).start_state(service), range(64)))
    assert sorted(started) == list(range(1, 65))


# Transition


def test_a_transition_ends_one_state_and_starts_the_next(api: Api) -> None:
    service = api.start()
    first = api.start_state(service, state_type=1, timestamp=T0)
    second = api.transition(
        service,
        {
            "from": {"state_id": first, "disposition": "ok", "disposition_desc": "caller verified"},
            "to": {"state_type": 8, "est_duration": 120},
            "timestamp": T1,
            "resource_id": 310,
        },
    )
    common = {"timestamp": T1, "resource_id": 310}
    assert api.state(service, first) == {
        "service_id": service,
        "state_id": first,
        "state_type": 1,
        "started": {"timestamp": T0},
        "completed": common,
        "duration": 2500,
        "disposition": "ok",
        "disposition_desc": "caller verified",
    }
    assert api.state(service, second) == {
        "service_id": service,
        "state_id": second,
        "state_type": 8,
        "est_duration": 120,
        "previous_state_id": first,
        "started": common,
    }


def test_a_transition_that_fails_does_neither_half(api: Api) -> None:
    service = api.start()
    first = api.start_state(service, timestamp=T1)
    path = f"/services/{service}/states/transition"
    before = api.states(service)
    to: Json = {"state_type": 2}
    assert_error(
        api.caller.call("POST", path, {"from": {"state_id": 9}, "to": to}), 404, "state_not_found", field="state_id"
    )
    early = {"from": {"state_id": first}, "to": to, "timestamp": T0}
    assert_error(api.caller.call("POST", path, early), 400, "out_of_range", field="timestamp")
    assert_error(api.caller.call("POST", path, {"to": to}), 400, "missing_field", field="from")
    assert_error(api.caller.call("POST", path, b""), 400, "missing_body")
    assert api.states(service) == before
    api.end_state(service, first)
    ended = api.caller.call("POST", path, {"from": {"state_id": first}, "to": to})
    assert_error(ended, 409, "already_completed")
    assert numbers(api.states(service)) == [first]
    assert api.start_state(service) == first + 1, "a refused transition uses no number up"


def test_only_one_of_many_transitions_from_a_state_succeeds(schemaless: LiaisonServer) -> None:
    api = Api(schemaless)
    service = api.start()
    first = api.start_state(service)
    body = {"from": {"state_id": first}, "to": {"state_type": 2}}
    path = f"/services/{service}/states/transition"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: schemaless.call("POST", path, body).status, range(16)))
    assert sorted(answers) == [200] + [409] * 15
    assert numbers(api.states(service)) == [1, 2]


# Queries


def test_lists_are_filtered_by_status_type_state_and_page(api: Api) -> None:
    service = api.start()
    for kind in (1, "two", 1, 3):
        api.start_state(service, state_type=kind)
    api.end_state(service, 1)
    assert numbers(api.states(service)) == [1, 2, 3, 4]
    assert numbers(api.states(service, "active")) == [2, 3, 4]
    assert numbers(api.states(service, "completed")) == [1]
    assert numbers(api.states(service, "", "?state_types=1,two")) == [1, 2, 3]
    assert numbers(api.states(service, "active", "?state_types=1%2C3")) == [3, 4]
    assert numbers(api.states(service, "", "?limit=2")) == [1, 2]
    assert numbers(api.states(service, "", "?limit=2&after=2")) == [3, 4]
    assert api.states(service, "", "?after=4") == []
    for state in (2, 3, None):
        api.start_task(service, {"task_type": "call", **({"state_id": state} if state else {})})
    assert numbers(api.tasks(service), "task") == [1, 2, 3]
    assert numbers(api.tasks(service, "", "?state_id=2"), "task") == [1]
    assert numbers(api.tasks(service, "", "?state_id=2,3&task_types=call"), "task") == [1, 2]
    assert api.tasks(service, "", "?task_types=other") == []


def test_states_and_tasks_show_in_their_service_on_request(api: Api) -> None:
    service = api.start(customer_id="A", contact_key="k")
    state = api.start_state(service, state_type=1, State1={"a": 1})
    done = api.start_state(service)
    api.end_state(service, done)
    task = api.start_task(service, state_id=state, Survey=[1])
    loose = api.start_task(service)
    api.end_task(service, loose)
    assert set(api.service(service)) == {"service_id", "customer_id", "started"}
    query = "?active_states=true&completed_states=true&active_tasks=true&completed_tasks=true"
    shown = api.service(service, query)
    assert [numbers(shown["active_states"]), numbers(shown["completed_states"])] == [[state], [done]]
    assert [numbers(shown["active_tasks"], "task"), numbers(shown["completed_tasks"], "task")] == [[task], [loose]]
    for nested in shown["active_states"] + shown["active_tasks"]:
        assert "service_id" not in nested and "customer_id" not in nested
        assert "State1" not in nested and "Survey" not in nested
    assert api.service(service, "?active_states=true&completed_states=false")["active_states"]
    assert "completed_states" not in api.service(service, "?active_states=true&completed_states=false")
    in_list = api.get("/customers/A/services?active_states=true&extensions=*")
    [listed] = [one for one in in_list if one["service_id"] == service]
    assert listed["active_states"][0]["State1"] == {"a": 1}


def test_a_states_tasks_show_in_it_on_request(api: Api) -> None:
    service = api.start()
    first, second = api.start_state(service), api.start_state(service)
    inside = api.start_task(service, state_id=first, Survey={"q": 1})
    api.start_task(service)
    shown = api.state(service, first, "?active_tasks=true&completed_tasks=true&extensions=*")
    assert numbers(shown["active_tasks"], "task") == [inside] and shown["completed_tasks"] == []
    assert shown["active_tasks"][0]["Survey"] == {"q": 1}
    assert [len(state["active_tasks"]) for state in api.states(service, "", "?active_tasks=true")] == [1, 0]
    assert api.state(service, second, "?active_tasks=true")["active_tasks"] == []


@pytest.mark.parametrize(
    ("extensions", "service_has", "state_has", "task_has"),
    [
        ("*", "N1", "N2", "N3"),
        ("Note", "N1", "N2", "N3"),
        ("note", "N1", "N2", "N3"),
        ("Service.Note", "N1", None, None),
        ("State", None, "N2", None),
        ("State.*", None, "N2", None),
        ("State.Note,Task.Other", None, "N2", None),
        ("Task.Note", None, None, "N3"),
        ("Other", None, None, None),
    ],
)
def test_extensions_are_chosen_by_name_and_entity(
    api: Api, extensions: str, service_has: str | None, state_has: str | None, task_has: str | None
) -> None:
    service = api.start(Note="N1")
    api.start_state(service, Note="N2")
    api.start_task(service, Note="N3")
    shown = api.service(service, f"?active_states=true&active_tasks=true&extensions={extensions}")
    assert shown.get("Note") == service_has
    assert shown["active_states"][0].get("Note") == state_has
    assert shown["active_tasks"][0].get("Note") == task_has


# Extensions


@pytest.mark.parametrize("owner", ["", "/states/1", "/tasks/1"])
def test_an_extension_is_replaced_or_merged(api: Api, owner: str) -> None:
    service = api.start()
    api.start_state(service)
    api.start_task(service)
    path = f"/services/{service}{owner}/extensions/Order"
    shown = f"/services/{service}{owner}?extensions=*"
    api.put(path, {"number": "A-771", "lines": {"a": 1}})
    assert api.get(shown)["Order"] == {"number": "A-771", "lines": {"a": 1}}
    api.put(f"{path}/merge", {"lines": {"b": 2}, "new": True})
    assert api.get(shown)["Order"] == {"number": "A-771", "lines": {"b": 2}, "new": True}
    for value in ([1, {"x": None}], 7, "text", True, None, {}):
        api.put(path, b"null" if value is None else value)
        assert api.get(shown)["Order"] == value
    api.put(path, [1])
    assert_error(api.caller.call("PUT", f"{path}/merge", {"a": 1}), 409, "not_mergeable", field="Order")
    assert_error(api.caller.call("PUT", f"{path}/merge", [1]), 400, "not_mergeable", field="Order")
    assert_error(api.caller.call("PUT", path, b""), 400, "missing_body")
    api.put(f"/services/{service}{owner}/extensions/Made/merge", {"a": 1})
    assert api.get(shown)["Made"] == {"a": 1}


def test_an_event_replaces_the_extensions_it_names(api: Api) -> None:
    service = api.start()
    state = api.start_state(service, A=1, B=2)
    api.end_state(service, state, {"b": 3})
    shown = api.state(service, state, "?extensions=*")
    assert (shown["A"], shown["B"]) == (1, 3)


def test_a_completed_parts_extensions_stay_as_they_are(api: Api) -> None:
    service = api.start()
    state = api.start_state(service, A=1)
    api.end_state(service, state)
    path = f"/services/{service}/states/{state}/extensions/A"
    assert_error(api.caller.call("PUT", path, {"x": 1}), 409, "already_completed")


def test_with_schemas_the_extensions_of_states_and_tasks_have_their_own(
    start_server: Callable[..., LiaisonServer],
) -> None:
    server = start_server()
    api = Api(server)
    schema: Json = {
        "name": "Check",
        "type": "single-valued",
        "attributes": [
            {"name": "n", "type": "integer", "mandatory": True},
            {"name": "m", "type": "string", "default": "x"},
        ],
    }
    service = api.start()
    body = {"Check": {"n": 1}}
    for kind, owner in (("state", "states"), ("task", "tasks")):
        path = f"/services/{service}/{owner}/start"
        assert_error(server.call("POST", path, body), 400, "unknown_extension", field="Check")
        api.create_schema(schema, owner)
        assert api.get(f"/metadata/{owner}/extensions/check")["name"] == "Check"
        assert server.call("POST", path, body).status == 201
        assert api.get(f"/services/{service}/{owner}/1?extensions=*")["Check"] == {"n": 1, "m": "x"}
        bad = server.call("PUT", f"/services/{service}/{owner}/1/extensions/check", {"n": "x"})
        assert_error(bad, 400, "extension_violation", field="Check.n")
        api.put(f"/services/{service}/{owner}/1/extensions/check", {"n": 2})
        api.put(f"/services/{service}/{owner}/1/extensions/check/merge", {"m": "y"})
        assert api.get(f"/services/{service}/{owner}/1?extensions=*")["Check"] == {"n": 2, "m": "y"}
        bad = server.call("PUT", f"/services/{service}/{owner}/1/extensions/check/merge", {"other": 1})
        assert_error(bad, 400, "extension_violation", field="Check.other")
    assert_error(server.call("POST", "/services/start", {"contact_key": "k", **body}), 400, "unknown_extension")
    server.kill()
    server.start()
    assert [len(api.get(f"/metadata/{owner}/extensions")) for owner in ("services", "states", "tasks")] == [0, 1, 1]


# Errors


@pytest.mark.parametrize("kind", ["state", "task"])
def test_what_is_not_there_is_not_found(api: Api, kind: str) -> None:
    service = api.start()
    for method, path, body in (
        ("GET", f"/services/{UNKNOWN_SERVICE}/{kind}s", None),
        ("GET", f"/services/{UNKNOWN_SERVICE}/{kind}s/1", None),
        ("POST", f"/services/{UNKNOWN_SERVICE}/{kind}s/start", {}),
        ("POST", f"/services/{UNKNOWN_SERVICE}/{kind}s/1/end", {}),
        ("PUT", f"/services/{UNKNOWN_SERVICE}/{kind}s/1/extensions/E", {}),
    ):
        assert_error(api.caller.call(method, path, body), 404, "service_not_found", method=method)
    for method, path, body in (
        ("GET", f"/services/{service}/{kind}s/1", None),
        ("POST", f"/services/{service}/{kind}s/1/end", {}),
        ("PUT", f"/services/{service}/{kind}s/1/extensions/E", {}),
        ("PUT", f"/services/{service}/{kind}s/1/extensions/E/merge", {}),
    ):
        assert_error(api.caller.call(method, path, body), 404, f"{kind}_not_found", method=method)
    for bad in ("0", "x", "-1", "2147483648", "1.5"):
        assert_error(
            api.caller.call("GET", f"/services/{service}/{kind}s/{bad}"), 400, "bad_identifier", field=f"{kind}_id"
        )


def test_states_that_are_named_must_be_there(api: Api) -> None:
    service, other = api.start(), api.start()
    api.start_state(other)
    for path, body in (
        ("states", {"previous_state_id": 1}),
        ("tasks", {"state_id": 1}),
    ):
        response = api.caller.call("POST", f"/services/{service}/{path}/start", body)
        assert_error(response, 404, "state_not_found", field="state_id")
    assert api.states(service) == [] and api.tasks(service) == []
    state = api.start_state(service)
    task = api.start_task(service, state_id=state)
    wrong = api.caller.call("POST", f"/services/{service}/tasks/{task}/end", {"state_id": 7})
    assert_error(wrong, 400, "field_mismatch", field="state_id")
    api.end_task(service, task, {"state_id": state, "task_id": task})


def test_nothing_starts_in_what_has_ended_and_open_children_stay(api: Api) -> None:
    service = api.start()
    state, task = api.start_state(service), api.start_task(service)
    api.complete(service)
    for kind in ("states", "tasks"):
        response = api.caller.call("POST", f"/services/{service}/{kind}/start", {})
        assert_error(response, 409, "already_completed")
    assert numbers(api.states(service, "active")) == [state]
    api.end_state(service, state)
    api.end_task(service, task)
    other = api.start()
    ended = api.start_state(other)
    api.end_state(other, ended)
    response = api.caller.call("POST", f"/services/{other}/tasks/start", {"state_id": ended})
    assert_error(response, 409, "already_completed")


def test_if_match_guards_states_and_tasks(api: Api) -> None:
    service = api.start()
    api.start_state(service)
    path = f"/services/{service}/states/1"
    tag = api.caller.call("GET", path).etag
    api.put(f"{path}/extensions/A", {"x": 1})
    stale = api.caller.call("POST", f"{path}/end", {}, {"If-Match": tag})
    assert_error(stale, 412, "revision_mismatch", field="If-Match")
    transition = {"from": {"state_id": 1}, "to": {}}
    stale = api.caller.call("POST", f"/services/{service}/states/transition", transition, {"If-Match": tag})
    error = assert_error(stale, 412, "revision_mismatch", field="If-Match")
    assert numbers(api.states(service)) == [1], "neither half is done"
    fresh = api.caller.call("GET", path).etag
    assert fresh != tag and error["allowed"] == [fresh]
    assert api.caller.call("POST", f"{path}/end", {}, {"If-Match": fresh}).status == 200


# Durability


def test_states_tasks_and_counters_survive_kills(start_server: Callable[..., LiaisonServer]) -> None:
    server = start_server(config={"plugins": {"extension-schemas": {"schemas": "off"}}})
    api = Api(server)
    service = api.start(customer_id="A", Note=1)
    first = api.start_state(service, Note=2)
    second = api.transition(service, {"from": {"state_id": first}, "to": {}, "Next": {"a": 1}})
    api.start_task(service, state_id=second)
    query = "?active_states=true&completed_states=true&active_tasks=true&completed_tasks=true&extensions=*"
    before = api.service(service, query)
    assert before["active_states"][0]["Next"] == {"a": 1}
    server.kill()
    server.start()
    assert api.service(service, query) == before
    assert (api.start_state(service), api.start_task(service)) == (3, 2)


def test_the_vendors_sizing_scenario_takes_33_calls(schemaless: LiaisonServer) -> None:
    """One service, 5 states, 10 tasks: 33 calls (start, 16 starts and ends of children, end, and a look at it all)."""
    calls = 0
    customer = f"customer-{uuid.uuid4().hex[:12]}"
    with schemaless.connect() as connection:

        def call(method: str, path: str, body: Json | None = None) -> Json:
            nonlocal calls
            calls += 1
            response = connection.call(method, path, body)
            assert response.status in (200, 201), response
            return response.json if response.body else {}

        service = call("POST", "/services/start", {"customer_id": customer, "service_type": "Refund", "A": {"x": 1}})
        base = f"/services/{service['service_id']}"
        state = call("POST", f"{base}/states/start", {"state_type": 1, "A": {"x": 1}, "B": 2})["state_id"]
        for number in range(5):
            for _ in range(2):
                task = call("POST", f"{base}/tasks/start", {"state_id": state, "task_type": "t", "A": {"x": 1}})
                call("POST", f"{base}/tasks/{task['task_id']}/end", {"disposition": "done"})
            if number < 4:
                body = {"from": {"state_id": state, "disposition": "ok"}, "to": {"state_type": number + 2}}
                state = call("POST", f"{base}/states/transition", body)["state_id"]
        call("POST", f"{base}/states/{state}/end", {"disposition": "ok"})
        call("POST", f"{base}/end", {"disposition": "ok"})
        for query in ("", "?extensions=*", "?completed_states=true", "?completed_states=true&completed_tasks=true"):
            shown = call("GET", base + query)
        call("GET", f"/customers/{customer}/services/completed")
    assert calls == 33
    assert len(shown["completed_states"]) == 5 and len(shown["completed_tasks"]) == 10
    chain = [state.get("previous_state_id") for state in shown["completed_states"]]
    assert chain == [None, 1, 2, 3, 4]
