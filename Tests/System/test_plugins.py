"""What an integrator does: scaffold a plugin outside of the repository, build, test, load it, see its effect."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.http_client import ConnectionClosed
from support.metrics import Metrics, parse_metrics
from support.redis_server import RedisServer
from support.server import REPOSITORY, LiaisonServer, run_liaison

KIT = re.search(  # type: ignore[index]
    r'LIAISON_KIT_VERSION "([^"]+)"', (REPOSITORY / "Sources/Kit/Sources/CKitVersion/include/CKitVersion.h").read_text()
)[1]

# The first one waits for the builds.
pytestmark = pytest.mark.timeout(900)

PIPELINE = ["authentication", "center-stamp", "business-attributes", "extension-schemas", "persistence"]

# Put into the scaffolded stage, so that one build serves every test.
EARLY = """\
    calls.add()
    if call.headers["x-fail-early"] != nil { throw Failure() }
    let waits = ["fail", "wait", "hang", "block", "trap", "never", "twice", "slow-answer", "mapping"]
    return !waits.contains { call.headers[named: "x-\\($0)"] != nil }
  }

  /// What has to wait.
  public func handle(_ call: Call, next: Next) async throws -> Reply {
    if call.headers["x-fail"] != nil { throw Failure() }
    if let wait = call.headers["x-wait"] { try? await Task.sleep(for: .milliseconds(Int(wait) ?? 0)) }
    if call.headers["x-hang"] != nil { await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in } }
    if call.headers["x-block"] != nil { usleep(150_000) }
    if call.headers["x-trap"] != nil { fatalError("a trap of the plugin") }
    if call.headers["x-never"] != nil { return Reply(status: 204) }
    if call.headers["x-twice"] != nil { _ = try await next(call) }
    if call.headers["x-slow-answer"] != nil {
      let reply = try await next(call)
      try await Task.sleep(for: .seconds(600))
      return reply
    }
    if call.headers["x-mapping"] != nil, let service = call.serviceID {
      let mapping = try await mappings.mapping(of: service, tenant: call.tenant)
      let status = mapping.map { "\\($0.customer ?? "-") \\($0.status.name) \\($0.isCached)" } ?? "none"
      return Reply(status: 200, headers: [ReplyHeader("X-Mapping", status)])
    }
    return try finish(call, .success(try await next(call)))
"""
LATE = """\
    var reply = try outcome.get()
    if call.headers["x-fail-late"] != nil { throw Failure() }
    if call.headers["x-block-late"] != nil { usleep(250_000) }
"""


@dataclass
class Installation:
    """A server installed below a prefix, and a plugin that was made and built with nothing but it."""

    binary: Path
    library: Path
    package: Path
    sources: Path

    def check(self, library: Path) -> subprocess.CompletedProcess[str]:
        return run_liaison("plugin", "check", library, binary=self.binary)

    def config(self, library: Path | str, **settings: Any) -> dict[str, object]:
        return {
            "libraries": [str(library)],
            "pipeline": PIPELINE,
            "plugins": {"center-stamp": settings},
            "budgets": {"center-stamp": "200ms"},
        }


def swift(package: Path, *arguments: str) -> None:
    done = subprocess.run(
        ["swift", *arguments], cwd=package, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning:" not in done.stdout + done.stderr


def metrics(server: LiaisonServer) -> Metrics:
    return parse_metrics(server.call("GET", "/metrics").body.decode())


@pytest.fixture(scope="module")
def integrator(session_folder: Path) -> Iterator[Path]:
    """A folder of an integrator. It is there at the next run too, so that what has not changed is not compiled again; and empty
    while another run has it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "liaison"
    folder = cache / f"integrator{str(REPOSITORY).replace('/', '-')}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            folder = session_folder
        yield folder


