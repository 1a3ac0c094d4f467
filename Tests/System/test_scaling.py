"""The commands of Docs/scaling.md, as they stand there."""

from __future__ import annotations

import random
import re

import pytest

from support.api import Api, assert_error, associate_path
from support.http_client import encode_request
from support.postgres_server import PostgresServer
from support.scaling_page import LET_CHANGES_GO, LET_SERVICES_GO, PAGE, PARTITION
from support.server import run_liaison

SECOND = 10_000_001


def test_a_store_is_partitioned_and_lets_a_span_of_time_go(start_server, postgres: PostgresServer) -> None:
    store = postgres.new_store()
    server = start_server(store=store)
    api = Api(server)
    old = api.start(customer_id="C1")
    api.associate("C2", old, {"interaction_id": "I1"})
    api.end_state(old, api.start_state(old, state_type=4))
    assert server.stop() == 0

    postgres.query(PARTITION, store)
    # As if ten million services had been started.
    postgres.query(f"SELECT setval('service_id', {SECOND}, false)", store)
    server.start()
    assert api.service(old)["customer_id"] == "C2"
    new = api.start(contact_key="k")
    assert new >= SECOND
    for service in (old, new):
        api.associate("C3", service, {"interaction_id": f"of {service}"})
        api.end_state(service, api.start_state(service, state_type=4))
    assert sorted(service["service_id"] for service in api.get("/customers/C3/services")) == [old, new]
    assert postgres.query("SELECT count(*) FROM service_1 UNION ALL SELECT count(*) FROM service_2", store) == [["1"], ["1"]]

    api.complete(old)
    assert postgres.query(LET_SERVICES_GO, store) == [["0"]]
    assert_error(server.call("GET", f"/services/{old}"), 404, "service_not_found")
    assert_error(server.call("GET", f"/interactions/of {old}".replace(" ", "%20")), 404, "interaction_not_found")
    assert [service["service_id"] for service in api.get("/customers/C3/services")] == [new]
    api.associate("C4", new)
    assert [entry["customer_id"] for entry in api.get(f"/services/{new}/associations")] == ["C4", "C3"]
    # The sequence begins its second partition, whose first number is far away here.
    postgres.query(f"UPDATE counter SET last = {SECOND - 1} WHERE name = 'sequence'", store)
    postgres.query(LET_CHANGES_GO, store)
    api.associate("C5", new)
    assert postgres.query("SELECT sequence, customer FROM change", store) == [[str(SECOND), "C5"]]
    assert "failed" not in server.log() and "the store fails" not in server.log()
    assert server.stop() == 0
    assert "this server's" in run_liaison("store", "status", "--store", store).stdout


def test_the_sizes_of_the_page_are_those_of_a_store(start_server, postgres: PostgresServer) -> None:
    """With fewer rows than the page's, in the same proportion: whole pages make a difference then."""
    services, associations = 5_000, 3_450
    store = postgres.new_store()
    server = start_server(store=store, config={"plugins": {"extension-schemas": {"schemas": "off"}}})
    start = {
        "timestamp": "2009-05-12T12:00:00.000Z", "contact_key": "+155500000001", "service_type": 100,
        "est_duration": 600, "media_type": 1, "interaction_id": "0R9X2",
    }  # fmt: skip
    event = {
        "timestamp": "2009-05-12T12:05:12.145Z", "media_type": 1, "resource_id": 5005, "resource_type": 2,
        "disposition": 10,
    }  # fmt: skip
    with server.connect(timeout=60) as connection:

        def send(requests: list[tuple[str, dict]]) -> None:
            for first in range(0, len(requests), 100):
                some = [encode_request("POST", path, body) for path, body in requests[first : first + 100]]
                assert all(response.status in (200, 201) for response in connection.pipeline(some))

        send([("/services/start", start)] * services)
        ids = [int(row[0]) for row in postgres.query("SELECT id FROM service", store)]
        send(
            [
                (
                    associate_path(f"0004Va58A9{number % 20_000:06}", service),
                    {**event, "interaction_id": f"123ABCAADF{number:08}"},
                )
                for number, service in enumerate(random.sample(ids, associations))
            ]
        )
    stated = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \|", PAGE, re.MULTILINE)
    assert [table for table, _, _ in stated] == ["service", "association", "interaction", "change"]
    for table, in_table, in_indexes in stated:
        [[rows, heap, indexes]] = postgres.query(
            f"SELECT count(*), pg_table_size('{table}'), pg_indexes_size('{table}') FROM {table}", store
        )
        assert int(heap) / int(rows) == pytest.approx(int(in_table), rel=0.25), table
        assert int(indexes) / int(rows) == pytest.approx(int(in_indexes), rel=0.5), table
    formula = re.search(r"services × (\d+) \+ associations × (\d+) \+ interactions × (\d+) \+ changes-kept × (\d+)", PAGE)
    assert formula
    assert list(map(int, formula.groups())) == [int(heap) + int(indexes) for _, heap, indexes in stated]
