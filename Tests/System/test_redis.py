"""The mapping cache: what Redis shows, and that nothing it suffers makes a call fail or an answer stale."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from support.api import Api, associate_path
from support.certificates import Authority
from support.deadline import wait_until
from support.load import CoherenceLoad, start_services
from support.metrics import Metrics, parse_metrics
from support.redis_server import EPOCH_KEY, Hash, RedisServer, service_key
from support.server import LiaisonServer


def metrics(server: LiaisonServer) -> Metrics:
    return parse_metrics(server.call("GET", "/metrics").body.decode())


def is_believed(server: LiaisonServer) -> bool:
    found = metrics(server)
    return found.value("liaison_redis_up") == 1 and found.value("liaison_cache_believed") == 1


def is_hit(server: LiaisonServer, service: int) -> bool:
    return Api(server).service_response(service).cache_status == "liaison; hit"


def wait_until_hot(server: LiaisonServer, service: int, seconds: float = 20) -> None:
    """The cache is believed again: a read of the service comes from Redis."""
    wait_until(f"service {service} is read from Redis", lambda: is_hit(server, service), seconds)


@pytest.fixture
def cached(start_server: Callable[..., LiaisonServer], redis: RedisServer) -> LiaisonServer:
    """A server of its own with a Redis of its own, which it believes."""
    server = start_server(redis=redis)
    wait_until("the cache is believed", lambda: is_believed(server))
    return server


# What Redis shows


def test_redis_shows_the_customer_right_after_the_200(cached: LiaisonServer, redis: RedisServer) -> None:
    with cached.connect() as connection, redis.client() as client:
        api = Api(connection)
        service = api.start()
        assert client.call("HGET", service_key(service), "customer") is None
        for number in range(100):
            api.associate(f"customer {number} é", service)
            assert client.call("HGET", service_key(service), "customer") == f"customer {number} é".encode()


def test_the_hash_of_a_service_has_the_documented_fields(cached: LiaisonServer, redis: RedisServer) -> None:
    api = Api(cached)
    service = api.start()
    anonymous = redis.hash(service_key(service))
    assert set(anonymous) >= {b"revision", b"status", b"document", b"epoch"}
    assert b"customer" not in anonymous
    assert anonymous[b"status"] == b"active"
    api.associate("known", service, {"media_type": "voice"})
    associated = redis.hash(service_key(service))
    assert associated[b"customer"] == b"known"
    assert associated[b"revision"].decode() == api.revision(service).strip('"')
    assert int(associated[b"revision"]) > int(anonymous[b"revision"])
    assert associated[b"epoch"] == redis.call("GET", EPOCH_KEY)
    api.complete(service)
    assert redis.call("HGET", service_key(service), "status") == b"completed"


def test_entries_expire_a_day_after_the_last_write(cached: LiaisonServer, redis: RedisServer) -> None:
    service = Api(cached).start()
    assert 86_000 < redis.call("TTL", service_key(service)) <= 86_400


def test_the_time_to_live_is_an_option(start_server, redis: RedisServer) -> None:
    server = start_server(config={"redis": {"url": redis.url, "ttl": "90s"}})
    wait_until("the cache is believed", lambda: is_believed(server))
    service = Api(server).start()
    assert 60 < redis.call("TTL", service_key(service)) <= 90


# Reads


def test_the_second_read_of_a_service_comes_from_redis(cached: LiaisonServer, redis: RedisServer) -> None:
    api = Api(cached)
    service = api.start(customer_id="c", media_type="voice", est_duration=5)
    redis.call("DEL", service_key(service))
    first = api.service_response(service)
    assert first.cache_status == "liaison; fwd=miss"
    wait_until_hot(cached, service)
    second = api.service_response(service)
    assert second.cache_status == "liaison; hit"
    assert (second.json, second.etag) == (first.json, first.etag)


def test_hits_and_misses_are_counted(cached: LiaisonServer, redis: RedisServer) -> None:
    service = Api(cached).start()
    wait_until_hot(cached, service)
    before = metrics(cached)
    for _ in range(5):
        assert is_hit(cached, service)
    redis.call("DEL", service_key(service))
    Api(cached).service(service)
    after = metrics(cached)
    name = "liaison_cache_reads_total"
    assert after.value(name, result="hit") - before.value(name, result="hit") == 5
    assert after.value(name, result="miss") - before.value(name, result="miss") == 1


def test_a_read_with_extensions_has_the_extensions_whatever_redis_holds(cached: LiaisonServer) -> None:
    schema = {
        "name": "Feedback",
        "type": "single-valued",
        "attributes": [{"name": "rating", "type": "integer"}],
    }
    api = Api(cached)
    api.create_schema(schema)
    service = api.start(Feedback={"rating": 1})
    wait_until_hot(cached, service)
    assert api.service(service, "?extensions=Feedback")["Feedback"] == {"rating": 1}
    assert "Feedback" not in api.service(service)


def test_an_unknown_service_is_404_with_redis_too(cached: LiaisonServer) -> None:
    assert cached.call("GET", "/services/4711").status == 404


def test_a_read_of_a_service_from_redis_equals_the_one_from_the_store(
    cached: LiaisonServer, redis: RedisServer
) -> None:
    api = Api(cached)
    fields = {
        "contact_key": "k",
        "service_type": "x\u2028é",
        "est_duration": 0,
        "resource_id": -5,
        "session_id": '"\\',
    }
    services = [
        api.start(fields),
        api.start(customer_id="c"),
        api.start(customer_id="d", timestamp="2020-01-01T00:00:00Z"),
    ]
    api.associate("e", services[0], {"disposition": 5})
    api.complete(services[2], {"disposition": "done", "disposition_desc": "well", "media_type": 2})
    for service in services:
        wait_until_hot(cached, service)
        from_redis = api.service_response(service)
        redis.call("DEL", service_key(service))
        from_store = api.service_response(service)
        assert (from_redis.cache_status, from_store.cache_status) == ("liaison; hit", "liaison; fwd=miss")
        assert (from_redis.json, from_redis.etag) == (from_store.json, from_store.etag)


# The revision guard


def test_concurrent_writers_to_one_service_leave_redis_with_what_the_store_has(
    cached: LiaisonServer, redis: RedisServer
) -> None:
    services = start_services(cached, 4)
    customers = [f"writer-{number}" for number in range(8)]
    failures: list[str] = []

    def write(customer: str) -> None:
        with cached.connect() as connection:
            for _ in range(100):
                service = random.choice(services)
                response = connection.call("POST", associate_path(customer, service))
                if response.status != 200:
                    failures.append(str(response))

    writers = [threading.Thread(target=write, args=(customer,)) for customer in customers]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=60)
        assert not writer.is_alive()
    assert failures == []
    api = Api(cached)
    for service in services:
        owners = [customer for customer in customers if service in api.customer_service_ids(customer)]
        entry = redis.hash(service_key(service))
        assert [entry[b"customer"].decode()] == owners
        redis.call("DEL", service_key(service))
        from_store = api.service_response(service)
        assert from_store.json["customer_id"] == owners[0]
        assert from_store.etag == f'"{entry[b"revision"].decode()}"'


def test_an_older_revision_in_redis_is_replaced_and_a_newer_one_never_is(
    cached: LiaisonServer, redis: RedisServer
) -> None:
    """Redis itself decides: a read that was slow cannot put back what a write has replaced."""
    api = Api(cached)
    service = api.start()
    api.associate("first", service)
    stale = redis.hash(service_key(service))
    api.associate("second", service)
    assert int(redis.hash(service_key(service))[b"revision"]) > int(stale[b"revision"])
    with redis.client() as client:
        client.set_hash(service_key(service), {**stale, b"epoch": b"0"})
    assert api.service(service)["customer_id"] == "second"
    wait_until(
        "Redis has the newer one again",
        lambda: redis.call("HGET", service_key(service), "customer") == b"second",
    )


# Redis suffers, under load


class Trouble:
    """A load of readers and writers with its checker, around something bad that happens to Redis."""

    def __init__(self, server: LiaisonServer, redis: RedisServer) -> None:
        self.server = server
        self.redis = redis
        self.services = start_services(server, 30)
        self.load = CoherenceLoad(server, self.services)

    def __enter__(self) -> Trouble:
        self.load.__enter__()
        self.let_pass(200)
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        self.load.__exit__()
        if failure is not None:
            return
        assert self.server.running
        self.load.assert_no_failure()
        assert self.load.ledger.lost(self.server) == []

    def let_pass(self, writes: int) -> None:
        """Waits until so many more associations were acknowledged and about as many reads answered."""
        ledger = self.load.ledger
        enough, enough_reads = ledger.total_acknowledged() + writes, self.load.reads + writes
        wait_until(
            f"{writes} more calls",
            lambda: (
                self.load.failed
                or (ledger.total_acknowledged() >= enough and self.load.reads >= enough_reads)
            ),
            seconds=30,
        )

    def wait_until_believed(self) -> None:
        wait_until(
            "the cache is believed", lambda: self.load.failed or is_believed(self.server), 20, every=0.05
        )
        hits = self.load.hits
        wait_until("reads come from Redis", lambda: self.load.failed or self.load.hits > hits + 20, 20)

    def assert_redis_agrees(self) -> None:
        """After the load: every entry that is there is the store's."""
        for service in self.services:
            wait_until(f"Redis agrees about service {service}", partial(self._agrees, service))

    def _agrees(self, service: int) -> bool:
        entry = self.redis.hash(service_key(service))
        shown = Api(self.server).service(service).get("customer_id", "")
        return not entry or entry.get(b"customer", b"").decode() == shown


