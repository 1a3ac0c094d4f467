"""A script of the repository that starts others, in a session of its own, as a terminal would start it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

from support.deadline import wait_until
from support.server import REPOSITORY, clean_environment


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Script:
    """`folder` is where what it starts works, or what it names in its arguments."""

    def __init__(self, name: str, folder: Path, output: Path, environment: Mapping[str, str]) -> None:
        self._folder = str(folder)
        self._output = output
        # Handed down to whatever it starts; Redis writes its title over its environment.
        self._mark = f"STARTED_BY={uuid.uuid4()}".encode()
        mark = dict([self._mark.decode().split("=")])
        with open(output, "wb") as file:
            self.process = subprocess.Popen(
                [str(REPOSITORY / "Scripts" / name)],
                env=clean_environment({**environment, **mark}),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def output(self) -> str:
        return self._output.read_text()

    def wait_for_output(self, text: str, seconds: float = 60) -> None:
        def shows() -> bool:
            shown = text in self.output()
            assert shown or self.process.poll() is None, self.output()
            return shown

        wait_until(f"{text} is shown", shows, seconds=seconds)

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> int:
        """What Ctrl-C does: the signal goes to the whole foreground group."""
        os.killpg(self.process.pid, number)
        return self.process.wait(timeout=30)

    def processes(self) -> dict[int, str]:
        """Command lines of what it started and is still there, the script itself included, by process id."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    marks = (entry / "environ").read_bytes().split(b"\0")
                    place = os.readlink(entry / "cwd")
                except OSError:
                    continue
                if self._mark in marks or self._folder in command or self._folder in place:
                    found[int(entry.name)] = command
        return found

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
