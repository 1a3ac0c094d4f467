#!/usr/bin/env bash
# Starts a private Redis and Liaison on a data folder, makes a first association, and leaves the server running.
#   DATA=liaison-data   the data folder          PORT=8080   the port on 127.0.0.1
# Ctrl-C (or SIGTERM) ends what this script started, and nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

port=${PORT:-8080}
data=${DATA:-liaison-data}
address=127.0.0.1:$port
base=http://$address
customer=0004Va58A92T0018
redis_pid=
server_pid=

say() { printf '%s\n' "$*"; }

heading() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

fail() {
  printf 'make run: %s\n' "$*" >&2
  exit 1
}

bold='' plain='' dim=''
if [[ -t 1 ]]; then
  bold=$'\e[1m' plain=$'\e[0m' dim=$'\e[2m'
fi

stop_process() { # PID: ask it to end, and wait until it has
  [[ -n $1 ]] || return 0
  kill -TERM "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

# The server first, so that it can finish its cache writes.
stop_everything() {
  trap "" INT TERM HUP
  stop_process "$server_pid"
  stop_process "$redis_pid"
  [[ -z ${redis_socket-} ]] || rm -f "$redis_socket"
}

interrupted() {
  say
  say "Stopping: calls in flight are answered first."
  exit 0
}

# Runs a check again and again until it holds, for as long as the process lives, at most 30 seconds.
wait_until() { # PID CHECK...
  local pid=$1 deadline=$((SECONDS + 30))
  shift
  until "$@" >/dev/null 2>&1; do
    if ! kill -0 "$pid" 2>/dev/null || ((SECONDS > deadline)); then return 1; fi
    sleep 0.02
  done
}

# A second Redis or server on an occupied port would only fail later and less clearly.
refuse_occupied_port() {
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    fail "port $port is in use; choose another one: PORT=$((port + 1)) make run"
  fi
}

start_redis() {
  # A socket's path may have 107 bytes at most.
  redis_socket=$data/redis-$$.sock
  if ((${#redis_socket} > 100)); then redis_socket=/tmp/liaison-redis-$$.sock; fi
  setsid redis-server --port 0 --unixsocket "$redis_socket" --unixsocketperm 700 \
    --save '' --appendonly no --dir "$data" --daemonize no >"$data/redis.log" 2>&1 </dev/null &
  redis_pid=$!
  wait_until "$redis_pid" redis-cli -s "$redis_socket" ping || fail "Redis did not start: $(tail -n 1 "$data/redis.log")"
}

start_server() {
  # What an earlier run left there says nothing of this one.
  rm -f "$data/listening"
  setsid .build/release/liaison serve --listen "$address" --data "$data" --redis "unix://$redis_socket" \
    >"$data/listening" 2>"$data/liaison.log" </dev/null &
  server_pid=$!
  wait_until "$server_pid" grep -q 'listening on' "$data/listening" ||
    fail "the server did not start: $(tail -n 1 "$data/liaison.log")"
}

# One request, shown as curl would be called, with its answer; leaves `status` and `answer`.
request() { # METHOD PATH [BODY]
  local reply
  say "$1 $2"
  [[ -z ${3-} ]] || printf '%s%s%s\n' "$dim" "$3" "$plain"
  reply=$(curl -sS -X "$1" -w '\n%{http_code}' ${3:+--data-binary "$3"} "$base$2")
  status=${reply##*$'\n'}
  answer=${reply%$'\n'*}
  say "  -> $status ${answer:-(no body)}"
  say
}

# Like `request`, and ends the run when the answer is another than the expected one.
expect() { # STATUS METHOD PATH [BODY]
  local wanted=$1
  shift
  request "$@"
  [[ $status == "$wanted" ]] || fail "expected $wanted from $1 $2"
}

create_schema() { # NAME BODY: unless an earlier run did
  if [[ $(curl -sS -o /dev/null -w '%{http_code}' "$base/metadata/services/extensions/$1") == 404 ]]; then
    expect 201 POST /metadata/services/extensions "$2"
  fi
}

first_association() {
  heading "What may be recorded with a service: two extension schemas"
  create_schema Feedback '{
  "name": "Feedback", "type": "single-valued",
  "attributes": [
    { "name": "rating", "type": "integer", "mandatory": true },
    { "name": "notes", "type": "string", "length": 255 }
  ]
}'
  create_schema Satisfaction '{
  "name": "Satisfaction", "type": "multi-valued", "unique": ["place"],
  "attributes": [
    { "name": "rating", "type": "integer", "mandatory": true },
    { "name": "pertinence", "type": "integer" },
    { "name": "usefull", "type": "integer" },
    { "name": "place", "type": "string", "length": 64 }
  ]
}'
  expect 200 GET /metadata/services/extensions

  heading "A service starts; nobody knows yet who is calling"
  expect 201 POST /services/start '{ "contact_key": "+15550100", "service_type": 1, "media_type": 1 }'
  [[ $answer =~ \"service_id\":\ *([0-9]+) ]] || fail "no service_id in $answer"
  service=${BASH_REMATCH[1]}

  heading "The caller is identified: the service is associated with the customer"
  expect 200 POST "/customers/$customer/services/$service" '{
  "timestamp": "2009-05-12T12:05:12.145Z",
  "interaction_id": "123ABCAADFJ1259ACF",
  "media_type": 1,
  "resource_id": 5005,
  "resource_type": 2,
  "disposition": 10,
  "Feedback": { "rating": 7, "notes": "warm welcome at frontdesk, thanks for the nice trip" },
  "Satisfaction": [
    { "rating": 9, "pertinence": 8, "usefull": 6, "place": "Terranova mexico resort" },
    { "rating": 3, "pertinence": 5, "usefull": 4, "place": "Fancy resort Paris" }
  ]
}'
  expect 200 GET "/services/$service?extensions=Feedback,Satisfaction"

  heading "Every back end can see it"
  say "redis-cli -s $redis_socket HGET liaison:service:$service customer"
  say "  -> $(redis-cli -s "$redis_socket" HGET "liaison:service:$service" customer)"
  say
  expect 200 GET "/customers/$customer/services"
}

show_next_steps() {
  heading "Liaison is listening on $base"
  cat <<NEXT
Data: $data   Log: $data/liaison.log   Ctrl-C stops the server and its Redis.
Try in another terminal:

  curl -i $base/services/$service
  curl -i -X POST $base/customers/ANOTHER/services/$service
  curl -s $base/customers/$customer/services
  curl -s $base/customers/ANOTHER/services/active
  curl -i -X POST $base/services/$service/end -d '{"disposition": 10}'
  curl -i -X POST $base/services/start -d '{"contact_key": "+15550101"}'
  curl -s $base/services/anonymous/%2B15550101
  curl -s $base/metrics
  redis-cli -s $redis_socket HGETALL liaison:service:$service
NEXT
}

[[ $port =~ ^[0-9]+$ ]] || fail "PORT must be a number, not '$port'"
trap interrupted INT TERM HUP
trap stop_everything EXIT

refuse_occupied_port
Scripts/dependencies.sh build run
swift build -c release --product liaison
mkdir -p "$data"
data=$(cd "$data" && pwd)
start_redis
start_server
first_association
show_next_steps

# A signal ends `wait` and runs the trap; if it returns by itself the server has gone.
result=0
wait "$server_pid" || result=$?
server_pid=
fail "the server ended by itself (exit code $result): $(tail -n 1 "$data/liaison.log")"
