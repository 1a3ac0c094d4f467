"""The example AssociationWebhook, built as an integrator builds it, against a receiver that fails and servers that are killed."""

from __future__ import annotations

import json
import re
import resource
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.deadline import wait_until
from support.metrics import parse_metrics
from support.package import build_example
from support.postgres_server import PostgresServer
from support.receiver import Receiver
from support.scaling_page import WHO_DOES_THE_WORK
from support.server import LiaisonServer, run_liaison

# Packages are built in it.
pytestmark = pytest.mark.timeout(600)
PIPELINE = ["authentication", "business-attributes", "extension-schemas", "association-webhook", "persistence"]
SECRET = "a secret of the tests"

Start = Callable[..., LiaisonServer]


@pytest.fixture(scope="module")
def library() -> Path:
    return build_example("AssociationWebhook")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver(SECRET.encode())
    yield receiver
    receiver.close()
    assert receiver.forged == []


def config(library: Path, receiver: Receiver, folder: Path, **options: Any) -> dict[str, Any]:
    (folder / "secret").write_text(SECRET + "\n")
    settings = {"url": receiver.url, "secret-file": str(folder / "secret"), "longest-pause": "200ms", **options}
    return {"libraries": [str(library)], "pipeline": PIPELINE, "plugins": {"association-webhook": settings}}


@pytest.fixture
def server(make_server: Start, library: Path, receiver: Receiver, folder: Path) -> LiaisonServer:
    server = make_server(config=config(library, receiver, folder, batch=3))
    server.start()
    return server


def associate(server: LiaisonServer, customer: str) -> tuple[int, str]:
    service = server.call("POST", "/services/start", {"contact_key": customer}).json["service_id"]
    assert server.call("POST", f"/customers/{customer}/services/{service}", {"resource_id": 7}).status == 200
    return service, customer


def pairs(associations: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """What was delivered, without repetitions, which a receiver knows by the numbers."""
    known = 0
    once = []
    for association in associations:
        if association["sequence"] > known:
            known = association["sequence"]
            once.append((association["service_id"], association["customer_id"]))
    return once


def metric(server: LiaisonServer, name: str) -> float:
    metrics = parse_metrics(server.call("GET", "/metrics").body.decode())
    return metrics.value(f"liaison_association_webhook_{name}")


def test_every_association_is_posted_after_it_is_made_with_old_and_new_customer(
    server: LiaisonServer, receiver: Receiver
) -> None:
    service, _ = associate(server, "C1")
    wait_until("the association arrives", lambda: len(receiver.taken) == 1, 10)
    assert server.call("POST", f"/customers/C2/services/{service}", {"interaction_id": "I9"}).status == 200
    wait_until("the next one arrives", lambda: len(receiver.taken) == 2, 10)
    first, second = receiver.taken
    assert (first["service_id"], first["customer_id"], first["event"]["resource_id"]) == (service, "C1", 7)
    assert "customer_before" not in first and first["at"].endswith("Z") and first["revision"] == 2
    assert (second["customer_before"], second["customer_id"], second["interaction_id"]) == ("C1", "C2", "I9")
    assert second["sequence"] > first["sequence"]
    wait_until("nothing waits", lambda: metric(server, "changes_behind") == 0, 10)
    assert metric(server, "delivered_total") == 2


def test_nothing_is_lost_to_a_failing_receiver_and_kills_of_the_server(
    server: LiaisonServer, receiver: Receiver, long_form: bool
) -> None:
    receiver.status = 500
    made = [associate(server, f"A{number}") for number in range(10)]
    wait_until("the receiver has refused", lambda: receiver.refused >= 2, 10)
    assert "the receiver does not take associations; they wait in the store" in server.log()
    server.kill()
    server.start()
    made += [associate(server, f"B{number}") for number in range(10)]
    assert receiver.taken == []
    receiver.status = 204
    for round in range(20 if long_form else 3):
        wait_until("some arrive", lambda: len(pairs(receiver.taken)) > round, 10)
        server.kill()
        receiver.status = 503 if round % 2 else 200
        server.start()
        made += [associate(server, f"C{round}-{number}") for number in range(7)]
        receiver.status = 200
    wait_until("everything has arrived", lambda: len(pairs(receiver.taken)) >= len(made), 20)
    assert pairs(receiver.taken) == made
    # The position is kept: what was delivered before does not come again after an orderly end.
    wait_until("nothing waits", lambda: metric(server, "changes_behind") == 0, 10)
    count = len(receiver.taken)
    assert server.stop() == 0
    server.start()
    made.append(associate(server, "last"))
    wait_until("the last one arrives", lambda: pairs(receiver.taken) == made, 10)
    assert len(receiver.taken) == count + 1


def test_a_receiver_that_hangs_holds_up_neither_calls_nor_the_end(server: LiaisonServer, receiver: Receiver) -> None:
    receiver.status = 0
    for number in range(5):
        associate(server, f"H{number}")
    assert server.stop() == 0
    assert "background work was cancelled and does not end" not in server.log()
    receiver.released.set()
    receiver.status = 200
    server.start()
    wait_until("all five arrive", lambda: len(pairs(receiver.taken)) == 5, 10)


def test_what_was_taken_is_not_posted_again_while_its_position_cannot_be_kept(
    server: LiaisonServer, receiver: Receiver
) -> None:
    receiver.status = 0
    associate(server, "C1")
    wait_until("the request is under way", lambda: receiver.waiting, 10)
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (4096, hard))
    assert server.call("POST", "/services/start", {"contact_key": "k"}).status == 503
    receiver.status = 200
    receiver.released.set()
    wait_until("the receiver has it", lambda: len(receiver.taken) == 1, 10)
    tried = time.monotonic() + 2.5
    wait_until("the position was to be kept several times", lambda: time.monotonic() > tried, 10)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (soft, hard))
    wait_until("nothing waits", lambda: metric(server, "changes_behind") == 0, 20)
    associate(server, "C2")
    wait_until("the next one arrives", lambda: receiver.taken[-1]["customer_id"] == "C2", 10)
    assert [association["customer_id"] for association in receiver.taken] == ["C1", "C2"]


