#!/usr/bin/env bash
# build-bare.sh OUT: the image's stages without a container engine, on Debian with Rust and Node.
#
# Each stage's files are copied to a folder of its own, as the Dockerfile's COPY lines say, so that a
# file that is missing there is missing here; then the stage's own steps run in it. OUT/root is what
# the image holds. As root it installs the Debian packages; otherwise they have to be there.
set -euo pipefail

if [[ $# -ne 1 ]]; then
    echo "usage: $0 OUT   (a folder that is not there yet)" >&2
    exit 2
fi
if [[ -e $1 ]]; then
    echo "$0: $1 is there already; name a folder that is not" >&2
    exit 1
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)

# What the COPY lines of one stage take from the repository, of what git knows.
copied() {
    awk -v stage="$1" '
        $1 == "FROM" { current = $NF }
        $1 == "COPY" && $2 !~ /^--from/ && current == stage { for (i = 2; i < NF; i++) print $i }
    ' "$here/Dockerfile" | sort -u |
        xargs git -C "$repository" ls-files --cached --others --exclude-standard -- |
        while IFS= read -r file; do
            # Git still knows what was deleted and not committed.
            if [[ -e $repository/$file ]]; then printf '%s\n' "$file"; fi
        done
}

lay_out() {
    local stage=$1
    mkdir -p "$out/$stage"
    copied "$stage" | tar -C "$repository" -cf - -T - | tar -C "$out/$stage" -xf -
}

step() {
    echo "== $*"
    local begin=$SECONDS
    "$@"
    echo "== $1: $((SECONDS - begin)) s"
}

lay_out web
cd "$out/web"
step infra/docker/steps/build-web.sh web "$out/web-files"

lay_out build
cd "$out/build"
if [[ $(id -u) == 0 ]]; then
    step infra/docker/steps/build-packages.sh
fi
# The checkout's build folder, so that what is compiled there is not compiled again.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$repository/target}
step infra/docker/steps/build-binary.sh "$out/quadrille"
step infra/docker/steps/root-filesystem.sh "$out/quadrille" "$out/web-files" "$out/root"
du -sh "$out/root" | sed 's/\t.*/ in the root folder/'
