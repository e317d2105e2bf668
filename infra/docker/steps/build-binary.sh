#!/bin/sh
# build-binary.sh OUT: the release binary, from the versions that Cargo.lock names.
set -eu

out=$1

cargo build --release --locked --bin quadrille
# Out of the build folder, which is a cache that the next stage does not see.
mkdir -p "$(dirname "$out")"
cp "${CARGO_TARGET_DIR:-target}/release/quadrille" "$out"
