"""Several servers on one PostgreSQL and one Redis: whichever answers, no read shows a former customer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.api import Api
from support.deadline import wait_until
from support.load import AssociationLoad, CoherenceLoad, start_services
from support.metrics import parse_metrics
from support.postgres_server import PostgresServer
from support.redis_cluster import RedisCluster
from support.redis_server import RedisServer
from support.server import LiaisonServer


# Seconds: see "Several nodes" in Protocol.md.
BOUND = 5.0


def is_believed(server: LiaisonServer) -> bool:
    return parse_metrics(server.call("GET", "/metrics").body.decode()).value("liaison_cache_believed") == 1


@pytest.fixture
def cluster(folder: Path) -> Iterator[RedisCluster]:
    cluster = RedisCluster(folder / "cluster")
    yield cluster
    cluster.remove()


@pytest.fixture
def nodes(
    start_server: Callable[..., LiaisonServer], postgres: PostgresServer, cluster: RedisCluster
) -> list[LiaisonServer]:
    store = postgres.new_store()
    # The time to wait is that of a machine that others load.
    config = {"redis": {"url": cluster.url, "wait": "500ms"}}
    nodes = [start_server(f"node{number}", store=store, config=config) for number in range(3)]
    for node in nodes:
        wait_until("the cache is believed", lambda node=node: is_believed(node))
    return nodes


def test_three_nodes_are_coherent_while_one_is_killed_and_a_redis_master_fails_over(
    nodes: list[LiaisonServer], cluster: RedisCluster
) -> None:
    first, second, third = nodes
    services = start_services(first, 40)
    others = start_services(third, 10)
    with CoherenceLoad([first, second], services) as load, AssociationLoad(third, others, writers=1) as doomed:

        def let_pass(calls: int) -> None:
            reads = load.reads + calls
            wait_until(f"{calls} more reads", lambda: load.failed or load.reads >= reads, 30)

        let_pass(500)
        assert min(cluster.keys()) > 0, "entries are spread"
        assert load.hits > 0
        # What a node commits that does not reach Redis is not shown by others for this long at most.
        load.allowed = BOUND
        third.kill()
        let_pass(300)
        assert doomed.all_ended()
        cluster.owner.kill()
        let_pass(300)
        for node in (first, second):
            wait_until("it is believed again", lambda node=node: load.failed or is_believed(node), 30)
        believed_at = time.monotonic()
        wait_until("what was committed meanwhile has passed", lambda: time.monotonic() > believed_at + BOUND, 30)
        load.allowed = 0.0
        hits = load.hits
        wait_until("reads come from Redis", lambda: load.failed or load.hits > hits + 20, 30)
    load.assert_no_failure()
    for node in (first, second):
        assert load.ledger.lost(node) == []
        assert doomed.ledger.lost(node) == []


def test_what_a_node_without_redis_acknowledges_is_not_stale_elsewhere_for_longer_than_stated(
    start_server: Callable[..., LiaisonServer], postgres: PostgresServer, redis: RedisServer
) -> None:
    redis.call("ACL", "SETUSER", "cut-off", "on", ">x", "~*", "+@all")
    store = postgres.new_store()
    first = start_server("first", store=store, redis=f"unix://cut-off:x@{redis.path}")
    second = start_server("second", store=store, redis=redis)
    for node in (first, second):
        wait_until("the cache is believed", lambda node=node: is_believed(node))
    service = Api(first).start(customer_id="c0")
    redis.call("ACL", "SETUSER", "cut-off", "off")
    redis.call("CLIENT", "KILL", "USER", "cut-off")
    wait_until("the first one knows", lambda: not is_believed(first))
    latest = 0.0
    for number in (1, 2):
        wait_until(
            "the second one has the entry",
            lambda: Api(second).service_response(service).cache_status == "liaison; hit",
        )
        Api(first).associate(f"c{number}", service)
        acknowledged = time.monotonic()
        store_says = second.call("GET", f"/services/{service}", headers={"Cache-Control": "no-cache"})
        assert store_says.json["customer_id"] == f"c{number}"
        wait_until(
            "the second one shows it", lambda: Api(second).service(service)["customer_id"] == f"c{number}", BOUND + 5
        )
        latest = max(latest, time.monotonic() - acknowledged)
    # By far not at once: there was something to be bounded.
    assert 0.1 < latest < BOUND


def test_no_cache_reads_the_store_on_every_node(nodes: list[LiaisonServer]) -> None:
    service = Api(nodes[0]).start()
    for number in range(6):
        writer, reader = nodes[number % 3], nodes[(number + 1) % 3]
        Api(writer).associate(f"c{number}", service)
        answer = reader.call("GET", f"/services/{service}", headers={"Cache-Control": "no-cache"})
        assert answer.json["customer_id"] == f"c{number}"
        assert answer.cache_status == "liaison; fwd=bypass"
