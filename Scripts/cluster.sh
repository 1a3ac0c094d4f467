#!/usr/bin/env bash
# Starts three servers on one PostgreSQL and a Redis Cluster of three masters behind HAProxy, all private and on this
# machine, and makes a first association, for trying out.
#   PORT=8080   where HAProxy listens on 127.0.0.1; the servers take the three ports behind it, the masters of Redis the
#               three behind those, and for talking to each other the ones 10,000 above
# Ctrl-C (or SIGTERM) ends what this script started, and nothing else; the data goes with it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

port=${PORT:-8080}
base=http://127.0.0.1:$port
customer=0004Va58A92T0018
declare -a pids=() masters=()
folder=

say() { printf '%s\n' "$*"; }

heading() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

fail() {
  printf 'make cluster: %s\n' "$*" >&2
  exit 1
}

bold='' plain=''
if [[ -t 1 ]]; then bold=$'\e[1m' plain=$'\e[0m'; fi

# In the reverse order of their starts: who needs something ends before it.
stop_everything() {
  trap '' INT TERM HUP
  trap - EXIT
  # A signal may come between a start and the line that remembers it.
  if [[ -n ${!-} && ${pids[*]: -1} != "$!" ]]; then pids+=("$!"); fi
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

wait_until() { # WHAT LOG COMMAND…
  local what=$1 log=$folder/$2 attempt
  shift 2
  for ((attempt = 0; attempt < 600; attempt++)); do
    if "$@" >/dev/null 2>&1; then return; fi
    kill -0 "${pids[-1]}" 2>/dev/null || break
    sleep 0.05
  done
  fail "$what did not start: $(tail -n 1 "$log")"
}

# A session of its own: Ctrl-C is this script's to handle, in the right order.
start() { # LOG COMMAND…
  local log=$folder/$1
  shift
  setsid "$@" >"$log" 2>&1 </dev/null 7>&- &
  pids+=($!)
}

start_postgres() {
  mkfifo "$folder/hold"
  exec 7<>"$folder/hold" # it lives as long as this stays open, here alone
  setsid Scripts/private-postgres.sh >"$folder/postgres" 2>"$folder/postgres.log" <"$folder/hold" 7>&- &
  pids+=($!)
  wait_until PostgreSQL postgres.log grep -q host= "$folder/postgres"
  store=$(head -n 1 "$folder/postgres")
}

start_master() { # NUMBER
  local own=$((port + 3 + $1))
  mkdir "$folder/redis-$1"
  start "redis-$1.log" redis-server --bind 127.0.0.1 --port "$own" --dir "$folder/redis-$1" --save '' --appendonly no \
    --cluster-enabled yes --cluster-node-timeout 2000 --daemonize no
  masters+=("127.0.0.1:$own")
  wait_until "master $1 of Redis" "redis-$1.log" redis-cli -p "$own" ping
}

is_whole() {
  local master
  for master in "${masters[@]}"; do
    redis-cli -p "${master#*:}" cluster info | grep -q cluster_state:ok || return 1
  done
}

join_masters() {
  redis-cli --cluster create "${masters[@]}" --cluster-yes >"$folder/create.log" 2>&1 ||
    fail "the masters of Redis did not join: $(tail -n 1 "$folder/create.log")"
  wait_until "the Redis Cluster" create.log is_whole
}

start_node() { # NUMBER
  local address=127.0.0.1:$((port + $1)) seeds
  seeds=$(IFS=, && printf '%s' "${masters[*]}")
  start "node-$1.log" .build/release/liaison serve --listen "$address" --data "$folder/node-$1" \
    --store "$store" --redis "redis-cluster://$seeds"
  wait_until "server $1" "node-$1.log" curl -sf "http://$address/ready"
}

start_haproxy() {
  export BALANCER_LISTEN=127.0.0.1:$port
  local node
  for node in 1 2 3; do export "BALANCER_NODE_$node=127.0.0.1:$((port + node))"; done
  start haproxy.log "$(PATH=$PATH:/usr/sbin command -v haproxy)" -db -f Scripts/haproxy.cfg
  wait_until HAProxy haproxy.log curl -sf "$base/ready"
}

# One request, shown as it is made, with its answer; leaves `answer`.
request() { # METHOD URL [BODY]
  say "$1 $2 ${3-}"
  answer=$(curl -sSf -X "$1" -w ' (%{http_code})' ${3:+--data-binary "$3"} "$2") || fail "the first association failed"
  say "  -> $answer"
}

first_association() {
  heading "A service starts and is associated with a customer, through the load balancer"
  request POST "$base/services/start" '{"contact_key": "+15550100", "service_type": 1, "media_type": 1}'
  [[ $answer =~ \"service_id\":\ *([0-9]+) ]] || fail "no service_id in $answer"
  service=${BASH_REMATCH[1]}
  request POST "$base/customers/$customer/services/$service" '{"interaction_id": "123ABCAADFJ1259ACF", "media_type": 1}'

  heading "Whichever server is asked knows it"
  local node
  request GET "$base/services/$service"
  for node in 1 2 3; do request GET "http://127.0.0.1:$((port + node))/services/$service"; done

  heading "And so does Redis"
  say "redis-cli -c -p ${masters[0]#*:} HGET liaison:service:$service customer"
  say "  -> $(redis-cli -c -p "${masters[0]#*:}" HGET "liaison:service:$service" customer)"
}

show_next_steps() {
  heading "Three servers answer behind $base. Ctrl-C ends all of it."
  cat <<NEXT
Logs: $folder/*.log
Try in another terminal:

  curl -i $base/services/$service
  curl -i -X POST $base/customers/ANOTHER/services/$service
  for port in $((port + 1)) $((port + 2)) $((port + 3)); do curl -s http://127.0.0.1:\$port/services/$service; echo; done
  kill -9 ${nodes[0]}    # ends server 1; calls go on with the others
  kill -9 ${pids[1]}    # ends a master of Redis; calls go on without the cache
  psql "$store" -c 'SELECT id, customer, status FROM service'
  redis-cli -c -p ${masters[0]#*:} HGETALL liaison:service:$service
NEXT
}

[[ $port =~ ^[0-9]{1,5}$ ]] && ((10#$port >= 1 && 10#$port <= 55529)) ||
  fail "PORT must be a number up to 55529, not '$port'"
port=$((10#$port))
for number in $(seq "$port" $((port + 6))) $(seq $((port + 10004)) $((port + 10006))); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$number") 2>/dev/null; then
    fail "port $number is in use; choose others: PORT=$((port + 10)) make cluster"
  fi
done
Scripts/dependencies.sh build run cluster
swift build -c release --product liaison
folder=$(mktemp -d -t liaison-cluster-XXXXXX)
trap interrupted INT TERM HUP
trap stop_everything EXIT

say "Starting PostgreSQL, three masters of Redis, three servers and HAProxy"
start_postgres
for number in 1 2 3; do start_master "$number"; done
join_masters
for number in 1 2 3; do start_node "$number"; done
nodes=("${pids[@]: -3}")
start_haproxy
first_association
show_next_steps
# A signal ends this wait and runs the trap. Servers that end meanwhile are part of trying out.
while kill -0 "${pids[-1]}" 2>/dev/null; do wait "${pids[-1]}" || true; done
fail "HAProxy ended by itself: $(tail -n 1 "$folder/haproxy.log")"
