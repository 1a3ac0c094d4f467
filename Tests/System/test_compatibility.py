"""Docs/compatibility.md names, for each thing it promises, a test that shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.server import REPOSITORY

TESTS = Path(__file__).parent


def rows() -> list[str]:
    lines = (REPOSITORY / "Docs/compatibility.md").read_text().splitlines()
    return [line for line in lines if line.startswith("|") and not re.match(r"\|[-|]+\||\|.*shown by \|$", line)]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.split("|")[2].strip()[:60] or row[:60])
def test_every_row_names_tests_that_there_are(row: str) -> None:
    shown_by = re.split(r"(?<!\\)\|", row)[-2]
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", shown_by)
    swift = re.findall(r"`(Tests/\w+/\w+\.swift)`", shown_by)
    assert named or swift or "conformance" in shown_by, row
    for file, test in named:
        assert re.search(rf"^def {test}\(", (TESTS / file).read_text(), re.MULTILINE), f"{file} has no {test}"
    for file in swift:
        assert (REPOSITORY / file).exists(), file
    texts = re.findall(r"`([^`]+)`", shown_by)
    assert len(texts) == len(named) + len(swift), f"not understood: {shown_by}"
