"""Builds the packages of Plugins/Examples as an integrator does."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.server import REPOSITORY


def build_example(name: str, *, tests: bool = False) -> Path:
    """The library of an example, its own tests run first where it has any."""
    scratch = REPOSITORY / ".build/examples" / name
    for arguments in ([["test"]] if tests else []) + [["build", "-c", "release"]]:
        done = subprocess.run(
            ["swift", *arguments, "--package-path", REPOSITORY / "Plugins/Examples" / name, "--scratch-path", scratch],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=400,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning:" not in done.stdout + done.stderr
    return scratch / f"release/lib{name}.so"
