#!/usr/bin/env bash
# try-root.sh ROOT: runs the image's root folder as a container would: nothing else in sight, read-only,
# as user 65532 without capabilities. Needs root, to enter the folder.
set -euo pipefail

if [[ $# -ne 1 || ! -x $1/usr/local/bin/quadrille ]]; then
    echo "usage: $0 ROOT   (OUT/root of build-bare.sh)" >&2
    exit 2
fi
root=$(cd "$1" && pwd)
port=${PORT:-18080}
log=$(mktemp)
server=
finish() {
    [[ -z $server ]] || kill "$server" 2>/dev/null || true
    rm -f "$log"
}
trap finish EXIT

# A read-only root; the change of user gives up every capability.
# shellcheck disable=SC2016 # expanded by the inner shell
inner='
    set -eu
    root=$1; shift
    mount --bind "$root" "$root"
    mount -o remount,bind,ro "$root"
    exec setpriv --no-new-privs chroot --userspec=65532:65532 "$root" /usr/local/bin/quadrille "$@"
'
container=(unshare --mount --propagation private bash -c "$inner" contained "$root")

echo "== --version"
"${container[@]}" --version
echo "== config check gateway"
QUADRILLE_WEB_ROOT=/usr/share/quadrille/web "${container[@]}" config check gateway | head -3
echo "== serve gateway on 127.0.0.1:$port"
QUADRILLE_LISTEN=127.0.0.1:$port QUADRILLE_WEB_ROOT=/usr/share/quadrille/web QUADRILLE_LOG_FORMAT=json \
    exec "${container[@]}" serve gateway 2>"$log" &
server=$!
for ((tries = 100; tries > 0; tries--)); do
    if ! kill -0 "$server" 2>/dev/null; then tries=0 && break; fi
    if curl -fsS -o /dev/null "http://127.0.0.1:$port/readyz" 2>/dev/null; then break; fi
    sleep 0.1
done
if ((tries == 0)); then
    echo "it ended, or did not answer within 10 s; its log:" >&2
    cat "$log" >&2
    exit 1
fi
curl -fsS "http://127.0.0.1:$port/readyz"
echo
curl -fsS "http://127.0.0.1:$port/" | grep -o '<title>.*</title>'
echo "== health"
QUADRILLE_LISTEN=127.0.0.1:$port "${container[@]}" health
echo "== health of a port where nobody listens"
if QUADRILLE_LISTEN=127.0.0.1:1 "${container[@]}" health 2>/dev/null; then
    echo "it says that all is well" >&2
    exit 1
fi
owner=$(ps -o uid= -p "$server" | tr -d ' ')
echo "== user $owner"
[[ $owner == 65532 ]]
echo "== SIGTERM"
kill -TERM "$server"
wait "$server"
server=
echo "ok"
