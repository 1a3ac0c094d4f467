"""What Linux tells of a process."""

from __future__ import annotations

from pathlib import Path


def resident_bytes(pid: int) -> int:
    """How much memory the process has in use now."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} tells nothing of its memory")