def test_redis_killed_and_restarted_empty_under_load(cached: LiaisonServer, redis: RedisServer) -> None:
    with Trouble(cached, redis) as trouble:
        trouble.wait_until_believed()
        redis.kill()
        trouble.let_pass(300)
        redis.start()
        trouble.wait_until_believed()
        trouble.let_pass(300)
    trouble.assert_redis_agrees()


def test_redis_killed_twice_in_a_row_under_load(cached: LiaisonServer, redis: RedisServer) -> None:
    with Trouble(cached, redis) as trouble:
        for _ in range(2):
            redis.kill()
            redis.start()
            trouble.let_pass(50)
        trouble.wait_until_believed()
    trouble.assert_redis_agrees()


def test_redis_comes_back_from_its_append_only_file_under_load(make_redis, start_server) -> None:
    redis = make_redis(append_only=True)
    redis.start()
    server = start_server(redis=redis)
    with Trouble(server, redis) as trouble:
        trouble.wait_until_believed()
        redis.kill()
        trouble.let_pass(300)  # Redis will come back without these
        redis.start()
        trouble.let_pass(300)
        trouble.wait_until_believed()
        trouble.let_pass(300)
    trouble.assert_redis_agrees()


def test_redis_comes_back_with_much_older_entries_under_load(
    cached: LiaisonServer, redis: RedisServer
) -> None:
    with Trouble(cached, redis) as trouble:
        with redis.client() as client:
            old = client.everything()
        trouble.let_pass(300)
        redis.kill()
        trouble.let_pass(100)
        redis.start(content=old)
        trouble.let_pass(300)
        trouble.wait_until_believed()
    trouble.assert_redis_agrees()


