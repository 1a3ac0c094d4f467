"""A power cut at any moment: the journal is put together from the writes that were on disk by then, and nothing else."""

from __future__ import annotations

import os
import random
import re
import shutil
import threading
from pathlib import Path

from support import strace
from support.api import Api
from support.load import association_number, customer_name, start_services
from support.server import LiaisonServer

_WRITE = re.compile(r'iov_base="((?:[^"\\]|\\.)*)", iov_len=(\d+)\}\], 1, (\d+), RWF_DSYNC *\)', re.DOTALL)
WRITERS = 4
ROUNDS = 25


class DurableWrite:
    """One write to a file of the journal that returned only when its bytes were on disk."""

    def __init__(self, call: strace.Call) -> None:
        found = _WRITE.search(call.arguments)
        assert found, call.arguments[-300:]
        self.path = Path(call.descriptor)
        self.offset = int(found[3])
        self.began, self.ended = call.began, call.ended
        self.data = found[1].encode("latin-1", "surrogateescape").decode("unicode_escape").encode("latin-1")
        assert len(self.data) == int(found[2])

    def put(self, folder: Path, size: int, count: int | None = None) -> None:
        """Writes the first `count` bytes into the file of that name in another folder."""
        file = folder / self.path.name
        if not file.exists():
            file.write_bytes(b"\0" * size)
        with open(file, "r+b") as target:
            target.seek(self.offset)
            target.write(self.data[:count])


class Recording:
    """A server's run under load, with every durable write of its journal and every reply."""

    def __init__(self, server: LiaisonServer, output: Path, services: list[int]) -> None:
        self.services = services
        self.replies: dict[int, list[strace.AcknowledgedWrite]] = {service: [] for service in services}
        clients = [threading.Thread(target=self._write, args=(server, number)) for number in range(WRITERS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join(timeout=60)
            assert not client.is_alive()
        journal = server.data / "journal"
        self.sizes = {file.name: file.stat().st_size for file in journal.glob("*.journal")}
        server.kill()
        strace.wait_until_complete(output, server.pid)
        self.trace = strace.DurabilityTrace(output, server.data)
        self.writes = [
            DurableWrite(call)
            for call in strace.read_calls(output)
            if "/journal/" in call.descriptor and "RWF_DSYNC" in call.arguments[-100:]
        ]
        assert len({write.path for write in self.writes}) == 1, "the load fits into one segment"

    def _write(self, server: LiaisonServer, number: int) -> None:
        """Associates the writer's own services in turn, with customers 1, 2, 3 …"""
        with server.connect() as connection:
            api, ordinal = Api(connection), 0
            for round_number in range(1, ROUNDS + 1):
                for service in self.services[number::WRITERS]:
                    api.associate(customer_name(service, round_number), service)
                    marker = customer_name(service, round_number)
                    self.replies[service].append(
                        strace.AcknowledgedWrite(connection.local_port, ordinal, marker)
                    )
                    ordinal += 1

    def disk_at(self, moment: int, folder: Path) -> None:
        """The journal as a power cut at that moment leaves it; what was being written then may be there in part."""
        for write in self.writes:
            size = self.sizes[write.path.name]
            if write.ended <= moment:
                write.put(folder, size)
            elif write.began <= moment:
                write.put(folder, size, random.randint(0, len(write.data)))

    def acknowledged_at(self, service: int, moment: int) -> int:
        """How many of the service's associations had been answered, as far as the client could know."""
        return sum(self.trace.reply(write).began <= moment for write in self.replies[service])


def test_whatever_was_acknowledged_before_a_power_cut_is_there_after_it(
    make_server, folder: Path, long_form: bool
) -> None:
    first = make_server(name="base")
    first.start()
    services = start_services(first, 8)
    assert first.stop() == 0
    base = folder / "before"
    shutil.copytree(first.data, base)
    # A journal of its own for what follows: the database has everything up to here.
    shutil.rmtree(first.data / "journal")
    shutil.rmtree(base / "journal")

    output = folder / "trace"
    server = make_server(
        data=first.data, prefix=strace.prefix(output), config={"store": {"fold-after": "60m"}}
    )
    server.start()
    recording = Recording(server, output, services)
    end = recording.writes[-1].ended + 50
    begin = recording.writes[0].ended

    for cut in range(60 if long_form else 12):
        moment = end if cut == 0 else random.randint(begin, end)
        data = folder / f"cut-{cut}"
        shutil.copytree(base, data)
        (data / "journal").mkdir()
        recording.disk_at(moment, data / "journal")
        after = make_server(name=f"after-{cut}", data=data)
        after.start()
        api = Api(after)
        for service in services:
            shown = association_number(api.service(service).get("customer_id"))
            acknowledged = recording.acknowledged_at(service, moment)
            assert acknowledged <= shown <= ROUNDS, f"cut at {moment}, seed of the folder {os.fspath(data)}"
            if cut == 0:
                assert shown == ROUNDS
        after.kill()
