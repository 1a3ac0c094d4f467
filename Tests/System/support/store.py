"""Looks into a store's file with Python's own SQLite, without disturbing it."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def open_read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{file}?mode=ro", uri=True)


def integrity(file: Path) -> str:
    """`ok`, or what SQLite finds wrong."""
    with open_read_only(file) as database:
        return database.execute("PRAGMA integrity_check").fetchone()[0]


def row_counts(file: Path) -> dict[str, int]:
    with open_read_only(file) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {table: database.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0] for table in tables}