def test_requests_are_bounded_in_bytes_and_shorter_for_a_receiver_that_wants_them_so(
    make_server: Start, library: Path, receiver: Receiver, folder: Path
) -> None:
    server = make_server(config=config(library, receiver, folder, batch=1000))
    server.start()
    receiver.status = 500
    service, _ = associate(server, "C")
    wait_until("the receiver has refused", lambda: receiver.refused >= 1, 10)
    free = {"plugins": {"extension-schemas": {"schemas": "off"}}}
    assert server.stop() == 0
    server.config["plugins"].update(free["plugins"])
    server.start()
    items = [{"customer_id": f"C{number}", "service_id": service, "Note": "n" * 20_000} for number in range(60)]
    assert {answer["status"] for answer in server.call("POST", "/associations", items).json} == {200}
    receiver.lengths.clear()
    receiver.status = 200
    wait_until("some are taken", lambda: len(receiver.taken) >= 20, 20)
    receiver.longest = 100_000
    assert {answer["status"] for answer in server.call("POST", "/associations", items).json} == {200}
    wait_until("all are taken", lambda: len(receiver.taken) == 121, 20)
    assert max(receiver.lengths) <= 256 * 1024
    numbers = [association["sequence"] for association in receiver.taken]
    assert numbers == sorted(set(numbers))


