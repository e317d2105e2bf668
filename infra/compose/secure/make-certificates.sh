#!/bin/sh
# make-certificates.sh OUT: an authority of our own and the servers' certificates, for ten years.
#
# OUT/kafka and OUT/mongodb are for these servers only, OUT/clients (the authority's certificate) for
# everyone. What is there is left alone, so that a restart does not lock anyone out; to renew, empty
# the folder. With OWNER_KAFKA set, its folder is given to that user id.
set -eu

out=$1
if [ -e "$out/clients/ca.pem" ]; then
    echo "the certificates are there already"
    exit 0
fi
umask 077
mkdir -p "$out/authority" "$out/kafka" "$out/mongodb" "$out/clients"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# openssl draws its progress where it writes its errors.
told() {
    cat "$work/log" >&2
    exit 1
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
    -subj "/CN=quadrille authority" -addext "keyUsage=critical,keyCertSign,cRLSign" \
    -keyout "$out/authority/ca.key" -out "$out/authority/ca.pem" 2>"$work/log" || told

# certificate NAME: NAME.key and NAME.pem in the work folder. A server is its own client, too: Kafka's
# listeners and MongoDB's members talk to themselves.
certificate() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -subj "/CN=$1" -keyout "$work/$1.key" -out "$work/$1.csr" \
        2>"$work/log" || told
    cat >"$work/extensions" <<EXTENSIONS
subjectAltName = DNS:$1, DNS:localhost, IP:127.0.0.1
extendedKeyUsage = serverAuth, clientAuth
keyUsage = critical, digitalSignature
basicConstraints = critical, CA:FALSE
EXTENSIONS
    openssl x509 -req -in "$work/$1.csr" -days 3650 -CA "$out/authority/ca.pem" \
        -CAkey "$out/authority/ca.key" -extfile "$work/extensions" -out "$work/$1.pem" \
        2>"$work/log" || told
}

certificate kafka
certificate mongodb
cat "$work/kafka.key" "$work/kafka.pem" >"$out/kafka/kafka.pem"
cat "$work/mongodb.key" "$work/mongodb.pem" >"$out/mongodb/mongodb.pem"
openssl rand -base64 512 >"$out/mongodb/keyfile"
for place in kafka mongodb; do
    cp "$out/authority/ca.pem" "$out/$place/ca.pem"
done
if [ -n "${OWNER_KAFKA:-}" ]; then chown -R "$OWNER_KAFKA" "$out/kafka"; fi

# Last, because it says that all is there.
chmod 755 "$out" "$out/clients"
cp "$out/authority/ca.pem" "$work/ca.pem"
chmod 644 "$work/ca.pem"
mv "$work/ca.pem" "$out/clients/ca.pem"
echo "the certificates are made"
