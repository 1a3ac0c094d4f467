"""Reads what strace saw: which system call began and ended before which other one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.deadline import wait_until

WRITES = ("write", "pwrite64", "writev", "pwritev", "pwritev2")
SYNCS = ("fsync", "fdatasync")
SENDS = ("sendto", "sendmsg", "write", "writev")

_LINE = re.compile(r"^(?P<thread>\d+) +(?P<rest>.*)$")
_CALL = re.compile(r"^(?P<name>\w+)\((?P<arguments>.*)$", re.DOTALL)
_RESUMED = re.compile(r"^<\.\.\. (?P<name>\w+) resumed>(?P<arguments>.*)$", re.DOTALL)
_RESULT = re.compile(r"\) += (?P<result>-?\d+)[^=]*$")
_DESCRIPTOR = re.compile(r"^\d+<(?P<what>(?:->|[^>])*)>")
_TCP_PEER = re.compile(r"TCP:\[[0-9.]+:\d+->[0-9.]+:(?P<port>\d+)\]")


def prefix(output: Path) -> list[str]:
    """What to put before a command. The tracer detaches itself: the started process is the command."""
    calls = ",".join(sorted({*WRITES, *SYNCS, *SENDS}))
    return ["strace", "-D", "-f", "-yy", "-s", "100000", "-e", f"trace={calls}", "-o", str(output)]


def wait_until_complete(output: Path, process: int) -> None:
    """The tracer writes on for a moment after the end of the process."""
    end = re.compile(rf"^{process} +\+\+\+ ", re.MULTILINE)
    wait_until("the trace is complete", lambda: end.search(output.read_text(errors="replace")[-10_000:]))


@dataclass
class Call:
    name: str
    arguments: str
    began: int  # line numbers of the trace, in the order in which the tracer saw things happen
    ended: int
    result: int | None

    @property
    def descriptor(self) -> str:
        """A path, or TCP:[local->peer]."""
        found = _DESCRIPTOR.match(self.arguments)
        return found["what"] if found else ""

    @property
    def peer_port(self) -> int | None:
        found = _TCP_PEER.search(self.descriptor)
        return int(found["port"]) if found else None

    @property
    def is_durable(self) -> bool:
        """Whether the write itself returned only when its bytes were on disk."""
        return "RWF_DSYNC" in self.arguments[-100:]

    @property
    def answers(self) -> int:
        """How many HTTP answers begin in what was sent."""
        return self.arguments.count("HTTP/1.1 ")


def read_calls(output: Path) -> list[Call]:
    """All finished calls, in the order of their beginnings."""
    calls: list[Call] = []
    open_calls: dict[str, Call] = {}
    with open(output, errors="surrogateescape") as lines:
        for number, line in enumerate(lines):
            parts = _LINE.match(line.rstrip("\n"))
            if not parts:
                continue
            thread, rest = parts["thread"], parts["rest"]
            if resumed := _RESUMED.match(rest):
                if call := open_calls.pop(thread, None):
                    call.arguments += resumed["arguments"]
                    call.ended = number
                    call.result = _result_of(rest)
            elif started := _CALL.match(rest):
                call = Call(started["name"], started["arguments"], number, number, None)
                calls.append(call)
                if rest.endswith("<unfinished ...>"):
                    call.arguments = call.arguments.removesuffix("<unfinished ...>")
                    open_calls[thread] = call
                else:
                    call.result = _result_of(rest)
    return [call for call in calls if call.result is not None]


def _result_of(rest: str) -> int | None:
    found = _RESULT.search(rest[-300:])
    return int(found["result"]) if found else None


def sends_by_peer(calls: list[Call]) -> dict[int, list[Call]]:
    """The successful sends on each connection, by the client's port."""
    sends: dict[int, list[Call]] = defaultdict(list)
    for call in calls:
        if call.name in SENDS and (port := call.peer_port) and call.result and call.result > 0:
            sends[port].append(call)
    return sends


@dataclass
class AcknowledgedWrite:
    """A request whose content bears `marker`; its answer is number `ordinal` (from 0) on its connection."""

    peer_port: int
    ordinal: int
    marker: str


class DurabilityTrace:
    """Answers one question: had the write's bytes been synced before its reply began to leave?"""

    def __init__(self, output: Path, folder: Path) -> None:
        calls = read_calls(output)
        in_folder = [call for call in calls if call.descriptor.startswith(str(folder))]
        self._writes = [call for call in in_folder if call.name in WRITES and (call.result or 0) > 0]
        self._syncs = [call for call in in_folder if call.name in SYNCS and call.result == 0]
        self._durable_writes = [call for call in self._writes if call.is_durable]
        self._sends = sends_by_peer(calls)

    @property
    def sync_count(self) -> int:
        return len(self._syncs) + len(self._durable_writes)

    def reply(self, write: AcknowledgedWrite) -> Call:
        seen = 0
        for call in self._sends[write.peer_port]:
            seen += call.answers
            if seen > write.ordinal:
                return call
        raise AssertionError(f"the trace holds no reply for {write}")

    def durable_moments(self, marker: str) -> Iterator[int]:
        """For every write that holds the marker: when it was on disk, by itself or by a sync that began after it."""
        for write in self._writes:
            if marker in write.arguments:
                if write.is_durable:
                    yield write.ended
                covering = [
                    sync.ended
                    for sync in self._syncs
                    if sync.descriptor == write.descriptor and sync.began > write.ended
                ]
                if covering:
                    yield min(covering)

    def folded_too_early(self, write: AcknowledgedWrite) -> bool:
        """Whether the database began to get the write before the journal had it on disk."""
        calls = [call for call in self._writes if write.marker in call.arguments]
        journal = [call for call in calls if "/journal/" in call.descriptor]
        synced = [
            sync.ended
            for call in journal
            for sync in self._syncs
            if sync.descriptor == call.descriptor and sync.began > call.ended
        ]
        folded = min(call.began for call in calls if call.descriptor.endswith("-wal"))
        return min(synced, default=1 << 62) >= folded

    def left_too_early(self, write: AcknowledgedWrite) -> bool:
        return min(self.durable_moments(write.marker), default=1 << 62) >= self.reply(write).began
