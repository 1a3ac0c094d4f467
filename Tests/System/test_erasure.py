"""Erasing a person: afterwards no file of the data folder holds a byte of it, nor a row of a database that takes its place, and
everybody else's data are as they were."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.api import Api, Json, assert_error, associate_path, segment
from support.deadline import wait_until
from support.http_client import encode_request
from support.metrics import parse_metrics
from support.redis_server import RedisServer
from support.server import STORE, LiaisonServer

SCHEMALESS: Json = {"plugins": {"extension-schemas": {"schemas": "off"}}}


class Person:
    """Somebody about whom there is something in every place where there can be; each word names one of them."""

    def __init__(self, api: Api, words: str) -> None:
        self.api = api
        self.words = words
        self.customer = f"{words}-customer \"ä"
        self.services: list[int] = []

    def live(self, others: str) -> None:
        """Makes everything; other customers have a part in some of it."""
        api, word = self.api, self.words
        profile = {"customer_id": self.customer, "Mail": f"{word}-mail@example.org", "Note": {"text": f"{word}-note"}}
        key = {"Idempotency-Key": f"{word}-key"}
        assert api.caller.call("POST", "/profiles", profile, key).status == 201
        mails = [f"{word}-{number}@example.org" for number in range(3)]
        for mail in mails:
            body = {"Mail": mail, "Name": f"{word}-name"}
            assert api.caller.call("PUT", f"/profiles/{segment(self.customer)}", body).status == 204
        # Unknown at first, then found out; extensions and parts before and after.
        service = api.start(contact_key=f"{word}-phone", interaction_id=f"{word}-call", Order={"n": f"{word}-order"})
        state = api.start_state(service, Mood={"is": f"{word}-mood"}, session_id=f"{word}-session")
        api.associate(self.customer, service, {"interaction_id": f"{word}-call2"})
        api.end_state(service, state, {"disposition_desc": f"{word}-end"})
        api.start_task(service, Todo=f"{word}-task")
        deleted = api.start(customer_id=self.customer, Order={"n": f"{word}-deleted"})
        assert api.caller.call("DELETE", f"/services/{deleted}").status == 200
        self.shared = api.start(customer_id=self.customer)
        api.associate(others, self.shared)
        self.services = [service, api.start(customer_id=self.customer, Large={"text": f"{word}-large" * 900})]


Holders = Callable[[LiaisonServer, str], dict[str, str]]


@pytest.fixture
def holders(request: pytest.FixtureRequest) -> Holders:
    """The files of a server, and its database, that hold a text, and what stands around it there."""

    def find(server: LiaisonServer, needle: str) -> dict[str, str]:
        files = [file for file in server.data.rglob("*") if file.is_file()]
        contents = {str(file.relative_to(server.data)): file.read_bytes() for file in files}
        if server.store:
            contents["the database"] = request.getfixturevalue("postgres").rows(server.store)
        places = {name: text.find(needle.encode()) for name, text in contents.items()}
        return {name: repr(contents[name][max(0, at - 60) : at + 60]) for name, at in places.items() if at >= 0}

    return find


def commits(server: LiaisonServer) -> float:
    """How many batches were committed."""
    return parse_metrics(server.call("GET", "/metrics").body.decode()).value("liaison_commit_batch_size_count")


def erase(api: Api, person: Person) -> Json:
    response = api.caller.call("DELETE", f"/customers/{segment(person.customer)}/data")
    assert response.status == 200, response
    assert sorted(response.json["services"]) == sorted(person.services) and response.json["journal"] > 0
    return response.json


@pytest.mark.parametrize(
    "fold_after", ["1h", "1ms"] if STORE == "sqlite" else ["1h"], ids=lambda pause: f"folded after {pause}"
)
def test_no_file_holds_a_byte_of_an_erased_person(
    start_server: Callable[..., LiaisonServer], redis: RedisServer, holders: Holders, fold_after: str
) -> None:
    server = start_server(config={**SCHEMALESS, "store": {"fold-after": fold_after}}, redis=redis)
    api = Api(server)
    api.create_key({"name": "byMail", "attributes": ["Mail"], "unique": True})
    api.create_key({"name": "byName", "attributes": ["Name", "Mail"]})
    people = [Person(api, uuid.uuid4().hex[:16]) for _ in range(3)]
    with ThreadPoolExecutor(8) as pool:
        # Pages split and are used again while the people come.
        load = [pool.submit(lambda n=number: Person(api, f"other{n}").live(f"rest{n}")) for number in range(60)]
        for person in people:
            person.live("somebody")
        for one in load:
            one.result()
    gone, kept, last = people
    before = [api.get(f"/customers/{segment(kept.customer)}/data"), api.whole_service(gone.shared)]
    assert holders(server, gone.words), "the test looks for what was there"
    erase(api, gone)
    assert holders(server, gone.words) == {}
    assert gone.words.encode() not in b"".join(
        key + b"".join(entry.values() if isinstance(entry, dict) else [])
        for key, entry in redis.client().everything().items()
    )
    assert [api.get(f"/customers/{segment(kept.customer)}/data"), api.whole_service(gone.shared)] == before
    # The person may come again, and what has come since stays.
    assert api.caller.call("POST", "/profiles", {"customer_id": gone.customer, "Mail": "new@example.org"}).status == 201
    erase(api, last)
    assert holders(server, last.words) == {}
    for end in (server.kill, server.stop):
        end()
        assert holders(server, last.words) == {}
        server.start()
        after = api.get(f"/customers/{segment(kept.customer)}/data")
        assert [after, api.whole_service(gone.shared)] == before
        assert api.profile(gone.customer)["Mail"] == "new@example.org"
        assert api.identify(f"Mail={kept.words}-2@example.org") == [kept.customer]
    response = api.caller.call("DELETE", f"/customers/{segment(gone.customer)}/data")
    assert response.json["profile"] is True and holders(server, gone.words) == {}


def test_an_erasure_comes_between_the_writes_that_are_pipelined_before_and_behind_it(
    start_server: Callable[..., LiaisonServer],
) -> None:
    server = start_server()
    api = Api(server)
    for number in range(10):
        customer = f"pipelined-{number}"
        handed_on, kept, later = api.start(), api.start(), api.start()
        requests = [
            encode_request("POST", associate_path(customer, handed_on)),
            encode_request("POST", associate_path("other", handed_on)),
            encode_request("POST", associate_path(customer, kept)),
            encode_request("DELETE", f"/customers/{customer}/data"),
            encode_request("POST", associate_path(customer, later)),
        ]
        with server.connect() as connection:
            answers = connection.pipeline(requests)
        assert [answer.status for answer in answers] == [200] * 5
        assert answers[3].json["services"] == [kept] and answers[3].json["history"] == 2
        assert api.customer_service_ids(customer) == [later]
        assert [one["customer_id"] for one in api.get(f"/services/{handed_on}/associations")] == ["other"]


@pytest.mark.parametrize("path", ["/customers/C/data", "/profiles/C"])
def test_many_services_of_a_customer_go_step_by_step(start_server: Callable[..., LiaisonServer], path: str) -> None:
    """One change of all would stop every other writer for as long."""
    server = start_server(config={"plugins": {"persistence": {"delete-services-with-profile": True}}})
    with server.connect() as connection:
        api = Api(connection)
        api.create_profile({"customer_id": "C"})
        services = [api.start(customer_id="C") for _ in range(170)]
        kept = api.start(customer_id="D")
        if path == "/profiles/C":
            refused = connection.call("DELETE", path, headers={"If-Match": '"7"'})
            assert refused.status == 412 and api.customer_service_ids("C") == services, "nothing went before"
        before = commits(server)
        response = connection.call("DELETE", path)
        assert response.status == 200, response
        wait_until("the last commit is counted", lambda: commits(server) - before >= 4)
        if path == "/customers/C/data":
            report = response.json
            assert (report["profile"], report["services"], report["history"]) == (True, services, len(services))
        assert api.customer_service_ids("C") == [] and api.customer_service_ids("D") == [kept]
        assert connection.call("GET", "/profiles/C").status == 404
        if path == "/profiles/C":
            assert connection.call("DELETE", path).status == 404


def test_what_redis_was_not_told_of_a_person_is_taken_out_by_the_next_erasure(
    make_server: Callable[..., LiaisonServer], redis: RedisServer
) -> None:
    server = make_server(redis=redis)
    server.start()
    customer = f"c-{uuid.uuid4().hex}"
    service = Api(server).start(customer_id=customer)

    def knows() -> bool:
        return customer.encode() in redis.client().everything()[f"liaison:service:{service}".encode()].values()

    wait_until("Redis knows the customer", knows)
    server.stop()
    # A server that ends between commit and Redis leaves it like this, too.
    server.redis_url = None
    server.start()
    assert server.call("DELETE", f"/services/{service}").status == 200
    server.stop()
    server.redis_url = redis.url
    server.start()
    assert knows()
    report = server.call("DELETE", f"/customers/{customer}/data").json
    assert (report["services"], report["cached"]) == ([], 1)
    assert not knows()
