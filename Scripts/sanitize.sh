#!/usr/bin/env bash
# Runs Swift tests under the thread sanitizer: Scripts/sanitize.sh [FILTER]
#   FILTER   a regular expression as `swift test --filter` takes it; without one every test: the loops, HTTP, the API, both
#            stores, the cache with real Redis servers, the kit, the plugins, the server in process. Some ten minutes on two
#            cores, half of which is the build; `make test` runs those of pipeline and plugins, within a minute or two.
# Nothing is suppressed. What the sanitizer does not see in Swift's libraries is told to it: RuntimeAnnotations.c.
# First shows that a run would tell: a known race is found, and what only looks like one is taken for none.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scratch=.build/sanitize
tools=$scratch/tools
reports=$scratch/reports
mkdir -p "$tools"

fail() {
  printf 'sanitize: %s\n' "$*" >&2
  exit 1
}

sanitized() { # COMMAND...: its exit code is 66 if there was a race; reports are written to files
  rm -rf "$reports"
  mkdir -p "$reports"
  LD_PRELOAD="$PWD/$tools/runtime-annotations.so" TSAN_OPTIONS="log_path=$PWD/$reports/race" "$@"
}

clang -O2 -Wall -Wextra -Werror -shared -fPIC Tests/Sanitizer/RuntimeAnnotations.c -o "$tools/runtime-annotations.so"
swiftc -sanitize=thread -swift-version 6 -parse-as-library Tests/Sanitizer/KnownRace.swift -o "$tools/known-race"
sanitized "$tools/known-race" >/dev/null || fail "what is no race was taken for one"
if sanitized "$tools/known-race" --race >/dev/null; then fail "a known race was not found"; fi
[[ -n $(ls "$reports") ]] || fail "a known race was not reported"

swift build --build-tests --sanitize=thread --scratch-path "$scratch"
# All at once would wait for the processor for so long that tests run out of their time. What runs side by side are the
# threads within a test.
result=0
sanitized swift test --skip-build --sanitize=thread --scratch-path "$scratch" --no-parallel ${1:+--filter "$1"} || result=$?
if [[ -n $(ls "$reports") ]]; then
  cat "$reports"/*
  fail "there are races"
fi
exit "$result"