@pytest.fixture(scope="module")
def installation(integrator: Path) -> Installation:
    prefix = integrator / "prefix"
    shutil.rmtree(prefix, ignore_errors=True)
    subprocess.run([REPOSITORY / "Scripts/install.sh", prefix], check=True, capture_output=True)
    binary = prefix / "bin/liaison"
    work, builds = integrator / "work", integrator / "builds"
    package = work / "center-stamp"
    if (package / ".build").exists():
        shutil.rmtree(builds, ignore_errors=True)
        (package / ".build").rename(builds)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    made = run_liaison("plugin", "new", "center-stamp", cwd=work, binary=binary)
    assert made.returncode == 0, made.stderr
    for file in package.rglob("*"):
        assert file.is_dir() or str(REPOSITORY) not in file.read_text()
    if builds.exists():
        builds.rename(package / ".build")
    swift(package, "test")
    source = package / "Sources/CenterStamp/CenterStamp.swift"
    text = source.read_text()
    for line, more in (("    calls.add()\n    return true\n", EARLY), ("    var reply = try outcome.get()\n", LATE)):
        assert line in text
        text = text.replace(line, more)
    text = text.replace("  private let calls: Counter\n", "  private let calls: Counter\n  private let mappings: any MappingQueries\n")
    nested = '    _ = try configuration.section("nested").bool("known", default: false)\n'
    text = text.replace("    calls = context", nested + "    mappings = context.mappings\n    calls = context")
    source.write_text("import Glibc\n" + text + "\nstruct Failure: Error {}\n")
    swift(package, "build", "-c", "release")
    sources = binary.resolve().parents[2] / "share/liaison"
    return Installation(binary, package / ".build/release/libCenterStamp.so", package, sources)


@pytest.fixture
def stamped(make_server: Callable[..., LiaisonServer], installation: Installation) -> LiaisonServer:
    config = installation.config(installation.library, text="Lisbon")
    server = make_server(binary=installation.binary, config=config)
    server.start()
    return server


def test_a_loaded_plugin_takes_part_in_every_call(stamped: LiaisonServer) -> None:
    started = stamped.call("POST", "/services/start", {"contact_key": "k"})
    assert started.status == 201
    assert started.header("X-CenterStamp") == "Lisbon"
    assert metrics(stamped).value("liaison_center_stamp_calls_total") == 1


def test_server_and_plugin_have_one_copy_of_the_kit(stamped: LiaisonServer, installation: Installation) -> None:
    maps = Path(f"/proc/{stamped.pid}/maps").read_text()
    kits = {line.split()[-1] for line in maps.splitlines() if "LiaisonKit" in line}
    assert kits == {str(installation.binary.resolve().parent / "libLiaisonKit.so")}
    assert str(installation.library.resolve()) in maps


@pytest.mark.parametrize("when", ["X-Fail-Early", "X-Fail", "X-Fail-Late"])
def test_a_plugin_that_throws_is_a_500_that_names_it_and_the_connection_goes_on(stamped: LiaisonServer, when: str) -> None:
    with stamped.connect() as connection:
        failed = connection.call("GET", "/server/status", headers={when: "1"})
        assert (failed.status, failed.json["code"]) == (500, "center_stamp_failed")
        assert connection.call("GET", "/server/status").status == 200
    assert "error center-stamp: the plugin failed a call operation=server-status" in stamped.log()
    assert metrics(stamped).value("liaison_center_stamp_failures_total") == 1


def test_an_answer_that_a_stage_without_a_task_keeps_too_long_is_a_504_that_says_so(stamped: LiaisonServer) -> None:
    late = stamped.call("POST", "/services/start", {"contact_key": "late"}, headers={"X-Block-Late": "1"})
    assert (late.status, late.json["code"]) == (504, "center_stamp_answer_timed_out")
    assert "The call was handled" in late.json["message"]
    assert len(stamped.call("GET", "/services/anonymous/late").json) == 1
    assert metrics(stamped).value("liaison_center_stamp_timeouts_total") == 1


def test_next_is_called_once_or_never(stamped: LiaisonServer) -> None:
    twice = stamped.call("POST", "/services/start", {"contact_key": "twice"}, headers={"X-Twice": "1"})
    assert (twice.status, twice.json["code"]) == (500, "center_stamp_failed")
    assert "next twice" in stamped.log()
    assert len(stamped.call("GET", "/services/anonymous/twice").json) == 1
    never = stamped.call("POST", "/services/start", {"contact_key": "never"}, headers={"X-Never": "1"})
    assert never.status == 204
    assert stamped.call("GET", "/services/anonymous/never").json == []


def test_a_plugin_that_takes_too_long_is_a_504_that_writes_nothing(stamped: LiaisonServer) -> None:
    late = stamped.call("POST", "/services/start", {"contact_key": "late"}, headers={"X-Wait": "300"})
    assert (late.status, late.json["code"]) == (504, "center_stamp_timed_out")
    assert stamped.call("GET", "/services/anonymous/late").json == []
    answered = stamped.call("GET", "/server/status", headers={"X-Wait": "300", "X-Never": "1"})
    assert answered.status == 504
    assert metrics(stamped).value("liaison_center_stamp_timeouts_total") == 2
    in_time = stamped.call("POST", "/services/start", {"contact_key": "late"}, headers={"X-Wait": "1"})
    assert in_time.status == 201


