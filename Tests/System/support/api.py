"""The operations by name, and what their answers must look like."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol
from urllib.parse import quote

from support.http_client import Body, Response

Json = dict[str, Any]
Headers = Mapping[str, str]


class Caller(Protocol):
    """A server (a connection each call) or one connection."""

    def call(
        self, method: str, target: str, body: Body = None, headers: Headers | None = None
    ) -> Response: ...


def segment(value: str | int) -> str:
    """A path segment: everything but letters, digits and -._~ percent-encoded."""
    return quote(str(value), safe="")


def associate_path(customer: str, service: int | str) -> str:
    return f"/customers/{segment(customer)}/services/{service}"


class Api:
    """Each method checks the success its operation promises; the `…_response` forms check nothing."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    # Start

    def start(self, fields: Json | None = None, **more: Any) -> int:
        """Starts a service (anonymous, unless told otherwise) and returns its id."""
        body = {**(fields or {}), **more}
        if "customer_id" not in body and "contact_key" not in body:
            body["contact_key"] = "+15550100"
        response = self.caller.call("POST", "/services/start", body)
        assert response.status == 201, response
        service_id = response.json["service_id"]
        assert isinstance(service_id, int)
        return service_id

    # Associate and complete

    def associate_response(
        self, customer: str, service: int, body: Body = None, headers: Headers | None = None
    ) -> Response:
        return self.caller.call("POST", associate_path(customer, service), body, headers)

    def associate(self, customer: str, service: int, body: Body = None) -> None:
        response = self.associate_response(customer, service, body)
        assert (response.status, response.body) == (200, b""), response

    def complete_response(self, service: int, body: Body = None, headers: Headers | None = None) -> Response:
        return self.caller.call("POST", f"/services/{service}/end", body, headers)

    def complete(self, service: int, body: Body = None) -> None:
        response = self.complete_response(service, {} if body is None else body)
        assert (response.status, response.body) == (200, b""), response

    # States and tasks

    def start_state(self, service: int, fields: Json | None = None, **more: Any) -> int:
        return self._start_part("state", service, {**(fields or {}), **more})

    def start_task(self, service: int, fields: Json | None = None, **more: Any) -> int:
        return self._start_part("task", service, {**(fields or {}), **more})

    def _start_part(self, kind: str, service: int, body: Json) -> int:
        response = self.caller.call("POST", f"/services/{service}/{kind}s/start", body)
        assert response.status == 201, response
        assert list(response.json) == [f"{kind}_id"], response
        part = response.json[f"{kind}_id"]
        assert response.header("location") == f"/services/{service}/{kind}s/{part}", response
        return part

    def end_state(self, service: int, state: int, body: Body = None) -> None:
        self._done("POST", f"/services/{service}/states/{state}/end", {} if body is None else body)

    def end_task(self, service: int, task: int, body: Body = None) -> None:
        self._done("POST", f"/services/{service}/tasks/{task}/end", {} if body is None else body)

    def transition(self, service: int, body: Json) -> int:
        response = self.caller.call("POST", f"/services/{service}/states/transition", body)
        assert response.status == 200, response
        return response.json["state_id"]

    def states(self, service: int, status: str = "", query: str = "") -> list[Json]:
        return self._list(f"/services/{service}/states", status, query)

    def state(self, service: int, state: int, query: str = "") -> Json:
        return self.get(f"/services/{service}/states/{state}{query}")

    def tasks(self, service: int, status: str = "", query: str = "") -> list[Json]:
        return self._list(f"/services/{service}/tasks", status, query)

    def task(self, service: int, task: int, query: str = "") -> Json:
        return self.get(f"/services/{service}/tasks/{task}{query}")

    # Profiles

    def create_profile(self, body: Json) -> str:
        response = self.caller.call("POST", "/profiles", body)
        assert response.status == 201, response
        return response.json["customer_id"]

    def profile(self, customer: str, query: str = "") -> Json:
        return self.get(f"/profiles/{segment(customer)}{query}")

    def create_key(self, key: Json) -> None:
        response = self.caller.call("POST", "/metadata/identification-keys", key)
        assert (response.status, response.json) == (201, {"name": key["name"]}), response

    def identify(self, query: str) -> list[str]:
        found = self.get(f"/profiles?{query}")
        assert all(list(one) == ["customer_id"] for one in found)
        return [one["customer_id"] for one in found]

    # Anything

    def get(self, target: str) -> Any:
        response = self.caller.call("GET", target)
        assert response.status == 200, response
        return response.json

    def put(self, target: str, body: Body) -> None:
        self._done("PUT", target, body)

    def _done(self, method: str, target: str, body: Body) -> None:
        response = self.caller.call(method, target, body)
        assert (response.status, response.body) == (200, b""), response

    # Query

    def service_response(self, service: int, query: str = "") -> Response:
        response = self.caller.call("GET", f"/services/{service}{query}")
        assert response.status == 200, response
        return response

    def service(self, service: int, query: str = "") -> Json:
        return self.service_response(service, query).json

    def whole_service(self, service: int) -> Json:
        return self.service(service, "?extensions=*")

    def revision(self, service: int) -> str:
        """The ETag as it stands in the header, quotes included."""
        return self.service_response(service).etag

    def customer_services(self, customer: str, status: str = "", query: str = "") -> list[Json]:
        return self._list(f"/customers/{segment(customer)}/services", status, query)

    def anonymous_services(self, contact_key: str, status: str = "", query: str = "") -> list[Json]:
        return self._list(f"/services/anonymous/{segment(contact_key)}", status, query)

    def _list(self, path: str, status: str, query: str) -> list[Json]:
        response = self.caller.call("GET", path + (f"/{status}" if status else "") + query)
        assert response.status == 200, response
        assert isinstance(response.json, list)
        return response.json

    def customer_service_ids(self, customer: str, status: str = "", query: str = "") -> list[int]:
        return ids(self.customer_services(customer, status, query))

    def anonymous_service_ids(self, contact_key: str, status: str = "", query: str = "") -> list[int]:
        return ids(self.anonymous_services(contact_key, status, query))

    # Schemas

    def create_schema(self, schema: Json, owner: str = "services") -> None:
        response = self.caller.call("POST", f"/metadata/{owner}/extensions", schema)
        assert response.status == 201, response
        assert response.json == {"name": schema["name"]}


