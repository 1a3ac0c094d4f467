"""How often an association allocates memory: a number that must not grow unseen."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.api import associate_path
from support.http_client import encode_request
from support.redis_server import RedisServer
from support.server import LiaisonServer

# What an association takes now, rounded up to the next half. Whoever lowers a number lowers its limit here.
# On the loops: the exchange, the call, its headers, the event's document, two long strings, the pending change, and two
# objects for what is left to do when it is durable. Those two are in place of a task, whose frames count as no allocation.
LOOPS = 9.5
# On the store's threads, with 50 to a batch.
OTHERS = 7.5

COUNTER = Path(__file__).parent / "support" / "c" / "count_allocations.c"
KEY = "liaison-benchmark-key"
CONFIGURATION = {
    "plugins": {
        "authentication": {
            "keys": [
                {
                    "name": "counter",
                    "roles": ["read", "write"],
                    "sha256": "b93654216cc19161ced5a271031bc2192b487f9ede8b5f7c140f55ba57c80eee",
                }
            ]
        },
        "business-attributes": {
            "attributes": [
                {"name": "MediaType", "dbid": 118, "values": [{"name": "voice", "dbid": 1}]},
            ],
            "Service.media_type": "MediaType",
        },
    }
}
BODY = {
    "timestamp": "2009-05-12T12:05:12.145Z",
    "interaction_id": "123ABCAADFJ1259ACF",
    "media_type": 1,
    "resource_id": 5005,
    "resource_type": 2,
    "disposition": 10,
}


@pytest.fixture
def counting(folder: Path) -> dict[str, str]:
    """The environment of a server whose allocations are counted."""
    compiler = shutil.which("cc") or shutil.which("clang")
    assert compiler, "a C compiler is part of the Swift toolchain"
    library = folder / "count_allocations.so"
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, COUNTER, "-ldl"], check=True)
    counts = folder / "allocations"
    counts.write_bytes(bytes(16))
    return {"LD_PRELOAD": str(library), "COUNT_ALLOCATIONS": str(counts)}


def test_an_association_allocates_no_more_than_it_did(
    counting: dict[str, str], redis: RedisServer, start_server: Callable[..., LiaisonServer]
) -> None:
    server = start_server(
        redis=redis, config=CONFIGURATION, arguments=["--loops", "1"], environment=counting
    )
    headers = {"Authorization": f"Bearer {KEY}"}
    services = [
        server.call("POST", "/services/start", {"contact_key": "+15550100"}, headers).json["service_id"]
        for _ in range(50)
    ]
    requests = [
        encode_request("POST", associate_path("0004Va58A9000018", service), BODY, headers)
        for service in services
    ]

    def counts() -> tuple[int, int]:
        loops, others = struct.unpack("QQ", Path(counting["COUNT_ALLOCATIONS"]).read_bytes())
        return loops, others

    rounds = 40
    with server.connect() as connection:

        def associate(times: int) -> None:
            for _ in range(times):
                answers = connection.pipeline(requests, ["POST"] * len(requests))
                assert all(answer.status == 200 for answer in answers)

        associate(20)  # buffers grow, tasks are made
        before = counts()
        associate(rounds)
        after = counts()
    number = rounds * len(requests)
    loops, others = ((now - then) / number for now, then in zip(after, before, strict=True))
    print(f"{loops:.2f} on the loops, {others:.2f} on other threads")
    assert 0 < loops <= LOOPS, f"{loops:.2f} allocations an association on the loops, {LOOPS} allowed"
    assert 0 < others <= OTHERS, f"{others:.2f} on other threads, {OTHERS} allowed"
