#!/usr/bin/env python3
"""The binary interface of the kit: what a plugin that was built against it takes for granted.

    Scripts/kit-interface.py check     compares the built kit with Sources/Kit/Interface.txt; exit code 1 if they differ
    Scripts/kit-interface.py accept    writes the file, if the kit's version was raised as the difference asks for

Reads the release build with swift-api-digester. Which changes are compatible, and why: Sources/Kit/README.md.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
FILE = REPOSITORY / "Sources/Kit/Interface.txt"
VERSION = REPOSITORY / "Sources/Kit/Sources/CKitVersion/include/CKitVersion.h"
MODULES = ["LiaisonKit", "ContextModel", "JSON"]
# What may grow at its end: classes whose objects the server alone makes, and protocols that it alone implements.
GROWING = {
    *("class LiaisonKit." + name for name in ("Call", "PluginContext", "MetricsRegistry", "SchemaRegistry", "BackgroundWork", "Pipeline")),
    *("protocol LiaisonKit." + name for name in ("StoreQueries", "MappingQueries", "ChangeFeed")),
}

# Types with their members in the order of their layout; and the symbols of everything that can be called.
Layouts = dict[str, list[str]]


def dump(build: Path) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        maps = [f"-fmodule-map-file={build}/{name}.build/module.modulemap" for name in ("CSimdjson", "CKitVersion")]
        command = ["swift-api-digester", "-dump-sdk", "-abi", "-I", f"{build}/Modules", "-o", file.name]
        for module in MODULES:
            command += ["-module", module]
        for option in maps:
            command += ["-Xcc", option]
        subprocess.run(command, check=True, capture_output=True)
        return json.load(open(file.name))["ABIRoot"]


def type_of(node: dict[str, Any]) -> str:
    children = node.get("children") or [{}]
    return str(children[0].get("printedName", ""))


def read(build: Path) -> tuple[Layouts, set[str]]:
    layouts: Layouts = {}
    symbols: set[str] = set()

    def visit(node: dict[str, Any], path: str) -> None:
        if node.get("spi_group_names"):
            return  # the server's own: no plugin can name it
        kind, name = node.get("declKind"), node.get("printedName", "")
        if kind in ("Struct", "Class", "Enum", "Protocol"):
            path = f"{path}.{name}" if path else f"{node['moduleName']}.{name}"
            if not node.get("isExternal"):
                members = node.get("children", [])
                stored = [m for m in members if m.get("hasStorage") and not m.get("static")]
                stored.sort(key=lambda member: member.get("fixedbinaryorder", 0))
                lines = [f"{m['name']}: {type_of(m)}" for m in stored]
                lines += [f"case {m['name']} {type_of(m)}" for m in members if m.get("declKind") == "EnumElement"]
                lines += [f"requirement {m['printedName']} {m.get('mangledName', '')}" for m in members if m.get("protocolReq")]
                layouts[f"{kind.lower()} {path}"] = lines
                symbols.update(f"{path}: {conformance['name']}" for conformance in node.get("conformances", []))
        elif kind in ("Func", "Constructor", "Accessor", "Subscript") and node.get("mangledName"):
            symbols.add(node["mangledName"])
        for child in [*node.get("children", []), *node.get("accessors", [])]:
            visit(child, path)

    visit(dump(build), "")
    return layouts, symbols


def text(version: str, layouts: Layouts, symbols: set[str]) -> str:
    lines = [f"kit {version}"]
    for name in sorted(layouts):
        lines += [name, *(f"  {member}" for member in layouts[name])]
    return "\n".join([*lines, "symbols", *(f"  {symbol}" for symbol in sorted(symbols))]) + "\n"


def parse(content: str) -> tuple[str, Layouts, set[str]]:
    first, *lines = content.splitlines()
    layouts: Layouts = {}
    current: list[str] = []
    for line in lines:
        if line.startswith("  "):
            current.append(line[2:])
        else:
            current = layouts[line] = []
    return first.removeprefix("kit "), layouts, set(layouts.pop("symbols"))


def breaks(old: Layouts, old_symbols: set[str], new: Layouts, new_symbols: set[str]) -> list[str]:
    """What a plugin of the old kit would stumble over."""
    found = [f"{symbol} is gone" for symbol in sorted(old_symbols - new_symbols)]
    for name, members in old.items():
        now = new.get(name)
        if now is None:
            found.append(f"{name} is gone")
        elif (now[: len(members)] if name in GROWING else now) != members:
            place = next((i for i, (a, b) in enumerate(zip(members, now)) if a != b), min(len(members), len(now)))
            found.append(f"{name} has other members from place {place + 1}")
    return found


def main(action: str) -> int:
    layouts, symbols = read(REPOSITORY / ".build/release")
    version = re.search(r'LIAISON_KIT_VERSION "([^"]+)"', VERSION.read_text())[1]  # type: ignore[index]
    current = text(version, layouts, symbols)
    before = FILE.read_text() if FILE.exists() else current
    old_version, old_layouts, old_symbols = parse(before)
    if before == current and FILE.exists():
        return 0
    broken = breaks(old_layouts, old_symbols, layouts, symbols)
    major, minor = (int(part) for part in old_version.split("."))
    needed = f"{major + 1}.0" if broken else f"{major}.{minor + 1}"
    for line in broken[:20]:
        print(f"incompatible: {line}")
    raised = tuple(int(part) for part in version.split(".")) >= tuple(int(part) for part in needed.split("."))
    if action == "check" or not (raised or not FILE.exists()):
        print(
            f"the kit's interface differs from {FILE.relative_to(REPOSITORY)} (kit {old_version}): "
            f"LIAISON_KIT_VERSION must be {needed} or later, it is {version}; then run Scripts/kit-interface.py accept"
        )
        return 1
    FILE.write_text(current)
    print(f"{FILE.relative_to(REPOSITORY)} is that of kit {version}")
    return 0


if __name__ == "__main__":
    if sys.argv[1:] not in (["check"], ["accept"]):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