def ids(services: list[Json]) -> list[int]:
    return [service["service_id"] for service in services]


def assert_error(
    response: Response,
    status: int,
    code: str | Collection[str],
    *,
    method: str | None = None,
    field: str | Collection[str] | None = None,
) -> Json:
    """An error answer in the documented form; several codes or fields mean any of them."""
    codes = {code} if isinstance(code, str) else set(code)
    assert response.status == status, f"expected {status} {codes}, got {response}"
    error = response.json
    assert error["code"] in codes, f"expected {codes}, got {response}"
    assert isinstance(error["message"], str) and error["message"], response
    # Empty when the request was too broken to have a method.
    assert error["http_method"] == method if method else "http_method" in error, response
    if field is not None:
        fields = {field} if isinstance(field, str) else set(field)
        assert error.get("field") in fields, f"expected field {fields}, got {response}"
    return error


FEEDBACK: Json = {
    "name": "Feedback",
    "type": "single-valued",
    "attributes": [
        {"name": "rating", "type": "integer", "mandatory": True},
        {"name": "notes", "type": "string", "length": 255},
    ],
}
SATISFACTION: Json = {
    "name": "Satisfaction",
    "type": "multi-valued",
    "unique": ["place"],
    "attributes": [
        {"name": "rating", "type": "integer", "mandatory": True},
        {"name": "pertinence", "type": "integer"},
        {"name": "usefull", "type": "integer"},
        {"name": "place", "type": "string", "length": 64},
    ],
}
# The sample of the page the project was made from, its truncated JSON completed.
ASSOCIATION: Json = {
    "timestamp": "2009-05-12T12:05:12.145Z",
    "interaction_id": "123ABCAADFJ1259ACF",
    "media_type": 1,
    "resource_id": 5005,
    "resource_type": 2,
    "disposition": 10,
    "Feedback": {"rating": 7, "notes": "warm welcome at frontdesk, thanks for the nice trip"},
    "Satisfaction": [
        {"rating": 9, "pertinence": 8, "usefull": 6, "place": "Terranova mexico resort"},
        {"rating": 3, "pertinence": 5, "usefull": 4, "place": "Fancy resort Paris"},
    ],
}
