"""Start, complete, query by id, lists with their filters, and the three spellings of every path."""

from __future__ import annotations

import re
import time
import uuid
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from support.api import Api, Json, assert_error, ids, segment
from support.server import LiaisonServer

UNKNOWN_SERVICE = 2**53 - 1
MILLISECONDS = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
PREFIX = "/genesys/1/cs"


def fresh(name: str = "customer") -> str:
    return f"{name}-{uuid.uuid4().hex[:12]}"


def parse_date(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC).timestamp()


# Start


def test_start_answers_201_with_the_id_and_its_location(server: LiaisonServer) -> None:
    response = server.call("POST", "/services/start", {"contact_key": fresh("contact")})
    assert response.status == 201
    assert list(response.json) == ["service_id"]
    service = response.json["service_id"]
    assert isinstance(service, int) and 1 <= service < 2**53
    assert response.header("location") == f"/services/{service}"
    assert (response.header("content-type") or "").startswith("application/json")


def test_ids_are_never_given_twice(server: LiaisonServer) -> None:
    with server.connect() as connection:
        started = [Api(connection).start() for _ in range(50)]
    assert len(set(started)) == 50
    assert started == sorted(started)


def test_a_started_service_shows_all_its_fields_in_their_places(api: Api) -> None:
    fields: Json = {
        "customer_id": fresh(),
        "contact_key": fresh("contact"),
        "service_type": "Booking",
        "est_duration": 600,
        "timestamp": "2024-02-29T23:59:59.999Z",
        "session_id": "s" * 32,
        "interaction_id": "i" * 50,
        "application_type": 9007199254740993,
        "application_id": -9223372036854775808,
        "resource_type": "agent",
        "resource_id": 9223372036854775807,
        "media_type": "voice",
    }
    service = api.start(fields)
    top = {name: fields[name] for name in ("customer_id", "service_type", "est_duration")}
    started = {name: value for name, value in fields.items() if name not in top}
    assert api.service(service) == {"service_id": service, **top, "started": started}


def test_without_a_timestamp_the_server_stamps_the_event(api: Api) -> None:
    before = time.time()
    stamp = api.service(api.start())["started"]["timestamp"]
    assert MILLISECONDS.match(stamp)
    assert before - 1 <= parse_date(stamp) <= time.time() + 1


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2009-05-12T12:05:12.145Z", "2009-05-12T12:05:12.145Z"),
        ("2009-05-12T12:05:12Z", "2009-05-12T12:05:12.000Z"),
        ("2009-05-12T14:05:12.145+02:00", "2009-05-12T12:05:12.145Z"),
        ("2009-05-12T00:05:12-05:30", "2009-05-12T05:35:12.000Z"),
        ("2000-02-29T00:00:00.000Z", "2000-02-29T00:00:00.000Z"),
        ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
    ],
)
def test_dates_are_taken_with_offset_or_without_milliseconds_and_shown_in_utc(
    api: Api, sent: str, shown: str
) -> None:
    assert api.service(api.start(timestamp=sent))["started"]["timestamp"] == shown


def test_a_service_with_customer_and_contact_key_is_not_anonymous(api: Api) -> None:
    customer, contact_key = fresh(), fresh("contact")
    service = api.start(customer_id=customer, contact_key=contact_key)
    assert api.customer_service_ids(customer) == [service]
    assert api.anonymous_service_ids(contact_key) == []


def test_strings_are_counted_in_unicode_scalars(api: Api) -> None:
    fields = {
        "session_id": "😀" * 32,
        "interaction_id": "é" * 50,
        "contact_key": "鍵" * 256,
        "media_type": "ü" * 255,
    }
    started = api.service(api.start(fields))["started"]
    assert {name: started[name] for name in fields} == fields


