#!/usr/bin/env bash
# Runs a PostgreSQL of one's own, reachable through a unix socket alone, until its standard input ends or it is told to end;
# its folder goes with it. Prints a connection string once it answers.
#   Scripts/private-postgres.sh [-c OPTION=VALUE]...
# PostgreSQL refuses to run as root: then it runs as the user that its package has made. TMPDIR chooses the disk.
set -euo pipefail

programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
[[ -x $programs/initdb ]] || {
  echo "private-postgres: PostgreSQL is not installed (package postgresql)" >&2
  exit 1
}
folder=
server=
reader=

end() {
  trap '' INT TERM HUP
  trap - EXIT
  [[ -z $reader ]] || kill "$reader" 2>/dev/null || true
  if [[ -n $server ]]; then
    kill -QUIT "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  [[ -z $folder ]] || rm -rf "$folder"
  exit 0
}
trap end EXIT INT TERM HUP

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