def test_a_plugin_that_never_returns_is_answered_for_in_time_and_the_connection_goes_on(stamped: LiaisonServer) -> None:
    with stamped.connect() as connection:
        for _ in range(3):
            hung = connection.call("POST", "/services/start", {"contact_key": "hung"}, headers={"X-Hang": "1"})
            assert (hung.status, hung.json["code"]) == (504, "center_stamp_timed_out")
        assert connection.call("GET", "/services/anonymous/hung").json == []
    assert "warning center-stamp: the plugin kept a call too long operation=start-service" in stamped.log()
    assert metrics(stamped).value("liaison_center_stamp_timeouts_total") == 3
    assert stamped.stop() == 0


def test_a_plugin_that_keeps_the_answer_is_a_504_that_says_the_call_was_handled(stamped: LiaisonServer) -> None:
    kept = stamped.call("POST", "/services/start", {"contact_key": "kept"}, headers={"X-Slow-Answer": "1"})
    assert (kept.status, kept.json["code"]) == (504, "center_stamp_answer_timed_out")
    assert len(stamped.call("GET", "/services/anonymous/kept").json) == 1


@pytest.mark.parametrize("headers", [{"X-Block": "1"}, {"X-Block": "1", "X-Wait": "5"}])
def test_a_plugin_that_blocks_its_loop_is_named(stamped: LiaisonServer, headers: dict[str, str]) -> None:
    assert stamped.call("GET", "/server/status", headers=headers).status == 200
    assert "warning the plugin blocks an event loop: its calls, and all others of the loop, wait plugin=center-stamp" in (
        stamped.log()
    )
    assert metrics(stamped).value("liaison_center_stamp_blocks_total") == 1


def test_a_trap_ends_the_process_and_loses_nothing_acknowledged(stamped: LiaisonServer) -> None:
    assert stamped.call("POST", "/services/start", {"contact_key": "before"}).status == 201
    with pytest.raises(ConnectionClosed):
        stamped.call("GET", "/server/status", headers={"X-Trap": "1"})
    assert stamped.exit_code() != 0
    assert "a trap of the plugin" in stamped.log()
    stamped.start()
    assert len(stamped.call("GET", "/services/anonymous/before").json) == 1


def test_a_plugin_asks_the_mapping_cache(
    make_server: Callable[..., LiaisonServer], installation: Installation, redis: RedisServer
) -> None:
    server = make_server(binary=installation.binary, redis=redis, config=installation.config(installation.library))
    server.start()
    started = server.call("POST", "/services/start", {"contact_key": "k"}).json["service_id"]
    assert server.call("POST", f"/customers/C1/services/{started}", {}).status == 200
    ask = {"X-Mapping": "1"}
    assert server.call("GET", f"/services/{started}", headers=ask).header("X-Mapping") == "C1 active true"
    assert server.call("POST", f"/services/{started}/end", {}).status == 200
    assert server.call("GET", f"/services/{started}", headers=ask).header("X-Mapping") == "C1 completed true"
    assert server.call("GET", "/services/999", headers=ask).header("X-Mapping") == "none"
    redis.kill()
    assert server.call("GET", f"/services/{started}", headers=ask).header("X-Mapping") == "C1 completed false"


def test_the_plugin_folder_and_the_list(installation: Installation, folder: Path) -> None:
    (folder / "plugins").mkdir()
    shutil.copy(installation.library, folder / "plugins/stamp.so")
    config = {**installation.config("stamp.so", text="Lisbon"), "plugin-folder": "plugins"}
    file = folder / "liaison.json5"
    file.write_text(json.dumps(config))
    listed = run_liaison("plugin", "list", "--config", file, binary=installation.binary)
    assert listed.returncode == 0, listed.stderr
    lines = listed.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [[str(i + 1), name] for i, name in enumerate(PIPELINE)]
    assert lines[1] == f'2 center-stamp 1.0.0 ({folder}/plugins/stamp.so) {{"text":"Lisbon"}}'