def test_escapes_in_strings_come_back_as_the_same_text(api: Api) -> None:
    text = 'quote " slash / back \\ tab \t nul-free \u2028 é 😀'
    escaped = b'quote \\" slash \\/ back \\\\ tab \\t nul-free \\u2028 \\u00e9 \\ud83d\\ude00'
    body = b'{"contact_key": "k", "interaction_id": "' + escaped + b'"}'
    service = api.caller.call("POST", "/services/start", body).json["service_id"]
    assert api.service(service)["started"]["interaction_id"] == text


# Complete


def test_complete_answers_200_without_body_and_shows_the_end_event(api: Api) -> None:
    service = api.start(timestamp="2024-01-01T00:00:00.000Z", media_type=1)
    event = {"timestamp": "2024-01-01T00:01:30.250Z", "media_type": 2, "session_id": "end", "resource_id": 4}
    api.complete(service, {**event, "disposition": 5, "disposition_desc": "done"})
    shown = api.service(service)
    assert shown["completed"] == event
    assert shown["duration"] == 90_250
    assert (shown["disposition"], shown["disposition_desc"]) == (5, "done")
    assert shown["started"]["media_type"] == 1


@pytest.mark.parametrize("body", [None, b"", b"{}"], ids=["none", "empty", "object"])
def test_an_end_event_may_be_empty(api: Api, body: bytes | None) -> None:
    service = api.start()
    assert api.complete_response(service, body).status == 200
    shown = api.service(service)
    assert MILLISECONDS.match(shown["completed"]["timestamp"])
    assert shown["duration"] == round(
        (parse_date(shown["completed"]["timestamp"]) - parse_date(shown["started"]["timestamp"])) * 1000
    )


def test_completing_twice_is_a_conflict_and_leaves_the_first_completion(api: Api) -> None:
    service = api.start()
    api.complete(service, {"disposition": 1})
    before, revision = api.whole_service(service), api.revision(service)
    assert_error(api.complete_response(service, {"disposition": 2}), 409, "already_completed", method="POST")
    assert (api.whole_service(service), api.revision(service)) == (before, revision)


def test_completing_an_unknown_service_is_not_found(api: Api) -> None:
    assert_error(api.complete_response(UNKNOWN_SERVICE, {}), 404, "service_not_found", method="POST")


def test_an_end_event_replaces_extensions(api: Api) -> None:
    service = api.start(Feedback={"rating": 1, "notes": "before"})
    api.complete(service, {"Feedback": {"rating": 2}})
    assert api.whole_service(service)["Feedback"] == {"rating": 2}


def test_an_end_before_the_start_is_refused(api: Api) -> None:
    service = api.start(timestamp="2024-01-01T00:00:00.000Z")
    response = api.complete_response(service, {"timestamp": "2023-12-31T23:59:59.999Z"})
    assert_error(response, 400, ("out_of_range", "bad_date"), method="POST", field="timestamp")
    assert "completed" not in api.service(service)
    api.complete(service, {"timestamp": "2024-01-01T00:00:00.000Z"})
    assert api.service(service)["duration"] == 0


def test_the_service_id_of_an_end_event_may_be_a_string(api: Api) -> None:
    service = api.start()
    refused = api.complete_response(service, {"service_id": str(service + 1)})
    assert_error(refused, 400, "field_mismatch", field="service_id")
    api.complete(service, {"service_id": str(service)})


# Query by id


def test_an_unknown_service_is_not_found(server: LiaisonServer) -> None:
    response = server.call("GET", f"/services/{UNKNOWN_SERVICE}")
    error = assert_error(response, 404, "service_not_found", method="GET")
    assert "exception" in error  # for clients of 8.5


def test_extensions_are_shown_only_when_asked_for(api: Api) -> None:
    feedback, satisfaction = {"rating": 3}, [{"rating": 4, "place": "here"}]
    service = api.start(Feedback=feedback, Satisfaction=satisfaction)
    plain = api.service(service)
    assert set(plain) == {"service_id", "started"}
    assert api.service(service, "?extensions=Feedback") == {**plain, "Feedback": feedback}
    both = {**plain, "Feedback": feedback, "Satisfaction": satisfaction}
    assert api.service(service, "?extensions=Feedback,Satisfaction") == both
    assert api.service(service, "?extensions=Satisfaction%2CFeedback") == both
    assert api.service(service, "?extensions=*") == both
    assert api.service(service, "?extensions=%2A") == both


