#!/usr/bin/env bash
# Starts three servers on one PostgreSQL and one Redis behind HAProxy, all private and on this machine, for trying out.
#   PORT=8080   where HAProxy listens on 127.0.0.1; the servers take the three ports behind it
# Ctrl-C (or SIGTERM) ends what this script started, and nothing else; the data goes with it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

port=${PORT:-8080}
declare -a pids=()
folder=

say() { printf '%s\n' "$*"; }

fail() {
  printf 'make cluster: %s\n' "$*" >&2
  exit 1
}

# In the reverse order of their starts: who needs something ends before it.
stop_everything() {
  trap '' INT TERM HUP
  trap - EXIT
  local place
  for ((place = ${#pids[@]} - 1; place >= 0; place--)); do
    kill -TERM "${pids[place]}" 2>/dev/null || true
    wait "${pids[place]}" 2>/dev/null || true
  done
  [[ -z $folder ]] || rm -rf "$folder"
}

interrupted() {
  say
  say "Ending."
  exit 0
}

wait_until() { # WHAT COMMAND…
  local what=$1 attempt
  shift
  for ((attempt = 0; attempt < 600; attempt++)); do
    if "$@" >/dev/null 2>&1; then return; fi
    kill -0 "${pids[-1]}" 2>/dev/null || break
    sleep 0.05
  done
  fail "$what did not start: $(tail -n 3 "$folder"/*.log)"
}

# A session of its own: Ctrl-C is this script's to handle, in the right order.
start() { # LOG COMMAND…
  local log=$folder/$1
  shift
  setsid "$@" >"$log" 2>&1 </dev/null &
  pids+=($!)
}

start_postgres() {
  mkfifo "$folder/hold"
  exec 7<>"$folder/hold" # it lives as long as this stays open
  setsid Scripts/private-postgres.sh >"$folder/postgres" 2>"$folder/postgres.log" <&7 &
  pids+=($!)
  wait_until PostgreSQL grep -q host= "$folder/postgres"
  store=$(head -n 1 "$folder/postgres")
}

start_redis() {
  start redis.log redis-server --port 0 --unixsocket "$folder/redis.sock" --save '' --dir "$folder" --daemonize no
  wait_until Redis redis-cli -s "$folder/redis.sock" ping
}

start_node() { # NUMBER
  local address=127.0.0.1:$((port + $1))
  start "node-$1.log" .build/release/liaison serve --listen "$address" --data "$folder/node-$1" \
    --store "$store" --redis "unix://$folder/redis.sock"
  wait_until "server $1" curl -sf "http://$address/ready"
}

start_haproxy() {
  export LIAISON_LISTEN=127.0.0.1:$port
  local node
  for node in 1 2 3; do export "LIAISON_NODE_$node=127.0.0.1:$((port + node))"; done
  start haproxy.log "$(PATH=$PATH:/usr/sbin command -v haproxy)" -db -f Scripts/haproxy.cfg
  wait_until HAProxy curl -sf "http://127.0.0.1:$port/ready"
}

[[ $port =~ ^[0-9]+$ ]] || fail "PORT must be a number, not '$port'"
for ((number = port; number <= port + 3; number++)); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$number") 2>/dev/null; then
    fail "port $number is in use; choose others: PORT=$((port + 10)) make cluster"
  fi
done
Scripts/dependencies.sh build run cluster
swift build -c release --product liaison
folder=$(mktemp -d /tmp/liaison-cluster-XXXXXX)
trap interrupted INT TERM HUP
trap stop_everything EXIT

start_postgres
start_redis
for number in 1 2 3; do start_node "$number"; done
start_haproxy
service=$(curl -sf "http://127.0.0.1:$port/services/start" -d '{"contact_key": "+15550100"}' | tr -dc 0-9)
curl -sf -X POST "http://127.0.0.1:$port/customers/C1/services/$service" || fail "the first association failed"

cat <<NEXT

Three servers answer behind http://127.0.0.1:$port; whichever is asked knows the same. Ctrl-C ends all of it.

  curl -s http://127.0.0.1:$port/services/$service
  for port in $((port + 1)) $((port + 2)) $((port + 3)); do curl -s http://127.0.0.1:\$port/customers/C1/services; echo; done
  kill -9 ${pids[2]}    # ends server 1; calls go on with the others
  psql "$store" -c 'SELECT id, customer, status FROM service'
  redis-cli -s $folder/redis.sock HGETALL liaison:service:$service

NEXT
# A signal ends this wait and runs the trap. Servers that end meanwhile are part of trying out.
while kill -0 "${pids[-1]}" 2>/dev/null; do wait "${pids[-1]}" || true; done
fail "HAProxy ended by itself: $(tail -n 1 "$folder/haproxy.log")"
