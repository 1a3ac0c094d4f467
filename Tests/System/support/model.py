"""What the server should do, in a few lines of Python: services, states, tasks, profiles in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]
Answer = tuple[int, Any]
EPOCH = datetime(2031, 1, 1, tzinfo=UTC)
DONE: Answer = (200, None)


def stamp(second: int) -> str:
    """A moment in the form of the API."""
    return (EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def error(status: int, code: str) -> Answer:
    return status, code


@dataclass
class Item:
    """A service, a state or a task."""

    shown: Json
    extensions: Json = field(default_factory=dict)
    second: int = 0

    @property
    def completed(self) -> bool:
        return "completed" in self.shown

    def whole(self) -> Json:
        return {**self.shown, **self.extensions}

    def extend(self, extensions: Json) -> None:
        """The first spelling of a name stays."""
        for name, value in extensions.items():
            known = next((one for one in self.extensions if one.lower() == name.lower()), name)
            self.extensions[known] = value

    def end(self, second: int, disposition: Any, extensions: Json) -> Answer:
        if self.completed:
            return error(409, "already_completed")
        if second < self.second:
            return error(400, "out_of_range")
        self.shown["completed"] = {"timestamp": stamp(second)}
        self.shown["duration"] = (second - self.second) * 1000
        if disposition is not None:
            self.shown["disposition"] = disposition
        self.extend(extensions)
        return DONE


@dataclass
class Service(Item):
    states: dict[int, Item] = field(default_factory=dict)
    tasks: dict[int, Item] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=lambda: {"state": 0, "task": 0})
    owners: list[Json] = field(default_factory=list)

    def parts(self, kind: str) -> dict[int, Item]:
        return self.states if kind == "state" else self.tasks

    def everything(self) -> Json:
        shown = self.whole()
        for kind in ("state", "task"):
            for status, completed in (("active", False), ("completed", True)):
                shown[f"{status}_{kind}s"] = [
                    part.whole() for part in self.parts(kind).values() if part.completed == completed
                ]
        return shown


class Anything:
    """Equal to everything: what the server's clock says."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


@dataclass
class Profile:
    """Each core attribute has one value or several."""

    attributes: dict[str, list[str]]
    extensions: Json = field(default_factory=dict)

    def shown(self, customer: str) -> Json:
        values = {name: own[0] if len(own) == 1 else own for name, own in self.attributes.items()}
        return {"customer_id": customer, **values, **self.extensions}


