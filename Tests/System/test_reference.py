"""The pages of Docs/ that list everything – options, errors, metrics, operations – list what the sources have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.metrics import parse_metrics
from support.redis_server import RedisServer
from support.server import REPOSITORY

ERRORS = (REPOSITORY / "Docs/errors.md").read_text()
CONFIGURATION = (REPOSITORY / "Docs/configuration.md").read_text()
METRICS = (REPOSITORY / "Docs/metrics.md").read_text()
PAGES = [
    *sorted(REPOSITORY.glob("*.md")),
    *(REPOSITORY / page for page in ("Benchmarks/README.md", "Sources/Kit/README.md")),
    *sorted((REPOSITORY / "Docs").glob("*.md")),
    *sorted(page for page in (REPOSITORY / "Plugins").rglob("README.md") if ".build" not in page.parts),
    *sorted((REPOSITORY / "Sources").rglob("*.docc/*.md")),
]


def sources() -> Iterator[Path]:
    """The Swift sources of the server, its kit and its stages, examples included."""
    for folder in ("Sources", "Plugins"):
        for file in sorted((REPOSITORY / folder).rglob("*.swift")):
            if not {".build", "Tests"} & set(file.parts) and not any(part.endswith(".docc") for part in file.parts):
                yield file


def source(path: str) -> str:
    return (REPOSITORY / path).read_text()


def rows(page: str, heading: str = "") -> list[list[str]]:
    """The cells of the rows of all tables whose first cell is code, of one section or of the whole page."""
    if heading:
        page = re.split(r"^#+ ", page.split(f"\n{heading}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line for line in page.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


# Errors


def with_plugins(code: str) -> set[str]:
    """A code of the sources as the page has it: what is put together there has a code for each kind, or each plugin."""
    if r"\(kind.rawValue)" in code:
        return {code.replace(r"\(kind.rawValue)", kind) for kind in ("state", "task")}
    return {code.replace(r"\(word)", "<plugin>")}


def codes_of(text: str) -> set[str]:
    """Every code that a source names, in whichever way."""
    found = set(re.findall(r'\bcode: *(?:String = )?"([^"]*)"', text))
    for pair in re.findall(r'\bcode: [^"\n,]*\? "(\w+)" : "(\w+)"', text):
        found |= set(pair)
    found |= set(re.findall(r'(?<![\w.])error\(\s*"(\w+)"\s*,', text))
    for argument in re.findall(r'\bwrong\(\s*(?:"(?:[^"\\]|\\.)*"|\w+),\s*([^,]*),', text):
        found |= set(re.findall(r'"(\w+)"', argument))
    for choice in re.findall(r"let code: String\? =(.*?)guard let code", text, re.DOTALL):
        found |= set(re.findall(r'"(\w+)"', choice))
    return {one for code in found for one in with_plugins(code)}


def server_sources() -> Iterator[tuple[Path, str]]:
    """Those that answer clients of every server; examples tell their codes in their READMEs."""
    for file in sources():
        if "Examples" not in file.parts:
            yield file, file.read_text()


def test_the_page_of_errors_has_every_code_of_the_sources_and_no_other() -> None:
    answered = {code for file, text in server_sources() if "Configuration" not in file.parts for code in codes_of(text)}
    assert len(answered) > 60, "the codes of the sources are found"
    listed = [code for row in rows(ERRORS) if len(row) == 4 for code in re.findall(r"`([^`]+)`", row[0])]
    assert len(listed) == len(set(listed)), "each stands there once"
    # What the store says inside the server alone.
    assert set(listed) == answered - {"changes_gone"}


def test_the_page_of_errors_has_the_statuses_of_each_code() -> None:
    listed = {
        (code, status)
        for row in rows(ERRORS)
        if len(row) == 4
        for code in re.findall(r"`([^`]+)`", row[0])
        for status in re.findall(r"\d{3}", row[1])
    }
    answered = {
        (code, status)
        for _, text in server_sources()
        for status, found in re.findall(r'status: (\d{3}),\s*code: "([^"]*)"', text)
        for code in with_plugins(found)
        if code != "changes_gone"
    }
    assert len(answered) > 30
    assert answered <= listed, answered - listed


# Configuration


def options() -> list[str]:
    [listed] = re.findall(
        r"static let options: \[\(name: String, isNumber: Bool\)\] = \[(.*?)\]",
        source("Sources/LiaisonServer/Configuration/ConfigurationOverlay.swift"),
        re.DOTALL,
    )
    return re.findall(r'"([\w.-]+)"', listed)


def listed_options() -> dict[str, str]:
    """What the page says, as JSON, that the default of an option is."""
    return {row[0].strip("`"): row[1].strip("`") for row in rows(CONFIGURATION) if len(row) == 4}


def test_every_option_stands_in_the_page() -> None:
    listed = listed_options()
    assert len(options()) > 20
    others = {"pipeline", "plugins", "libraries", "plugin-folder", "budgets"}
    assert set(listed) == set(options()) | others


def value(swift: str) -> int:
    """A number, or the milliseconds of a duration, of the sources."""
    duration = re.fullmatch(r"\.(seconds|milliseconds)\((.*)\)", swift)
    factor = 1 if duration is None or duration[1] == "milliseconds" else 1000
    product = 1
    for number in (duration[2] if duration else swift).replace("_", "").split(" * "):
        base, _, shift = number.partition(" << ")
        product *= int(base) << int(shift or 0)
    return product * factor


def default_value(shown: Any) -> int:
    """The same of the page."""
    if isinstance(shown, int):
        return shown
    count, unit = re.fullmatch(r"(\d+)(\w+)", shown).groups()  # type: ignore[union-attr]
    return int(count) * {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}[unit]


def test_the_defaults_of_the_page_are_those_of_the_sources() -> None:
    defaults = {option: json.loads(listed_options()[option]) for option in options()}
    limits = source("Sources/HTTP/HTTPLimits.swift")
    named = {
        f"http.{option}": (limits, re.sub(r"-(\w)", lambda letter: letter[1].upper(), option))
        for group, _, option in (name.partition(".") for name in defaults)
        if group == "http" and option != "max-connections"
    }
    for option, file, name in (
        ("redis.wait", "Sources/MappingCache/CacheOptions.swift", "wait"),
        ("redis.ttl", "Sources/MappingCache/CacheOptions.swift", "timeToLive"),
        ("store.connect-timeout", "Sources/ContextStore/Postgres/PostgresOptions.swift", "connectTimeout"),
        ("store.statement-timeout", "Sources/ContextStore/Postgres/PostgresOptions.swift", "statementTimeout"),
        ("store.max-batch", "Sources/ContextStore/StoreOptions.swift", "maximumBatch"),
        ("store.readers", "Sources/ContextStore/StoreOptions.swift", "readers"),
        ("store.changes-kept", "Sources/ContextStore/StoreOptions.swift", "changesKept"),
        ("store.fold-after", "Sources/ContextStore/StoreOptions.swift", "foldAfter"),
        ("store.fold-bytes", "Sources/ContextStore/StoreOptions.swift", "foldBytes"),
    ):
        named[option] = (source(file), name)
    for option, (text, name) in named.items():
        default = re.search(rf"\b{name}(?:: \w+)? = (\.\w+\([^)]*\)|[\d_]+(?: << \d+)?)", text)
        assert default, option
        assert value(default[1]) == default_value(defaults[option]), option
    assert f"durability: Durability = .{defaults['store.durability']}" in source("Sources/ContextStore/StoreOptions.swift")
    # The others stand where the option is read.
    reading = re.sub(
        r"(?<=\d)_(?=\d)", "", source("Sources/LiaisonServer/Configuration/ServerConfiguration.swift")
    )
    for option in defaults.keys() - named.keys() - {"store.durability"}:
        key, default = option.rpartition(".")[2], re.escape(json.dumps(defaults[option]))
        assert re.search(rf'"{key}".* {default}\W', reading), option


def test_the_page_of_configuration_names_every_key_of_tenancy() -> None:
    read = re.findall(
        r'\.(?:string|integer|sections)\("([\w-]+)"',
        source("Sources/LiaisonServer/Configuration/ServerConfiguration+tenancy.swift"),
    )
    assert set(read) == {row[0].strip("`") for row in rows(CONFIGURATION, "## tenancy")}


# Metrics and operations


def metric_names() -> set[str]:
    """What the sources register; a plugin's name stands as `<plugin>`."""
    interpolation = r"\\\((?:[^()]|\([^()]*\))*\)"
    found = {
        re.sub(interpolation, "<plugin>", name)
        for file in sources()
        for name in re.findall(
            rf'\b(?:register|counter|gauge)\(\s*"(liaison_(?:{interpolation}|\w)*)"', file.read_text()
        )
    }
    assert len(found) > 25, "the metrics of the sources are found"
    return found