def test_extension_names_in_a_query_are_compared_without_case(api: Api) -> None:
    service = api.start(Feedback={"rating": 3})
    assert api.service(service, "?extensions=fEEDBACK")["Feedback"] == {"rating": 3}


@pytest.mark.parametrize("name", ["active_states", "completed_states", "active_tasks", "completed_tasks"])
def test_states_and_tasks_may_be_asked_for(api: Api, name: str) -> None:
    service = api.start()
    for value in ("true", "false"):
        shown = api.service(service, f"?{name}={value}")
        assert shown["service_id"] == service
        assert shown.get(name, []) == []


def test_head_answers_like_get_without_the_body(server: LiaisonServer) -> None:
    service = Api(server).start()
    with server.connect() as connection:
        get = connection.call("GET", f"/services/{service}")
        head = connection.call("HEAD", f"/services/{service}")
        again = connection.call(
            "GET", f"/services/{service}"
        )  # the connection still knows where answers begin
    assert (head.status, head.body) == (200, b"")
    assert head.header("content-length") == str(len(get.body))
    assert head.etag == get.etag
    assert again.json == get.json


def test_head_of_an_unknown_service_is_404(server: LiaisonServer) -> None:
    response = server.call("HEAD", f"/services/{UNKNOWN_SERVICE}")
    assert (response.status, response.body) == (404, b"")


def test_a_service_id_may_be_percent_encoded(api: Api) -> None:
    service = api.start()
    encoded = "".join(f"%{ord(digit):02X}" for digit in str(service))
    assert api.caller.call("GET", f"/services/{encoded}").json["service_id"] == service


# Lists

# Started in another order than their timestamps; two have the same one.
STAMPS = [
    "2021-01-03T00:00:00.000Z",
    "2021-01-01T00:00:00.000Z",
    "2021-01-02T00:00:00.000Z",
    "2021-01-02T00:00:00.000Z",
    "2021-01-04T00:00:00.001Z",
]


class History:
    """Five services of one customer or contact key, started in the order of STAMPS; two are completed."""

    def __init__(self, api: Api, kind: str) -> None:
        self.api = api
        self.kind = kind
        self.key = fresh(kind)
        owner = {"customer_id" if kind == "customer" else "contact_key": self.key}
        types: list[object] = ["Booking", 7, "Refund", 7, 8]
        self.services = [
            api.start(owner, timestamp=stamp, service_type=service_type, Feedback={"rating": 1})
            for stamp, service_type in zip(STAMPS, types, strict=True)
        ]
        for index in (1, 3):
            api.complete(self.services[index])

    def query(self, status: str = "", query: str = "") -> list[Json]:
        if self.kind == "customer":
            return self.api.customer_services(self.key, status, query)
        return self.api.anonymous_services(self.key, status, query)

    def indexes(self, status: str = "", query: str = "") -> list[int]:
        return [self.services.index(service) for service in ids(self.query(status, query))]


@pytest.fixture(scope="module")
def histories(shared_server: LiaisonServer) -> dict[str, History]:
    return {kind: History(Api(shared_server), kind) for kind in ("customer", "contact")}


@pytest.fixture(params=["customer", "contact"])
def history(request: pytest.FixtureRequest, histories: dict[str, History], server: LiaisonServer) -> History:
    return histories[request.param]


def test_lists_are_ordered_by_start_then_id(history: History) -> None:
    assert history.indexes() == [1, 2, 3, 0, 4]


def test_active_and_completed_services_are_listed_apart(history: History) -> None:
    assert history.indexes("active") == [2, 0, 4]
    assert history.indexes("completed") == [1, 3]


def test_a_listed_service_is_shown_like_the_service_itself(history: History) -> None:
    for shown in history.query():
        assert shown == history.api.service(shown["service_id"])


