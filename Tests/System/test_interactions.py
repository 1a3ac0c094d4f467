"""Interactions are known from the events that name them."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable
from urllib.parse import quote

import pytest

from support.api import Api, Json, assert_error
from support.http_client import encode_request
from support.server import LiaisonServer

T0, T1, T2 = (f"2031-04-09T07:45:1{second}.000Z" for second in range(3))


@pytest.fixture
def server(start_server: Callable[..., LiaisonServer]) -> LiaisonServer:
    return start_server()


def test_the_interactions_of_services_and_customers_are_shown(server: LiaisonServer) -> None:
    api = Api(server)
    customer = f"c-{uuid.uuid4().hex}"
    service = api.start(contact_key="k", interaction_id="I0", media_type="voice", timestamp=T0)
    state = api.start_state(service, interaction_id="I1", media_type="chat", timestamp=T1)
    api.end_state(service, state, {"interaction_id": "I0", "timestamp": T2})
    other = api.start(customer_id=customer, interaction_id="I1", timestamp=T0)
    api.associate(customer, service)
    i0: Json = {"external_id": "I0", "established_date": T0, "media_type": "voice", "services": [service]}
    assert api.get(f"/services/{service}/interactions") == [
        i0,
        {"external_id": "I1", "established_date": T1, "media_type": "chat", "services": [service]},
    ]
    shared = {"external_id": "I1", "established_date": T0, "media_type": "chat", "services": [service, other]}
    by_id = {one["external_id"]: one for one in api.get(f"/customers/{customer}/interactions")}
    assert by_id["I0"] == i0 and sorted(by_id["I1"]["services"]) == [service, other]
    assert api.get("/interactions/I1") == shared and api.get("/interactions/I0") == i0
    assert api.get("/customers/nobody/interactions") == []
    assert_error(server.call("GET", f"/services/{2**53 - 1}/interactions"), 404, "service_not_found")
    server.kill()
    server.start()
    assert api.get("/interactions/I1") == shared
    server.call("DELETE", f"/services/{other}")
    assert api.get("/interactions/I1")["services"] == [service]
    server.call("DELETE", f"/services/{service}")
    assert_error(server.call("GET", "/interactions/I1"), 404, "interaction_not_found")


def test_a_list_of_interactions_comes_in_pages(server: LiaisonServer) -> None:
    api = Api(server)
    first = api.start(customer_id="A", interaction_id="I3", timestamp=T0)
    second = api.start(customer_id="A", interaction_id="I1", media_type="voice", timestamp=T1)
    for number in (2, 4):
        api.start_state(first, interaction_id=f"I{number}", timestamp=T1)
    api.start_state(second, interaction_id="I3", media_type="chat", timestamp=T2)
    for path, order in (("/customers/A", ["I3", "I1", "I2", "I4"]), (f"/services/{first}", ["I3", "I2", "I4"])):
        whole = api.get(f"{path}/interactions")
        assert [one["external_id"] for one in whole] == order
        for length in (1, 2, 10):
            pages = api.get(f"{path}/interactions?limit={length}")
            while len(pages) < len(whole):
                page = api.get(f"{path}/interactions?limit={length}&after={pages[-1]['external_id']}")
                assert 0 < len(page) <= length
                pages += page
            assert pages == whole
        assert api.get(f"{path}/interactions?after=I4") == []
        gone = server.call("GET", f"{path}/interactions?after=I9")
        assert_error(gone, 404, "interaction_not_found", field="after")
    assert [one.get("media_type") for one in api.get("/customers/A/interactions")] == ["chat", "voice", None, None]


def test_an_interaction_that_many_services_name_is_told_with_all_of_them(server: LiaisonServer) -> None:
    """Its medium is looked for in some of them alone."""
    api = Api(server)
    services = [api.start(contact_key="k", interaction_id="0", timestamp=T1) for _ in range(30)]
    assert api.get("/interactions/0") == {"external_id": "0", "established_date": T1, "services": services}
    api.start_task(services[3], interaction_id="0", media_type=7, timestamp=T2)
    assert api.get("/interactions/0")["media_type"] == 7


def test_two_interactions_whose_ids_look_alike_are_two(server: LiaisonServer) -> None:
    """An accent is one character, or two; ids are compared as they were sent."""
    api = Api(server)
    one, two = "caf\u00e9", "cafe\u0301"
    service = api.start(customer_id="A", interaction_id=one, media_type="voice", timestamp=T0)
    api.start_state(service, interaction_id=two, media_type="chat", timestamp=T0)
    api.start_task(service, interaction_id=two, timestamp=T1)
    expected: list[Json] = [
        {"external_id": two, "established_date": T0, "media_type": "chat", "services": [service]},
        {"external_id": one, "established_date": T0, "media_type": "voice", "services": [service]},
    ]
    for path in (f"/services/{service}", "/customers/A"):
        assert api.get(f"{path}/interactions") == expected
        assert api.get(f"{path}/interactions?after={quote(two)}") == expected[1:]
        assert api.get(f"{path}/interactions?after={quote(one)}") == []
    assert [api.get(f"/interactions/{quote(name)}") for name in (two, one)] == expected


def test_interactions_of_one_batch_whose_ids_look_alike_are_two(server: LiaisonServer) -> None:
    """Events that become durable together are kept together."""
    api = Api(server)
    services = [api.start(contact_key="k", timestamp=T0) for _ in range(20)]
    names = ["caf\u00e9", "cafe\u0301"]
    with server.connect() as connection:
        answers = connection.pipeline(
            encode_request("POST", f"/services/{service}/states/start", {"interaction_id": name, "timestamp": T1})
            for service in services
            for name in names
        )
    assert all(answer.status == 201 for answer in answers)
    for name in names:
        assert api.get(f"/interactions/{quote(name)}")["services"] == services


def test_content_is_not_kept(server: LiaisonServer) -> None:
    Api(server).start(contact_key="k", interaction_id="I0")
    for content in ("plain_text", "structured_text", "binary_content"):
        assert_error(server.call("GET", f"/interactions/I0/{content}"), 404, "content_not_kept")
    assert_error(server.call("GET", "/interactions/other"), 404, "interaction_not_found", field="interaction_id")


def test_an_interaction_is_found_also_after_a_later_event_has_named_another(
    server: LiaisonServer, request: pytest.FixtureRequest
) -> None:
    api = Api(server)
    service = api.start(contact_key="k", interaction_id="I0", timestamp=T0)
    api.associate("A", service, {"interaction_id": "I1", "media_type": 3, "timestamp": T1})
    assert api.service(service)["started"]["interaction_id"] == "I1"
    for _ in range(2):
        assert api.get("/interactions/I0") == {"external_id": "I0", "established_date": T0, "services": [service]}
        assert api.get("/interactions/I1")["established_date"] == T1
        for path in (f"/services/{service}/interactions", "/customers/A/interactions"):
            assert [one["external_id"] for one in api.get(path)] == ["I0", "I1"]
        server.stop()
        server.start()
    assert server.call("DELETE", "/customers/A/data").status == 200
    for interaction in ("I0", "I1"):
        assert_error(server.call("GET", f"/interactions/{interaction}"), 404, "interaction_not_found")
    assert rows_of_interactions(server, request) == 0


def test_an_interaction_that_several_events_name_is_told_once_since_the_earliest_and_outlives_the_customer_of_its_association(
    server: LiaisonServer, request: pytest.FixtureRequest
) -> None:
    api = Api(server)
    service = api.start(contact_key="k", timestamp=T0)
    api.associate("A", service, {"interaction_id": "I1", "timestamp": T1})
    api.associate("B", service, {"interaction_id": "I1", "timestamp": T2})
    api.start_state(service, interaction_id="I1", timestamp=T2)
    api.associate("C", service, {"interaction_id": "I2", "timestamp": T2})
    other = api.start(customer_id="B", interaction_id="I1", timestamp=T0)
    i1: Json = {"external_id": "I1", "established_date": T1, "services": [service]}
    i2: Json = {"external_id": "I2", "established_date": T2, "services": [service]}
    for _ in range(2):
        assert api.get(f"/services/{service}/interactions") == [i1, i2]
        assert api.get("/interactions/I1") == {"external_id": "I1", "established_date": T0, "services": [service, other]}
        # Folded now: the association's row goes, what it told of the interaction does not.
        assert server.call("DELETE", "/customers/A/data").status == 200
    assert [entry["customer_id"] for entry in api.get(f"/services/{service}/associations")] == ["C", "B"]
    assert server.call("DELETE", f"/services/{service}").status == 200
    assert api.get("/interactions/I1")["services"] == [other]
    assert_error(server.call("GET", "/interactions/I2"), 404, "interaction_not_found")
    assert server.call("DELETE", f"/services/{other}").status == 200
    assert_error(server.call("GET", "/interactions/I1"), 404, "interaction_not_found")
    assert rows_of_interactions(server, request) == 0


def rows_of_interactions(server: LiaisonServer, request: pytest.FixtureRequest) -> int:
    """How many rows are left that tell of interactions."""
    if server.store:
        (count,) = request.getfixturevalue("postgres").query(
            "SELECT (SELECT count(*) FROM interaction) + (SELECT count(*) FROM association)", server.store
        )[0]
        return int(count)
    with sqlite3.connect(server.database) as database:
        return sum(
            database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("interaction", "interaction_hash", "association")
        )