def test_entries_of_an_older_epoch_put_in_by_hand_are_not_believed_under_load(
    cached: LiaisonServer, redis: RedisServer
) -> None:
    with Trouble(cached, redis) as trouble, redis.client() as client:
        old = {service: client.hash(service_key(service)) for service in trouble.services}
        for _ in range(20):
            trouble.let_pass(20)
            service = random.choice(trouble.services)
            client.set_hash(service_key(service), {**old[service], b"epoch": b"0"})


def test_redis_frozen_for_seconds_under_load(
    cached: LiaisonServer, redis: RedisServer, long_form: bool
) -> None:
    with Trouble(cached, redis) as trouble:
        trouble.wait_until_believed()
        redis.freeze()
        frozen_at = time.monotonic()
        trouble.let_pass(500)
        slowest_while_frozen = trouble.load.slowest
        remaining = (10 if long_form else 3) - (time.monotonic() - frozen_at)
        time.sleep(max(0, remaining))  # being frozen for long is the very thing under test
        redis.thaw()
        trouble.wait_until_believed()
        trouble.let_pass(300)
    trouble.assert_redis_agrees()
    assert slowest_while_frozen < 2, "the wait for Redis is bounded"


def test_redis_frozen_and_killed_under_load(cached: LiaisonServer, redis: RedisServer) -> None:
    with Trouble(cached, redis) as trouble:
        redis.freeze()
        trouble.let_pass(200)
        redis.kill()
        trouble.let_pass(100)
        redis.start()
        trouble.wait_until_believed()
    trouble.assert_redis_agrees()


