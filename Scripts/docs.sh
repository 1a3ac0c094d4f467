#!/usr/bin/env bash
# Makes the kit's documentation from the release build, in .build/documentation. A warning of DocC is an error, and so is
# code of the tutorial that does not compile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=.build/release
catalog=Sources/Kit/Sources/LiaisonKit/LiaisonKit.docc
output=.build/documentation
symbols=$(mktemp -d)
trap 'rm -rf "$symbols"' EXIT

triple=$(swiftc -print-target-info | sed -n 's/^ *"triple": "\([^"]*\)".*/\1/p' | head -n 1)
options=(-target "$triple" -I "$build/Modules")
for module in CSimdjson CKitVersion; do
  options+=(-Xcc "-fmodule-map-file=$build/$module.build/module.modulemap")
done

for code in "$catalog"/Resources/*-[123].swift; do
  swiftc -typecheck -parse-as-library -swift-version 6 -warnings-as-errors \
    -enable-upcoming-feature NonisolatedNonsendingByDefault "${options[@]}" "$code"
done
for module in JSON ContextModel LiaisonKit; do
  swift symbolgraph-extract -module-name "$module" "${options[@]}" -output-dir "$symbols" \
    -minimum-access-level public -skip-synthesized-members -skip-inherited-docs
done
docc convert "$catalog" --additional-symbol-graph-dir "$symbols" --output-dir "$output" --warnings-as-errors \
  --fallback-display-name LiaisonKit --fallback-bundle-identifier liaison.kit
echo "the documentation is in $output; a web server with that root shows it at /documentation/liaisonkit"