MANIFEST = """\
// swift-tools-version: 6.2
import PackageDescription

let liaison = "{sources}"

let package = Package(
  name: "center-server",
  dependencies: [
    .package(name: "liaison", path: liaison),
    .package(path: liaison + "/Plugins/Examples/RequestLog"),
    .package(path: "{package}"),
  ],
  targets: [
    .executableTarget(
      name: "center-server",
      dependencies: [
        .product(name: "LiaisonServer", package: "liaison"), .product(name: "RequestLog", package: "RequestLog"),
        .product(name: "CenterStamp", package: "center-stamp"),
      ])
  ]
)
"""
MAIN = """\
import CenterStamp
import LiaisonServer
import RequestLog

await LiaisonCommand.run(plugins: [RequestLog.self, CenterStamp.self])
"""


def test_the_same_plugins_are_built_into_an_executable_of_the_integrators(
    installation: Installation, make_server: Callable[..., LiaisonServer]
) -> None:
    package = installation.package.parent / "center-server"
    (package / "Sources/center-server").mkdir(parents=True)
    (package / "Package.swift").write_text(MANIFEST.format(sources=installation.sources, package=installation.package))
    (package / "Sources/center-server/main.swift").write_text(MAIN)
    # What the plugin's own tests have built is not built again.
    scratch = installation.package / ".build"
    swift(package, "build", "--scratch-path", str(scratch))
    pipeline = ["request-log", *PIPELINE]
    plugins = {"request-log": {"file": "requests.log"}, "center-stamp": {"text": "Lisbon"}}
    server = make_server(binary=scratch / "debug/center-server", config={"pipeline": pipeline, "plugins": plugins})
    server.start()
    started = server.call("POST", "/services/start", {"contact_key": "k"})
    assert (started.status, started.header("X-CenterStamp")) == (201, "Lisbon")
    kits = {line.split()[-1] for line in Path(f"/proc/{server.pid}/maps").read_text().splitlines() if "LiaisonKit" in line}
    assert len(kits) == 1
    server.stop()
    assert '"operation":"start-service"' in (server.folder / "requests.log").read_text()


def test_the_stage_of_the_tutorial_passes_its_test(installation: Installation) -> None:
    work = installation.package.parent
    made = run_liaison("plugin", "new", "closed-customers", cwd=work, binary=installation.binary)
    assert made.returncode == 0, made.stderr
    package = work / "closed-customers"
    code = installation.sources / "Sources/Kit/Sources/LiaisonKit/LiaisonKit.docc/Resources"
    shutil.copy(code / "first-stage-3.swift", package / "Sources/ClosedCustomers/ClosedCustomers.swift")
    shutil.copy(code / "first-stage-4.swift", package / "Tests/ClosedCustomersTests/ClosedCustomersTests.swift")
    swift(package, "test", "--scratch-path", str(installation.package / ".build"))


@pytest.mark.parametrize("example", ["RequestLog", "CustomerAllowList"])
def test_an_example_passes_its_own_tests(example: str, installation: Installation) -> None:
    package = installation.sources / "Plugins/Examples" / example
    swift(package, "test", "--scratch-path", str(installation.package / ".build"))


def patched(installation: Installation, folder: Path, old: bytes, new: bytes) -> Path:
    content = installation.library.read_bytes()
    assert old in content and len(old) == len(new)
    file = folder / "patched.so"
    file.write_bytes(content.replace(old, new))
    return file


def c_library(installation: Installation, folder: Path, *options: str) -> Path:
    file = folder / "foreign.so"
    subprocess.run(["clang", "-shared", "-fPIC", "-x", "c", "/dev/null", *options, "-o", file], check=True)
    return file


def refused(installation: Installation, library: Path) -> str:
    """The one line, which `plugin check` and a server that is told to load it say alike."""
    checked = installation.check(library)
    assert checked.returncode == 2 and checked.stdout == ""
    (line,) = checked.stderr.splitlines()
    config = library.parent / "refused.json5"
    config.write_text(json.dumps({"libraries": [str(library)], "listen": "127.0.0.1:0"}))
    served = run_liaison("serve", "--config", config, binary=installation.binary, cwd=library.parent)
    assert (served.returncode, served.stderr) == (2, checked.stderr)
    assert line.startswith(f"liaison: plugin {library}: ")
    return line