def test_redis_flushed_under_load(cached: LiaisonServer, redis: RedisServer) -> None:
    with Trouble(cached, redis) as trouble:
        trouble.wait_until_believed()
        for _ in range(3):
            redis.call("FLUSHALL")
            trouble.let_pass(200)
        trouble.wait_until_believed()
    trouble.assert_redis_agrees()


def test_scripts_forgotten_by_redis_under_load(cached: LiaisonServer, redis: RedisServer) -> None:
    with Trouble(cached, redis) as trouble:
        for _ in range(3):
            redis.call("SCRIPT", "FLUSH")
            trouble.let_pass(100)
        trouble.wait_until_believed()
    trouble.assert_redis_agrees()


def test_redis_that_closes_its_connections_under_load(cached: LiaisonServer, redis: RedisServer) -> None:
    with Trouble(cached, redis) as trouble:
        for _ in range(5):
            redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            trouble.let_pass(100)
        trouble.wait_until_believed()
    trouble.assert_redis_agrees()


def test_redis_out_of_memory_under_load(cached: LiaisonServer, redis: RedisServer) -> None:
    with Trouble(cached, redis) as trouble:
        redis.call("CONFIG", "SET", "maxmemory", "1")
        trouble.let_pass(300)
        redis.call("CONFIG", "SET", "maxmemory", "0")
        trouble.let_pass(100)
        trouble.wait_until_believed()
    trouble.assert_redis_agrees()


def test_keys_of_another_kind_in_the_way_harm_nobody(cached: LiaisonServer, redis: RedisServer) -> None:
    api = Api(cached)
    service = api.start()
    redis.call("SET", service_key(service), "in the way")
    api.associate("c", service)
    assert api.service(service)["customer_id"] == "c"


# Redis is not there


def test_redis_off_means_every_read_bypasses(start_server) -> None:
    server = start_server(arguments=["--redis", "off"])
    service = Api(server).start()
    assert Api(server).service_response(service).cache_status == "liaison; fwd=bypass"
    assert server.call("GET", "/ready").json["redis"] == "off"


def test_redis_that_is_not_there_at_the_start_is_done_without_until_it_comes(
    make_redis, start_server
) -> None:
    redis = make_redis()
    server = start_server(redis=redis)
    api = Api(server)
    service = api.start()
    api.associate("before", service)
    assert api.service_response(service).cache_status == "liaison; fwd=bypass"
    ready = server.call("GET", "/ready")
    assert (ready.status, ready.json["redis"]) == (200, "down")
    redis.start()
    wait_until_hot(server, service)
    assert server.call("GET", "/ready").json["redis"] == "up"
    api.associate("after", service)
    assert redis.call("HGET", service_key(service), "customer") == b"after"


