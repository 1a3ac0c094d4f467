"""Thousands of random operations: the server answers as a simple model of it does, also across kills."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from support.api import Api, associate_path, segment
from support.http_client import Connection, Response
from support.model import Answer, Json, Model, stamp
from support.redis_server import RedisServer
from support.server import LiaisonServer

CUSTOMERS = ["A", "B", "Ü/ %", "d"]
MAILS = ["a@example.org", "b@example.org", "ü ?"]
NAMES = ["Ada", "Eve"]
CONTACTS = ["+15550100", "k"]
VALUES: list[Any] = [1, "x", True, None, [], [1, {"a": 2}], {}, {"a": 1}, {"b": {"c": 2}}, {"a": 3, "d": 4}]
EVERYTHING = "?extensions=*&active_states=true&completed_states=true&active_tasks=true&completed_tasks=true"


class Run:
    """Random operations on a server and on the model, compared one by one."""

    def __init__(self, server: LiaisonServer, seed: int) -> None:
        self.server = server
        self.numbers = random.Random(seed)
        self.model = Model()
        self.known: list[int] = []
        self.second = 0
        self.connection: Connection = server.connect()
        self.last: list[str] = []
        self.statuses: Counter[int] = Counter()

    def restart(self) -> None:
        self.connection.close()
        self.server.kill()
        self.server.start()
        self.connection = self.server.connect()

    # What is chosen

    def service(self) -> int:
        if not self.known or self.numbers.random() < 0.03:
            return self.numbers.choice([10**9, *self.known[-1:]])
        return self.numbers.choice(self.known[-6:])

    def part(self) -> int:
        return self.numbers.randint(1, 4)

    def extensions(self) -> Json:
        names = self.numbers.sample(["Note", "Order", "note"], self.numbers.choice([0, 0, 1]))
        return {name: self.numbers.choice(VALUES) for name in names}

    def moment(self) -> int:
        """Mostly later than before, now and then long ago."""
        self.second += self.numbers.randint(0, 2)
        return self.second if self.numbers.random() < 0.95 else self.second - self.numbers.randint(1, 200)

    # What is done

    def step(self) -> None:
        operation = self.numbers.choices(
            [
                self.start, self.associate, self.complete, self.delete, self.start_part, self.end_part,
                self.transition, self.extension, self.query, self.lists, self.history,
                self.change_profile, self.merge_profiles, self.identify, self.erase,
            ],
            [2, 12, 1, 0.5, 10, 6, 5, 14, 10, 6, 2, 8, 1, 6, 0.2],
        )[0]  # fmt: skip
        operation()

    def call(self, method: str, path: str, body: Any = None) -> Response:
        self.last = [*self.last[-15:], f"{method} {path} {body!r}"]
        return self.connection.call(method, path, body)

    def expect(self, response: Response, answer: Answer) -> None:
        status, expected = answer
        shown = response.json if response.body else None
        if status >= 400:
            shown = shown["code"]
        self.statuses[response.status] += 1
        assert (response.status, shown) == (status, expected), "\n".join(self.last)

    def start(self) -> None:
        second, extensions, body = self.moment(), self.extensions(), {}
        if self.numbers.random() < 0.5:
            body["customer_id"] = self.numbers.choice(CUSTOMERS)
        if not body or self.numbers.random() < 0.3:
            body["contact_key"] = self.numbers.choice(CONTACTS)
        if self.numbers.random() < 0.5:
            body["service_type"] = self.numbers.choice([1, "Refund"])
        response = self.call("POST", "/services/start", {**body, "timestamp": stamp(second), **extensions})
        assert response.status == 201, response
        identifier = response.json["service_id"]
        assert identifier not in self.known, "an id was given twice"
        self.expect(response, self.model.start(identifier, second, body, extensions))
        self.known.append(identifier)

    def associate(self) -> None:
        service, customer, second = self.service(), self.numbers.choice(CUSTOMERS), self.moment()
        media, extensions = self.numbers.choice([None, 1, "voice"]), self.extensions()
        body = {"timestamp": stamp(second), **({} if media is None else {"media_type": media}), **extensions}
        response = self.call("POST", associate_path(customer, service), body)
        self.expect(response, self.model.associate(service, customer, second, media, extensions))

    def ending(self) -> tuple[int, Any, Json, Json]:
        second, disposition, extensions = self.moment(), self.numbers.choice([None, 1, "ok"]), self.extensions()
        body = {"timestamp": stamp(second), **({} if disposition is None else {"disposition": disposition})}
        return second, disposition, extensions, {**body, **extensions}

    def complete(self) -> None:
        service = self.service()
        second, disposition, extensions, body = self.ending()
        response = self.call("POST", f"/services/{service}/end", body)
        self.expect(response, self.model.complete(service, second, disposition, extensions))

    def delete(self) -> None:
        service = self.service()
        self.expect(self.call("DELETE", f"/services/{service}"), self.model.delete(service))

    def start_part(self) -> None:
        kind, service, second = self.numbers.choice(["state", "task"]), self.service(), self.moment()
        extensions, body = self.extensions(), {}
        if kind == "task" and self.numbers.random() < 0.6:
            body["state_id"] = self.part()
        if self.numbers.random() < 0.7:
            body[f"{kind}_type"] = self.numbers.choice([1, "call"])
        if kind == "state" and self.numbers.random() < 0.2:
            body["previous_state_id"] = self.part()
        sent = {**body, "timestamp": stamp(second), **extensions}
        response = self.call("POST", f"/services/{service}/{kind}s/start", sent)
        self.expect(response, self.model.start_part(kind, service, second, body, extensions))

    def end_part(self) -> None:
        kind, service, number = self.numbers.choice(["state", "task"]), self.service(), self.part()
        second, disposition, extensions, body = self.ending()
        response = self.call("POST", f"/services/{service}/{kind}s/{number}/end", body)
        self.expect(response, self.model.end_part(kind, service, number, second, disposition, extensions))

    def transition(self) -> None:
        service, number, second = self.service(), self.part(), self.moment()
        disposition, kind = self.numbers.choice([None, 1, "ok"]), self.numbers.choice([2, "next"])
        source = {"state_id": number, **({} if disposition is None else {"disposition": disposition})}
        body = {"from": source, "to": {"state_type": kind}, "timestamp": stamp(second)}
        response = self.call("POST", f"/services/{service}/states/transition", body)
        self.expect(response, self.model.transition(service, number, second, kind, disposition))

    def extension(self) -> None:
        service, name, value = self.service(), self.numbers.choice(["Note", "NOTE", "New"]), self.numbers.choice(VALUES)
        owner = self.numbers.choice([None, ("state", self.part()), ("task", self.part())])
        merge = self.numbers.random() < 0.5
        place = f"/{owner[0]}s/{owner[1]}" if owner else ""
        path = f"/services/{service}{place}/extensions/{name}" + ("/merge" if merge else "")
        response = self.call("PUT", path, json.dumps(value).encode())
        self.expect(response, self.model.extension(service, owner, name, value, merge=merge))

    def query(self) -> None:
        service = self.service()
        found = self.model.services.get(service)
        answer: Answer = (200, found.everything()) if found else (404, "service_not_found")
        self.expect(self.call("GET", f"/services/{service}{EVERYTHING}"), answer)
        bare: Answer = (200, found.shown) if found else (404, "service_not_found")
        self.expect(self.call("GET", f"/services/{service}"), bare)

    def lists(self) -> None:
        status = self.numbers.choice(["", "active", "completed"])
        tail = (f"/{status}" if status else "") + "?extensions=*"
        customer, contact = self.numbers.choice(CUSTOMERS), self.numbers.choice(CONTACTS)
        response = self.call("GET", f"/customers/{segment(customer)}/services{tail}")
        self.expect(response, (200, self.model.list(customer=customer, status=status)))
        response = self.call("GET", f"/services/anonymous/{segment(contact)}{tail}")
        self.expect(response, (200, self.model.list(contact=contact, status=status)))

    def history(self) -> None:
        service = self.service()
        found = self.model.services.get(service)
        answer: Answer = (200, found.owners) if found else (404, "service_not_found")
        self.expect(self.call("GET", f"/services/{service}/associations"), answer)

    # Profiles

    def attributes(self) -> dict[str, list[str]]:
        attributes = {"Mail": self.numbers.sample(MAILS, self.numbers.randint(0, 2))}
        attributes["Name"] = self.numbers.sample(NAMES, self.numbers.randint(0, 1))
        return {name: values for name, values in attributes.items() if values}

    def change_profile(self) -> None:
        customer, attributes = self.numbers.choice(CUSTOMERS), self.attributes()
        path = f"/profiles/{segment(customer)}"
        operation = self.numbers.random()
        if operation < 0.4:
            body = {"customer_id": customer, **attributes}
            self.expect(self.call("POST", "/profiles", body), self.model.create_profile(customer, attributes))
        elif operation < 0.7:
            self.expect(self.call("PUT", path, attributes), self.model.update_profile(customer, attributes))
        elif operation < 0.9:
            extensions = {"Note": self.numbers.choice([{}, {"a": 1}, 7])}
            response = self.call("POST", f"{path}/extensions", extensions)
            self.expect(response, self.model.insert_extension(customer, extensions))
        else:
            self.expect(self.call("DELETE", path), self.model.delete_profile(customer))

    def merge_profiles(self) -> None:
        customer, source = self.numbers.choice(CUSTOMERS), self.numbers.choice(CUSTOMERS)
        response = self.call("PUT", f"/profiles/{segment(customer)}/merge/{segment(source)}")
        self.expect(response, self.model.merge_profiles(customer, source))

    def identify(self) -> None:
        name = self.numbers.choice(["Mail", "Name"])
        value = self.numbers.choice(MAILS if name == "Mail" else NAMES)
        response = self.call("GET", f"/profiles?{name}={segment(value)}")
        assert response.status == 200, response
        found = sorted(one["customer_id"] for one in response.json)
        assert found == self.model.identify(name, value), "\n".join(self.last)
        customer = self.numbers.choice(CUSTOMERS)
        profile = self.model.profiles.get(customer)
        answer: Answer = (200, profile.shown(customer)) if profile else (404, "profile_not_found")
        self.expect(self.call("GET", f"/profiles/{segment(customer)}?extensions=*"), answer)

    def erase(self) -> None:
        customer = self.numbers.choice(CUSTOMERS)
        response = self.call("DELETE", f"/customers/{segment(customer)}/data")
        assert response.status == 200, response
        assert sorted(response.json["services"]) == sorted(self.model.erase(customer)), "\n".join(self.last)

    def compare_everything(self) -> None:
        for service in self.known:
            found = self.model.services.get(service)
            answer: Answer = (200, found.everything()) if found else (404, "service_not_found")
            self.expect(self.call("GET", f"/services/{service}{EVERYTHING}"), answer)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_server_does_what_the_model_does(
    start_server: Callable[..., LiaisonServer], redis: RedisServer, long_form: bool, seed: int
) -> None:
    config = {"plugins": {"extension-schemas": {"schemas": "off"}}}
    server = start_server(config=config, redis=redis if seed % 2 else None)
    for key in ({"name": "byMail", "attributes": ["Mail"], "unique": True}, {"name": "byName", "attributes": ["Name"]}):
        Api(server).create_key(key)
    run = Run(server, random.randrange(10**9) if long_form else seed)
    for _ in range(40 if long_form else 4):
        for _ in range(900):
            run.step()
        run.restart()
        run.compare_everything()
    assert run.statuses.keys() >= {200, 201, 204, 400, 404, 409} and min(run.statuses.values()) > 20, run.statuses