def test_a_good_library_is_said_to_be_good(installation: Installation) -> None:
    checked = installation.check(installation.library)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == f"{installation.library}: this server can load center-stamp 1.0.0\n"
    beside = run_liaison(
        "plugin", "check", installation.library.name, binary=installation.binary, cwd=installation.library.parent
    )
    assert beside.stdout == f"{installation.library.name}: this server can load center-stamp 1.0.0\n", beside


def with_note(installation: Installation, folder: Path, version: str) -> Path:
    """The plugin with another kit's version in its note, whose text is padded with zeros to 256 bytes."""
    content = installation.library.read_bytes()
    start = content.index(b"\0kit " + KIT.encode() + b"\n") + 1
    text = content[start : start + 256]
    changed = text.rstrip(b"\0").replace(KIT.encode(), version.encode(), 1).ljust(256, b"\0")
    return patched(installation, folder, text, changed)


def test_a_library_of_another_or_a_newer_kit_is_refused_with_both_versions(
    installation: Installation, folder: Path
) -> None:
    line = refused(installation, with_note(installation, folder, "9.0"))
    assert line.endswith(f"was built against kit 9.0, this server has kit {KIT}: build it again")
    newer = re.sub(r"\d+$", lambda minor: str(int(minor[0]) + 1), KIT)
    line = refused(installation, with_note(installation, folder, newer))
    assert line.endswith(f"was built against kit {newer}, this server has kit {KIT}: it needs a newer server")


def without(text: str, start: str, end: str) -> str:
    """What is left of a source when a part is taken out of it."""
    before, rest = text.split(start, 1)
    return before + rest.split(end, 1)[1]


def with_older_kit(installation: Installation, folder: Path) -> Path:
    """Sources with the kit as it was before its classes and protocols had grown at their ends."""
    liaison = folder / "liaison"
    shutil.copytree(installation.sources, liaison)
    kit = liaison / "Sources/Kit"
    sources = kit / "Sources/LiaisonKit"
    header = kit / "Sources/CKitVersion/include/CKitVersion.h"
    header.write_text(header.read_text().replace(f'"{KIT}"', '"1.0"'))
    for addition in ("CallKey", "Call+presentation"):
        (sources / f"{addition}.swift").unlink()
    call = sources / "Call.swift"
    # Its last stored properties, whatever has come behind them since.
    end = "  /// A call of an operation with nothing in it yet."
    call.write_text(without(call.read_text(), "  /// What stages hand to later ones", end))
    pipeline = sources / "Pipeline.swift"
    pipeline.write_text(without(pipeline.read_text(), "    guard isEnd, let whenAtEnd", "    whenAtEnd()\n"))
    store = sources / "StoreQueries.swift"
    text = without(store.read_text(), "  /// A customer's profile as it is now", "-> ProfileRecord?\n")
    text = without(text, "  /// - Throws: 503.\n  public func profile", "throw Self.unavailable\n  }\n")
    store.write_text(text)
    return liaison


def test_a_library_built_against_an_older_kit_still_works(
    installation: Installation, folder: Path, make_server: Callable[..., LiaisonServer]
) -> None:
    liaison = with_older_kit(installation, folder)
    made = run_liaison("plugin", "new", "center-stamp", f"--sources={liaison}", cwd=folder, binary=installation.binary)
    assert made.returncode == 0, made.stderr
    package = folder / "center-stamp"
    shutil.copy(installation.package / "Sources/CenterStamp/CenterStamp.swift", package / "Sources/CenterStamp")
    swift(package, "build", "-c", "release", "--product", "CenterStamp")
    library = package / ".build/release/libCenterStamp.so"
    assert b"\0kit 1.0\n" in library.read_bytes()
    server = make_server(binary=installation.binary, config=installation.config(library, text="old"))
    server.start()
    maps = Path(f"/proc/{server.pid}/maps").read_text()
    assert {line.split()[-1] for line in maps.splitlines() if "libLiaisonKit" in line} == {
        str(installation.binary.resolve().parent / "libLiaisonKit.so")
    }
    started = server.call("POST", "/services/start", {"contact_key": "k"})
    assert (started.status, started.header("X-CenterStamp")) == (201, "old")
    service = started.json["service_id"]
    assert server.call("POST", f"/customers/C1/services/{service}", {}).status == 200
    assert server.call("GET", f"/services/{service}", headers={"X-Mapping": "1"}).header("X-Mapping") == "C1 active false"
    failed = server.call("GET", "/server/status", headers={"X-Fail": "1"})
    assert (failed.status, failed.json["code"]) == (500, "center_stamp_failed")
    assert server.call("GET", "/server/status", headers={"X-Hang": "1"}).status == 504
    assert metrics(server).value("liaison_center_stamp_calls_total") == 5
    assert server.stop() == 0