def test_redis_that_is_frozen_at_the_start_is_done_without_until_it_wakes(make_redis, start_server) -> None:
    redis = make_redis()
    redis.start()
    redis.freeze()
    try:
        server = start_server(redis=redis)
        api = Api(server)
        service = api.start()
        began = time.monotonic()
        for number in range(20):
            api.associate(f"c{number}", service)
            assert api.service(service)["customer_id"] == f"c{number}"
        assert time.monotonic() - began < 5
    finally:
        redis.thaw()
    wait_until_hot(server, service)
    assert redis.call("HGET", service_key(service), "customer") == b"c19"


def test_a_redis_that_refuses_to_talk_is_done_without(make_redis, start_server) -> None:
    redis = make_redis()
    redis.start()
    redis.call("CONFIG", "SET", "requirepass", "secret")
    server = start_server(redis=redis)
    api = Api(server)
    service = api.start()
    api.associate("c", service)
    assert api.service(service)["customer_id"] == "c"


def test_a_wrong_password_is_told_in_one_line_and_not_shown(make_redis, start_server) -> None:
    redis = make_redis()
    redis.start()
    redis.call("CONFIG", "SET", "requirepass", "right")
    server = start_server(redis=f"unix://:wr%C3%B6ng@{redis.path}")
    assert Api(server).start()
    wait_until("it is told", lambda: "Redis refuses the user or the password: WRONGPASS" in server.log())
    assert sum("the cache is not believed" in line for line in server.log().splitlines()) == 1
    assert "wr%C3%B6ng" not in server.log() and "wröng" not in server.log()


def test_ready_status_and_metrics_say_when_redis_goes_and_comes(cached: LiaisonServer, redis: RedisServer) -> None:
    wait_until("Redis is up", lambda: cached.call("GET", "/ready").json["redis"] == "up")
    redis.kill()
    wait_until("Redis is down", lambda: cached.call("GET", "/ready").json["redis"] == "down")
    assert cached.call("GET", "/ready").status == 200, "the server does without"
    assert metrics(cached).value("liaison_redis_up") == 0
    told = cached.call("GET", "/server/status").json["redis"]
    assert told.pop("reason") and told == {"state": "down", "believed": False}
    redis.start()
    wait_until("the cache is believed again", lambda: cached.call("GET", "/server/status").json["redis"]["believed"], 20)
    assert cached.call("GET", "/server/status").json["redis"] == {"state": "up", "believed": True}
    assert cached.call("GET", "/ready").json["redis"] == "up"
    assert metrics(cached).value("liaison_redis_up") == 1


def test_redis_over_tcp_on_loopback_works_too(make_redis, start_server) -> None:
    redis = make_redis()
    redis.start()
    redis.call("CONFIG", "SET", "bind", "127.0.0.1")
    port = free_port()
    redis.call("CONFIG", "SET", "port", str(port))
    server = start_server(redis=f"redis://127.0.0.1:{port}")
    service = Api(server).start(customer_id="tcp")
    wait_until("the mapping is there", lambda: redis.call("HGET", service_key(service), "customer") == b"tcp")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_servers_of_different_stores_do_not_see_each_others_services_in_one_redis(
    cached: LiaisonServer, redis: RedisServer, start_server: Callable[..., LiaisonServer]
) -> None:
    service = Api(cached).start(customer_id="first")
    assert is_hit(cached, service)
    other = start_server("other", redis=redis)
    wait_until("it is told", lambda: "servers of another store use this Redis" in other.log())
    assert Api(other).start() == service, "both count from 1"
    for number in range(20):
        Api(other).associate(f"other {number}", service)
        answer = Api(other).service_response(service)
        assert (answer.json["customer_id"], answer.cache_status) == (f"other {number}", "liaison; fwd=bypass")
        assert Api(cached).service(service)["customer_id"] == "first"
        assert redis.call("HGET", service_key(service), "customer") == b"first"
    assert is_hit(cached, service)
    assert sum("the cache is not believed" in line for line in other.log().splitlines()) == 1
    # Redis is the other one's as soon as the last server of the first store has ended.
    assert cached.stop() == 0
    wait_until_hot(other, service)
    assert Api(other).service(service)["customer_id"] == "other 19"
    Api(other).associate("other", service)
    assert redis.call("HGET", service_key(service), "customer") == b"other"


