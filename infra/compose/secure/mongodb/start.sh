#!/bin/bash
# mongod with TLS for everyone and a password for everyone. Certificates on a volume keep their owner,
# which mongod wants to be itself; so it gets copies.
set -euo pipefail

install -d -o mongodb -g mongodb -m 700 /run/mongodb
install -o mongodb -g mongodb -m 400 /certificates/mongodb.pem /certificates/ca.pem \
    /certificates/keyfile /run/mongodb/
exec docker-entrypoint.sh mongod --replSet rs0 --bind_ip_all --auth --keyFile /run/mongodb/keyfile \
    --tlsMode requireTLS --tlsCertificateKeyFile /run/mongodb/mongodb.pem \
    --tlsCAFile /run/mongodb/ca.pem --tlsAllowConnectionsWithoutCertificates \
    --setParameter transactionLifetimeLimitSeconds=10
