#!/usr/bin/env bash
# Puts the release build below a prefix: Scripts/install.sh PREFIX
#   bin/liaison            a link
#   lib/liaison/           the server and libLiaisonKit.so, which it finds beside itself ($ORIGIN); plugins/ for plugins
#   share/liaison/kit/     the kit's sources, which `liaison plugin new` refers to
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
prefix=$1
mkdir -p "$prefix"/{bin,lib/liaison/plugins,share/liaison}
# Not written in place: a running server keeps the files it has open.
install -m 755 .build/release/liaison .build/release/libLiaisonKit.so "$prefix/lib/liaison/"
ln -sfn ../lib/liaison/liaison "$prefix/bin/liaison"
rm -rf "$prefix/share/liaison/kit"
mkdir "$prefix/share/liaison/kit"
cp -R Sources/Kit/Package.swift Sources/Kit/Sources "$prefix/share/liaison/kit/"
echo "installed in $prefix"
