#!/usr/bin/env bash
# Makes .venv, the Python that runs Tests/System, anew whenever its requirements change.
#   --current    only tells (by its exit code) whether it is up to date
#   --possible   only tells whether this machine's Python can make one
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

requirements=Tests/System/requirements.txt
stamp=.venv/requirements.txt # copied last: a half-made environment has none

is_current() { [[ -x .venv/bin/python ]] && cmp -s "$requirements" "$stamp"; }

find_python() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$python"
      return
    fi
  done
  return 1
}

case ${1-} in
  --current) is_current ;;
  --possible) find_python >/dev/null ;;
  '')
    if is_current; then exit; fi
    python=$(find_python) || {
      echo 'python-environment: Python 3.11 or newer with venv is needed' >&2
      exit 1
    }
    echo "python-environment: making .venv from $requirements" >&2
    "$python" -m venv --clear .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$stamp"
    ;;
  *)
    echo "python-environment: unknown option '$1'" >&2
    exit 2
    ;;
esac