# Redis behind TLS


@pytest.fixture
def secured(folder: Path, make_redis: Callable[..., RedisServer]) -> tuple[RedisServer, str]:
    """A Redis that takes TLS, with where it is, and the authority of its certificate."""
    authority = Authority(folder / "authority")
    certificate, key = authority.make("redis", "IP:127.0.0.1")
    port = free_port()
    files = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", authority.file]
    options = ["--tls-port", port, *files, "--tls-auth-clients", "no"]
    redis = make_redis(options=[str(option) for option in options])
    redis.start()
    return redis, f"rediss://127.0.0.1:{port}?ca={authority.file}"


def test_redis_with_tls_killed_under_load_comes_back_without_harm(
    secured: tuple[RedisServer, str], start_server: Callable[..., LiaisonServer], long_form: bool
) -> None:
    redis, url = secured
    server = start_server(redis=url)
    with Trouble(server, redis) as trouble:
        trouble.wait_until_believed()
        for _ in range(20 if long_form else 4):
            redis.kill()
            trouble.let_pass(50)
            redis.start()
            trouble.let_pass(50)
        trouble.wait_until_believed()
    trouble.assert_redis_agrees()


def test_redis_with_a_certificate_of_somebody_else_is_told_once_and_done_without(
    secured: tuple[RedisServer, str], start_server: Callable[..., LiaisonServer], folder: Path
) -> None:
    redis, url = secured
    other = Authority(folder / "other")
    server = start_server(redis=f"{url.partition('?')[0]}?ca={other.file}")
    api = Api(server)
    service = api.start()
    api.associate("c", service)
    assert api.service(service)["customer_id"] == "c"
    wait_until("it is told", lambda: "the certificate of Redis is not accepted for 127.0.0.1" in server.log())
    log = redis.folder / "redis.log"
    wait_until("it is tried again and again", lambda: log.read_text().count("Error accepting") > 5)
    assert sum("the cache is not believed" in line for line in server.log().splitlines()) == 1
    assert redis.call("DBSIZE") == 0


# What stood in Redis while the server was away


def forged(entry: Hash, customer: bytes, revision_step: int) -> Hash:
    """The entry as if the service had been associated with another customer."""
    return {
        **entry,
        b"customer": customer,
        b"revision": str(int(entry[b"revision"]) + revision_step).encode(),
        b"document": entry[b"document"].replace(entry[b"customer"], customer),
    }


@pytest.mark.parametrize("revision_step", [-1, 0, 5], ids=["older", "same", "newer"])
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_an_entry_put_in_by_hand_is_not_believed_after_a_restart(
    cached: LiaisonServer, redis: RedisServer, end: str, revision_step: int
) -> None:
    api = Api(cached)
    service = api.start()
    api.associate("earlier", service)
    api.associate("true", service)
    cached.stop() if end == "stop" else cached.kill()
    with redis.client() as client:
        entry = client.hash(service_key(service))
        client.set_hash(service_key(service), forged(entry, b"fake", revision_step))
    cached.start()
    assert api.service(service)["customer_id"] == "true"
    api.associate("next", service)
    assert api.service(service)["customer_id"] == "next"
    wait_until_hot(cached, service)
    assert api.service(service)["customer_id"] == "next"
    assert redis.call("HGET", service_key(service), "customer") == b"next"


def test_what_was_associated_while_redis_was_away_is_not_undone_by_a_restart(
    cached: LiaisonServer, redis: RedisServer
) -> None:
    api = Api(cached)
    services = start_services(cached, 10)
    for service in services:
        api.associate("old", service)
    with redis.client() as client:
        old = client.everything()
    redis.kill()
    for service in services:
        api.associate("new", service)
    cached.kill()
    redis.start(content=old)
    cached.start()
    for _ in range(5):
        assert [api.service(service)["customer_id"] for service in services] == ["new"] * 10
    for service in services:
        wait_until_hot(cached, service)
    assert [api.service(service)["customer_id"] for service in services] == ["new"] * 10