def test_started_from_is_inclusive(history: History) -> None:
    assert history.indexes(query="?started_from=2021-01-02T00:00:00.000Z") == [2, 3, 0, 4]
    assert history.indexes(query="?started_from=2021-01-02T00:00:00.001Z") == [0, 4]


def test_started_to_is_exclusive(history: History) -> None:
    assert history.indexes(query="?started_to=2021-01-04T00:00:00.001Z") == [1, 2, 3, 0]
    assert history.indexes(query="?started_to=2021-01-04T00:00:00.002Z") == [1, 2, 3, 0, 4]


def test_an_interval_of_start_may_be_empty(history: History) -> None:
    stamp = "2021-01-02T00:00:00.000Z"
    assert history.indexes(query=f"?started_from={stamp}&started_to={stamp}") == []
    assert history.indexes(query=f"?started_from={stamp}&started_to=2021-01-02T00:00:00.001Z") == [2, 3]
    assert history.indexes(query="?started_from=2022-01-01T00:00:00Z&started_to=2020-01-01T00:00:00Z") == []


def test_filter_dates_may_have_an_offset_or_no_milliseconds(history: History) -> None:
    assert history.indexes(query="?started_from=2021-01-03T01:00:00%2B01:00") == [0, 4]
    assert history.indexes(query="?started_from=2021-01-03T00:00:00Z") == [0, 4]
    assert history.indexes(query="?started_from=" + quote("2021-01-03T00:00:00.000Z", safe="")) == [0, 4]


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        ("7", [1, 3]),
        ("Booking", [0]),
        ("7,Booking", [1, 3, 0]),
        ("7%2C8", [1, 3, 4]),
        ("999", []),
        ("Refund,8", [2, 4]),
    ],
)
def test_service_types_filter_by_id_or_name(history: History, types: str, expected: list[int]) -> None:
    assert history.indexes(query=f"?service_types={types}") == expected


def test_filters_combine_with_each_other_and_with_the_status(history: History) -> None:
    assert history.indexes("completed", "?service_types=7&started_from=2021-01-02T00:00:00.000Z") == [3]
    assert history.indexes(
        "active", "?started_from=2021-01-03T00:00:00Z&started_to=2021-01-04T00:00:00Z"
    ) == [0]


def test_lists_show_extensions_only_when_asked_for(history: History) -> None:
    assert all("Feedback" not in shown for shown in history.query())
    assert all(shown["Feedback"] == {"rating": 1} for shown in history.query(query="?extensions=Feedback"))
    assert all(shown["Feedback"] == {"rating": 1} for shown in history.query("active", "?extensions=*"))


def test_lists_answer_head_without_a_body(history: History, server: LiaisonServer) -> None:
    path = {"customer": f"/customers/{history.key}/services", "contact": f"/services/anonymous/{history.key}"}
    response = server.call("HEAD", path[history.kind])
    assert (response.status, response.body) == (200, b"")
    assert int(response.header("content-length") or 0) > 2


@pytest.mark.parametrize("status", ["", "active", "completed"])
def test_an_unknown_customer_or_contact_key_has_an_empty_list(server: LiaisonServer, status: str) -> None:
    suffix = f"/{status}" if status else ""
    for path in (f"/customers/{fresh()}/services", f"/services/anonymous/{fresh()}"):
        response = server.call("GET", path + suffix)
        assert (response.status, response.body) == (200, b"[]"), path


def test_completing_moves_a_service_from_active_to_completed_at_once(api: Api) -> None:
    customer = fresh()
    service = api.start(customer_id=customer)
    assert (
        api.customer_service_ids(customer, "active"),
        api.customer_service_ids(customer, "completed"),
    ) == ([service], [])
    api.complete(service)
    assert (
        api.customer_service_ids(customer, "active"),
        api.customer_service_ids(customer, "completed"),
    ) == ([], [service])


