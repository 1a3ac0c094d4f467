#!/usr/bin/env bash
# Runs Tests/System against .build/release/liaison. Arguments go to pytest, paths relative to Tests/System.
#   LIAISON_TEST_LONG=1   the long forms: more kills, longer freezes
#   LIAISON_BINARY=FILE   another binary than the release build
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../Tests/System"
export PYTHONDONTWRITEBYTECODE=1
exec ../../.venv/bin/python -m pytest "$@" </dev/null
