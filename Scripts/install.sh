#!/usr/bin/env bash
# Puts the release build below a prefix: Scripts/install.sh PREFIX
#   bin/liaison      a link
#   lib/liaison/     the server and libLiaisonKit.so, which it finds beside itself ($ORIGIN); plugins/ for plugins
#   share/liaison/   the sources that packages of plugins refer to: the kit (Sources/Kit), what their tests run calls
#                    through (LiaisonTesting), what a server with plugins built in consists of, and the examples
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
prefix=$1
mkdir -p "$prefix"/{bin,lib/liaison/plugins,share}
# Not written in place: a running server keeps the files it has open.
install -m 755 .build/release/liaison .build/release/libLiaisonKit.so "$prefix/lib/liaison/"
ln -sfn ../lib/liaison/liaison "$prefix/bin/liaison"
share=$prefix/share/liaison
rm -rf "$share"
mkdir "$share"
sources=(Package.swift LICENSE Sources Plugins)
# The sources of llhttp, where the system has none.
[[ ! -d .dependencies ]] || sources+=(.dependencies)
tar --create --exclude=.build "${sources[@]}" | tar --extract --directory "$share"
echo "installed in $prefix"
