"""A Redis Cluster on loopback: three masters, and a replica of the one that has the epoch."""

from __future__ import annotations

import random
import socket
import subprocess
from pathlib import Path
from typing import Any

from support.deadline import wait_until
from support.redis_server import EPOCH_KEY, RedisClient, RedisError

SLOTS = [(0, 5460), (5461, 10922), (10923, 16383)]


def free_port() -> int:
    """Free together with the one 10,000 above, which a node takes for its bus; both below those of clients."""
    while True:
        port = random.randint(12_000, 22_000)
        try:
            for number in (port, port + 10_000):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", number))
            return port
        except OSError:
            continue


class ClusterNode:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.port = free_port()
        self.path = folder / "redis.sock"
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", str(self.path)]
        command += ["--dir", str(folder), "--save", "", "--cluster-enabled", "yes", "--cluster-node-timeout", "1000"]
        command += ["--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0"]
        with open(folder / "redis.log", "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until("a node of the cluster answers", self._answers)
        self.id = self.call("CLUSTER", "MYID").decode()

    def _answers(self) -> bool:
        try:
            return self.call("PING") == b"PONG"
        except (OSError, RedisError):
            return False

    def call(self, *words: str | bytes | int) -> Any:
        with RedisClient(self.path) as client:
            return client.call(*words)

    def knows(self, text: str) -> bool:
        return text in self.call("CLUSTER", "INFO").decode()

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(timeout=10)


class RedisCluster:
    def __init__(self, folder: Path) -> None:
        self.masters = [ClusterNode(folder / f"master{number}") for number in range(3)]
        self.replica = ClusterNode(folder / "replica")
        self.nodes = [*self.masters, self.replica]
        for number, (master, slots) in enumerate(zip(self.masters, SLOTS, strict=True)):
            master.call("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            master.call("CLUSTER", "ADDSLOTSRANGE", *slots)
        slot = self.masters[0].call("CLUSTER", "KEYSLOT", EPOCH_KEY)
        self.owner = next(
            master for master, (first, last) in zip(self.masters, SLOTS, strict=True) if first <= slot <= last
        )
        for node in self.nodes[1:]:
            self.masters[0].call("CLUSTER", "MEET", "127.0.0.1", node.port)
        wait_until(
            "the nodes know each other",
            lambda: all(node.knows("cluster_known_nodes:4") for node in self.nodes),
        )
        self.replica.call("CLUSTER", "REPLICATE", self.owner.id)
        wait_until("the cluster is whole", self._is_whole, 20)

    def _is_whole(self) -> bool:
        port = str(self.replica.port).encode()
        return (
            all(node.knows("cluster_state:ok") for node in self.nodes)
            and b"master_link_status:up" in self.replica.call("INFO", "replication")
            and all(port in master.call("CLUSTER", "NODES") for master in self.masters)
            and all(b"slave" in master.call("CLUSTER", "NODES") for master in self.masters)
        )

    @property
    def url(self) -> str:
        return f"redis-cluster://127.0.0.1:{self.masters[0].port},127.0.0.1:{self.masters[1].port}"

    def keys(self) -> list[int]:
        """How many entries each master has."""
        return [master.call("DBSIZE") for master in self.masters]

    def remove(self) -> None:
        for node in self.nodes:
            node.kill()