def test_the_key_is_bytes_and_the_log_does_not_tell_the_url(
    make_server: Start, library: Path, folder: Path
) -> None:
    secret = bytes(range(0x80, 0x90)) + "ключ".encode("koi8-r")
    receiver = Receiver(secret)
    try:
        settings = config(library, receiver, folder)
        (folder / "secret").write_bytes(b" \t" + secret + b"\r\n")
        url = receiver.url.replace("http://", "http://alice:passw0rd@") + "?token=t0ken"
        settings["plugins"]["association-webhook"]["url"] = url
        server = make_server(config=settings)
        server.start()
        receiver.status = 500
        associate(server, "C1")
        wait_until("the receiver has refused", lambda: receiver.refused >= 2, 10)
        assert "receiver=http://127.0.0.1 " in server.log()
        assert not re.search("alice|passw0rd|t0ken", server.log())
        receiver.status = 200
        wait_until("it arrives", lambda: len(receiver.taken) == 1, 10)
        assert receiver.forged == []
    finally:
        receiver.close()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"url": "crm.example"}, "plugins.association-webhook.url: must be the receiver's URL"),
        ({"secret-file": "absent"}, "plugins.association-webhook.secret-file: "),
        ({"batch": 0}, "plugins.association-webhook.batch: must be an integer from 1 to 1000"),
        ({"timeout": "10m"}, "plugins.association-webhook.timeout: must be from"),
        ({"uri": "x"}, "plugins.association-webhook.uri: is not a known option"),
    ],
)
def test_a_bad_setting_is_named(
    options: dict[str, Any], complaint: str, library: Path, receiver: Receiver, folder: Path
) -> None:
    file = folder / "bad.json5"
    file.write_text(json.dumps(config(library, receiver, folder, **options)))
    checked = run_liaison("check", "--config", file)
    assert checked.returncode == 2 and complaint in checked.stderr


def test_what_is_not_kept_any_more_is_told_and_the_rest_is_delivered(
    make_server: Start, library: Path, receiver: Receiver, folder: Path
) -> None:
    followed = {**config(library, receiver, folder), "store": {"changes-kept": 10, "fold-after": "20ms"}}
    unfollowed = {"store": followed["store"]}
    server = make_server(config=followed)
    server.start()
    service, _ = associate(server, "C1")
    wait_until("the association arrives", lambda: len(receiver.taken) == 1, 10)
    wait_until("nothing waits", lambda: metric(server, "changes_behind") == 0, 10)
    assert server.stop() == 0

    # Without the plugin the store goes on, and forgets what lies in the oldest files of its journal.
    server.config = unfollowed
    server.start()
    journal = server.data / "journal"
    (oldest,) = journal.iterdir()
    items = [
        {"service_id": service, "customer_id": f"C{number}", "interaction_id": "I" * 50, "disposition_desc": "d" * 64}
        for number in range(1000)
    ]

    def forget() -> bool:
        answers = server.call("POST", "/associations", items).json
        assert {answer["status"] for answer in answers} == {200}
        return not oldest.exists()

    wait_until("the oldest changes are gone", forget, 60)
    associate(server, "newest")
    assert server.stop() == 0

    server.config = followed
    server.start()
    wait_until("the newest one arrives", lambda: receiver.taken[-1]["customer_id"] == "newest", 20)
    lines = [line for line in server.log().splitlines() if "associations may be lost to the receiver" in line]
    assert len(lines) == 1 and " error association-webhook: " in lines[0]
    gone = re.search(r"the changes (\d+) to (\d+) were not followed in time", lines[0])
    assert gone is not None and "(store.changes-kept)" in lines[0]
    first, last = int(gone[1]), int(gone[2])
    before, *after = (association["sequence"] for association in receiver.taken)
    assert first == before + 1 and metric(server, "lost_changes_total") == last - first + 1
    # Behind the gap there is no other: only the last service's start is no association.
    assert after == [*range(last + 1, after[-1] - 1), after[-1]]
    # The new position is kept: what was told once is not told again.
    assert server.stop() == 0
    server.start()
    associate(server, "next")
    wait_until("the next one arrives", lambda: receiver.taken[-1]["customer_id"] == "next", 10)
    assert server.log().count("associations may be lost to the receiver") == 1


# Several servers on one store


@pytest.fixture
def servers(
    make_server: Start, library: Path, receiver: Receiver, folder: Path, postgres: PostgresServer
) -> list[LiaisonServer]:
    store = postgres.new_store()
    servers = [
        make_server(f"server{number}", store=store, config=config(library, receiver, folder, batch=3))
        for number in range(3)
    ]
    for server in servers:
        server.start()
    return servers


def is_on_duty(server: LiaisonServer) -> bool:
    return server.running and metric(server, "on_duty") == 1


