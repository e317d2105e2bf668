#!/bin/sh
# build-web.sh SOURCE OUT: the web UI's files, from the packages that its lock file names.
set -eu

source=$1
out=$2

cd "$source"
npm ci --no-audit --no-fund --loglevel=error --engine-strict=false
npm run --silent build
mkdir -p "$out"
cp -R dist/. "$out"
