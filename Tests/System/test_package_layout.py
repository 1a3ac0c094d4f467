"""The stages before the pipeline's end are packages that know the kit and nothing else of the server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.package import swift
from support.server import REPOSITORY

KIT = REPOSITORY / "Sources/Kit"
PACKAGES = sorted(
    manifest.parent.relative_to(REPOSITORY / "Plugins")
    for manifest in (REPOSITORY / "Plugins").rglob("Package.swift")
    if ".build" not in manifest.parts
)


def test_every_stage_but_the_pipelines_end_is_a_package() -> None:
    assert {path.name for path in (REPOSITORY / "Plugins").iterdir() if path.is_dir()} == {"Examples", "Persistence"} | {
        str(package) for package in PACKAGES if len(package.parts) == 1
    }


@pytest.mark.parametrize("package", PACKAGES, ids=str)
def test_a_stages_package_depends_on_the_kit_alone(package: Path) -> None:
    """Tests of the examples run calls through a server; no stage has it, and no stage of the server's own package."""
    folder = REPOSITORY / "Plugins" / package
    described = subprocess.run(
        ["swift", "package", "--package-path", folder, "--scratch-path", REPOSITORY / ".build/plugins", "dump-package"],
        check=True,
        capture_output=True,
        text=True,
    )
    manifest = json.loads(described.stdout)
    dependencies = [dependency["fileSystem"][0]["path"] for dependency in manifest["dependencies"]]
    assert dependencies in ([str(KIT)], [str(KIT), str(REPOSITORY)] if package.parts[0] == "Examples" else [])
    for target in manifest["targets"]:
        if target["type"] != "test":
            products = {dependency["product"][0] for dependency in target["dependencies"] if "product" in dependency}
            assert products <= {"LiaisonKit", "LiaisonPluginNote"}


@pytest.mark.parametrize("module", ["ContextStore", "ExtensionSchemas"])
def test_a_stage_cannot_import_the_server_or_another_stage(module: str, folder: Path) -> None:
    package = folder / "BusinessAttributes"
    shutil.copytree(REPOSITORY / "Plugins/BusinessAttributes", package, ignore=shutil.ignore_patterns(".build"))
    manifest = package / "Package.swift"
    manifest.write_text(manifest.read_text().replace("../../Sources/Kit", str(KIT)))
    source = package / "Sources/BusinessAttributes/BusinessAttribute.swift"
    source.write_text(f"import {module}\n{source.read_text()}")
    built = swift(package, "build", "-c", "release")
    assert built.returncode != 0
    assert re.search(f"error: no such module '{module}'", built.stdout + built.stderr)
