#!/usr/bin/env bash
# Runs a PostgreSQL of one's own, reachable through a unix socket alone, until its standard input ends or it is told to end;
# its folder goes with it. Prints a connection string once it answers.
#   Scripts/private-postgres.sh [-c OPTION=VALUE]...
# PostgreSQL refuses to run as root: then it runs as the user that its package has made. TMPDIR chooses the disk.
set -euo pipefail

folder=
server=
reader=

# Nothing that was started is left behind, not even for a moment.
end() { # STATUS
  trap '' INT TERM HUP
  trap - EXIT
  # A signal may come between a start and the line that remembers it.
  if [[ -z $server ]]; then server=${!-}; elif [[ -z $reader && ${!-} != "$server" ]]; then reader=${!-}; fi
  [[ -z $reader ]] || kill "$reader" 2>/dev/null || true
  # More than once: what is only about to become PostgreSQL ignores it.
  [[ -z $server ]] || while kill -QUIT "$server" 2>/dev/null; do sleep 0.02; done
  wait
  [[ -z $folder ]] || rm -rf "$folder"
  exit "$1"
}
trap 'end $?' EXIT
trap 'end 0' INT TERM HUP

programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
[[ -x $programs/initdb ]] || {
  echo "private-postgres: PostgreSQL is not installed (package postgresql)" >&2
  exit 1
}
folder=$(mktemp -d "${TMPDIR:-/tmp}/liaison-postgres-XXXXXX")
as_user=()
if [[ $EUID == 0 ]]; then
  chown postgres: "$folder"
  as_user=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi
"${as_user[@]}" "$programs/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N \
  --no-instructions >"$folder/log" 2>&1 || {
  cat "$folder/log" >&2
  exit 1
}
cd "$folder"
"${as_user[@]}" "$programs/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= \
  -c max_connections=200 "$@" >>"$folder/log" 2>&1 </dev/null &
server=$!
until "$programs/pg_isready" -q -h "$folder"; do
  kill -0 "$server" 2>/dev/null || {
    cat "$folder/log" >&2
    exit 1
  }
  sleep 0.05
done
echo "host=$folder user=postgres dbname=postgres"
# In the background: a shell that waits for a program in the foreground hears no signal.
cat <&0 >/dev/null &
reader=$!
wait "$reader" || true