def test_the_page_of_metrics_has_every_metric_of_the_sources_and_no_other() -> None:
    named = set(re.findall(r"`(liaison_(?:<plugin>|\w)+)", METRICS))
    # Of a plugin that the page takes as an example.
    assert named - {"liaison_center_stamp_failures_total"} == metric_names()


def test_a_server_shows_its_metrics_with_the_types_and_labels_of_the_page(start_server, redis: RedisServer) -> None:
    listed = {
        row[0].strip("`"): (row[1], set(re.findall(r"`(\w+)`", row[2]))) for row in rows(METRICS) if len(row) == 4
    }
    server = start_server(redis=redis)
    server.call("GET", "/server/status")
    shown = parse_metrics(server.call("GET", "/metrics").body.decode())
    assert len(shown.types) > 15
    for name, kind in shown.types.items():
        assert listed[name][0] == kind, name
        for sample_name in (name, f"{name}_count"):
            for labels in shown.samples.get(sample_name, {}):
                assert {label for label, _ in labels} == listed[name][1], name


def test_the_page_names_every_operation_with_its_requests_and_its_role() -> None:
    words = dict(re.findall(r'case (\w+) = "([\w-]+)"', source("Sources/Kit/Sources/LiaisonKit/Operation.swift")))
    table = re.findall(
        r'OperationRow\(\s*\.(\w+),\s*\.(\w+),\s*"([^"]+)",\s*needs: \.(\w+)',
        source("Sources/ContextAPI/OperationTable.swift"),
    )
    assert len(table) > 70
    expected = {(words[operation], method.upper(), role) for operation, method, _, role in table}
    listed = [
        (row[0].strip("`"), row[1].strip("`").split()[0], row[2].strip("`"))
        for row in rows(METRICS, "## Names of operations")
    ]
    assert len(listed) == len(set(listed)) and set(listed) == expected
    assert {word for word, _, _ in listed} == set(words.values())
    requests = {row[0].strip("`"): row[1] for row in rows(METRICS, "## Names of operations")}
    for operation, _, path, _ in table:
        assert path.rsplit("/", 1)[0] in requests[words[operation]], f"{words[operation]} has the path {path}"


# Links


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://", "doc:")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(file), f"{page.name} links to {target}"
