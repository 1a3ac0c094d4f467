"""Builds the packages of Plugins/ by themselves, as an integrator builds a plugin."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.server import REPOSITORY

# One for all, so that they build the kit once.
SCRATCH = REPOSITORY / ".build/plugins"


def swift(package: Path, *arguments: str, scratch: Path = SCRATCH) -> subprocess.CompletedProcess[str]:
    """Runs `swift build` or `swift test` on a package."""
    return subprocess.run(
        ["swift", *arguments, "--package-path", package, "--scratch-path", scratch],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=400,
    )


def require_clean(done: subprocess.CompletedProcess[str]) -> None:
    """It succeeded and warned of nothing."""
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning:" not in done.stdout + done.stderr


def build_example(name: str) -> Path:
    """The library of an example."""
    package = REPOSITORY / "Plugins/Examples" / name
    require_clean(swift(package, "build", "-c", "release", "--product", name))
    return SCRATCH / f"release/lib{name}.so"