def test_the_kits_version_follows_its_interface() -> None:
    checked = subprocess.run([REPOSITORY / "Scripts/kit-interface.py", "check"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_library_of_another_compiler_is_refused_with_both_versions(
    installation: Installation, folder: Path
) -> None:
    line = refused(installation, patched(installation, folder, b"\ncompiler 2", b"\ncompiler 9"))
    theirs, ours = line.split("by the compiler ")[1].split(", this server by ")
    assert theirs[0] == "9" and ours.startswith("2" + theirs[1:10])


def test_a_wrong_file_is_refused(installation: Installation, folder: Path) -> None:
    text = folder / "text.so"
    text.write_text("no library")
    assert "is not a 64-bit ELF shared library" in refused(installation, text)
    assert "No such file or directory" in refused(installation, folder / "absent.so")


def test_a_library_that_is_no_plugin_is_refused(installation: Installation, folder: Path) -> None:
    assert "is no Liaison plugin" in refused(installation, c_library(installation, folder))


def test_a_library_without_the_entry_is_refused(installation: Installation, folder: Path) -> None:
    library = patched(installation, folder, b"\0liaison_plugin\0", b"\0liaison_plugim\0")
    assert "does not export liaison_plugin" in refused(installation, library)


def test_a_name_that_is_there_twice_is_refused(installation: Installation, folder: Path) -> None:
    copy = folder / "copy.so"
    shutil.copy(installation.library, copy)
    config = folder / "twice.json5"
    config.write_text(json.dumps({"libraries": [str(installation.library), str(copy)]}))
    served = run_liaison("check", "--config", config, binary=installation.binary)
    assert served.returncode == 2
    assert served.stderr == (
        f'liaison: plugin {copy}: brings a plugin "center-stamp", but there is one of that name already\n'
    )


def refused_alike(installation: Installation, folder: Path, config: dict[str, object]) -> str:
    """The one line with which `check`, `plugin list` and a server refuse a configuration."""
    file = folder / "refused.json5"
    file.write_text(json.dumps({**config, "listen": "127.0.0.1:0", "data": "data"}))
    lines = set()
    for command in (["check"], ["plugin", "list"], ["serve"]):
        done = run_liaison(*command, "--config", file, binary=installation.binary, cwd=folder)
        assert (done.returncode, done.stdout) == (2, ""), done
        lines.add(done.stderr)
    (line,) = lines
    assert line.count("\n") == 1
    return line


def test_a_metric_with_a_name_of_the_servers_is_refused(installation: Installation, folder: Path) -> None:
    library = patched(installation, folder, b"liaison_center_stamp_calls_total", b"liaison_request_duration_seconds")
    assert refused_alike(installation, folder, installation.config(library)) == (
        "liaison: configuration: pipeline: the plugin center-stamp registers the metric liaison_request_duration_seconds, but "
        "there is one of that name already: the names of its metrics begin with liaison_center_stamp_\n"
    )


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"txet": "x"}, "plugins.center-stamp.txet: is not a known option; known here: nested, text"),
        ({"nested": {"knwon": True}}, "plugins.center-stamp.nested.knwon: is not a known option; known here: known"),
    ],
)
def test_a_bad_setting_names_its_key(
    installation: Installation, folder: Path, settings: dict[str, Any], named: str
) -> None:
    line = refused_alike(installation, folder, installation.config(installation.library, **settings))
    assert line == f"liaison: configuration: {named}\n"


@pytest.mark.parametrize("name", ["Center", "a", "center_stamp", "a--b", "../x"])
def test_a_bad_name_makes_nothing(name: str, installation: Installation, folder: Path) -> None:
    made = run_liaison("plugin", "new", name, cwd=folder, binary=installation.binary)
    assert made.returncode == 2 and "is no name of a plugin" in made.stderr
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(installation: Installation, folder: Path) -> None:
    (folder / "mine").mkdir()
    made = run_liaison("plugin", "new", "mine", cwd=folder, binary=installation.binary)
    assert made.returncode == 1 and "is there already" in made.stderr
    assert list((folder / "mine").iterdir()) == []