def test_a_long_list_is_whole(server: LiaisonServer) -> None:
    customer = fresh()
    with server.connect() as connection:
        started = [Api(connection).start(customer_id=customer) for _ in range(300)]
        assert sorted(Api(connection).customer_service_ids(customer)) == started


# Paths


@pytest.mark.parametrize("prefix", ["", PREFIX, PREFIX + PREFIX], ids=["bare", "base", "doubled"])
def test_every_operation_works_under_every_prefix(server: LiaisonServer, prefix: str) -> None:
    contact_key, customer = fresh("contact"), fresh()
    started = server.call("POST", f"{prefix}/services/start", {"contact_key": contact_key})
    assert started.status == 201
    service = started.json["service_id"]
    assert started.header("location") == f"{prefix}/services/{service}"
    assert ids(server.call("GET", f"{prefix}/services/anonymous/{contact_key}").json) == [service]
    assert server.call("POST", f"{prefix}/customers/{segment(customer)}/services/{service}").status == 200
    assert server.call("GET", f"{prefix}/services/{service}").json["customer_id"] == customer
    assert ids(server.call("GET", f"{prefix}/customers/{customer}/services/active").json) == [service]
    assert server.call("POST", f"{prefix}/services/{service}/end").status == 200
    assert ids(server.call("GET", f"{prefix}/customers/{customer}/services/completed").json) == [service]
    assert server.call("GET", f"{prefix}/metadata/services/extensions/Feedback").status == 200
    assert server.call("GET", f"{prefix}/metadata/business-attributes").status == 200
    assert server.call("GET", f"{prefix}/server/status").status == 200


def test_a_configured_base_path_serves_beside_the_bare_one(start_server) -> None:
    server = start_server(config={"base-path": "/cms"})
    started = server.call("POST", "/cms/services/start", {"contact_key": "k"})
    assert started.header("location") == "/cms/services/1"
    assert server.call("GET", "/cms/services/1").status == 200
    assert server.call("GET", "/services/1").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        "/services/1/nothing",
        "/services/1/end/more",
        "/customers/c",
        "/customers/c/services/1/2",
        "/customers/c/services/active/more",
        "/Services/start",
        "/genesys/1/cs",
        "/genesys/1/services/1",
        "/genesys/2/cs/services/1",
        "/genesys/1/cs/genesys/1/cs/genesys/1/cs/services/1",
    ],
)
def test_another_path_is_not_found(server: LiaisonServer, path: str) -> None:
    assert_error(server.call("POST", path, {"contact_key": "k"}), 404, "not_found", method="POST")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/services/1", {"GET", "HEAD"}),
        ("PATCH", "/services/start", {"POST"}),
        ("GET", "/services/1/end", {"POST"}),
        ("PUT", "/customers/c/services/1", {"POST"}),
        ("POST", "/customers/c/services", {"GET", "HEAD"}),
        ("POST", "/customers/c/services/active", {"GET", "HEAD"}),
        ("POST", "/services/anonymous/k/completed", {"GET", "HEAD"}),
        ("PATCH", "/metadata/services/extensions", {"GET", "HEAD", "POST"}),
        ("POST", "/metadata/business-attributes", {"GET", "HEAD"}),
        ("POST", "/health", {"GET", "HEAD"}),
    ],
)
def test_another_method_is_405_with_the_allowed_ones(
    server: LiaisonServer, method: str, path: str, allowed: set[str]
) -> None:
    response = server.call(method, path, b"{}")
    assert_error(response, 405, "method_not_allowed", method=method)
    assert {name.strip() for name in (response.header("allow") or "").split(",")} >= allowed


def test_every_answer_bears_a_request_id_of_its_own(server: LiaisonServer) -> None:
    targets = [("GET", "/health"), ("GET", "/nothing"), ("POST", "/services/start"), ("PATCH", "/services/1")]
    request_ids = [server.call(method, target, b"").header("x-request-id") for method, target in targets * 2]
    assert all(request_ids) and len(set(request_ids)) == len(request_ids)