def holder(servers: list[LiaisonServer], seconds: float = 10.0) -> LiaisonServer:
    """The one that posts."""

    def those() -> list[LiaisonServer]:
        return [server for server in servers if is_on_duty(server)]

    wait_until("a server is on duty", those, seconds)
    (one,) = those()
    return one


def test_of_several_servers_one_posts_and_another_goes_on_when_it_is_killed_or_ends(
    servers: list[LiaisonServer], receiver: Receiver, postgres: PostgresServer
) -> None:
    holder(servers)
    made = [associate(servers[number % 3], f"A{number}") for number in range(30)]
    wait_until("everything has arrived", lambda: len(receiver.taken) >= len(made), 20)
    # Once each, without a look at the numbers.
    taken = [(association["service_id"], association["customer_id"]) for association in receiver.taken]
    assert taken == made
    assert postgres.query(WHO_DOES_THE_WORK), "the database knows who posts"
    for round in range(4):
        first = holder(servers)
        others = [server for server in servers if server is not first]
        if round % 2:
            made += [associate(servers[number % 3], f"B{round}-{number}") for number in range(10)]
            assert first.stop() == 0
        else:
            receiver.status = 500
            refused = receiver.refused
            made += [associate(servers[number % 3], f"B{round}-{number}") for number in range(10)]
            wait_until("the receiver has refused", lambda: receiver.refused > refused, 10)
            first.kill()
            receiver.status = 200
        made += [associate(others[number % 2], f"C{round}-{number}") for number in range(10)]
        assert holder(others) in others
        wait_until("everything has arrived", lambda: len(pairs(receiver.taken)) >= len(made), 20)
        assert pairs(receiver.taken) == made
        first.start()
        assert holder(servers) in others, "who comes back waits"
    assert not any("background work has ended" in server.log() for server in servers)


def test_a_server_whose_connection_breaks_posts_again_once_it_has_the_lease_again(
    make_server: Start, library: Path, receiver: Receiver, folder: Path, postgres: PostgresServer
) -> None:
    server = make_server(store=postgres.new_store(), config=config(library, receiver, folder))
    server.start()
    receiver.status = 0
    made = [associate(server, "C1")]
    wait_until("the request is under way", lambda: receiver.waiting, 10)
    postgres.query("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1")
    lost = "association-webhook: the connection to the database broke: any server may do the work now work=deliver"
    wait_until("the lease is lost", lambda: lost in server.log(), 10)
    receiver.status = 200
    receiver.released.set()
    wait_until("it is there again", lambda: server.log().count("this server does the work work=deliver") == 2, 10)
    made.append(associate(server, "C2"))
    wait_until("both have arrived", lambda: pairs(receiver.taken) == made, 10)


def keepalive_timers(port: int) -> list[float]:
    """In how many seconds the system asks those behind the connections to a port whether they are still there."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    timers = [row[5].split(":") for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01"]
    return [int(when, 16) / 100 for kind, when in timers if kind == "02"]


def test_neither_a_server_nor_the_database_believes_in_a_lease_without_hearing_of_the_other(
    make_server: Start,
    library: Path,
    receiver: Receiver,
    folder: Path,
    make_postgres: Callable[..., PostgresServer],
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    postgres = make_postgres(options=["fsync=off", "listen_addresses=127.0.0.1"], port=port)
    (postgres.data / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 trust\n")
    postgres.start()
    store = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
    server = make_server(store=store, config=config(library, receiver, folder))
    server.start()
    holder([server])
    # Of its other connections the database believes for two hours that somebody is there.
    wait_until("one connection is watched", lambda: [after for after in keepalive_timers(port) if after <= 5], 10)
    with postgres.frozen():
        frozen_at = time.monotonic()
        wait_until("the lease is lost", lambda: "any server may do the work now" in server.log(), 20)
        # The database gives up after ten.
        assert time.monotonic() - frozen_at < 9
    holder([server], 30)
    made = [associate(server, "C1")]
    wait_until("it arrives", lambda: pairs(receiver.taken) == made, 10)
