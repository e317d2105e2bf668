#!/bin/sh
# Debian packages that the release build needs beside Rust: librdkafka is compiled from source.
set -eu

apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    ca-certificates g++ libssl-dev make pkg-config zlib1g-dev
