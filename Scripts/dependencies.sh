#!/usr/bin/env bash
# Installs what targets of the Makefile need and the machine lacks.
#   Scripts/dependencies.sh [build] [run] [cluster] [test] [bench]
# Looks for files and commands first: when nothing is missing it costs some milliseconds and asks nobody.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

declare -a missing=()

need_file() { # FILE PACKAGE
  [[ -e $1 ]] || missing+=("$2")
}

need_command() { # COMMAND PACKAGE
  command -v "$1" >/dev/null || missing+=("$2")
}

need_for_build() {
  need_command swift "the Swift toolchain (https://www.swift.org/install)"
  need_file /usr/include/c++ libstdc++-12-dev
  need_file /usr/include/hiredis/hiredis.h libhiredis-dev
  need_file /usr/include/simdjson.h libsimdjson-dev
  need_file /usr/include/sqlite3.h libsqlite3-dev
  need_file /usr/include/postgresql/libpq-fe.h libpq-dev
  need_file /usr/include/xxhash.h libxxhash-dev
  need_file /usr/include/mimalloc.h libmimalloc-dev
  need_file /usr/include/crypt.h libcrypt-dev
  need_file /usr/include/openssl/ssl.h libssl-dev
}

need_for_run() {
  need_command redis-server redis-server
  need_command redis-cli redis-tools
  need_command curl curl
}

need_for_test() {
  need_for_run # the tests run Scripts/run.sh and Scripts/cluster.sh too
  need_for_cluster
  need_command strace strace
  need_command openssl openssl
  need_command prlimit util-linux
  # The example AssociationWebhook.
  compgen -G '/usr/include/*/curl/curl.h' >/dev/null || [[ -e /usr/include/curl/curl.h ]] ||
    missing+=(libcurl4-openssl-dev)
  if ! Scripts/python-environment.sh --current && ! Scripts/python-environment.sh --possible; then
    missing+=(python3-venv)
  fi
}

need_for_cluster() {
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
  PATH=$PATH:/usr/sbin need_command haproxy haproxy
}

need_for_bench() {
  need_command redis-server redis-server
  need_command wrk wrk
  compgen -G '/usr/lib/postgresql/*/bin/pgbench' >/dev/null || missing+=(postgresql)
  PATH=$PATH:/usr/sbin need_command nginx nginx-light
}

say() { printf 'dependencies: %s\n' "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

as_root() {
  if [[ $EUID == 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "must be root, or have sudo, to install: ${missing[*]}"
  fi
}

# Debian starts a service when it installs one. Ours are private processes: the system's stays off.
keep_services_off() {
  local guard=/usr/sbin/policy-rc.d
  [[ -e $guard ]] && return
  printf '#!/bin/sh\nexit 101\n' | as_root tee $guard >/dev/null
  as_root chmod 755 $guard
  trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
}

install_packages() {
  local package
  for package in "${missing[@]}"; do
    [[ $package != *' '* ]] || fail "please install $package"
  done
  command -v apt-get >/dev/null || fail "please install what Debian calls: ${missing[*]}"
  say "installing ${missing[*]}"
  keep_services_off
  local before
  before=$(enabled_services)
  as_root apt-get update -qq || say "apt-get update failed; going on with the lists that are there"
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 </dev/null
  disable_services_but "$before"
}

# They would start with the next boot.
disable_services_but() { # SERVICES
  local -a new
  mapfile -t new < <(LC_ALL=C comm -13 <(printf '%s\n' "$1") <(enabled_services))
  ((${#new[@]} > 0)) || return 0
  as_root systemctl disable --quiet "${new[@]}" || true
  say "the system's services ${new[*]} stay off; Liaison starts processes of its own"
}

enabled_services() {
  [[ -d /run/systemd/system ]] || return 0
  systemctl list-unit-files --type=service --state=enabled --no-legend | cut -d ' ' -f 1 | LC_ALL=C sort
}

# llhttp comes as C sources inside a package that depends on Node.js: unpack it, do not install it.
unpack_llhttp() {
  [[ -e /usr/share/llhttp/api.c || -e .dependencies/usr/share/llhttp/api.c ]] && return
  command -v apt-get >/dev/null || fail "please put the sources of llhttp into /usr/share/llhttp"
  local folder
  folder=$(mktemp -d)
  say "fetching the sources of llhttp"
  if ! download_llhttp "$folder"; then
    as_root apt-get update -qq || true
    download_llhttp "$folder" || fail "the package node-llhttp cannot be fetched"
  fi
  rm -rf .dependencies.new
  dpkg-deb -x "$folder"/node-llhttp_*.deb .dependencies.new
  rm -rf .dependencies "$folder"
  mv .dependencies.new .dependencies
}

download_llhttp() { # FOLDER
  local sandbox=()
  [[ $EUID != 0 ]] || sandbox=(-o APT::Sandbox::User=root)
  (cd "$1" && apt-get "${sandbox[@]}" download -qq node-llhttp >&2)
}

for purpose in "$@"; do
  case $purpose in
    build | run | cluster | test | bench) "need_for_$purpose" ;;
    *) fail "unknown purpose '$purpose'; there are build, run, cluster, test and bench" ;;
  esac
done
((${#missing[@]} == 0)) || install_packages
if [[ " $* " == *' build '* ]]; then unpack_llhttp; fi
if [[ " $* " == *' test '* ]]; then Scripts/python-environment.sh; fi