class Model:
    """Each method answers what the server should: a status, and a body, a code, or nothing."""

    def __init__(self) -> None:
        self.services: dict[int, Service] = {}
        self.profiles: dict[str, Profile] = {}

    def start(self, identifier: int, second: int, body: Json, extensions: Json) -> Answer:
        started = {"timestamp": stamp(second)}
        shown: Json = {"service_id": identifier}
        for name in ("customer_id", "service_type"):
            if name in body:
                shown[name] = body[name]
        if "contact_key" in body:
            started["contact_key"] = body["contact_key"]
        service = Service({**shown, "started": started}, second=second)
        service.extend(extensions)
        if "customer_id" in body:
            service.owners.insert(0, {"customer_id": body["customer_id"], "since": stamp(second)})
        self.services[identifier] = service
        return 201, {"service_id": identifier}

    def associate(self, identifier: int, customer: str, second: int, media: Any, extensions: Json) -> Answer:
        service = self.services.get(identifier)
        if service is None:
            return error(404, "service_not_found")
        if service.shown.get("customer_id") != customer:
            service.owners.insert(0, {"customer_id": customer, "since": stamp(second)})
        service.shown["customer_id"] = customer
        if media is not None:
            service.shown["started"]["media_type"] = media
        service.extend(extensions)
        return DONE

    def complete(self, identifier: int, second: int, disposition: Any, extensions: Json) -> Answer:
        service = self.services.get(identifier)
        return service.end(second, disposition, extensions) if service else error(404, "service_not_found")

    def delete(self, identifier: int) -> Answer:
        return DONE if self.services.pop(identifier, None) else error(404, "service_not_found")

    def start_part(self, kind: str, identifier: int, second: int, body: Json, extensions: Json) -> Answer:
        service = self.services.get(identifier)
        if service is None:
            return error(404, "service_not_found")
        if service.completed:
            return error(409, "already_completed")
        named = body.get("state_id", body.get("previous_state_id"))
        if named is not None and named not in service.states:
            return error(404, "state_not_found")
        if "state_id" in body and service.states[body["state_id"]].completed:
            return error(409, "already_completed")
        service.last[kind] += 1
        number = service.last[kind]
        part = Item({f"{kind}_id": number, **body, "started": {"timestamp": stamp(second)}}, second=second)
        part.extend(extensions)
        service.parts(kind)[number] = part
        return 201, {f"{kind}_id": number}

    def end_part(
        self, kind: str, identifier: int, number: int, second: int, disposition: Any, extensions: Json
    ) -> Answer:
        service = self.services.get(identifier)
        if service is None:
            return error(404, "service_not_found")
        part = service.parts(kind).get(number)
        return part.end(second, disposition, extensions) if part else error(404, f"{kind}_not_found")

    def transition(self, identifier: int, number: int, second: int, kind: Any, disposition: Any) -> Answer:
        service = self.services.get(identifier)
        if service is None:
            return error(404, "service_not_found")
        if number not in service.states:
            return error(404, "state_not_found")
        if service.completed:
            return error(409, "already_completed")
        status, code = service.states[number].end(second, disposition, {})
        if status != 200:
            return status, code
        _, body = self.start_part(
            "state", identifier, second, {"state_type": kind, "previous_state_id": number}, {}
        )
        return 200, body

    def extension(
        self, identifier: int, owner: tuple[str, int] | None, name: str, value: Any, *, merge: bool
    ) -> Answer:
        service = self.services.get(identifier)
        if service is None:
            return error(404, "service_not_found")
        item: Item | None = service.parts(owner[0]).get(owner[1]) if owner else service
        if item is None:
            return error(404, f"{owner[0]}_not_found")
        if owner and item.completed:
            return error(409, "already_completed")
        if merge:
            stored = next((one for key, one in item.extensions.items() if key.lower() == name.lower()), {})
            if not isinstance(value, dict):
                return error(400, "not_mergeable")
            if not isinstance(stored, dict):
                return error(409, "not_mergeable")
            value = {**stored, **value}
        item.extend({name: value})
        return DONE

    def list(self, *, customer: str | None = None, contact: str | None = None, status: str = "") -> list[Json]:
        found = [
            service
            for service in self.services.values()
            if (
                service.shown.get("customer_id") == customer
                if customer
                else "customer_id" not in service.shown and service.shown["started"].get("contact_key") == contact
            )
            and (not status or service.completed == (status == "completed"))
        ]
        found.sort(key=lambda service: (service.second, service.shown["service_id"]))
        return [service.whole() for service in found]

    # Profiles: "Mail" is a unique identification key

    def is_taken(self, mails: list[str], *own: str) -> bool:
        others = (profile for customer, profile in self.profiles.items() if customer not in own)
        return any(set(mails) & set(other.attributes.get("Mail", [])) for other in others)

    def create_profile(self, customer: str, attributes: dict[str, list[str]]) -> Answer:
        if customer in self.profiles:
            return error(409, "profile_exists")
        if self.is_taken(attributes.get("Mail", [])):
            return error(409, "identity_taken")
        self.profiles[customer] = Profile(attributes)
        return 201, {"customer_id": customer}

    def update_profile(self, customer: str, attributes: dict[str, list[str]]) -> Answer:
        if customer not in self.profiles:
            return error(404, "profile_not_found")
        if self.is_taken(attributes.get("Mail", []), customer):
            return error(409, "identity_taken")
        self.profiles[customer].attributes = attributes
        return 204, None

    def delete_profile(self, customer: str) -> Answer:
        return DONE if self.profiles.pop(customer, None) else error(404, "profile_not_found")

    def insert_extension(self, customer: str, extensions: Json) -> Answer:
        if customer not in self.profiles:
            return error(404, "profile_not_found")
        self.profiles[customer].extensions.update(extensions)
        return DONE

    def merge_profiles(self, customer: str, source: str) -> Answer:
        if customer == source:
            return error(400, "same_profile")
        if customer not in self.profiles or source not in self.profiles:
            return error(404, "profile_not_found")
        kept, gone = self.profiles[customer], self.profiles.pop(source)
        for name, values in gone.attributes.items():
            own = kept.attributes.setdefault(name, [])
            own += [value for value in values if value not in own]
        kept.extensions = {**gone.extensions, **kept.extensions}
        for service in self.services.values():
            if service.shown.get("customer_id") == source:
                service.shown["customer_id"] = customer
                service.owners.insert(0, {"customer_id": customer, "since": Anything()})
        return 204, None

    def identify(self, name: str, value: str) -> list[str]:
        return sorted(
            customer
            for customer, profile in self.profiles.items()
            if value in profile.attributes.get(name, [])
        )

    def erase(self, customer: str) -> list[int]:
        """The services that are gone."""
        self.profiles.pop(customer, None)
        gone = [number for number, one in self.services.items() if one.shown.get("customer_id") == customer]
        for number in gone:
            del self.services[number]
        for service in self.services.values():
            service.owners = [owner for owner in service.owners if owner["customer_id"] != customer]
        return gone
